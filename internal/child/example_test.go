package child_test

import (
	"bytes"
	"fmt"

	"github.com/cricket-home/cricket/internal/child"
)

func ExampleReadFrame() {
	wire := child.AppendFrame(nil, child.Frame{Type: child.Ping, Seq: 7})
	wire = child.AppendFrame(wire, child.Frame{Type: child.Reply, ID: 1, Payload: []byte(`{"text":"lights on"}`)})
	r := bytes.NewReader(wire)
	for {
		f, err := child.ReadFrame(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v of request %d: %q\n", f.Type, f.ID, f.Payload)
	}
	// Output:
	// ping of request 0: ""
	// reply of request 1: "{\"text\":\"lights on\"}"
	// EOF
}
