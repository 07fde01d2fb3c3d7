package mqtt

func buildLock(b *builder) {
	b.texts("payload_lock", "payload_unlock", "payload_open", "state_locked", "state_unlocked",
		"state_locking", "state_unlocking", "state_jammed", "code_format")
	b.need(b.command("state", "command_topic", "command_template", "code"), "command_topic")
	b.follow("state", "state_topic", "value_template")
}

func applyLock(e *Entity, s *State, _, text string) error {
	return choose(s, text,
		e.text("state_locked", "LOCKED"), "locked",
		e.text("state_unlocked", "UNLOCKED"), "unlocked",
		e.text("state_locking", "LOCKING"), "locking",
		e.text("state_unlocking", "UNLOCKING"), "unlocking",
		e.text("state_jammed", "JAMMED"), "jammed")
}

func carryLock(o *order) {
	o.only("code")
	vars := map[string]any{}
	if o.has("code") {
		vars["code"] = o.word("code", nil)
	} else if o.e.text("code_format", "") != "" {
		o.cannot("it wants a code")
	}
	switch o.call.Service {
	case "lock":
		vars["value"] = o.e.text("payload_lock", "LOCK")
		o.expect("locked")
	case "unlock":
		vars["value"] = o.e.text("payload_unlock", "UNLOCK")
		o.expect("unlocked")
	default:
		o.unknownService()
	}
	o.sendWith("state", vars)
}
