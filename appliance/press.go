package appliance

import (
	"net/http"

	"github.com/cricket-home/cricket/home"
)

// pressed says whether somebody at the box agrees to what is asked for over the network, and
// else answers. A box without a button has nobody to ask.
func (b *Box) pressed(w http.ResponseWriter, r *http.Request, source home.Source) bool { return true }
