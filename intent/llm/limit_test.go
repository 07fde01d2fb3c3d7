package llm

import "testing"

func TestLimited(t *testing.T) {
	for _, tt := range []struct {
		language, said string
		want           Limit
	}{
		{"en", "How much ibuprofen can a child of six take?", Medical},
		{"en", "is a fever of 39 dangerous", Medical},
		{"en", "I have CHEST PAINS", Medical},
		{"en", "should I put my savings into Bitcoin", Financial},
		{"en", "which stocks will rise", Financial},
		{"en", "how do I make chicken stock", ""},
		{"en", "how far is it to the moon", ""},
		{"en", "my eyes hurt from all that glare", ""},
		{"en", "who shared the prize", ""},
		{"en", "why is the sky blue in the evening", ""},
		{"de", "Was hilft gegen Kopfschmerzen?", Medical},
		{"de", "wie viele Schlaftabletten sind zu viel", Medical},
		{"de", "soll ich Telekom-Aktien kaufen", Financial},
		{"de", "wie hoch ist der Eiffelturm", ""},
		{"fr", "quelle dose de paracétamol pour un enfant", Medical},
		{"fr", "dois-je investir en bourse", Financial},
		{"fr", "quelle est la hauteur de la tour eiffel", ""},
		{"es", "¿qué tomo para el dolor de cabeza?", Medical},
		{"es", "cuánto debo invertir en acciones", Financial},
		{"es", "a qué distancia está la luna", ""},
		{"nl", "wat helpt tegen hoofdpijn", Medical},
		{"nl", "moet ik nu aandelen kopen", Financial},
		{"nl", "hoe ver is de maan", ""},
		{"tr", "başım ağrıyor hangi İLACI almalıyım", Medical},
		{"tr", "hisse senedi almalı mıyım", Financial},
		{"tr", "ay ne kadar uzak", ""},
		{"xx", "how much ibuprofen", ""},
	} {
		if got := Limited(tt.said, tt.language); got != tt.want {
			t.Errorf("%s: %q: %q, want %q", tt.language, tt.said, got, tt.want)
		}
	}
}
