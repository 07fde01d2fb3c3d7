package sphinx

// Costs of turning the phones of the words into those that were heard freely.
// A phone loop drops and swaps phones often, most of all within a class.
const (
	lost     = 0.9 // a phone of the words was not heard
	extra    = 0.7 // a phone was heard that the words lack
	alike    = 0.4 // two phones of one class
	vowels   = 0.6 // two vowels of different classes
	unalike  = 1.0
	noPhones = 1.0 // nothing to compare
)

// class gives each phone of the CMU dictionary the ones it is confused with.
func class() map[string]string {
	m := map[string]string{}
	for _, c := range [][]string{
		{"P", "B"}, {"T", "D"}, {"K", "G"}, {"F", "V"}, {"S", "Z"}, {"TH", "DH"}, {"SH", "ZH", "CH", "JH"},
		{"M", "N", "NG"}, {"L", "R", "W"}, {"HH"}, {"Y"},
		{"AA", "AO", "AH"}, {"IH", "IY", "EH", "EY", "AE"}, {"UH", "UW", "OW"}, {"ER"}, {"AW"}, {"AY"}, {"OY"},
	} {
		for _, phone := range c {
			m[phone] = c[0]
		}
	}
	return m
}

func swap(class map[string]string, a, b string) float64 {
	vowel := func(phone string) bool {
		return phone[0] == 'A' || phone[0] == 'E' || phone[0] == 'I' || phone[0] == 'O' || phone[0] == 'U'
	}
	switch {
	case a == b:
		return 0
	case class[a] != "" && class[a] == class[b]:
		return alike
	case vowel(a) && vowel(b):
		return vowels
	}
	return unalike
}

// disagreement is what it costs to turn the phones of the words into those that
// were heard freely, per phone of the words: 0 is the same, about 1 unrelated.
func disagreement(words, free []string) float64 {
	if len(words) == 0 {
		return noPhones
	}
	classes := class()
	row := make([]float64, len(free)+1)
	for j := range row {
		row[j] = float64(j) * extra
	}
	for _, a := range words {
		diagonal := row[0]
		row[0] += lost
		for j, b := range free {
			best := min(diagonal+swap(classes, a, b), row[j+1]+lost, row[j]+extra)
			diagonal, row[j+1] = row[j+1], best
		}
	}
	return row[len(free)] / float64(len(words))
}
