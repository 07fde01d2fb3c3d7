package home_test

import (
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// cooled is a home with an air conditioner, a fan that turns either way and a boiler,
// by their names in a language.
func cooled(t *testing.T, language, ac, fan, boiler string) *home.Home {
	t.Helper()
	h := parse(t, `language = "`+language+`"`)
	for _, e := range []mqtt.Entity{
		discovered(t, "climate", "ac", `{"name":"`+ac+`","unique_id":"ac","default_entity_id":"climate.ac","mode_command_topic":"ac/mode","mode_state_topic":"ac/mode/is","modes":["off","cool","heat","dry","fan_only"],
			"fan_mode_command_topic":"ac/fan","fan_mode_state_topic":"ac/fan/is","fan_modes":["Auto","Low","Mid","High"],
			"swing_mode_command_topic":"ac/swing","swing_mode_state_topic":"ac/swing/is","swing_modes":["off","vertical"],
			"preset_mode_command_topic":"ac/preset","preset_mode_state_topic":"ac/preset/is","preset_modes":["eco","sleep"]}`),
		discovered(t, "fan", "fan", `{"name":"`+fan+`","unique_id":"fan","default_entity_id":"fan.fan","command_topic":"fan/set","state_topic":"fan","direction_command_topic":"fan/way","direction_state_topic":"fan/way/is",
			"preset_mode_command_topic":"fan/preset","preset_mode_state_topic":"fan/preset/is","preset_modes":["breeze","sleep"]}`),
		discovered(t, "water_heater", "boiler", `{"name":"`+boiler+`","unique_id":"boiler","default_entity_id":"water_heater.boiler","mode_command_topic":"boiler/mode","mode_state_topic":"boiler","modes":["off","eco","performance"]}`),
	} {
		h = h.WithEntity(e)
	}
	h = h.WithState("climate.ac", mqtt.State{Value: "cool", Attributes: map[string]any{"fan_mode": "Low", "swing_mode": "vertical", "preset_mode": "eco"}})
	h = h.WithState("fan.fan", mqtt.State{Value: "on", Attributes: map[string]any{"direction": "forward", "preset_mode": "breeze"}})
	return h.WithState("water_heater.boiler", mqtt.State{Value: "eco"})
}

// Modes and directions are set and asked about in six languages: what is said, what is
// sent, what is answered.
func TestModes(t *testing.T) {
	type said struct{ text, message, reply string }
	for _, c := range []struct {
		language, ac, fan, boiler string
		said                      []said
	}{
		{"en", "Bedroom air", "Ceiling fan", "Boiler", []said{
			{"set the bedroom air to cool", "ac/mode cool", "Bedroom air set to cooling."},
			{"set the ac to fan only mode", "ac/mode fan_only", "Bedroom air set to fan only."},
			{"set the fan of the bedroom air to medium", "ac/fan Mid", "Bedroom air fan on medium."},
			{"set the fan of the bedroom air to turbo", "", "The bedroom air cannot be set to turbo."},
			{"turn off the swing of the bedroom air", "ac/swing off", "Bedroom air swing off."},
			{"let the bedroom air swing", "ac/swing vertical", "Bedroom air swing up and down."},
			{"set the bedroom air to sleep mode", "ac/preset sleep", "Bedroom air set to sleep."},
			{"reverse the ceiling fan", "fan/way reverse", "Ceiling fan turning in reverse."},
			{"set the ceiling fan to sleep mode", "fan/preset sleep", "Ceiling fan set to sleep."},
			{"let the ceiling fan swing", "", "The ceiling fan cannot swing."},
			{"set the boiler to performance mode", "boiler/mode performance", "Boiler set to performance."},
			{"reverse the boiler", "", "Sorry, I did not understand."},
			{"what mode is the boiler in", "", "The boiler is set to eco."},
			{"what mode is the ceiling fan in", "", "The ceiling fan is set to breeze."},
			{"which way is the ceiling fan turning", "", "The ceiling fan is turning forwards."},
			{"what is the fan speed of the bedroom air", "", "The bedroom air: fan on low."},
		}},
		{"de", "Klimagerät", "Deckenventilator", "Boiler", []said{
			{"stell das Klimagerät auf Kühlen", "ac/mode cool", "Klimagerät auf Kühlen gestellt."},
			{"stell den Lüfter vom Klimagerät auf mittel", "ac/fan Mid", "Klimagerät Lüfter auf mittel."},
			{"lass das Klimagerät schwenken", "ac/swing vertical", "Klimagerät Schwenken auf und ab."},
			{"schalte das Klimagerät in den Schlafmodus", "ac/preset sleep", "Klimagerät auf Schlafen gestellt."},
			{"lass den Deckenventilator rückwärts laufen", "fan/way reverse", "Deckenventilator dreht rückwärts."},
			{"stell den Boiler auf Leistung", "boiler/mode performance", "Boiler auf Leistung gestellt."},
			{"in welchem Modus ist der Boiler", "", "Boiler ist auf Eco gestellt."},
		}},
		{"fr", "climatiseur", "ventilateur du plafond", "ballon", []said{
			{"mets le climatiseur en mode froid", "ac/mode cool", "Climatiseur, c'est réglé sur refroidissement."},
			{"mets la ventilation du climatiseur sur faible", "ac/fan Low", "Climatiseur, c'est réglé avec la ventilation sur faible."},
			{"active l'oscillation du climatiseur", "ac/swing vertical", "Climatiseur, c'est réglé avec l'oscillation sur vertical."},
			{"inverse le sens du ventilateur du plafond", "fan/way reverse", "Ventilateur du plafond, c'est en sens inverse."},
			{"mets le ballon en mode performance", "boiler/mode performance", "Ballon, c'est réglé sur performance."},
			{"en quel mode est le ballon", "", "Ballon, c'est réglé sur éco."},
		}},
		{"es", "climatizador", "ventilador de techo", "termo", []said{
			{"pon el climatizador en modo frío", "ac/mode cool", "Climatizador: a frío."},
			{"pon el ventilador del climatizador en bajo", "ac/fan Low", "Climatizador: ventilador en bajo."},
			{"activa la oscilación del climatizador", "ac/swing vertical", "Climatizador: oscilación vertical."},
			{"cambia el sentido del ventilador de techo", "fan/way reverse", "Ventilador de techo: girando al revés."},
			{"pon el termo en modo rendimiento", "boiler/mode performance", "Termo: a rendimiento."},
			{"en qué modo está el termo", "", "Termo: a eco."},
		}},
		{"nl", "klimaatkast", "plafondventilator", "boiler", []said{
			{"zet de klimaatkast op koelen", "ac/mode cool", "Klimaatkast ingesteld op koelen."},
			{"zet de ventilator van de klimaatkast op laag", "ac/fan Low", "Klimaatkast ventilator op laag."},
			{"laat de klimaatkast zwenken", "ac/swing vertical", "Klimaatkast zwenken op en neer."},
			{"laat de plafondventilator achteruit draaien", "fan/way reverse", "Plafondventilator achteruit draaiend."},
			{"zet de boiler op prestatie", "boiler/mode performance", "Boiler ingesteld op prestatie."},
			{"in welke stand staat de boiler", "", "Boiler is ingesteld op eco."},
		}},
		{"tr", "salon kliması", "tavan vantilatörü", "şofben", []said{
			{"salon klimasını soğutma moduna al", "ac/mode cool", "Salon kliması soğutma olarak ayarlandı."},
			{"salon klimasının fanını düşüğe al", "ac/fan Low", "Salon kliması fan düşük."},
			{"salon klimasının salınımını aç", "ac/swing vertical", "Salon kliması salınım dikey."},
			{"tavan vantilatörünün yönünü değiştir", "fan/way reverse", "Tavan vantilatörü ters dönüyor."},
			{"şofbeni performans moduna al", "boiler/mode performance", "Şofben performans olarak ayarlandı."},
			{"şofben hangi modda", "", "Şofben eko olarak ayarlandı."},
		}},
	} {
		t.Run(c.language, func(t *testing.T) {
			h := cooled(t, c.language, c.ac, c.fan, c.boiler)
			files, err := intent.Builtin(c.language)
			if err != nil {
				t.Fatal(err)
			}
			s, err := intent.Compile(c.language, files...)
			if err != nil {
				t.Fatal(err)
			}
			r := s.Bind(h.Names())
			for _, said := range c.said {
				in := r.Resolve(intent.Query{Text: said.text, Now: sunday})
				p := h.Plan(in, home.At("", sunday))
				message := ""
				for _, a := range p.Actions {
					for _, m := range a.Messages {
						message += m.Topic + " " + string(m.Payload)
					}
				}
				if message != said.message || p.Reply != said.reply {
					t.Errorf("%q (%s %v)\nsends %q, want %q\nreply: %s\nwant:  %s", said.text, in.Name, in.Slots, message, said.message, p.Reply, said.reply)
				}
			}
		})
	}
}

// What a setting was is brought back.
func TestModesAreUndone(t *testing.T) {
	h := cooled(t, "en", "Bedroom air", "Ceiling fan", "Boiler")
	past := home.At("", sunday)
	for _, id := range []string{"climate.ac", "fan.fan", "water_heater.boiler"} {
		d, _ := h.Device(id)
		past.Past.Before = append(past.Past.Before, d)
	}
	h = h.WithState("climate.ac", mqtt.State{Value: "cool", Attributes: map[string]any{"fan_mode": "High", "swing_mode": "vertical", "preset_mode": "eco"}})
	h = h.WithState("fan.fan", mqtt.State{Value: "on", Attributes: map[string]any{"direction": "reverse", "preset_mode": "breeze"}})
	h = h.WithState("water_heater.boiler", mqtt.State{Value: "performance"})
	got := ""
	for _, a := range h.Plan(do("CricketUndo", nil), past).Actions {
		for _, m := range a.Messages {
			got += m.Topic + " " + string(m.Payload) + "; "
		}
	}
	if want := "ac/fan Low; fan/way forward; boiler/mode eco; "; got != want {
		t.Errorf("sends %q, want %q", got, want)
	}
}
