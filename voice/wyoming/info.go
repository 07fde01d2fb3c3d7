package wyoming

import "slices"

// Info is the answer to describe: what there is of each kind.
type Info struct {
	ASR       []ASR          `json:"asr,omitempty"`
	TTS       []TTS          `json:"tts,omitempty"`
	Wake      []Program      `json:"wake,omitempty"`
	Handle    []Handle       `json:"handle,omitempty"`
	Intent    []Program      `json:"intent,omitempty"`
	Mic       []MicInfo      `json:"mic,omitempty"`
	Snd       []SndInfo      `json:"snd,omitempty"`
	Satellite *SatelliteInfo `json:"satellite,omitempty"`
}

// has says whether one of the programs has a name.
func (i Info) has(name string) bool {
	named := func(a About) bool { return a.Name == name }
	return slices.ContainsFunc(i.ASR, func(p ASR) bool { return named(p.About) }) || slices.ContainsFunc(i.TTS, func(p TTS) bool { return named(p.About) }) ||
		slices.ContainsFunc(append(slices.Clone(i.Wake), i.Intent...), func(p Program) bool { return named(p.About) }) ||
		slices.ContainsFunc(i.Handle, func(p Handle) bool { return named(p.About) })
}

// Program is one service, with its models.
type Program struct {
	About
	Models []Model `json:"models"`
}

// ASR is a recogniser.
type ASR struct {
	Program
	Streams     bool `json:"supports_transcript_streaming"`
	ExternalVAD bool `json:"requires_external_vad"` // whoever asks must find the end of speech
}

// TTS is something that speaks.
type TTS struct {
	About
	Voices  []Model `json:"voices"`
	Streams bool    `json:"supports_synthesize_streaming"`
}

// Handle is an assistant.
type Handle struct {
	Program
	Streams      bool `json:"supports_handled_streaming"`
	ControlsHome bool `json:"supports_home_control"`
}

// MicInfo is a microphone that others may hear.
type MicInfo struct {
	About
	Format Format `json:"mic_format"`
}

// SndInfo is a loudspeaker that others may use.
type SndInfo struct {
	About
	Format Format `json:"snd_format"`
}

// SatelliteInfo is a box that speaks and listens for an assistant elsewhere.
type SatelliteInfo struct {
	About
	Area        string   `json:"area,omitempty"`
	HasVAD      bool     `json:"has_vad"`
	ActiveWords []string `json:"active_wake_words,omitempty"`
	MostWords   int      `json:"max_active_wake_words,omitempty"`
	Trigger     bool     `json:"supports_trigger"`
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
