package intent

import (
	"slices"
	"testing"
	"time"
)

// in are one sentence in the languages beside English.
type in struct{ de, fr, es, nl, tr string }

func (s in) each() map[string]string {
	return map[string]string{"de": s.de, "fr": s.fr, "es": s.es, "nl": s.nl, "tr": s.tr}
}

// Alarms, later commands, exceptions, follow-ups and answers in every language.
func TestEverydayInOtherLanguages(t *testing.T) {
	kitchen := []string{"light.kitchen_ceiling", "light.kitchen_counter"}
	evening := time.Date(2026, 11, 22, 19, 10, 0, 0, time.UTC)
	tests := []struct {
		name, intent string
		slots        map[string]any
		targets      []string
		command      string // what is carried out later
		after        in     // what was said before
		asks         Asked  // what the house asked then
		say          in
	}{
		{name: "an alarm", intent: "CricketSetAlarm", slots: map[string]any{"time": "07:00"},
			say: in{"stell einen Wecker auf sieben Uhr", "mets un réveil à sept heures", "pon una alarma a las siete", "zet een wekker om zeven uur", "saat yedi için alarm kur"}},
		{name: "an alarm, said as a timer is", intent: "CricketSetAlarm", slots: map[string]any{"time": "07:00"},
			say: in{"stell den Wecker auf sieben", "mets le réveil à sept heures", "pon la alarma a las siete", "zet de wekker op zeven uur", "alarmı yediye kur"}},
		{name: "tomorrow in the middle", intent: "CricketSetAlarm", slots: map[string]any{"time": "06:30", "day": "tomorrow"},
			say: in{"weck mich morgen um halb sieben", "réveille-moi demain matin à six heures et demie", "despiértame mañana a las seis y media", "maak me morgen wakker om half zeven", "yarın altı buçukta beni uyandır"}},
		{name: "half past", intent: "CricketSetAlarm", slots: map[string]any{"time": "07:30", "day": "tomorrow"},
			say: in{"weck mich morgen um halb acht", "réveille-moi demain à sept heures et demie", "despiértame mañana a las siete y media", "wek me morgen om half acht", "yarın yedi buçukta beni uyandır"}},
		{name: "a quarter to", intent: "CricketSetAlarm", slots: map[string]any{"time": "06:45"},
			say: in{"weck mich um viertel vor sieben", "réveille-moi à sept heures moins le quart", "despiértame a las siete menos cuarto", "wek me om kwart voor zeven", "altı kırk beşte beni uyandır"}},
		{name: "on weekdays", intent: "CricketSetAlarm", slots: map[string]any{"time": "06:00", "repeat": "weekdays"},
			say: in{"weck mich werktags um sechs", "réveille-moi en semaine à six heures", "despiértame entre semana a las seis", "wek me op werkdagen om zes uur", "hafta içi altıda beni uyandır"}},
		{name: "when?", intent: "CricketSetAlarm",
			say: in{"stell einen Wecker", "mets un réveil", "pon una alarma", "zet een wekker", "alarm kur"}},
		{name: "cancelled", intent: "CricketCancelAlarm",
			say: in{"lösche den Wecker", "annule le réveil", "cancela la alarma", "verwijder de wekker", "alarmı iptal et"}},
		{name: "not tomorrow", intent: "CricketCancelAlarm", slots: map[string]any{"day": "tomorrow", "all": "true"},
			say: in{"weck mich morgen nicht", "ne me réveille pas demain", "no me despiertes mañana", "maak me morgen niet wakker", "yarın beni uyandırma"}},
		{name: "when it rings", intent: "CricketAlarmStatus",
			say: in{"wann klingelt der Wecker", "à quelle heure sonne le réveil", "a qué hora suena la alarma", "hoe laat gaat de wekker af", "alarm ne zaman çalacak"}},
		{name: "five more", intent: "CricketSnooze", slots: map[string]any{"minutes": 5.0},
			say: in{"noch fünf Minuten", "encore cinq minutes", "cinco minutos más", "nog vijf minuten", "beş dakika daha"}},
		{name: "a reminder", intent: "CricketSetReminder", slots: map[string]any{"minutes": 10.0},
			say: in{"erinnere mich in zehn Minuten an den Kuchen", "rappelle-moi dans dix minutes de sortir le gâteau", "recuérdame en diez minutos sacar el pastel", "herinner me over tien minuten aan de taart", "on dakika sonra keki çıkarmamı hatırlat"}},
		{name: "in ten minutes", intent: "HassStartTimer", slots: map[string]any{"minutes": 10.0}, command: "HassTurnOff", targets: kitchen,
			say: in{"mach in zehn Minuten das Licht in der Küche aus", "éteins la lumière de la cuisine dans dix minutes", "apaga la luz de la cocina en diez minutos", "doe over tien minuten het licht in de keuken uit", "mutfak ışığını on dakika sonra kapat"}},
		{name: "in half an hour", intent: "HassStartTimer", slots: map[string]any{"minutes": 30.0}, command: "HassTurnOff", targets: kitchen,
			say: in{"in einer halben Stunde mach das Licht in der Küche aus", "dans une demi-heure éteins la lumière de la cuisine", "dentro de media hora apaga la luz de la cocina", "doe over een half uur het licht in de keuken uit", "yarım saat sonra mutfak ışığını kapat"}},
		{name: "at eight in the evening", intent: "CricketSchedule", slots: map[string]any{"time": "20:00"}, command: "HassTurnOn", targets: kitchen,
			say: in{"schalte um acht Uhr abends das Licht in der Küche ein", "allume la lumière de la cuisine à huit heures du soir", "enciende la luz de la cocina a las ocho de la tarde", "doe het licht in de keuken om acht uur 's avonds aan", "akşam sekizde mutfak ışığını aç"}},
		{name: "at sunset", intent: "CricketSchedule", slots: map[string]any{"sun": "sunset"}, command: "HassTurnOn", targets: kitchen,
			say: in{"schalte das Licht in der Küche bei Sonnenuntergang ein", "allume la lumière de la cuisine au coucher du soleil", "enciende la luz de la cocina al anochecer", "doe het licht in de keuken aan bij zonsondergang", "güneş batınca mutfak ışığını aç"}},
		{name: "until ten", intent: "HassTurnOn", targets: kitchen,
			say: in{"mach das Licht in der Küche bis zehn Uhr an", "allume la lumière de la cuisine jusqu'à dix heures", "enciende la luz de la cocina hasta las diez", "doe het licht in de keuken aan tot tien uur", "mutfak ışığını saat ona kadar aç"}},
		{name: "all but one", intent: "HassTurnOff", targets: []string{"fan.living_room", "light.floor_lamp", "light.living_room_ceiling"},
			say: in{"schalte alles außer dem Fernseher aus", "éteins tout sauf la télé", "apaga todo menos la tele", "doe alles uit behalve de tv", "televizyon hariç her şeyi kapat"}},
		{name: "everything on", intent: "HassTurnOn", slots: map[string]any{"name": "all"}, targets: []string{"fan.living_room", "light.floor_lamp", "light.living_room_ceiling", "media_player.tv"},
			say: in{"mach alles an", "allume tout", "enciende todo", "zet alles aan", "her şeyi aç"}},
		{name: "everything on in a room", intent: "HassTurnOn", slots: map[string]any{"name": "all"}, targets: []string{"light.bedroom_ceiling", "light.bedside"},
			say: in{"mach alles im Schlafzimmer an", "allume tout dans la chambre", "enciende todo en el dormitorio", "zet alles in de slaapkamer aan", "yatak odasında her şeyi aç"}},
		{name: "a named timer", intent: "HassStartTimer", slots: map[string]any{"minutes": 10.0},
			say: in{"stell einen Pizzatimer auf zehn Minuten", "mets un minuteur à pizza de dix minutes", "pon un temporizador de pizza de diez minutos", "zet een pizzatimer op tien minuten", "on dakikalık pizza zamanlayıcısı kur"}},
		{name: "its end", intent: "HassCancelTimer",
			say: in{"brich den Pizzatimer ab", "annule le minuteur pizza", "cancela el temporizador de pizza", "stop de pizzatimer", "pizza zamanlayıcısını iptal et"}},
		{name: "stop there", intent: "HassStopMoving", targets: []string{"cover.curtains"},
			say: in{"stopp die Vorhänge", "arrête les rideaux", "para las cortinas", "stop de gordijnen", "perdeyi durdur"}},
		{name: "taken back", intent: "CricketUndo",
			say: in{"mach das rückgängig", "défais ça", "deshaz eso", "maak dat ongedaan", "geri al"}},
		{name: "again", intent: "CricketRepeat",
			say: in{"sag das noch mal", "répète ça", "repite eso", "herhaal dat", "tekrar söyle"}},
		{name: "what there is to say", intent: "CricketHelp",
			say: in{"was kann ich sagen", "qu'est-ce que je peux dire", "qué puedo decir", "wat kan ik zeggen", "ne diyebilirim"}},
		{name: "dimmer", intent: "HassLightSet", targets: []string{"light.floor_lamp"},
			say: in{"dimme die Stehlampe", "tamise le lampadaire", "atenúa la lámpara de pie", "dim de staande lamp", "lambaderi biraz kıs"}},
		{name: "is the light on there", intent: "HassGetState", slots: map[string]any{"state": "on"}, targets: kitchen,
			say: in{"ist das Licht in der Küche an", "est-ce que la lumière de la cuisine est allumée", "está encendida la luz de la cocina", "is het licht in de keuken aan", "mutfakta ışık açık mı"}},
		{name: "is it on here", intent: "HassGetState", slots: map[string]any{"state": "on"}, targets: []string{"light.floor_lamp", "light.living_room_ceiling"},
			say: in{"ist das Licht an", "la lumière est-elle allumée", "está la luz encendida", "staat het licht aan", "ışık açık mı"}},
		{name: "are the windows shut", intent: "HassGetState", slots: map[string]any{"state": "off"}, targets: []string{"binary_sensor.bedroom_window", "binary_sensor.kitchen_window"},
			say: in{"sind die Fenster zu", "les fenêtres sont-elles fermées", "están cerradas las ventanas", "zijn de ramen dicht", "pencereler kapalı mı"}},
		{name: "two degrees warmer", intent: "HassClimateSetTemperature", slots: map[string]any{"temperature_step": 2.0}, targets: []string{"climate.living_room"},
			say: in{"zwei Grad wärmer", "deux degrés de plus", "dos grados más", "twee graden warmer", "iki derece daha sıcak"}},
		{name: "two degrees warmer there", intent: "HassClimateSetTemperature", slots: map[string]any{"temperature_step": 2.0}, targets: []string{"climate.bedroom"},
			say: in{"mach es im Schlafzimmer zwei Grad wärmer", "mets deux degrés de plus dans la chambre", "pon dos grados más en el dormitorio", "maak het twee graden warmer in de slaapkamer", "yatak odasını iki derece daha sıcak yap"}},
		{name: "a degree less", intent: "HassClimateSetTemperature", slots: map[string]any{"temperature_step": -1.0}, targets: []string{"climate.living_room"},
			say: in{"ein Grad kälter", "un degré de moins", "un grado menos", "een graad kouder", "bir derece daha soğuk"}},
		{name: "the heating up by two", intent: "HassClimateSetTemperature", slots: map[string]any{"temperature_step": 2.0}, targets: []string{"climate.living_room"},
			say: in{"dreh die Heizung um zwei Grad hoch", "augmente le chauffage de deux degrés", "sube la calefacción dos grados", "verhoog de verwarming met twee graden", "ısıtmayı iki derece artır"}},
		{name: "a bit dimmer", intent: "HassLightSet", slots: map[string]any{"brightness_step": -10.0}, targets: []string{"light.floor_lamp", "light.living_room_ceiling"},
			say: in{"mach das Licht etwas dunkler", "baisse un peu la lumière", "baja un poco la luz", "dim het licht een beetje", "ışığı biraz kıs"}},
		{name: "no timer any more", intent: "HassCancelAllTimers",
			say: in{"brich alles ab", "annule tout", "cancela todo", "annuleer alles", "hepsini iptal et"}},
		{name: "sunset", intent: "CricketSun", slots: map[string]any{"sun": "sunset"},
			say: in{"wann geht die Sonne unter", "à quelle heure se couche le soleil", "a qué hora se pone el sol", "hoe laat gaat de zon onder", "güneş ne zaman batıyor"}},
		{name: "sunrise", intent: "CricketSun", slots: map[string]any{"sun": "sunrise"},
			say: in{"wann ist Sonnenaufgang", "quand est le lever du soleil", "a qué hora amanece", "wanneer is zonsopgang", "güneş ne zaman doğuyor"}},
		{name: "how many there are", intent: "HassGetState", targets: []string{"binary_sensor.bedroom_window", "binary_sensor.kitchen_window"},
			say: in{"wie viele Fenster gibt es", "combien de fenêtres y a-t-il", "cuántas ventanas hay", "hoeveel ramen zijn er", "kaç pencere var"}},
		{name: "on two days", intent: "CricketSetAlarm", slots: map[string]any{"time": "07:00", "day": "monday"},
			say: in{"stell einen Wecker für Montag und Mittwoch um sieben", "mets une alarme à sept heures lundi et mercredi", "pon una alarma a las siete el lunes y el miércoles", "zet een wekker voor maandag en woensdag om zeven uur", "pazartesi ve çarşamba saat yedi için alarm kur"}},
		{name: "two timers", intent: "HassStartTimer", slots: map[string]any{"minutes": 5.0},
			say: in{"stell zwei Timer auf fünf und zehn Minuten", "mets deux minuteurs de cinq et dix minutes", "pon dos temporizadores de cinco y diez minutos", "zet twee timers voor vijf en tien minuten", "beş ve on dakikalık iki zamanlayıcı kur"}},
		{name: "two timers, with a word each", intent: "HassStartTimer", slots: map[string]any{"minutes": 5.0},
			say: in{"stell zwei Timer, auf fünf und auf zehn Minuten", "mets deux minuteurs, de cinq et de dix minutes", "pon dos temporizadores, de cinco y de diez minutos", "zet twee timers, op vijf en op tien minuten", "beş dakikalık ve on dakikalık iki zamanlayıcı kur"}},
		{name: "a timer and another", intent: "HassStartTimer", slots: map[string]any{"minutes": 5.0},
			say: in{"stell einen Timer auf fünf Minuten und einen auf zehn Minuten", "mets un minuteur de cinq minutes et un autre de dix minutes", "pon un temporizador de cinco minutos y otro de diez minutos", "zet een timer op vijf minuten en een op tien minuten", "beş dakikalık ve on dakikalık zamanlayıcı kur"}},
		{name: "all timers but one", intent: "HassCancelAllTimers", slots: map[string]any{"except": "pizza"},
			say: in{"lösche alle Timer außer dem pizza Timer", "annule tous les minuteurs sauf celui de la pizza", "cancela todos los temporizadores menos el de la pizza", "annuleer alle timers behalve de pizza timer", "pizza hariç tüm zamanlayıcıları iptal et"}},
		{name: "open or not", intent: "HassGetState", targets: []string{"cover.garage_door"},
			say: in{"ist das Garagentor offen oder zu", "la porte du garage est-elle ouverte ou fermée", "está abierta o cerrada la puerta del garaje", "is de garagedeur open of dicht", "garaj kapısı açık mı kapalı mı"}},
		{name: "off the list", intent: "HassShoppingListCompleteItem",
			say: in{"nimm die Milch von der Einkaufsliste", "enlève le lait de la liste de courses", "quita la leche de la lista de la compra", "haal de melk van de boodschappenlijst", "sütü alışveriş listesinden sil"}},
		{name: "half past six", intent: "CricketSetAlarm", slots: map[string]any{"time": "06:30"},
			say: in{"weck mich um halb sieben", "réveille-moi à six heures et demie", "despiértame a las seis y media", "maak me wakker om half zeven", "altı buçukta beni uyandır"}},
		{name: "all but the hall", intent: "HassTurnOff", slots: map[string]any{"name": "all"},
			say: in{"mach alle Lichter außer im Flur aus", "éteins toutes les lumières sauf celles du couloir", "apaga todas las luces menos la del pasillo", "doe alle lampen behalve in de hal uit", "koridordakiler hariç tüm ışıkları kapat"}},
		{name: "closed by a third of the way", intent: "HassSetPosition", slots: map[string]any{"position": 70.0}, targets: []string{"cover.curtains"},
			say: in{"schließ die Vorhänge zu 30 Prozent", "ferme les rideaux de 30 pour cent", "cierra las cortinas un 30 por ciento", "doe de gordijnen 30 procent dicht", "perdeyi yüzde 70'e aç"}},
		{name: "light alone", say: in{"Licht", "lumière", "luz", "licht", "ışık"}},

		{name: "it", intent: "HassTurnOff", targets: []string{"light.floor_lamp"},
			after: in{"mach die Stehlampe an", "allume le lampadaire", "enciende la lámpara de pie", "doe de staande lamp aan", "lambaderi aç"},
			say:   in{"mach sie wieder aus", "éteins-le", "apágala", "doe hem weer uit", "onu kapat"}},
		{name: "there too", intent: "HassTurnOn", targets: kitchen,
			after: in{"mach das Licht an", "allume la lumière", "enciende la luz", "doe het licht aan", "ışıkları aç"},
			say:   in{"und in der Küche", "et dans la cuisine", "y en la cocina", "en in de keuken", "mutfakta da"}},
		{name: "yes", intent: "CricketYes",
			after: in{"mach das Licht an", "allume la lumière", "enciende la luz", "doe het licht aan", "ışıkları aç"},
			say:   in{"ja", "oui", "sí", "ja", "evet"}},
		{name: "how long", intent: "HassStartTimer", slots: map[string]any{"minutes": 10.0}, asks: AsksLength,
			after: in{"stell einen Timer", "mets un minuteur", "pon un temporizador", "zet een timer", "zamanlayıcı kur"},
			say:   in{"zehn Minuten", "dix minutes", "diez minutos", "tien minuten", "on dakika"}},
		{name: "at what time", intent: "CricketSetAlarm", slots: map[string]any{"time": "07:00"}, asks: AsksTime,
			after: in{"stell einen Wecker", "mets un réveil", "pon una alarma", "zet een wekker", "alarm kur"},
			say:   in{"um sieben Uhr morgens", "à sept heures du matin", "a las siete de la mañana", "om zeven uur 's ochtends", "sabah yedide"}},
		{name: "which timer", intent: "HassCancelTimer", slots: map[string]any{"which": 2.0}, asks: AsksEntry,
			after: in{"lösche den Timer", "annule le minuteur", "cancela el temporizador", "annuleer de timer", "zamanlayıcıyı iptal et"},
			say:   in{"den zweiten", "le deuxième", "el segundo", "de tweede", "ikincisini"}},
	}
	for code, r := range resolvers(t) {
		t.Run(code, func(t *testing.T) {
			for _, tt := range tests {
				q := Query{Text: tt.say.each()[code], Room: "living_room", Now: evening}
				if before := tt.after.each()[code]; before != "" {
					last := r.Resolve(Query{Text: before, Room: "living_room", Now: evening})
					if last.Refusal != "" {
						t.Errorf("%s: %q is refused: %s", tt.name, before, last.Refusal)
						continue
					}
					q.Context.Last = &last
					if tt.asks != "" {
						q.Context.Open, q.Context.Asks = &last, tt.asks
					}
				}
				in := r.Resolve(q)
				targets := in.Targets
				if in.Command != nil {
					targets = in.Command.Targets
				}
				command := ""
				if in.Command != nil {
					command = in.Command.Name
				}
				wrong := in.Name != tt.intent || in.Refusal == "" && tt.intent == "" || tt.targets != nil && !slices.Equal(targets, tt.targets) || command != tt.command
				for k, v := range tt.slots {
					wrong = wrong || in.Slots[k] != v
				}
				if tt.name == "until ten" {
					wrong = wrong || len(in.Also) != 1 || in.Also[0].Slots["time"] != "22:00"
				}
				if wrong {
					t.Errorf("%s: %q: %s", tt.name, q.Text, show(in))
				}
			}
		})
	}
}

func resolvers(t testing.TB) map[string]*Resolver {
	out := map[string]*Resolver{}
	for _, code := range others() {
		out[code] = compileLanguage(t, code).Bind(homeOf(t, code))
	}
	return out
}
