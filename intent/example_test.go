package intent_test

import (
	"fmt"

	"github.com/cricket-home/cricket/intent"
)

func Example() {
	files, err := intent.Builtin("en")
	if err != nil {
		panic(err)
	}
	sentences, err := intent.Compile("en", files...)
	if err != nil {
		panic(err)
	}
	home := sentences.Bind(intent.Names{
		Areas:    []intent.Area{{ID: "kitchen", Name: "Kitchen"}},
		Entities: []intent.Entity{{ID: "light.counter", Name: "Counter", Area: "kitchen"}, {ID: "cover.blinds", Name: "Blinds", Area: "kitchen"}},
	})
	in := home.Resolve(intent.Query{Text: "turn on the lights and close the blinds", Room: "kitchen"})
	fmt.Println(in.Name, in.Slots, in.Targets)
	fmt.Println(in.Also[0].Name, in.Also[0].Slots, in.Also[0].Targets)
	fmt.Println(home.Resolve(intent.Query{Text: "don't turn on the lights"}).Refusal)
	fmt.Println(home.Check("turn on the"), home.Check("turn on the counter light"))
	// Output:
	// HassTurnOn map[area:Kitchen domain:light] [light.counter]
	// HassTurnOff map[name:Blinds] [cover.blinds]
	// not_command
	// prefix extendable
}
