// Package hermes speaks the Hermes protocol, by which the parts of Snips and
// Rhasspy talk to each other over MQTT: https://rhasspy.readthedocs.io/en/latest/reference/#mqtt-api.
//
// In: MQTT messages (Receive), and what the box itself hears (Woken, Turn, Told).
// Out: MQTT messages, and calls of the Options. It is recogniser, understanding,
// voice, audio server and dialogue manager for the sites that it is told of; what
// is said of other sites is left to others. What Rhasspy has beside that (rhasspy/…) is
// answered, by its error where there is no such thing here.
//
// A session is one conversation at one site. It is started by a wake word or by a
// skill, hears a request, tells the intent, and is ended or gone on with by
// whoever handles that: the box for its own intents, a skill for all others.
//
// One goroutine (Run) owns all sessions; what takes long has goroutines of its own
// and comes back to it. Everything has a limit: sites, sessions that wait, texts,
// sounds, and the time of each step, so that a skill that is gone ends a session
// and nothing else.
package hermes
