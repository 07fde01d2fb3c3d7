package wyoming

// Info is the answer to describe: what there is of each kind.
type Info struct {
	ASR    []Program `json:"asr"`
	TTS    []Program `json:"tts"`
	Wake   []Program `json:"wake"`
	Handle []Program `json:"handle"`
	Intent []Program `json:"intent"`
	Mic    []Program `json:"mic"`
	Snd    []Program `json:"snd"`
}

// Program is one service, with its models or voices.
type Program struct {
	About
	Models                      []Model `json:"models,omitempty"`
	Voices                      []Model `json:"voices,omitempty"`
	SupportsSynthesizeStreaming bool    `json:"supports_synthesize_streaming,omitempty"`
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
