package appliance

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/models"
)

// A model is fetched for the house page: how far it has come can be seen, a second one waits for
// its turn, and what is stopped or fails says so.
func TestModelIsFetchedForThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		var end chan error
		p := &modelPull{told: func() { told++ }, pull: func(ctx context.Context, id string, o models.PullOptions) error {
			if id != "tiny" || !o.Accept {
				return &models.LicenceError{Licence: models.Licence{Name: "Terms", URL: "https://example.net"}}
			}
			o.Say("tiny.bin: from example.net")
			for i := range 10_000 {
				o.Progress(models.Progress{Step: "fetching", File: "tiny.bin", Done: int64(i), Total: 10_000})
				time.Sleep(time.Millisecond)
			}
			o.Progress(models.Progress{Step: "checking", File: "tiny.bin", Done: 1, Total: -1})
			select {
			case err := <-end:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		if p.status() != (PullStatus{}) {
			t.Errorf("before anybody asked: %+v", p.status())
		}
		p.end()
		if err := p.begin("tiny", models.PullOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := p.status(); s.Running || s.ID != "tiny" || s.Error == "" {
			t.Errorf("without the licence: %+v", s)
		}
		for name, how := range map[string]struct {
			end   func()
			error string
		}{
			"it comes": {func() { end <- nil }, ""},
			"it fails": {func() { end <- errors.New("no room") }, "no room"},
			"stopped":  {p.end, "it was stopped; what came is kept"},
		} {
			end, told = make(chan error), 0
			if err := p.begin("tiny", models.PullOptions{Accept: true}); err != nil {
				t.Fatal(err)
			}
			if err := p.begin("other", models.PullOptions{}); !errors.Is(err, errPulls) {
				t.Errorf("%s: a second one: %v", name, err)
			}
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if s := p.status(); !s.Running || s.Step != "fetching" || s.Done < 4900 || s.Done > 5000 || s.Total != 10_000 || s.Said != "tiny.bin: from example.net" {
				t.Errorf("%s: in the middle: %+v", name, s)
			}
			time.Sleep(6 * time.Second)
			synctest.Wait()
			if s := p.status(); s.Step != "checking" || s.Total != 0 {
				t.Errorf("%s: at the end: %+v", name, s)
			}
			how.end()
			synctest.Wait()
			if s := p.status(); s.Running || s.ID != "tiny" || s.Error != how.error || s.Done != 0 {
				t.Errorf("%s: %+v", name, s)
			}
			if told < 10 || told > 15 {
				t.Errorf("%s: told %d times", name, told)
			}
		}
	})
}
