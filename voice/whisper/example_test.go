package whisper_test

import (
	"fmt"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/whisper"
)

// Seven seconds are too long for a window of three.
func ExampleWindows() {
	for _, part := range whisper.Windows(make([]int16, 7*voice.SampleRate), 3*voice.SampleRate) {
		fmt.Println(len(part) <= 3*voice.SampleRate)
	}
	// Output:
	// true
	// true
	// true
}
