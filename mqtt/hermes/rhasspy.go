package hermes

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Voice is a voice that there is, and Word a wake word.
type (
	Voice struct{ ID, Description string }
	Word  struct{ ID, Phrase string }
)

var (
	errTraining = errors.New("nothing is trained here by message: sentences are files in custom_sentences, and hold at once")
	errPhonemes = errors.New("there are no pronunciations here: words are spoken as they are written")
	errExamples = errors.New("a wake word is enrolled at the box: cricket wake enrol")
)

// rhasspy answers what Rhasspy has beside Hermes. What there is not is answered with the protocol's error.
func (h *Hermes) rhasspy(ctx context.Context, topic string, in incoming) {
	switch parts := strings.Split(topic, "/"); {
	case len(parts) == 4 && parts[3] == "train" && (parts[1] == "asr" || parts[1] == "nlu"):
		in.Site = parts[2]
		if _, ok := h.o.Sites[in.Site]; ok {
			h.fault(ctx, parts[1], in.ID, in, errTraining)
		}
	case topic == "rhasspy/g2p/pronounce":
		h.publish(ctx, "rhasspy/error/g2p", map[string]any{"error": errPhonemes.Error(), "context": "pronounce", "id": in.ID, "siteId": in.Site, "sessionId": in.Session})
	case topic == "rhasspy/hotword/recordExample":
		h.fault(ctx, "hotword", in.ID, in, errExamples)
	case topic == "rhasspy/tts/getVoices":
		voices := map[string]any{}
		for _, v := range h.o.Voices() {
			voices[v.ID] = map[string]any{"voiceId": v.ID, "description": v.Description}
		}
		h.publish(ctx, "rhasspy/tts/voices", map[string]any{"voices": voices, "id": in.ID, "siteId": in.Site})
	case topic == "rhasspy/hotword/getHotwords":
		models := []any{}
		for _, w := range h.o.Words() {
			models = append(models, map[string]any{"modelId": w.ID, "modelWords": w.Phrase, "modelVersion": "", "modelType": "universal"})
		}
		h.publish(ctx, "rhasspy/hotword/hotwords", map[string]any{"models": models, "id": in.ID, "siteId": in.Site})
	case topic == "rhasspy/audioServer/getDevices":
		if !h.o.Sites[in.Site].Own {
			return // the satellite answers for its own
		}
		devices := []any{}
		for _, mode := range []string{"input", "output"} {
			if len(in.Modes) == 0 || slices.Contains(in.Modes, mode) {
				devices = append(devices, map[string]any{"mode": mode, "id": "default", "name": "default", "description": "as set in config.toml"})
			}
		}
		h.publish(ctx, "rhasspy/audioServer/devices", map[string]any{"devices": devices, "id": in.ID, "siteId": in.Site})
	}
}
