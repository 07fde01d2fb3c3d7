package espeak

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// engine is the program that make setup puts beside cricket, or that of the PATH.
func engine(t testing.TB) *Engine {
	t.Helper()
	if dir := os.Getenv("CRICKET_BIN"); dir != "" {
		if program := filepath.Join(dir, "espeak-ng"); exists(program) {
			return New(program)
		}
	}
	program, err := exec.LookPath("espeak-ng")
	if err != nil {
		const say = "espeak-ng is not here: run `make setup` and set CRICKET_BIN=bin, or install the package espeak-ng"
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal(say)
		}
		t.Skip(say)
	}
	return New(program)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func TestSay(t *testing.T) {
	e := engine(t)
	for _, c := range []struct {
		text, language string
		least, most    float64 // seconds
	}{
		{"Kitchen light on.", "en", 0.8, 3},
		{"The temperature in the bathroom is twenty-one degrees.", "en-GB", 2, 6},
		{"Das Licht ist an.", "de", 0.8, 3},
		{"Done.", "en-us+f3", 0.3, 2},
		{"--version", "en", 0.3, 3},
		{"-f /etc/passwd", "en", 0.8, 5},
		{"<speak>one</speak> [[h@l'oU]] \x00\x1b two", "en", 0.8, 6},
	} {
		s, err := e.Say(t.Context(), c.text, c.language)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		length := float64(len(s.PCM)) / float64(s.Rate)
		if s.Rate != 22050 || s.Text != c.text || length < c.least || length > c.most {
			t.Errorf("%q: %d Hz, %.2f s, text %q", c.text, s.Rate, length, s.Text)
		}
		sum := 0.0
		for _, x := range s.PCM {
			sum += float64(x) * float64(x)
		}
		if rms := math.Sqrt(sum / float64(len(s.PCM))); rms < 500 {
			t.Errorf("%q is spoken with a level of %.0f", c.text, rms)
		}
	}
}

func TestMarkupIsNotObeyed(t *testing.T) {
	e := engine(t)
	say := func(text string) int {
		s, err := e.Say(t.Context(), text, "en")
		if err != nil {
			t.Fatal(err)
		}
		return len(s.PCM)
	}
	// Ten seconds of silence, if it were markup.
	if long := say(`hello <break time="10s"/> you`); long > 22050*8 {
		t.Errorf("markup made %d samples", long)
	}
	if a, b := say("[[h@l'oU]]"), say("h@l'oU"); a != b {
		t.Errorf("%d samples with brackets, %d without", a, b)
	}
}

