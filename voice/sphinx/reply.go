package sphinx

import "github.com/cricket-home/cricket/voice"

// What `cricket-native sphinx` is asked and answers. Scores are natural
// logarithms of likelihoods; frames are 10 ms, To is the first one after.

// Missing asks which words the dictionary lacks, and is the answer.
type Missing struct {
	Words []string `json:"words"`
}

// Phrases goes with a grammar: pronunciations of the words that the dictionary
// lacks, and whether the beginning of a phrase is one, too.
type Phrases struct {
	Pronunciations map[string][]string `json:"pronunciations"`
	Beginnings     bool                `json:"beginnings,omitempty"`
}

// Loaded is what became of a grammar.
type Loaded struct {
	States  int      `json:"states"`
	Arcs    int      `json:"arcs"`
	Dropped []string `json:"dropped"` // words without pronunciation: no phrase with them can be heard
}

// Longest is the longest utterance that is listened to, in samples: no command
// is longer.
const Longest = 15 * voice.SampleRate

// Around is how much quiet the child puts before and after an utterance, in
// samples: the model learned from sentences in rooms, and what comes from the
// end of speech has next to none. Frames count from its beginning.
const Around = voice.SampleRate / 10

// Heard is how the phrases, and free phones, explain an utterance.
type Heard struct {
	Long   bool         `json:"long,omitempty"` // over Longest, so that nothing else is here
	Text   string       `json:"text"`           // "" where no phrase ends where the sound does
	Frames int          `json:"frames"`
	Words  []HeardWord  `json:"words"` // with the silences, "<sil>", between them
	Phones []HeardPhone `json:"phones"`
}

// HeardWord is one word of the phrase that explains the sound best; together
// they may be no more than the beginning of one.
type HeardWord struct {
	Text     string   `json:"text"`
	Phones   []string `json:"phones"` // how it was pronounced; none for silence
	Acoustic float64  `json:"acoustic"`
	From     int      `json:"from"`
	To       int      `json:"to"`
}

// HeardPhone is one of the phones that explain the sound best.
type HeardPhone struct {
	Name     string  `json:"name"`
	Acoustic float64 `json:"acoustic"`
	From     int     `json:"from"`
	To       int     `json:"to"`
}
