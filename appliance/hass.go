package appliance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/hass"
	"github.com/cricket-home/cricket/mqtt"
)

// HomeAssistant says which Home Assistant serves devices that are not on MQTT.
type HomeAssistant struct {
	URL       string `toml:"url"`
	TokenFile string `toml:"token_file"`
}

// tokenCredential is the name of systemd's credential for the token.
const tokenCredential = "home-assistant-token"

// token reads the long-lived access token.
func (c HomeAssistant) token() (string, error) {
	file := secret(c.TokenFile, tokenCredential)
	if file == "" {
		return "", fmt.Errorf("'home_assistant.url' needs 'home_assistant.token_file', or the credential %s: a long-lived access token from your profile in Home Assistant", tokenCredential)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read 'home_assistant.token_file': %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("'home_assistant.token_file' %s holds no token", file)
	}
	return token, nil
}

// openHomeAssistant puts the connection together, where there is to be one.
func (b *Box) openHomeAssistant() error {
	c := b.config.HomeAssistant
	if c.URL == "" {
		return nil
	}
	token, err := c.token()
	if err != nil {
		return err
	}
	b.hass, err = hass.New(hass.Options{
		URL: c.URL, Token: token, Log: b.log.With("part", "home assistant"),
		Registry: b.takeRegistry, Entities: b.house.Adopt, State: b.house.Told,
	})
	return err
}

// takeRegistry is Import for what Home Assistant itself says; where it cannot be kept
// it still holds until the box restarts.
func (b *Box) takeRegistry(r home.Registry) {
	ctx, stop := context.WithTimeout(context.Background(), publishTime)
	defer stop()
	if err := b.Import(ctx, r); err != nil {
		b.log.Warn("names and rooms of Home Assistant are not taken over", "err", err)
	}
}

// callOutside has Home Assistant carry out what no broker does. done is false where
// the action is not one of those.
func (b *Box) callOutside(ctx context.Context, now *home.Home, device string, call mqtt.Call) (done bool, err error) {
	d, ok := now.Device(device)
	if !ok || d.Entity == nil || !d.Entity.IsOutside() {
		return false, nil
	}
	if b.hass == nil {
		return true, hass.ErrOffline
	}
	return true, b.hass.Call(ctx, d.Entity.UniqueID, call)
}

// isCutOff says that a device is Home Assistant's, to which there is no connection.
func (b *Box) isCutOff(h *home.Home, id string) bool {
	d, ok := h.Device(id)
	return ok && d.Entity != nil && d.Entity.IsOutside() && !b.hass.Status().Connected
}

// undone is what a request came to of which Home Assistant did not do the action at sent.
func (b *Box) undone(r Result, h *home.Home, sent int, err error) Result {
	r.Reply = h.NoHomeAssistant()
	if errors.Is(err, hass.ErrHidden) { // nothing was sent either
		r.Reply = h.HomeAssistantRefused()
	} else if !errors.Is(err, hass.ErrOffline) {
		r.Reply = h.HomeAssistantRefused()
		if errors.Is(err, hass.ErrUnanswered) {
			r.Reply = h.HomeAssistantSilent()
		}
		no := false
		r.Actions[sent].Confirmed = &no
		sent++
	}
	r.Actions = r.Actions[:sent]
	return b.fail(r, "home assistant", err)
}

// checkHomeAssistant is what doctor says of the connection.
func (b *Box) checkHomeAssistant() Finding {
	f := Finding{Part: "home assistant", OK: true, Text: "not asked: 'home_assistant.url' is not set"}
	if b.hass == nil {
		return f
	}
	s := b.hass.Status()
	if f.OK = s.Connected; s.Connected {
		f.Text = fmt.Sprintf("version %s at %s serves %d entities that are not on MQTT", s.Version, b.config.HomeAssistant.URL, s.Entities)
		return f
	}
	f.Text, f.Hint = s.Err.Error(), "look at 'home_assistant.url' and the token: docs/home-assistant.md"
	return f
}

// Adopt takes entities that no broker announces; those of the same Topic before are gone.
func (h *House) Adopt(d mqtt.Discovery) { h.post(func() { h.note(h.announced.Note(d)) }) }

// Told takes the state of an entity that no broker serves.
func (h *House) Told(unique string, s mqtt.State) {
	h.post(func() {
		if len(h.batch) > 0 { // it may be of an entity that has just come
			h.takeIn()
		}
		if _, ok := h.Now().Home.DeviceOf(unique); !ok {
			return
		}
		h.states[unique] = s
		if s.Value != "" {
			h.heard[unique] = true
		}
		h.told = append(h.told, told{unique, s})
	})
}
