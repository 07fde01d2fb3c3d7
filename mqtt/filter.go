package mqtt

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// matches reports whether a topic filter covers a topic. [MQTT-4.7]
func matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") { // [MQTT-4.7.2-1]
		return false
	}
	for {
		f, filterRest, filterMore := strings.Cut(filter, "/")
		if f == "#" {
			return true
		}
		t, topicRest, topicMore := strings.Cut(topic, "/")
		if f != "+" && f != t {
			return false
		}
		switch {
		case !filterMore:
			return !topicMore
		case !topicMore:
			return filterRest == "#" // "a/#" covers "a" [MQTT-4.7.1-2]
		}
		filter, topic = filterRest, topicRest
	}
}

// checkTopic says why a message cannot be published on a topic. [MQTT-4.7.3]
func checkTopic(topic string) error {
	switch {
	case topic == "":
		return fmt.Errorf("the topic is empty")
	case len(topic) > 65535:
		return fmt.Errorf("the topic has %d bytes, 65535 are allowed", len(topic))
	case !utf8.ValidString(topic):
		return fmt.Errorf("the topic is not UTF-8")
	case strings.ContainsAny(topic, "+#"):
		return fmt.Errorf("the topic %q has a wildcard", topic)
	case strings.ContainsFunc(topic, unsendable): // [MQTT-1.5.3-2], and Mosquitto hangs up
		return fmt.Errorf("the topic %q has a control character", topic)
	}
	return nil
}

// unsendable are the characters for which a broker may end the connection.
func unsendable(r rune) bool {
	return unicode.IsControl(r) || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef
}

// checkFilter says why a topic filter cannot be subscribed to. [MQTT-4.7.1]
func checkFilter(filter string) error {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		if level == "+" || level == "#" && i == len(levels)-1 {
			levels[i] = "level" // a wildcard that stands for a whole level is right
		}
	}
	return checkTopic(strings.Join(levels, "/"))
}

// wild reports whether a filter has wildcards.
func wild(filter string) bool { return strings.ContainsAny(filter, "+#") }
