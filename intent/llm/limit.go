package llm

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Limit is a field in which no language model's answer is spoken.
type Limit string

// Medical and Financial are the limits; a sentence of neither has "".
const (
	Medical   Limit = "medical"
	Financial Limit = "financial"
)

// limits are the words that a question of a field is told by, without accents: whole ones,
// or with a star where more letters may stand. Words that belong to a home ("heart", "shot",
// "share", "bank") are left out, as is what people say of their day ("tired", "it hurts").
var limits = map[string]map[Limit]string{
	"en": {
		Medical: "medicine, medicines, medication*, dose, doses, dosage*, overdos*, ibuprofen, paracetamol, acetaminophen, aspirin, antibiotic*, insulin, painkiller*, pills, sleeping pill, " +
			"symptom*, diagnos*, disease*, cancer*, tumo*, infection*, infected, fever, rash, migraine*, headache*, stomach ache, stomachache*, chest pain*, stroke, diabet*, blood pressure, " +
			"pregnan*, vaccin*, allerg*, nausea*, vomit*, depressed, depression, suicid*, kill myself, bleeding, poisoned, poisoning, unconscious, heart attack",
		Financial: "stocks, stock market, shares, invest, invests, investing, investment*, mortgage*, loan, loans, bitcoin*, crypto*, pension*, tax, taxes, interest rate*, dividend*, " +
			"etf, etfs, life insurance, debt, debts, savings, my portfolio, bankrupt*",
	},
	"de": {
		Medical: "*medikament*, arznei*, *dosis, dosier*, uberdos*, ibuprofen, paracetamol, aspirin, antibiotik*, insulin*, schmerzmittel*, *tablette, *tabletten, *symptom*, diagnos*, " +
			"*krankheit*, krebs, tumor*, *infektion*, fieber*, ausschlag, migran*, *schmerzen, schlaganfall*, diabet*, blutdruck*, schwanger*, *impfung*, *impfen, allerg*, ubelkeit, " +
			"erbrech*, depress*, selbstmord*, umbringen, blutung*, vergift*, bewusstlos*, herzinfarkt*",
		Financial: "aktie*, *aktien, borse*, investier*, investition*, hypothek*, *kredit, *kredite, bitcoin*, krypto*, rente, *steuern, steuererklarung*, zinsen, zinssatz*, dividende*, " +
			"etf, etfs, lebensversicherung*, schulden, *geldanlage*, ersparnisse*",
	},
	"fr": {
		Medical: "medicament*, dose, doses, dosage*, posologie*, surdos*, ibuprofene, paracetamol, doliprane, aspirine, antibiotique*, insuline, comprime*, symptome*, diagnosti*, " +
			"maladie*, cancer*, tumeur*, infection*, fievre*, migraine*, mal de tete, mal au ventre, mal a la poitrine, avc, diabet*, tension arterielle, enceinte, vaccin*, allerg*, " +
			"nausee*, vomi*, depression, deprime*, suicid*, me tuer, saigne*, empoisonn*, inconscient*, crise cardiaque, infarctus",
		Financial: "en bourse, actions en, mes actions, investir, investissement*, placement*, hypothe*, pret immobilier, credit immobilier, bitcoin*, crypto*, retraite*, impot*, " +
			"taux d interet, dividende*, etf, assurance vie, dette*, epargne*",
	},
	"es": {
		Medical: "medicament*, medicina*, dosis, sobredosis, ibuprofeno, paracetamol, aspirina*, antibiotico*, insulina, pastilla para, pastillas, analgesic*, sintoma*, diagnos*, " +
			"enfermedad*, cancer, tumor*, infeccion*, fiebre, migrana*, dolor, dolores, ictus, diabet*, tension arterial, presion arterial, embaraz*, vacuna*, alergi*, nausea*, vomit*, " +
			"depresion, deprimid*, suicid*, matarme, sangra*, envenen*, inconsciente, infarto*",
		Financial: "en bolsa, la bolsa de valores, acciones, invertir, invierto, inversion*, hipoteca*, prestamo*, bitcoin*, cripto*, pension, pensiones, impuesto*, tipo de interes, " +
			"dividendo*, etf, seguro de vida, deuda*, mis ahorros",
	},
	"nl": {
		Medical: "medicijn*, geneesmiddel*, dosis, dosering*, overdos*, ibuprofen, paracetamol, aspirine*, antibiotic*, insuline, pijnstiller*, symptom*, diagnos*, *ziekte*, kanker*, " +
			"tumor*, infectie*, ontsteking*, koorts, uitslag, migraine*, *pijn, beroerte*, diabet*, bloeddruk*, zwanger*, vaccin*, allerg*, misselijk*, overgeven, depressi*, zelfmoord*, " +
			"bloeding*, vergiftig*, bewusteloos*, hartaanval*",
		Financial: "aandelen, aandeel, *beurs, beleggen, beleg, belegging*, investeer*, investering*, hypotheek*, *lening*, bitcoin*, crypto*, pensioen*, belasting*, rente, dividend*, etf, " +
			"levensverzekering*, schulden, spaargeld*",
	},
	"tr": {
		Medical: "ilac, ilacin*, ilaci*, ilaclar*, doz, dozu*, dozaj*, parasetamol*, ibuprofen*, aspirin*, antibiyoti*, insulin*, agri kesici*, belirti*, semptom*, teshis*, hastalik*, hastaligi*, " +
			"kanser*, tumor*, enfeksiyon*, *ates kac, atesim*, migren*, basim agri*, bas agri*, karin agri*, gogus agri*, agrisi*, felc*, diyabet*, seker hastal*, tansiyon*, hamile*, asi olma*, alerji*, " +
			"mide bulant*, kusma*, kusuyor*, depresyon*, intihar*, kanama*, zehirlen*, kalp krizi*",
		Financial: "hisse*, borsa*, yatirim*, ipotek*, kredi*, bitcoin*, kripto*, emekli*, vergi*, faiz*, temettu*, hayat sigorta*, borcum*, borcu*, birikim*",
	},
}

// Limited is the limit that a sentence reaches in a language: what a model says to it
// is not to be spoken. What the model does in the home is another matter.
func Limited(text, language string) Limit {
	said := plainWords(text)
	for _, limit := range []Limit{Medical, Financial} {
		for word := range strings.SplitSeq(limits[language][limit], ", ") {
			key, before := strings.CutPrefix(word, "*")
			key, after := strings.CutSuffix(key, "*")
			if !before {
				key = " " + key
			}
			if !after {
				key += " "
			}
			if strings.Contains(said, key) {
				return limit
			}
		}
	}
	return ""
}

// plainWords are the words of a text in small letters without accents, a space before and after each.
func plainWords(text string) string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case r == 'ı':
			b.WriteByte('i')
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case !unicode.Is(unicode.Mn, r) && !strings.HasSuffix(b.String(), " "):
			b.WriteByte(' ')
		}
	}
	b.WriteByte(' ')
	return b.String()
}
