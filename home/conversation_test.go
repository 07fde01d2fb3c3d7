package home_test

import (
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
)

// What people say to the demo home, what is sent and what the house replies:
// our own sentences and the plan together.
func TestConversation(t *testing.T) {
	h := announced(t)
	files, err := intent.Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := intent.Compile("en", files...)
	if err != nil {
		t.Fatal(err)
	}
	resolver := sentences.Bind(h.Names())
	tests := []struct{ room, said, sends, reply string }{
		{"hall", "turn on the kitchen ceiling light", `light/kitchen_ceiling/set {"state":"ON"}`, "Kitchen ceiling light on."},
		{"kitchen", "turn on the ceiling light", `light/kitchen_ceiling/set {"state":"ON"}`, "Ceiling light on."},
		{"office", "turn off the lights", "light/office_ceiling/set {\"state\":\"OFF\"}\nlight/office_desk_lamp/set {\"state\":\"OFF\"}", "Lights off."},
		{"hall", "set the floor lamp to forty percent", `light/living_room_floor_lamp/set {"brightness":102,"state":"ON"}`,
			"Living room floor lamp is at 40 percent."},
		{"hall", "turn the floor lamp up to 11", "", "The living room floor lamp is at more than 11 percent already."},
		{"hall", "turn the floor lamp down to 80 percent", "", "The living room floor lamp is at less than 80 percent already."},
		{"hall", "turn the floor lamp up to 80", `light/living_room_floor_lamp/set {"brightness":204,"state":"ON"}`, "Living room floor lamp is at 80 percent."},
		{"hall", "is the front door locked or unlocked", "", "The front door is locked."},
		{"hall", "are the office lights on or off", "", "The office desk lamp is on."},
		{"kitchen", "close the blind 30 percent", "cover/kitchen_blind/set 70", "Blind is at 70 percent."},
		{"kitchen", "mute the television for five minutes", "", "The living room television cannot do that."},
		{"kitchen", "turn on the kitchen lights and turn off the bedroom fan at ten", "", "Did you mean: at 10 PM: lights on and bedroom ceiling fan off?"},
		{"hall", "make the bedside lamp light blue", `light/bedroom_bedside_lamp/set {"color":{"b":255,"g":200,"r":140},"state":"ON"}`,
			"Bedroom bedside lamp is light blue."},
		{"living_room", "close the curtains", "cover/living_room_curtains/set CLOSE", "Curtains closed."},
		{"hall", "lock the front door", "lock/front_door/set LOCK", "Front door locked."},
		{"hall", "unlock the front door", "", "Unlock the front door? Say yes."},
		{"hall", "open the garage door", "", "Open the garage door? Say yes."},
		{"living_room", "set the heating to twenty one degrees", "climate/living_room/set 21", "Heating set to 21 degrees."},
		{"bedroom", "how warm is it in the living room", "", "It is 19.5 degrees in the living room."},
		{"hall", "are any windows open", "", "Yes, the bedroom window is open."},
		{"hall", "is the front door locked", "", "Yes, the front door is locked."},
		{"hall", "which lights are on", "", "Three lights are on: the ceiling light, the living room floor lamp and the office desk lamp."},
		{"hall", "what time is it", "", "It's ten past seven."},
		{"hall", "turn on movie night", "scene/movie_night/set ON", "Movie night set."},
		{"kitchen", "turn everything off in the office", "light/office_ceiling/set {\"state\":\"OFF\"}\n" +
			"light/office_desk_lamp/set {\"state\":\"OFF\"}\nswitch/office_printer/set OFF", "Everything in the office off."},
	}
	for _, tt := range tests {
		t.Run(tt.said, func(t *testing.T) {
			in := resolver.Resolve(intent.Query{Text: tt.said, Room: tt.room, Now: sunday})
			p := h.Plan(in, home.At(tt.room, sunday))
			if got := published(p); got != tt.sends || p.Reply != tt.reply {
				t.Errorf("%+v\nsends %s\nreply %q\nwant  %s\nreply %q", in, strings.ReplaceAll(got, "\n", "; "), p.Reply, tt.sends, tt.reply)
			}
		})
	}
}
