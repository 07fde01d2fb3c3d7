package voice

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func sentences(text, language string) (out []string) {
	for text = strings.TrimSpace(text); text != ""; {
		var s string
		s, text = FirstSentence(text, language)
		out = append(out, s)
	}
	return out
}

func TestFirstSentence(t *testing.T) {
	for _, tt := range []struct{ name, language, text string }{ // | stands for a cut
		{"one", "en", "Kitchen light on."},
		{"two", "en", "Kitchen light on.|The fan does not answer."},
		{"a question and a call", "en", "Do you mean the lamp?|Stop!|Well … no."},
		{"no mark at the end", "en", "Lamp on.|And so on"},
		{"a decimal", "en", "It is 21.5 degrees.|It was 3.25 before."},
		{"a time", "en", "It is 7.30 in the evening.|The alarm rings at 6:15 a.m. tomorrow."},
		{"a sentence that ends in a.m.", "en", "It rings at 6 a.m.|Good night."},
		{"titles", "en", "Call Dr. Miller and Mrs. Jones.|St. Mary is open."},
		{"an initial", "en", "Play J. S. Bach.|It is by him."},
		{"I at the end", "en", "It was you and I.|The end."},
		{"an example", "en", "Say a room, e.g. Kitchen.|Then say what."},
		{"a number", "en", "That is No. 5 of them.|There are 12.|Shall I go on?"},
		{"the number of a line", "en", "1. Open the lid.\n2. Pour water in."},
		{"lines", "en", "On the list: milk|bread"},
		{"an ellipsis", "en", "Wait... it is on.|Wait...|It is off."},
		{"quotations", "en", `He said "stop."|Then he went (on foot.)|Good.`},
		{"a question inside", "en", `"Really?" she asked.|"Yes!"|Good.`},
		{"an address", "en", "Look at cricket.home or at 192.168.0.1 now.|Done."},
		{"a variety", "en-GB", "Mr. Bean is here.|Hello."},
		{"no such language", "xx", "Lamp on.|Fan off."},
		{"nothing", "en", ""},
		{"a mark alone", "en", "."},

		{"German", "de", "Das Licht ist an.|Die Lampe antwortet nicht."},
		{"a German date", "de", "Heute ist der 23. November.|Morgen ist der 24.|Gute Nacht."},
		{"a German number at the end", "de", "Die Heizung steht auf 21.|Das Licht ist aus."},
		{"a German decimal", "de", "Es sind 19,5 Grad.|Es waren 1.200 Watt."},
		{"a German time", "de", "Es ist 7.30 Uhr.|Um 8.15 Uhr klingelt der Wecker."},
		{"German abbreviations", "de", "Nenne z.B. Küche oder z. B. Bad, bzw. Flur.|Ca. Montag kommt Dr. Maier usw. wie immer."},
		{"a German storey", "de", "Im 2. Stock brennt Licht.|Soll es aus?"},

		{"French", "fr", "La lampe est allumée.|Le ventilateur ne répond pas."},
		{"a French question with its blank", "fr", "Laquelle ?|La lampe du salon !|Très bien."},
		{"French abbreviations", "fr", "Appelle M. Durand, p. ex. Lundi.|Il est 7 h.|Bonne nuit."},
		{"a French decimal", "fr", "Il fait 19,5 degrés.|Il est 7.30."},

		{"Spanish", "es", "La luz está encendida.|¿Qué lámpara?|¡Claro!"},
		{"Spanish abbreviations", "es", "Llama al Sr. Pérez y a la Dra. Gil, p. ej. Mañana.|Son las 7 a. m. ya."},
		{"a Spanish decimal", "es", "Hay 19,5 grados.|Eran 1.200 vatios."},

		{"Dutch", "nl", "De lamp is aan.|Het is 19,5 graden.|Welke lamp?"},
		{"Dutch abbreviations", "nl", "Bel dhr. Jansen, bijv. Maandag.|Zeg o.a. Keuken."},
		{"a Dutch time", "nl", "Het is 7.30 uur.|Goedenacht."},

		{"Turkish", "tr", "Işık açık.|Isı 19,5 derece.|Hangi lamba?"},
		{"Turkish ordinals and abbreviations", "tr", "3. katta ışık yanıyor.|Dr. Yılmaz geldi, örn. Salı günü."},
		{"a Turkish time", "tr", "Saat 7.30.|İyi geceler."},
	} {
		want := strings.Split(tt.text, "|")
		if tt.text == "" {
			want = nil
		}
		joined := strings.ReplaceAll(tt.text, "|", " ")
		if tt.name == "lines" {
			joined = strings.ReplaceAll(tt.text, "|", "\n")
		}
		if strings.Contains(joined, "\n") && tt.name != "lines" {
			want = strings.Split(tt.text, "\n")
		}
		if got := sentences(joined, tt.language); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", tt.name, got, want)
		}
	}
}

// A text without an end is cut where people breathe.
func TestFirstSentenceOfALongText(t *testing.T) {
	long := strings.Repeat("one lamp and another, ", 60)
	for _, s := range sentences(long, "en") {
		if len(s) > longestSentence || !strings.HasSuffix(s, "another,") {
			t.Errorf("%d bytes: %q", len(s), s)
		}
	}
	for _, s := range sentences(strings.Repeat("ü", 1000), "de") {
		if len(s) > longestSentence || s == "" {
			t.Errorf("%d bytes", len(s))
		}
	}
}

// FuzzFirstSentence: no letter is lost or doubled, each sentence has something in
// it and is not too long, and what comes later does not change the first one.
func FuzzFirstSentence(f *testing.F) {
	f.Add("Kitchen light on. The fan does not answer.", "en", " More.")
	f.Add("Heute ist der 23. November.", "de", "")
	f.Add("Es ist der 3. No", "de", "vember. Ja")
	f.Add("\xff. A\u2028B…", "tr", "x")
	f.Fuzz(func(t *testing.T, text, language, more string) {
		all := sentences(text, language)
		bare := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsSpace(r) {
					return -1
				}
				return r
			}, strings.ToValidUTF8(s, ""))
		}
		if got, want := bare(strings.Join(all, "")), bare(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
		for _, s := range all {
			if s == "" || len(s) > longestSentence+4 {
				t.Errorf("%q is a sentence of %q", s, text)
			}
		}
		if first, rest := FirstSentence(text, language); rest != "" && utf8.ValidString(text) {
			if again, _ := FirstSentence(text+more, language); again != first {
				t.Errorf("%q became %q by what came after it", first, again)
			}
		}
	})
}
