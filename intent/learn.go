package intent

import "strings"

// calledSo is what "the disco lamp is the ceiling light" teaches. It is no template, since a
// sentence that begins with any words at all would keep the end of speech waiting after all
// that anybody says. It is English.
func (r *Resolver) calledSo(q Query) (Intent, bool) {
	if r.s.lang.code != "en" {
		return Intent{}, false
	}
	name, device, ok := strings.Cut(r.s.lang.letters.normalize(q.Text), " is ")
	if !ok {
		return Intent{}, false
	}
	q.Text = "by " + name + " i mean " + device
	in := r.Match(q)
	return in, in.Name == "CricketTeachName"
}
