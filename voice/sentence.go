package voice

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestSentence is where a sentence without an end is cut, so that its
// beginning can be spoken: about half a minute of speech.
const longestSentence = 400 // bytes

// FirstSentence cuts the first sentence off a text, without the blanks around
// it; a line is one too. Where there is a rest, the sentence is whole, whatever
// else is still to come: a text that grows is spoken by that. The language is a
// BCP 47 tag; of one that is not known here the abbreviations are not known.
func FirstSentence(text, language string) (sentence, rest string) {
	text = strings.TrimSpace(text)
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	for i, r := range text {
		if i >= longestSentence {
			i = clause(text[:i])
			return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i:])
		}
		if r != '\n' && !strings.ContainsRune(".!?…", r) {
			continue
		}
		end := i + utf8.RuneLen(r)
		for end < len(text) { // "...", "?!", and what closes a quotation
			next, size := utf8.DecodeRuneInString(text[end:])
			if !strings.ContainsRune(`.!?…"'”’»)]`, next) {
				break
			}
			end += size
		}
		after := strings.TrimLeftFunc(text[end:], unicode.IsSpace)
		if after == "" {
			break
		}
		if r == '\n' || len(after) < len(text)-end && ends(text[:i], r, after, base) {
			return strings.TrimSpace(text[:end]), after
		}
	}
	return text, ""
}

// ends says whether a mark ends a sentence: before is the text up to it, after
// what follows its blanks.
func ends(before string, mark rune, after, language string) bool {
	first, size := utf8.DecodeRuneInString(strings.TrimLeft(after, `"'“„«‹(¿¡`))
	if unicode.IsLower(first) || size == 0 {
		return false
	}
	if mark != '.' {
		return true
	}
	word := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
	word = strings.TrimLeft(word, `"'“„«‹(¿¡`)
	if r, size := utf8.DecodeRuneInString(word); size == len(word) && unicode.IsUpper(r) { // an initial
		return language == "en" && word == "I"
	}
	word = strings.ToLower(word)
	if language == "tr" {
		word = strings.ToLowerSpecial(unicode.TurkishCase, word)
	}
	if isNumber(word) {
		// The number of a line, and in German the ordinal of what follows.
		next, _, whole := strings.Cut(after, " ")
		next = " " + strings.ToLower(strings.TrimRight(next, ".,:;!?"))
		if whole {
			next += " "
		}
		return len(word) < len(strings.TrimSpace(before)) && !(language == "de" && strings.Contains(germanOrdinals, next))
	}
	return !strings.Contains(abbreviations[language], " "+word+" ")
}

func isNumber(word string) bool {
	return word != "" && strings.Trim(word, "0123456789") == ""
}

// clause is where to cut a text that is too long: behind its last comma or
// blank, else where it ends.
func clause(text string) int {
	for _, marks := range []string{",;:", " \t"} {
		if i := strings.LastIndexAny(text, marks); i > 0 {
			return i + 1
		}
	}
	return len(text)
}

// abbreviations are those that do not end a sentence: a name, a number or an
// example comes after them. Of those that may ("a.m.", "etc.", "usw.") a capital tells.
var abbreviations = map[string]string{
	"en": " mr mrs ms dr prof st no nos vs e.g i.e approx fig gen sen rev capt lt col sgt mt dept est ",
	"de": " dr prof hr fr frl z z.b d.h u.a bzw ca nr ggf evtl inkl exkl zzgl vgl sog st abs art bd geb gest tel str max min mind ",
	"fr": " dr pr st ste ex p.ex env cf no vol art bd av tél chap mm ",
	"es": " sr sra srta sres dr dra dña ej p.ej núm pág aprox av avda tel prof gral ee máx mín ",
	"nl": " dhr mevr mw dr drs ir ing prof mr bijv bv d.w.z m.b.t ca nr o.a resp incl excl evt blz st max min tel ",
	"tr": " dr prof doç av sn bkz örn no cad sok mah apt tel yrd ",
}

// germanOrdinals are what "3." may come before: elsewhere a lower-case letter
// after the point tells that it is an ordinal.
const germanOrdinals = " januar jänner februar märz april mai juni juli august september oktober november dezember " +
	"stock stockwerk etage obergeschoss untergeschoss geburtstag platz tag woche monat jahr jahrhundert mal advent klasse "
