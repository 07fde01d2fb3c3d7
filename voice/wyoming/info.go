package wyoming

// Info is the answer to describe: what there is of each kind.
type Info struct {
	ASR    []Program `json:"asr,omitempty"`
	TTS    []Program `json:"tts,omitempty"`
	Wake   []Program `json:"wake,omitempty"`
	Handle []Program `json:"handle,omitempty"`
	Intent []Program `json:"intent,omitempty"`
}

// Program is one service, with its models or voices.
type Program struct {
	About
	Models []Model `json:"models"`
	Voices []Model `json:"voices,omitempty"`
}

// Model is one model or voice.
type Model struct {
	About
	Languages []string `json:"languages"`
	Phrase    string   `json:"phrase,omitempty"` // of a wake word
}

// About says what a thing is and whose work.
type About struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Attribution Attribution `json:"attribution"`
	Installed   bool        `json:"installed"`
	Version     string      `json:"version"`
}

// Attribution is whose work a thing is.
type Attribution struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}
