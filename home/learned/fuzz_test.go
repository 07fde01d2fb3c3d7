package learned

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"reflect"
	"testing"
)

// Whatever is in a file, what is read from it is within the bounds, and is the same after
// it was written and read again.
func FuzzDecode(f *testing.F) {
	file := func(text string) []byte {
		return fmt.Appendf(nil, heading+"%s", Version, crc32.ChecksumIEEE([]byte(text)), text)
	}
	for _, seed := range []string{"", "{}", `{"names":[{"name":"disco lamp","device":"light.floor"},{"name":"","device":"x"}]}`,
		`{"weights":{"on":1e300,"nothing":1},"steps":-1}`, `{"habits":[{"intent":"HassTurnOn","device":"light.a","half":99,"last":"2026-12-07"}]}`,
		`{"choices":[{"device":"light.a","times":7}]}`, "[]"} {
		f.Add(file(seed))
	}
	f.Add([]byte("cricket learned, version 2, crc 00000000\n{}"))
	f.Add([]byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Decode(data)
		if err != nil {
			return
		}
		if len(b.Names) > maxNames || len(b.Choices) > maxChoices || len(b.Habits) > maxHabits {
			t.Fatal("it is not bounded")
		}
		for k, v := range b.Weights {
			if v > maxWeight || v < -maxWeight {
				t.Fatalf("%s is %f", k, v)
			}
		}
		again, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		c, err := Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		one, _ := json.Marshal(b)
		two, _ := json.Marshal(c)
		if !reflect.DeepEqual(one, two) {
			t.Fatalf("%s became %s", one, two)
		}
	})
}
