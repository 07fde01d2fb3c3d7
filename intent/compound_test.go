package intent

import (
	"slices"
	"strings"
	"testing"
)

// all are the requests of a sentence, as show writes them, with "; " between them.
func all(in Intent) string {
	out := []string{show(in)}
	out[0], _, _ = strings.Cut(out[0], " ALSO")
	for _, also := range in.Also {
		out = append(out, show(also))
	}
	return strings.Join(out, "; ")
}

// What one half of a sentence says holds for the other where it says less, and no further.
func TestHalvesOfASentence(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for _, tt := range []struct{ name, room, text, want string }{
		{"the room behind both", "bedroom", "turn on the ceiling light and the lamp in the living room",
			"HassTurnOn area=Living room,name=Ceiling light [light.living_room_ceiling]; HassTurnOn area=Living room,name=Lamp [light.living_room_lamp]"},
		{"the room of the first half", "living_room", "switch on the bedroom lights and open the blinds",
			"HassTurnOn area=Bedroom,domain=light [light.bedroom_ceiling light.bedroom_lamp]; HassTurnOn name=Blinds [cover.bedroom_blinds]"},
		{"but not for more of the same", "living_room", "turn on the kitchen lights and turn off the lights",
			"HassTurnOn area=Kitchen,domain=light [light.kitchen_ceiling light.kitchen_counter]; HassTurnOff area=Living room,domain=light [light.living_room_ceiling light.living_room_lamp light.reading]"},
		{"it is what was just said", "bedroom", "turn on the tv and mute it",
			"HassTurnOn name=TV [media_player.tv]; HassMediaPlayerMute area=Living room,name=TV [media_player.tv]"},
		{"the volume is that of what was just said", "bedroom", "turn on the tv and set the volume to 20",
			"HassTurnOn name=TV [media_player.tv]; HassSetVolume area=Living room,name=TV,volume_level=20 [media_player.tv]"},
		{"free text ends where a request begins", "living_room", "put milk on the list and turn on the tv",
			"HassShoppingListAddItem item=milk; HassTurnOn name=TV [media_player.tv]"},
		{"and goes on where none does", "living_room", "add salt and pepper to the list", "HassShoppingListAddItem item=salt and pepper"},
		{"a reminder keeps what it is about", "living_room", "remind me to feed the cat and turn off the tv", "CricketSetReminder message=feed the cat and turn off the tv"},
		{"two of a list", "living_room", "add milk to the list and add bread to the list", "HassShoppingListAddItem item=milk; HassShoppingListAddItem item=bread"},
		{"a complaint and its remedy", "living_room", "i'm hot, turn on the fan", "HassTurnOn name=Fan [fan.living_room]"},
		{"a remedy and its complaint", "kitchen", "turn on the main light, it's too dark in here", "HassTurnOn name=Ceiling light [light.kitchen_ceiling]"},
		{"thanks are no request", "kitchen", "turn on the tv, thanks a lot", "HassTurnOn name=TV [media_player.tv]"},
	} {
		if got := all(r.Match(Query{Text: tt.text, Room: tt.room})); got != tt.want {
			t.Errorf("%s: %q in %s\n got  %s\n want %s", tt.name, tt.text, tt.room, got, tt.want)
		}
	}
}

