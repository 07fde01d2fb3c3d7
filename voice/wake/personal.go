package wake

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
)

// Personal is a word as one person says it: a handful of recordings, as cepstra.
// It does not change and may be shared.
type Personal struct {
	Word   string
	Person string
	Made   time.Time

	file      string // it was read from
	templates [][]cepstrum
	limit     float32    // the distance at which its score is 1/2
	pitch     [2]float32 // lowest and highest of the recordings, in hertz
}

// Recordings is how many recordings the word was made of.
func (p *Personal) Recordings() int { return len(p.templates) }

// Limits of a stored word. A template is a recording's spoken part.
const (
	personalVersion = 1
	cepstrumStep    = 1.0 / 256 // of the stored numbers
	longestTemplate = int(longestSpoken/frameTime) + 2*spokenPad
	shortestFrames  = 8
	longestName     = 60 // bytes, of a word and of a person
	greatestLimit   = 20
)

// personalFile is the JSON of a Personal.
type personalFile struct {
	Version   int        `json:"version"`
	Word      string     `json:"word"`
	Person    string     `json:"person"`
	Made      time.Time  `json:"made"`
	Limit     float32    `json:"limit"`
	Pitch     [2]float32 `json:"pitch_hz"`
	Templates []string   `json:"templates"` // base64 of 12 little-endian int16 per 20 ms, in 1/256
}

// MarshalJSON is the small file that a word is stored in.
func (p *Personal) MarshalJSON() ([]byte, error) {
	f := personalFile{personalVersion, p.Word, p.Person, p.Made, p.limit, p.pitch, nil}
	for _, t := range p.templates {
		var data []byte
		for _, c := range t {
			for _, x := range c {
				data = binary.LittleEndian.AppendUint16(data, uint16(int16(stored(x))))
			}
		}
		f.Templates = append(f.Templates, base64.StdEncoding.EncodeToString(data))
	}
	return json.Marshal(f)
}

// stored is a number in steps of the file.
func stored(x float32) float64 {
	return max(math.MinInt16, min(math.MaxInt16, math.Round(float64(x)/cepstrumStep)))
}

// rounded is a template as it will be after it was stored.
func rounded(t []cepstrum) []cepstrum {
	out := make([]cepstrum, len(t))
	for i, c := range t {
		for k, x := range c {
			out[i][k] = float32(stored(x) * cepstrumStep)
		}
	}
	return out
}

// ParsePersonal reads what MarshalJSON wrote.
func ParsePersonal(data []byte) (*Personal, error) {
	var f personalFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("read personal word: %w", err)
	}
	bad := func(format string, args ...any) (*Personal, error) {
		return nil, fmt.Errorf("read personal word: "+format, args...)
	}
	if f.Version != personalVersion {
		return bad("'version' is %d, and must be %d", f.Version, personalVersion)
	}
	if err := errors.Join(checkName("word", f.Word), checkName("person", f.Person)); err != nil {
		return bad("%w", err)
	}
	if !(f.Limit > 0 && f.Limit <= greatestLimit) {
		return bad("'limit' must be between 0 and %d, not %v", greatestLimit, f.Limit)
	}
	if !(f.Pitch[0] >= 0 && f.Pitch[0] <= f.Pitch[1] && f.Pitch[1] < 1000) {
		return bad("'pitch_hz' is %v, which is no range", f.Pitch)
	}
	if n := len(f.Templates); n < 1 || n > mostRecordings {
		return bad("'templates' has %d recordings, and must have 1 to %d", n, mostRecordings)
	}
	p := &Personal{Word: f.Word, Person: f.Person, Made: f.Made, limit: f.Limit, pitch: f.Pitch}
	for i, text := range f.Templates {
		t, err := parseTemplate(text)
		if err != nil {
			return bad("recording %d: %w", i+1, err)
		}
		p.templates = append(p.templates, t)
	}
	return p, nil
}

func parseTemplate(text string) ([]cepstrum, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	const size = 2 * cepstra
	if n := len(data) / size; len(data)%size != 0 || n < shortestFrames || n > longestTemplate {
		return nil, fmt.Errorf("%d bytes are no recording of %d to %d frames of %d bytes", len(data), shortestFrames, longestTemplate, size)
	}
	t := make([]cepstrum, len(data)/size)
	for i := range t {
		for k := range t[i] {
			t[i][k] = float32(int16(binary.LittleEndian.Uint16(data))) * cepstrumStep
			data = data[2:]
		}
	}
	return t, nil
}

// checkName says what is wrong with the name of a word or a person.
func checkName(what, name string) error {
	switch {
	case strings.TrimSpace(name) != name || name == "":
		return fmt.Errorf("the %s %q must not be empty or have blanks around it", what, name)
	case len(name) > longestName:
		return fmt.Errorf("the %s is longer than %d bytes", what, longestName)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("the %s %q has characters that cannot be printed", what, name)
	case !strings.ContainsFunc(name, unicode.IsLetter):
		return fmt.Errorf("the %s %q has no letters", what, name)
	}
	return nil
}