func TestSayRefuses(t *testing.T) {
	e := New("/nowhere/espeak-ng")
	for _, c := range []struct{ name, text, language, want string }{
		{"no program", "hello", "en", "run `make setup`"},
		{"no text", "", "en", "no words"},
		{"nothing to say", " -- \x00 [[ ]]", "en", "no words"},
		{"too long", strings.Repeat("very ", 1000), "en", "5000 bytes"},
		{"an option for a language", "hello", "--stdin", "no language"},
		{"no language", "hello", "", "no language"},
	} {
		if _, err := e.Say(t.Context(), c.text, c.language); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
	if _, err := New("no-such-program-espeak").Say(t.Context(), "hello", "en"); !errors.Is(err, ErrMissing) {
		t.Errorf("error %v for a program that is not in PATH", err)
	}
	if _, err := engine(t).Say(t.Context(), "hello", "qqq"); err == nil || !strings.Contains(err.Error(), "voice") {
		t.Errorf("error %v for a language that espeak-ng lacks", err)
	}
}

func TestSpeak(t *testing.T) {
	e := engine(t)
	voicetest.Speak(t, func(ctx context.Context, text string) (voice.Speech, error) { return e.Say(ctx, text, "en") })
}

// A program that never answers is killed with the context.
func TestSayEndsWithItsContext(t *testing.T) {
	program := filepath.Join(t.TempDir(), "espeak-ng")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec sleep 600\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := New(program).Say(ctx, "hello", "en"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// The pronunciations of the CMU dictionary, and beside some of them a near match.
func TestPhonemes(t *testing.T) {
	want := map[string]string{
		"kitchen": "K IH CH AH N", "light": "L AY T", "lights": "L AY T S", "lamp": "L AE M P",
		"bedroom": "B EH D R UW M", "bathroom": "B AE TH R UW M", "living": "L IH V IH NG", "room": "R UW M",
		"hall": "HH AO L", "door": "D AO R", "window": "W IH N D OW", "blinds": "B L AY N D Z",
		"curtain": "K ER T AH N", "fan": "F AE N", "heating": "HH IY T IH NG", "radiator": "R EY D IY EY T ER",
		"television": "T EH L AH V IH ZH AH N|T EH L IH V IH ZH AH N", "radio": "R EY D IY OW", "coffee": "K AA F IY|K AO F IY",
		"machine": "M AH SH IY N", "office": "AO F AH S|AO F IH S|AA F IH S", "desk": "D EH S K", "printer": "P R IH N T ER",
		"fire": "F AY ER", "power": "P AW ER", "thermostat": "TH ER M AH S T AE T", "turn": "T ER N",
		"on": "AA N|AO N", "off": "AO F", "open": "OW P AH N", "close": "K L OW Z|K L OW S", "lock": "L AA K",
		"unlock": "AH N L AA K", "set": "S EH T", "what": "W AH T", "where": "W EH R", "here": "HH IH R",
		"four": "F AO R", "three": "TH R IY", "this": "DH IH S", "yes": "Y EH S", "boy": "B OY",
		"measure": "M EH ZH ER", "thing": "TH IH NG", "hue": "HH Y UW", "music": "M Y UW Z IH K",
		"water": "W AO T ER", "button": "B AH T AH N", "little": "L IH T AH L", "cool": "K UW L", "book": "B UH K",
		"bird": "B ER D", "house": "HH AW S", "green": "G R IY N", "yellow": "Y EH L OW", "purple": "P ER P AH L",
		"car": "K AA R", "chair": "CH EH R", "garage": "G ER AA ZH|G AA R AA ZH", "percent": "P ER S EH N T",
		"degrees": "D AH G R IY Z|D IH G R IY Z", "nursery": "N ER S ER IY", "blue": "B L UW", "judge": "JH AH JH",
	}
	var words []string
	for word := range want {
		words = append(words, word)
	}
	got, err := engine(t).Phonemes(t.Context(), words, "en")
	if err != nil {
		t.Fatal(err)
	}
	for word, either := range want {
		if said := strings.Join(got[word], " "); !slices.Contains(strings.Split(either, "|"), said) {
			t.Errorf("%s is %s, want %s", word, said, either)
		}
	}
}

func TestPhonemesOfNames(t *testing.T) {
	want := map[string]string{
		"TV": "T IY V IY", "tv": "T IY V IY", "IKEA": "AY K IY AH", "3D": "TH R IY D IY", "21": "T W EH N T IY W AH N",
		"Grohe": "G R OW HH", "USB": "Y UW EH S B IY", "McDonald's": "M AH K D AA N AH L D Z", "Wi-Fi": "W AY F AY",
	}
	words := []string{"Jürgen", "北", "fiancé", "O’Neil", "a.b.c", "naïve", "--help", "...", "", "!?", "\xff", "\u0301"}
	words = append(words, strings.Repeat("long", 200))
	for word := range want {
		words = append(words, word)
	}
	got, err := engine(t).Phonemes(t.Context(), words, "en")
	if err != nil {
		t.Fatal(err)
	}
	for word, said := range want {
		if s := strings.Join(got[word], " "); s != said {
			t.Errorf("%s is %s, want %s", word, s, said)
		}
	}
	for _, word := range words {
		if _, ok := got[word]; ok != (strings.ContainsFunc(word, voice.Sayable) && len(word) < longestWord) {
			t.Errorf("%q is pronounced %v", word, got[word])
		}
	}
	if s := strings.Join(got["Jürgen"], " "); !strings.HasSuffix(s, "AH N") || !strings.Contains(s, "JH") && !strings.Contains(s, " G ") {
		t.Errorf("Jürgen is %s", s)
	}
}

// Whatever the word and the language, only the 39 phones come out, and some do.
func TestPhonemesAreThoseOfTheDictionary(t *testing.T) {
	e := engine(t)
	for language, text := range map[string]string{
		"en":    "the quick brown fox jumps over a lazy dog while seven judges measure joyful young thoughts 1984 half-past",
		"de":    "Küche Schlafzimmer Licht Tür Straße Öl zwölf Pfund Garage Ventilator gemütlich nächste Übung",
		"fr":    "cuisine chambre lumière ouvrir fenêtre jardin un bon vin brun oignon feuille",
		"es":    "cocina dormitorio luz ventana calle perro niño agua",
		"it":    "cucina camera finestra gli gnocchi acqua zio",
		"pl":    "kuchnia światło okno szczęście źle dźwięk",
		"tr":    "mutfak ışık pencere yatak odası",
		"nl":    "keuken slaapkamer licht deur huis schuif",
		"pt-BR": "cozinha quarto luz janela irmão",
		"sv":    "kök sovrum ljus fönster sju",
	} {
		got, err := e.Phonemes(t.Context(), strings.Fields(text), language)
		if err != nil {
			t.Errorf("%s: %v", language, err)
			continue
		}
		for word, phones := range got {
			if len(phones) == 0 {
				t.Errorf("%s: %q has no phones", language, word)
			}
			for _, p := range phones {
				if !slices.Contains(strings.Fields(dictionaryPhones), p) {
					t.Errorf("%s: %q has the phone %q", language, word, p)
				}
			}
		}
	}
}

const dictionaryPhones = `AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH`

func TestTableHoldsThePhonesOfTheDictionary(t *testing.T) {
	seen := map[string]bool{}
	for sign, phones := range phoneTable() {
		for _, p := range phones {
			seen[p] = true
			if !slices.Contains(strings.Fields(dictionaryPhones), p) {
				t.Errorf("%s becomes %q", sign, p)
			}
		}
	}
	if len(seen) != 39 {
		t.Errorf("%d phones, want 39", len(seen))
	}
}

// FuzzArpabet: any answer of the program gives phones of the dictionary only.
func FuzzArpabet(f *testing.F) {
	f.Add("k_ˈɪ_tʃ_ə_n")
	f.Add("(de)j_ˈʏ_ɾ_ɡ_ə_n(en-us) θ_ɹ_ˈiː")
	f.Add("\xff_̩__ː")
	table := phoneTable()
	f.Fuzz(func(t *testing.T, ipa string) {
		for _, p := range arpabet(table, ipa) {
			if !strings.Contains(" "+dictionaryPhones+" ", " "+p+" ") {
				t.Errorf("phone %q", p)
			}
		}
	})
}

// A thousand names are pronounced by one run of the program.
func TestManyWords(t *testing.T) {
	var words []string
	for _, a := range "bdfgklmnprstvwz" {
		for _, b := range []string{"a", "ee", "oo", "igh", "ow"} {
			for _, c := range "bdgklmnprstvxz" {
				words = append(words, string(a)+b+string(c))
			}
		}
	}
	got, err := engine(t).Phonemes(t.Context(), words, "en")
	if err != nil || len(got) != len(words) {
		t.Errorf("%d of %d words, %v", len(got), len(words), err)
	}
}