// Polite words belong to free text when they stand where it begins.
func TestFreeTextKeepsItsWords(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	for text, want := range map[string]string{
		"add thank you cards to the list":          "item=thank you cards",
		"add milk to the list please":              "item=milk",
		"announce hi everyone":                     "message=hi everyone",
		"put just right cereal on the list":        "item=just right cereal",
		"please add bread to the shopping list":    "item=bread",
		"could you add some eggs to the list":      "item=some eggs",
		"remind me to call mum please":             "message=call mum",
		"add it to the list":                       "-not_recognized []",
		"we need bread":                            "item=bread",
		"we need to talk":                          "-",
		"there is no milk left":                    "item=milk",
		"there's no time left":                     "-",
		"we are running low on coffee":             "item=coffee",
		"is the milk on the list":                  "item=milk",
		"what is on the list":                      "CricketListRead",
		"cancel the reminder that says buy cheese": "CricketCancelReminder",
	} {
		if got := show(r.Match(Query{Text: text, Room: "kitchen"})); !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// A room is called by the noun of its name where no other is, and by its owner.
func TestShortRooms(t *testing.T) {
	lights := []Entity{
		{ID: "light.main", Name: "Bedroom light", Area: "main"}, {ID: "light.left", Name: "Left lamp", Area: "main"},
		{ID: "light.leo", Name: "Rocket", Area: "leo"}, {ID: "light.sitting", Name: "Corner lamp", Area: "sitting"},
	}
	areas := []Area{{ID: "main", Name: "Main bedroom"}, {ID: "leo", Name: "Leo's room"}, {ID: "sitting", Name: "Sitting room"}}
	for _, tt := range []struct {
		name, text string
		more       []Area
		want       []string
	}{
		{"the only bedroom", "turn off the bedroom lights", nil, []string{"light.left", "light.main"}},
		{"one of two", "turn off the lights in the bedroom", []Area{{ID: "guest", Name: "Guest bedroom"}}, nil},
		{"another is called so", "turn off the lights in the bedroom", []Area{{ID: "b", Name: "Bedroom"}}, nil},
		{"its owner", "leo's lights off", nil, []string{"light.leo"}},
		{"the room is this one", "turn off the lights in the room", nil, []string{"light.sitting"}},
		{"every name still works", "main bedroom lights off", nil, []string{"light.left", "light.main"}},
	} {
		r := compileBuiltin(t).Bind(Names{Areas: slices.Concat(areas, tt.more), Entities: lights})
		if in := r.Resolve(Query{Text: tt.text, Room: "sitting"}); in.Refusal == "" && tt.want == nil || !slices.Equal(in.Targets, tt.want) {
			t.Errorf("%s: %q: got %s, want %v", tt.name, tt.text, show(in), tt.want)
		}
	}
}

// A thing that is named is not another of its kind that happens to be in the room.
func TestNamedElsewhere(t *testing.T) {
	r := compileBuiltin(t).Bind(Names{
		Areas: []Area{{ID: "kitchen", Name: "Kitchen"}, {ID: "lounge", Name: "Lounge"}, {ID: "bedroom", Name: "Bedroom"}},
		Entities: []Entity{
			{ID: "media_player.radio", Name: "Radio", Area: "kitchen", State: "playing"}, {ID: "media_player.tv", Name: "Telly", Aliases: []string{"tv"}, Area: "lounge", State: "playing"},
			{ID: "climate.lounge", Name: "Heating", Area: "lounge"}, {ID: "climate.bedroom", Name: "Radiator", Area: "bedroom"},
			{ID: "switch.coffee", Name: "Coffee machine", Area: "kitchen"}, {ID: "light.kitchen", Name: "Spots", Area: "kitchen"}, {ID: "light.path", Name: "Path light", Area: "lounge"},
			{ID: "cover.kitchen", Name: "Kitchen blind", Area: "kitchen", DeviceClass: "blind"},
		},
	})
	for _, tt := range []struct {
		room, text string
		want       []string
	}{
		{"kitchen", "quiet the tv", []string{"media_player.tv"}},
		{"kitchen", "i can't hear the tv", []string{"media_player.tv"}},
		{"kitchen", "i can't hear the music", []string{"media_player.radio"}},
		{"bedroom", "turn up the heating", []string{"climate.bedroom"}},
		{"kitchen", "turn up the heating", []string{"climate.lounge"}},
		{"kitchen", "stop the washing machine", nil},
		{"kitchen", "my brother's lights off", nil},
		{"kitchen", "turn the outside lights off", nil},
		{"kitchen", "open the shutters", nil},
		{"kitchen", "open the blinds", []string{"cover.kitchen"}},
		{"kitchen", "turn everything off the table", nil},
		{"kitchen", "stop everything", nil},
		{"kitchen", "lights", nil},
	} {
		if in := r.Resolve(Query{Text: tt.text, Room: tt.room}); !slices.Equal(in.Targets, tt.want) {
			t.Errorf("%q in %s: got %s, want %v", tt.text, tt.room, show(in), tt.want)
		}
	}
}
