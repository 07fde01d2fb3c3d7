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

// Personal is a word as one person says it: a handful of recordings, as the bundled
// network and as our own spectrum see them. It does not change and may be shared.
type Personal struct {
	Word   string
	Person string
	Made   time.Time

	file    string    // it was read from
	network uint32    // checksum of the network that said is of
	said    templates // embeddings
	sound   templates // cepstra
	pitch   [2]float32
}

// templates are recordings as vectors, and the distance from them at which a
// sound has the score 1/2.
type templates struct {
	templates [][][]float32
	limit     float32
}

// Recordings is how many recordings the word was made of.
func (p *Personal) Recordings() int { return len(p.sound.templates) }

// KnownTo says whether a network is the one with which the word was enrolled. By
// another the word is known by its spectrum alone, which noise hides.
func (p *Personal) KnownTo(m *Model) bool {
	return m.checksum == p.network && m.embedding == len(p.said.templates[0][0])
}

// Limits of a stored word.
const (
	personalVersion  = 1
	vectorStep       = 1.0 / 256 // of the stored numbers
	longestTemplate  = int(longestSpoken/frameTime) + 2*spokenPad
	shortestTemplate = 5
	longestName      = 60 // bytes, of a word and of a person
	greatestLimit    = 1000
	widestEmbedding  = 512
)

// personalFile is the JSON of a Personal.
type personalFile struct {
	Version   int           `json:"version"`
	Word      string        `json:"word"`
	Person    string        `json:"person"`
	Made      time.Time     `json:"made"`
	Network   uint32        `json:"network"`   // checksum of the network of said
	Embedding int           `json:"embedding"` // numbers in a vector of said; of sound it is 12
	Pitch     [2]float32    `json:"pitch_hz"`
	Said      templatesFile `json:"said"`
	Sound     templatesFile `json:"sound"`
}

type templatesFile struct {
	Limit      float32  `json:"limit"`
	Recordings []string `json:"recordings"` // base64 of vectors of little-endian int16, in 1/256
}

// MarshalJSON is the small file that a word is stored in.
func (p *Personal) MarshalJSON() ([]byte, error) {
	return json.Marshal(personalFile{personalVersion, p.Word, p.Person, p.Made, p.network,
		len(p.said.templates[0][0]), p.pitch, p.said.file(), p.sound.file()})
}

func (t templates) file() templatesFile {
	f := templatesFile{Limit: t.limit}
	for _, recording := range t.templates {
		var data []byte
		for _, vector := range recording {
			for _, x := range vector {
				data = binary.LittleEndian.AppendUint16(data, uint16(int16(stored(x))))
			}
		}
		f.Recordings = append(f.Recordings, base64.StdEncoding.EncodeToString(data))
	}
	return f
}

// stored is a number in steps of the file.
func stored(x float32) float64 {
	return max(math.MinInt16, min(math.MaxInt16, math.Round(float64(x)/vectorStep)))
}

// rounded is a template as it will be after it was stored.
func rounded(t [][]float32) [][]float32 {
	out := make([][]float32, len(t))
	for i, vector := range t {
		for _, x := range vector {
			out[i] = append(out[i], float32(stored(x)*vectorStep))
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
	if !(f.Pitch[0] >= 0 && f.Pitch[0] <= f.Pitch[1] && f.Pitch[1] < 1000) {
		return bad("'pitch_hz' is %v, which is no range", f.Pitch)
	}
	if f.Embedding < 1 || f.Embedding > widestEmbedding {
		return bad("'embedding' must be between 1 and %d, not %d", widestEmbedding, f.Embedding)
	}
	said, err := f.Said.parse(f.Embedding)
	if err != nil {
		return bad("'said': %w", err)
	}
	sound, err := f.Sound.parse(cepstra)
	if err != nil {
		return bad("'sound': %w", err)
	}
	return &Personal{Word: f.Word, Person: f.Person, Made: f.Made, network: f.Network, said: said, sound: sound, pitch: f.Pitch}, nil
}

func (f templatesFile) parse(width int) (t templates, err error) {
	if !(f.Limit > 0 && f.Limit <= greatestLimit) {
		return t, fmt.Errorf("'limit' must be between 0 and %d, not %v", greatestLimit, f.Limit)
	}
	if n := len(f.Recordings); n < 1 || n > mostRecordings {
		return t, fmt.Errorf("there are %d recordings, and must be 1 to %d", n, mostRecordings)
	}
	t.limit = f.Limit
	for i, text := range f.Recordings {
		recording, err := parseRecording(text, width)
		if err != nil {
			return t, fmt.Errorf("recording %d: %w", i+1, err)
		}
		t.templates = append(t.templates, recording)
	}
	return t, nil
}

func parseRecording(text string, width int) ([][]float32, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	size := 2 * width
	if n := len(data) / size; len(data)%size != 0 || n < shortestTemplate || n > longestTemplate {
		return nil, fmt.Errorf("%d bytes are not %d to %d vectors of %d bytes", len(data), shortestTemplate, longestTemplate, size)
	}
	recording := make([][]float32, len(data)/size)
	for i := range recording {
		for range width {
			recording[i] = append(recording[i], float32(int16(binary.LittleEndian.Uint16(data)))*vectorStep)
			data = data[2:]
		}
	}
	return recording, nil
}

// CheckNames says what is wrong with a word and with the name of the person who says it.
func CheckNames(word, person string) error {
	return errors.Join(checkName("word", word), checkName("person", person))
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
