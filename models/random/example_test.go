package random_test

import (
	"bytes"
	"fmt"

	"github.com/cricket-home/cricket/models/random"
)

// A model for a test: a third of a megabyte that llama.cpp loads.
func ExampleLlama() {
	var file bytes.Buffer
	if err := random.Llama(&file, random.SmallLlama(), 1); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, %d kB\n", file.Bytes()[:4], file.Len()/1000)
	// Output: GGUF, 348 kB
}
