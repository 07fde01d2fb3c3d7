package home

import "testing"

// Names have the article of their noun, behind a verb its other form, and an
// unknown name has none.
func TestNouns(t *testing.T) {
	for _, tt := range []struct{ language, name, the, object string }{
		{"de", "Deckenlampe in der Küche", "die Deckenlampe in der Küche", "die Deckenlampe in der Küche"},
		{"de", "Timer für fünf Minuten", "der Timer für fünf Minuten", "den Timer für fünf Minuten"},
		{"de", "Garagentor", "das Garagentor", "das Garagentor"},
		{"de", "Annas Sterne", "Annas Sterne", "Annas Sterne"},
		{"fr", "Éclairage du plan de travail", "l'éclairage du plan de travail", "l'éclairage du plan de travail"},
		{"fr", "Lampe de bureau", "la lampe de bureau", "la lampe de bureau"},
		{"fr", "Lampions", "lampions", "lampions"},
		{"es", "Luz del espejo", "la luz del espejo", "la luz del espejo"},
		{"es", "Flexo", "el flexo", "el flexo"},
		{"nl", "Nachtlampje", "het nachtlampje", "het nachtlampje"},
		{"nl", "Bureaulamp", "de bureaulamp", "de bureaulamp"},
		{"tr", "Lambader", "lambader", "lambader"},
	} {
		r, err := loadReplies(tt.language)
		if err != nil {
			t.Fatal(err)
		}
		if the, object := r.the(tt.name), r.object(tt.name); the != tt.the || object != tt.object {
			t.Errorf("%s %q: %q and %q, want %q and %q", tt.language, tt.name, the, object, tt.the, tt.object)
		}
	}
	r := replies{Say: map[string]string{"the": "{name}"}, Nouns: []noun{{Article: "das {name}", Words: []string{"nachtlicht"}}, {Article: "der {name}", Words: []string{"licht"}}}}
	if got := r.the("nachtlicht"); got != "das nachtlicht" {
		t.Errorf("of two nouns the longer one counts: %q", got)
	}
}
