package hermes

// maxReasons is for how many reasons at a time a part of a site may be off.
const maxReasons = 16

// toggles are the sites of which a part is off, each with the reasons: it is on again when all of
// them are over. The reason "" stands for all.
type toggles map[string]map[string]bool

func (t toggles) set(site, reason string, on bool) {
	switch {
	case on && reason == "":
		delete(t, site)
	case on:
		delete(t[site], reason)
		if len(t[site]) == 0 {
			delete(t, site)
		}
	default:
		if t[site] == nil {
			t[site] = map[string]bool{}
		}
		if len(t[site]) < maxReasons {
			t[site][reason] = true
		}
	}
}

func (t toggles) off(site string) bool { return len(t[site]) > 0 }
