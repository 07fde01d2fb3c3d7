package appliance

import (
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// An alarm panel is armed and never disarmed, slats tilt, fans swing and dryers dry, in every
// language: what is announced, what is said, and what is sent.
func TestPanelsSlatsAndFans(t *testing.T) {
	announced := map[string]map[string]string{ // by language, the names
		"en": {"panel": "House alarm", "blind": "Office blind", "fan": "Tower fan", "dryer": "Air dryer", "area": "Office"},
		"de": {"panel": "Hausalarm", "blind": "Bürojalousie", "fan": "Standventilator", "dryer": "Trockner", "area": "Büro"},
		"fr": {"panel": "Alarme maison", "blind": "Store du bureau", "fan": "Ventilateur colonne", "dryer": "Sécheur", "area": "Bureau"},
		"es": {"panel": "Alarma de casa", "blind": "Persiana del despacho", "fan": "Ventilador de torre", "dryer": "Secador", "area": "Despacho"},
		"nl": {"panel": "Huisalarm", "blind": "Kantoorjaloezie", "fan": "Torenventilator", "dryer": "Droger", "area": "Kantoor"},
		"tr": {"panel": "Ev alarmı", "blind": "Ofis jaluzisi", "fan": "Kule vantilatörü", "dryer": "Kurutucu", "area": "Ofis"},
	}
	tests := []struct{ lang, said, sent string }{
		{"en", "arm the alarm", "panel/set ARM_AWAY"},
		{"en", "arm the house alarm in night mode", "panel/set ARM_NIGHT"},
		{"en", "set the alarm to home mode", "panel/set ARM_HOME"},
		{"en", "disarm the alarm", ""},
		{"en", "disarm the house alarm", ""},
		{"en", "tilt the blinds half", "blind/tilt 90"},
		{"en", "tilt the office blind to 25 percent", "blind/tilt 50"},
		{"en", "open the slats of the office blind", "blind/tilt 170"},
		{"en", "close the slats of the blinds", "blind/tilt 5"},
		{"en", "let the fan swing", "fan/swing on"},
		{"en", "let the tower fan oscillate", "fan/swing on"},
		{"en", "stop the tower fan from swinging", "fan/swing off"},
		{"en", "set the air dryer to 50 percent", "dry/set 50"},
		{"en", "set the humidity to 45 percent", "dry/set 45"},
		{"en", "set the air dryer to 90 percent", "out of range"},
		{"de", "stell den Trockner auf 50 Prozent", "dry/set 50"},
		{"de", "stell die Luftfeuchtigkeit auf 45 Prozent", "dry/set 45"},
		{"fr", "règle le sécheur à 50 pour cent", "dry/set 50"},
		{"es", "pon el secador al 50 por ciento", "dry/set 50"},
		{"nl", "zet de droger op 50 procent", "dry/set 50"},
		{"tr", "kurutucuyu yüzde 50'ye ayarla", "dry/set 50"},
		{"de", "schalte die Alarmanlage scharf", "panel/set ARM_AWAY"},
		{"de", "Alarm im Nachtmodus scharf", "panel/set ARM_NIGHT"},
		{"de", "stell den Hausalarm im Nachtmodus scharf", "panel/set ARM_NIGHT"},
		{"de", "schalte die Alarmanlage unscharf", ""},
		{"de", "kippe die Bürojalousie auf 25 Prozent", "blind/tilt 50"},
		{"de", "kipp die Jalousien halb", "blind/tilt 90"},
		{"de", "öffne die Lamellen der Bürojalousie", "blind/tilt 170"},
		{"de", "lass den Ventilator schwenken", "fan/swing on"},
		{"de", "der Standventilator soll nicht mehr schwenken", "fan/swing off"},
		{"fr", "arme l'alarme", "panel/set ARM_AWAY"},
		{"fr", "active l'alarme en mode nuit", "panel/set ARM_NIGHT"},
		{"fr", "désarme l'alarme", ""},
		{"fr", "incline le store du bureau à 25 pour cent", "blind/tilt 50"},
		{"fr", "fais osciller le ventilateur", "fan/swing on"},
		{"fr", "arrête l'oscillation du ventilateur colonne", "fan/swing off"},
		{"es", "arma la alarma", "panel/set ARM_AWAY"},
		{"es", "activa la alarma en modo noche", "panel/set ARM_NIGHT"},
		{"es", "desarma la alarma", ""},
		{"es", "inclina la persiana del despacho al 25 por ciento", "blind/tilt 50"},
		{"es", "haz oscilar el ventilador", "fan/swing on"},
		{"es", "para la oscilación del ventilador de torre", "fan/swing off"},
		{"nl", "zet het alarm op scherp", "panel/set ARM_AWAY"},
		{"nl", "zet het alarm in de nachtstand", "panel/set ARM_NIGHT"},
		{"nl", "deactiveer het alarm", ""},
		{"nl", "kantel de kantoorjaloezie naar 25 procent", "blind/tilt 50"},
		{"nl", "laat de ventilator zwenken", "fan/swing on"},
		{"nl", "laat de torenventilator niet meer zwenken", "fan/swing off"},
		{"tr", "alarmı kur", "panel/set ARM_AWAY"},
		{"tr", "alarmı gece moduna al", "panel/set ARM_NIGHT"},
		{"tr", "alarmı devre dışı bırak", ""},
		{"tr", "ofis jaluzisini yüzde 25'e eğ", "blind/tilt 50"},
		{"tr", "vantilatörü sağa sola döndür", "fan/swing on"},
	}
	homes := map[string]*Snapshot{}
	for lang, names := range announced {
		h, err := home.Parse("home.toml", []byte("language = \""+lang+"\"\n[[device]]\nid = \"alarm_control_panel.panel\"\nname = \""+names["panel"]+"\"\ndiscovery = { unique_id = \"p\" }\n"))
		if err != nil {
			t.Fatal(err)
		}
		var a mqtt.Announced
		device := `"device":{"identifiers":["d"],"suggested_area":"` + names["area"] + `"}`
		for topic, payload := range map[string]string{
			"alarm_control_panel/p": `{"name":"` + names["panel"] + `","unique_id":"p","command_topic":"panel/set","state_topic":"panel/state","supported_features":["arm_home","arm_away","arm_night"]}`,
			"cover/b": `{"name":"` + names["blind"] + `","unique_id":"b","device_class":"blind","command_topic":"blind/set","tilt_command_topic":"blind/tilt","tilt_status_topic":"blind/tilted",
				"tilt_min":10,"tilt_max":170,"tilt_closed_value":5,` + device + `}`,
			"humidifier/h": `{"name":"` + names["dryer"] + `","unique_id":"h","command_topic":"dry/power","hum_cmd_t":"dry/set","min_hum":30,"max_hum":70,` + device + `}`,
			"fan/f":        `{"name":"` + names["fan"] + `","unique_id":"f","command_topic":"fan/set","osc_cmd_t":"fan/swing","osc_stat_t":"fan/swings","pl_osc_on":"on","pl_osc_off":"off",` + device + `}`,
		} {
			d, err := a.Take("homeassistant", mqtt.Message{Topic: "homeassistant/" + topic + "/config", Payload: []byte(payload)})
			if err != nil || len(d.Faults) > 0 {
				t.Fatal(err, d.Faults)
			}
			h = h.After(d)
		}
		c := DefaultConfig()
		c.Language = lang
		sentences, err := Sentences(c)
		if err != nil {
			t.Fatal(err)
		}
		homes[lang] = &Snapshot{Home: h, Resolver: sentences.Bind(h.Names())}
	}
	for _, tt := range tests {
		s := homes[tt.lang]
		in := s.Resolver.Resolve(intent.Query{Text: tt.said, Room: announced[tt.lang]["area"]})
		p := s.Home.Plan(in, home.At(announced[tt.lang]["area"], time.Now()))
		var sent []string
		for _, a := range p.Actions {
			for _, m := range a.Messages {
				sent = append(sent, m.Topic+" "+string(m.Payload))
			}
		}
		got := strings.Join(sent, "; ")
		if tt.sent == "out of range" && got == "" && p.Refusal == home.CannotDo {
			continue
		}
		if got != tt.sent || tt.sent == "" && p.Refusal != home.NeedsConfirmation || p.Reply == "" {
			t.Errorf("%s: %q: %s %v sends %q, want %q; says %q (%s)", tt.lang, tt.said, in.Name, in.Targets, got, tt.sent, p.Reply, p.Refusal)
		}
	}
}
