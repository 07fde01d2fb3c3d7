package voice_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/cricket-home/cricket/voice"
)

// The requests in a file, whatever its rate and format.
func Example() {
	f, err := os.Open("testdata/speech/flite-slt.wav")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	w, err := voice.NewWAV(f, "kitchen")
	if err != nil {
		log.Fatal(err)
	}
	e := voice.NewEndpointer()
	for {
		frame, err := w.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		if u, ok := e.Push(frame); ok {
			fmt.Printf("%s: a request of %.1f s\n", u.Mic, (u.End - u.Start).Seconds())
		}
	}
	if u, ok := e.Flush(); ok { // the file may end before the silence that ends a request
		fmt.Printf("%s: a request of %.1f s\n", u.Mic, (u.End - u.Start).Seconds())
	}
	// Output: kitchen: a request of 2.3 s
}
