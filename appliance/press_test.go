package appliance

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/permission"
)

// buttoned is a board with a button.
type buttoned struct{ lights }

func (*buttoned) hasButton() bool { return true }

// What is asked for over the network on a box with a button is given when somebody presses it.
func TestNetworkWaitsForAPress(t *testing.T) {
	for _, tt := range []struct {
		name   string
		board  Board
		source home.Source
		press  bool
		want   int // HTTP's status; 200: agreed
	}{
		{"pressed", &buttoned{}, permission.Page, true, http.StatusOK},
		{"not pressed", &buttoned{}, permission.Page, false, http.StatusForbidden},
		{"typed at the box", &buttoned{}, permission.CLI, false, http.StatusOK},
		{"a board without a button", &lights{}, permission.Page, false, http.StatusOK},
		{"no board", nil, permission.Page, false, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &Box{options: Options{Board: tt.board}, log: slog.New(slog.DiscardHandler)}
				w, agreed := httptest.NewRecorder(), make(chan bool, 1)
				go func() {
					agreed <- b.pressed(w, httptest.NewRequestWithContext(t.Context(), "POST", "/backup", nil), tt.source)
				}()
				synctest.Wait()
				if tt.press {
					second := httptest.NewRecorder()
					if b.pressed(second, httptest.NewRequestWithContext(t.Context(), "POST", "/backup", nil), tt.source) || second.Code != http.StatusConflict {
						t.Errorf("one press is for two: %d", second.Code)
					}
					if !b.press.take() {
						t.Error("no press is waited for")
					}
				}
				if ok := <-agreed; ok != (tt.want == http.StatusOK) || w.Code != tt.want {
					t.Errorf("agreed %v, %d", ok, w.Code)
				}
				if b.press.take() {
					t.Error("a press is still waited for")
				}
			})
		})
	}
}
