package intent

import (
	"fmt"
	"strings"
	"testing"
)

// speller says whole numbers from 0 to 1000 as people write them, by rules that
// are written here and nowhere else.
type speller func(n int) string

var spellers = map[string]speller{
	"de": func(n int) string {
		ones := strings.Fields("null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn")
		tens := strings.Fields("_ _ zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
		bound := func(n int) string { return strings.TrimSuffix(ones[n], "s"[:min(1, max(0, 2-n))]) } // ein, zwei
		below := func(n int) string {
			switch {
			case n < 20:
				return ones[n]
			case n%10 == 0:
				return tens[n/10]
			}
			return bound(n%10) + "und" + tens[n/10]
		}
		return grouped(n, below, func(h int) string { return bound(h) + "hundert" }, "", "tausend")
	},
	"nl": func(n int) string {
		ones := strings.Fields("nul één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien")
		tens := strings.Fields("_ _ twintig dertig veertig vijftig zestig zeventig tachtig negentig")
		bound := strings.Fields("_ eenen tweeën drieën vieren vijfen zesen zevenen achten negenen")
		below := func(n int) string {
			switch {
			case n < 20:
				return ones[n]
			case n%10 == 0:
				return tens[n/10]
			}
			return bound[n%10] + tens[n/10]
		}
		return grouped(n, below, func(h int) string {
			if h == 1 {
				return "honderd"
			}
			return ones[h] + "honderd"
		}, "", "duizend")
	},
	"fr": func(n int) string {
		ones := strings.Split("zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf", " ")
		tens := strings.Split("_ _ vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt", " ")
		below := func(n int) string {
			if n < 20 {
				return ones[n]
			}
			rest := n % 10
			if n/10 == 7 || n/10 == 9 {
				rest += 10
			}
			switch {
			case n == 80:
				return "quatre-vingts"
			case rest == 0:
				return tens[n/10]
			case n < 80 && (rest == 1 || rest == 11):
				return tens[n/10] + " et " + ones[rest]
			}
			return tens[n/10] + "-" + ones[rest]
		}
		text := grouped(n, below, func(h int) string {
			if h == 1 {
				return "cent"
			}
			return ones[h] + " cent"
		}, " ", "mille")
		if n > 100 && n < 1000 && n%100 == 0 {
			text += "s" // deux cents
		}
		return text
	},
	"es": func(n int) string {
		ones := strings.Fields("cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve")
		tens := strings.Fields("_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa")
		hundreds := strings.Fields("_ ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos")
		below := func(n int) string {
			switch {
			case n < 30:
				return ones[n]
			case n%10 == 0:
				return tens[n/10]
			}
			return tens[n/10] + " y " + ones[n%10]
		}
		if n == 100 {
			return "cien"
		}
		return grouped(n, below, func(h int) string { return hundreds[h] }, " ", "mil")
	},
	"tr": func(n int) string {
		ones := strings.Fields("sıfır bir iki üç dört beş altı yedi sekiz dokuz")
		tens := strings.Fields("_ on yirmi otuz kırk elli altmış yetmiş seksen doksan")
		below := func(n int) string {
			switch {
			case n < 10:
				return ones[n]
			case n%10 == 0:
				return tens[n/10]
			}
			return tens[n/10] + " " + ones[n%10]
		}
		return grouped(n, below, func(h int) string {
			if h == 1 {
				return "yüz"
			}
			return ones[h] + " yüz"
		}, " ", "bin")
	},
	"en": func(n int) string {
		ones := strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
		tens := strings.Fields("_ _ twenty thirty forty fifty sixty seventy eighty ninety")
		below := func(n int) string {
			switch {
			case n < 20:
				return ones[n]
			case n%10 == 0:
				return tens[n/10]
			}
			return tens[n/10] + "-" + ones[n%10]
		}
		return grouped(n, below, func(h int) string { return ones[h] + " hundred" }, " and ", "one thousand")
	},
}

// grouped puts hundreds and the rest together.
func grouped(n int, below, hundred func(int) string, link, thousand string) string {
	switch {
	case n == 1000:
		return thousand
	case n < 100:
		return below(n)
	case n%100 == 0:
		return hundred(n / 100)
	}
	return hundred(n/100) + link + below(n%100)
}

// readNumber is the number that a whole text is, in a language.
func readNumber(l *language, text string) (values []float64) {
	text = l.letters.normalize(text)
	l.numbers.parse(text, 0, func(end int, v float64) {
		if end == len(text) {
			values = append(values, v)
		}
	})
	return values
}

// Every number that is said is read as that number, and as no other.
func TestNumbersAreReadAsTheyAreSaid(t *testing.T) {
	for _, code := range Languages() {
		t.Run(code, func(t *testing.T) {
			say := spellers[code]
			if say == nil {
				t.Fatalf("nobody says numbers in %q here", code)
			}
			l := mustLanguage(t, code)
			for n := range 1001 {
				for _, text := range []string{say(n), fmt.Sprint(n)} {
					if got := readNumber(l, text); len(got) != 1 || got[0] != float64(n) {
						t.Errorf("%q is %v, want %d", text, got, n)
					}
				}
				if n < 1000 {
					if got := readNumber(l, l.numbers.say(n)); len(got) != 1 || got[0] != float64(n) {
						t.Errorf("%q, as Cricket says %d, is %v", l.numbers.say(n), n, got)
					}
				}
			}
		})
	}
}

func TestNumbersOfOtherLanguages(t *testing.T) {
	for _, c := range []struct {
		code, text string
		want       float64
	}{
		{"de", "21,5", 21.5}, {"de", "2.700", 2700}, {"de", "zwanzig Komma fünf", 20.5}, {"de", "anderthalb", 1.5}, {"de", "zweieinhalb", 2.5},
		{"de", "fuenfundzwanzig", 25}, {"de", "zwo", 2}, {"de", "dreissig", 30}, {"de", "ein und zwanzig", 21}, {"de", "minus drei", -3}, {"de", "siebenundzwanzighundert", 2700},
		{"nl", "tweeëntwintig", 22}, {"nl", "tweeentwintig", 22}, {"nl", "anderhalf", 1.5}, {"nl", "eenentwintig komma vijf", 21.5}, {"nl", "tweeduizend zevenhonderd", 2700},
		{"fr", "quatre-vingt-dix-neuf", 99}, {"fr", "nonante-neuf", 99}, {"fr", "septante", 70}, {"fr", "vingt et un virgule cinq", 21.5}, {"fr", "deux mille sept cents", 2700}, {"fr", "moins cinq", -5},
		{"es", "veintiún", 21}, {"es", "treinta y una", 31}, {"es", "veintiuno coma cinco", 21.5}, {"es", "dos y medio", 2.5}, {"es", "dos mil setecientos", 2700},
		{"tr", "yirmibeş", 25}, {"tr", "iki buçuk", 2.5}, {"tr", "yirmi bir virgül beş", 21.5}, {"tr", "ikibin yediyüz", 2700}, {"tr", "dörd", 4},
	} {
		if got := readNumber(mustLanguage(t, c.code), c.text); len(got) == 0 || got[0] < c.want-1e-9 || got[0] > c.want+1e-9 {
			t.Errorf("%s: %q is %v, want %v", c.code, c.text, got, c.want)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add("de", "siebenhundertsiebenundsiebzigtausend und minus drei Komma vier")
	f.Add("fr", "quatre-vingt-dix-sept mille cent virgule zéro zéro")
	f.Add("tr", "yüz bin yüz bin buçuk")
	f.Add("es", "-1.000,5 y medio")
	languages := map[string]*language{}
	for _, code := range Languages() {
		languages[code] = mustLanguage(f, code)
	}
	f.Fuzz(func(t *testing.T, code, text string) {
		l := languages[code]
		if l == nil || len(text) > maxText {
			return
		}
		text = l.letters.normalize(text)
		found := 0
		l.numbers.parse(text, 0, func(end int, v float64) {
			if found++; end <= 0 || end > len(text) {
				t.Fatalf("%s: %q ends at %d", code, text, end)
			}
		})
		if found > 200 {
			t.Fatalf("%s: %q is %d numbers", code, text, found)
		}
	})
}
