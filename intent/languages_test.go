package intent

import (
	"os"
	"slices"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// others are the languages beside English.
func others() []string {
	return slices.DeleteFunc(Languages(), func(code string) bool { return code == "en" })
}

// homeOf is the test home of a language, whose names are those that people give there.
func homeOf(t testing.TB, code string) Names {
	t.Helper()
	data, err := os.ReadFile("testdata/stories/" + code + "/home.toml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Floor  []Floor
		Area   []Area
		Device []struct {
			ID, Name, Area string
			DeviceClass    string `toml:"device_class"`
			Aliases        []string
			State          string
		}
	}
	if err := toml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	n := Names{Floors: file.Floor, Areas: file.Area}
	for _, d := range file.Device {
		n.Entities = append(n.Entities, Entity{ID: d.ID, Name: d.Name, Aliases: d.Aliases, Area: d.Area, DeviceClass: d.DeviceClass, State: d.State})
	}
	return n
}

func compileLanguage(t testing.TB, code string) *Sentences {
	t.Helper()
	files, err := Builtin(code)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Compile(code, files...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestUnderstoodInOtherLanguages(t *testing.T) {
	for _, code := range others() {
		t.Run(code, func(t *testing.T) {
			r := compileLanguage(t, code).Bind(homeOf(t, code))
			said := 0
			for _, s := range stories(t, code+"/understood.yaml") {
				for _, text := range s.Say {
					said++
					in := r.Resolve(Query{Text: text, Room: s.Room})
					if d := s.differs(in); d != "" {
						t.Errorf("%s: %q %s\n got  %s %v %v also %v %v\n want %s %v %v", s.Story, text, d, in.Name, in.Slots, in.Targets, in.Also, in.Candidates, s.Intent, s.Slots, s.Targets)
						continue
					}
					if !r.Check(text).Complete() {
						t.Errorf("%q is understood, but Check says %s", text, r.Check(text))
					}
					checkPrefixes(t, r, text)
				}
			}
			if said < 120 {
				t.Errorf("only %d sentences are tried", said)
			}
		})
	}
}

func TestRefusedInOtherLanguages(t *testing.T) {
	for _, code := range others() {
		t.Run(code, func(t *testing.T) {
			r := compileLanguage(t, code).Bind(homeOf(t, code))
			said := 0
			for _, s := range stories(t, code+"/refused.yaml") {
				for _, text := range s.Say {
					said++
					switch in := r.Resolve(Query{Text: text, Room: s.Room}); {
					case in.Refusal == "":
						t.Errorf("%s: %q must not act, got %s %v %v also %v", s.Story, text, in.Name, in.Slots, in.Targets, in.Also)
					case s.Refusal != "" && in.Refusal != Refusal(s.Refusal):
						t.Errorf("%s: %q is refused as %s, want %s", s.Story, text, in.Refusal, s.Refusal)
					case s.Candidates != nil && !slices.Equal(in.Candidates, s.Candidates):
						t.Errorf("%s: %q: candidates %v, want %v", s.Story, text, in.Candidates, s.Candidates)
					}
				}
			}
			if said < 60 {
				t.Errorf("only %d sentences are tried", said)
			}
		})
	}
}

// What a household asks for every day is understood in every language.
func TestWhatEveryLanguageHas(t *testing.T) {
	for _, code := range others() {
		has := map[string]bool{}
		for _, s := range stories(t, code+"/understood.yaml") {
			has[s.Intent] = true
			for slot := range s.Slots {
				has[s.Intent+" "+slot] = true
			}
		}
		for _, want := range []string{
			"HassTurnOn", "HassTurnOff", "HassLightSet brightness", "HassLightSet color", "HassSetPosition position", "HassClimateSetTemperature temperature",
			"HassGetState", "HassStartTimer minutes", "HassCancelTimer", "HassPauseTimer", "HassUnpauseTimer", "HassTimerStatus",
			"HassShoppingListAddItem item", "HassGetCurrentTime", "HassGetCurrentDate", "HassNevermind",
			"HassBroadcast message", "HassBroadcast area", "HassSetVolume volume_level", "HassSetVolumeRelative volume_step",
		} {
			if !has[want] {
				t.Errorf("%s: no story of %s", code, want)
			}
		}
	}
}
