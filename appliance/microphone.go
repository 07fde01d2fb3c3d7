package appliance

// checkMicrophone says whether the box can listen.
func (b *Box) checkMicrophone() Finding {
	f := Finding{Part: "microphone"}
	switch {
	case b.live == nil:
		f.Text, f.Hint = b.deafness(), "cricket ask, or the house page; docs/listening.md"
	case b.Mode() == Muted:
		f.OK, f.Text = true, "switched off"
	case b.live.away.Load() != nil:
		f.Text, f.Hint = *b.live.away.Load(), "plug it in, or name another under [audio] in config.toml"
	default:
		f.OK, f.Text = true, "it listens"
	}
	return f
}

// deafness says why the box does not listen at all.
func (b *Box) deafness() string {
	return "there is no microphone, so it hears nobody; it answers text and MQTT"
}
