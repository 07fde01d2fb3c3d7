package models_test

import (
	"fmt"

	"github.com/cricket-home/cricket/models"
)

// Two recognisers are installed; which one hears on a Raspberry Pi 4?
func ExampleChoose() {
	catalogue, err := models.Builtin()
	if err != nil {
		fmt.Println(err)
		return
	}
	var installed []models.Entry
	for _, id := range []string{"whisper-base.en-q5_1", "whisper-small.en-q5_1"} {
		m, _ := catalogue.Find(id)
		installed = append(installed, models.Entry{Model: m, Status: models.Installed, Path: "/var/lib/cricket/models/" + m.Files[0].Name})
	}
	d := models.Choose(catalogue, installed, models.Wish{Purpose: models.STT, Language: "en",
		Machine: models.Machine{Board: models.Pi4, Memory: 4_000_000_000}})
	fmt.Println(d.Choices[0])
	fmt.Println(d.Note)
	// Output:
	// whisper-base.en-q5_1, the best installed model that fits a Raspberry Pi 4 with 4.00 GB of memory
	// passed over: whisper-small.en-q5_1 is too slow on a Raspberry Pi 4
}
