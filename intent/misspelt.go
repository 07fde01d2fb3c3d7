package intent

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The words that a file of sentences takes from Home Assistant. A file may have
// others, of intents or integrations of its own; one that is nearly one of these
// is a slip, and its sentences would only never fit.
var (
	knownDomains = strings.Fields(`alarm_control_panel assist_satellite automation binary_sensor button calendar camera climate counter cover date
		datetime device_tracker event fan geo_location group humidifier image image_processing input_boolean input_button input_datetime
		input_number input_select input_text lawn_mower light lock media_player notify number person plant proximity remote scene schedule script
		select sensor siren stt sun switch tag text time timer todo tts update vacuum valve wake_word water_heater weather zone`)
	knownIntents = strings.Fields(`HassTurnOn HassTurnOff HassToggle HassGetState HassNevermind HassSetPosition HassStopMoving HassStartTimer HassCancelTimer
		HassCancelAllTimers HassIncreaseTimer HassDecreaseTimer HassPauseTimer HassUnpauseTimer HassTimerStatus HassGetCurrentDate HassGetCurrentTime
		HassRespond HassBroadcast HassClimateGetTemperature HassClimateSetTemperature HassFanSetSpeed HassGetWeather HassLawnMowerDock
		HassLawnMowerStartMowing HassLightSet HassListAddItem HassListCompleteItem HassListRemoveItem HassMediaNext HassMediaPause HassMediaPlayerMute
		HassMediaPlayerUnmute HassMediaPrevious HassMediaSearchAndPlay HassMediaUnpause HassSetVolume HassSetVolumeRelative HassShoppingListAddItem
		HassShoppingListCompleteItem HassVacuumCleanArea HassVacuumReturnToBase HassVacuumStart HassOpenCover HassCloseCover HassHumidifierSetpoint
		HassHumidifierMode`)
)

// slip is the known word that a word is a letter or two away from, or "".
func slip(word string, known []string) (nearest string) {
	if slices.Contains(known, word) {
		return ""
	}
	least := float32(len(word)/9) + 1.5 // letters
	for _, k := range known {
		letters := misspelled(strings.ToLower(word), strings.ToLower(k)) * float32(max(len(word), len(k)))
		if letters < least && len(word) > 3 {
			nearest, least = k, letters
		}
	}
	return nearest
}

// misspelt looks for slips in the domains that a value names.
func (f *sentenceFile) misspelt(key string, values []string, line int) error {
	if key != "domain" {
		return nil
	}
	for _, v := range values {
		if k := slip(v, knownDomains); k != "" {
			return f.fault(line, "no domain %q: %q is one", v, k)
		}
	}
	return nil
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// parse reads the file as YAML. The error names the line, also of a tab, which YAML
// forbids where lines are indented and of which the parser says no line.
func (f *sentenceFile) parse(data []byte) (doc yaml.Node, err error) {
	if err = yaml.Unmarshal(data, &doc); err == nil {
		return doc, nil
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if blank := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; strings.Contains(blank, "\t") && strings.TrimSpace(line) != "" {
			return doc, f.fault(n, "a tab where the line is indented: YAML wants blanks")
		}
	}
	if at := yamlLine.FindStringSubmatch(err.Error()); at != nil {
		return doc, fmt.Errorf("%s:%s: %w", f.name, at[1], err)
	}
	return doc, fmt.Errorf("%s:%d: %w", f.name, max(n, 1), err)
}
