package appliance

import (
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home/permission"
)

// A player that announces itself the way computers do is paused, played, skipped and made softer by words.
func TestMediaPlayerOfTheHome(t *testing.T) {
	c := free()
	c.Room = "hall"
	b := start(t, oneLamp, c, false)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	o := look(t, b.client.Status().Broker, "pc/#")
	o.publish("homeassistant/media_player/pc/config", `{"name":"Stereo","unique_id":"pc","device":{"identifiers":["pc"],"name":"Stereo","suggested_area":"Hall"},`+
		`"state_state_topic":"pc/state","state_volume_topic":"pc/volume","command_volume_topic":"pc/set_volume","command_play_topic":"pc/play","command_pause_topic":"pc/pause",`+
		`"command_next_topic":"pc/next","command_previous_topic":"pc/previous"}`)
	ctx := within(t)
	for len(b.house.Now().Home.Devices) < 2 {
		if ctx.Err() != nil {
			t.Fatal("the player is not known")
		}
		o.publish("pc/state", "playing")
		o.publish("pc/volume", "0.5")
	}
	for _, tt := range []struct{ said, topic, payload, then, state string }{
		{"pause the stereo", "pc/pause", "Pause", "pc/state", "paused"},
		{"resume the stereo", "pc/play", "Play", "pc/state", "playing"},
		{"next track", "pc/next", "Next", "", ""},
		{"previous track", "pc/previous", "Previous", "", ""},
		{"set the stereo volume to 30 percent", "pc/set_volume", "0.3", "pc/volume", "0.3"},
	} {
		o.forget()
		done := make(chan Result, 1)
		go func() { done <- b.Ask(ctx, tt.said, Request{Source: permission.CLI}) }()
		o.sees(tt.topic, tt.payload)
		if tt.then != "" {
			o.publish(tt.then, tt.state)
		}
		if r := <-done; !r.Done() || strings.Contains(r.Reply, "not") {
			t.Errorf("%q: %s", tt.said, r)
		}
	}
}
