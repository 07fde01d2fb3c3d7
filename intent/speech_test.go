package intent

import "testing"

// "Louder" is about what plays in the room; about the one player of the home, where the
// room has none; and else about the box itself.
func TestWhoIsToBeLouder(t *testing.T) {
	radio := Entity{ID: "media_player.radio", Name: "Radio", Area: "kitchen", State: "playing"}
	tv := Entity{ID: "media_player.tv", Name: "TV", Area: "living", State: "playing"}
	lamp := Entity{ID: "light.lamp", Name: "Lamp", Area: "hall", State: "off"}
	for _, tt := range []struct {
		name    string
		players []Entity
		room    string
		target  string // "": the box
	}{
		{"no player", nil, "hall", ""},
		{"no player, and no room", nil, "", ""},
		{"in the room", []Entity{radio, tv}, "kitchen", "media_player.radio"},
		{"one elsewhere", []Entity{radio}, "hall", "media_player.radio"},
		{"two elsewhere", []Entity{radio, tv}, "hall", ""},
	} {
		r := compileLanguage(t, "en").Bind(Names{Areas: []Area{{ID: "hall", Name: "Hall"}, {ID: "kitchen", Name: "Kitchen"}, {ID: "living", Name: "Living room"}},
			Entities: append([]Entity{lamp}, tt.players...)})
		for text, name := range map[string]string{"louder": "HassSetVolumeRelative", "set the volume to 40 percent": "HassSetVolume"} {
			in := r.Resolve(Query{Text: text, Room: tt.room})
			target := ""
			if len(in.Targets) == 1 {
				target = in.Targets[0]
			}
			if in.Name != name || target != tt.target || (in.Slots["domain"] == ownDomain) != (tt.target == "") {
				t.Errorf("%s: %q is %s %v %v %s", tt.name, text, in.Name, in.Slots, in.Targets, in.Refusal)
			}
		}
		// Somebody who names a room means what plays there.
		if in := r.Resolve(Query{Text: "turn up the volume in the hall", Room: tt.room}); in.Refusal == "" {
			t.Errorf("%s: a room without a player: %+v", tt.name, in)
		}
	}
}
