package appliance

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/internal/trace"
)

// Guest says which server of the owner's answers questions of general knowledge.
type Guest struct {
	URL     string `toml:"url"`
	Model   string `toml:"model"`
	KeyFile string `toml:"key_file"`
	CAFile  string `toml:"ca_file"`
}

// guestCredential is the name of systemd's credential for the guest's key.
const guestCredential = "guest-key"

// key is what the guest knows us by; "": it wants nothing.
func (c Guest) key() (string, error) {
	file := secret(c.KeyFile, guestCredential)
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read 'guest.key_file': %w", err)
	}
	key := strings.TrimSpace(string(data))
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("'guest.key_file' %s holds no key", file)
	}
	return key, nil
}

// open is the guest, or nil where there is none.
func (c Guest) open() (*llm.Guest, error) {
	if c == (Guest{}) {
		return nil, nil
	}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	return llm.NewGuest(llm.GuestOptions{URL: c.URL, Model: c.Model, Key: key, CAFile: c.CAFile})
}

func (c Guest) validate(fault func(format string, args ...any)) {
	if _, err := c.open(); err != nil {
		fault("[guest]: %w", err)
	}
}

// openGuest puts the guest together, where there is to be one.
func (b *Box) openGuest() (err error) {
	b.guest, err = b.config.Guest.open()
	return err
}

// askGuest asks the guest; in is returned where it does not know.
func (b *Box) askGuest(ctx context.Context, q intent.Query, in intent.Intent, t *trace.Trace, begun func(sentence string)) (intent.Intent, error) {
	end := t.Begin("guest")
	say, err := b.guest.Answer(ctx, q.Text, b.config.Language, begun)
	switch {
	case err != nil:
		end(err.Error())
		return in, err
	case say == "":
		end(b.guest.String() + " does not know")
		return in, nil
	}
	end("by " + b.guest.String())
	out := respond(b.house.Now().Home.ModelSays(say))
	out.Confidence = 1 // it does not say how sure it is
	return out, nil
}

// checkGuest is what doctor says of the guest.
func (b *Box) checkGuest(ctx context.Context) Finding {
	f := Finding{Part: "guest", OK: true, Text: "none; questions of general knowledge are left to the language model"}
	if b.guest == nil {
		return f
	}
	f.Text = fmt.Sprintf("%s answers with %s", b.guest, b.config.Guest.Model)
	if err := b.guest.Check(ctx); err != nil {
		f.OK, f.Text, f.Hint = false, err.Error(), "curl "+strings.TrimSuffix(b.config.Guest.URL, "/")+"/models"
	}
	return f
}
