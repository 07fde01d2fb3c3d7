// Package mqtttest has what tests of MQTT need beside our own broker: a real
// Mosquitto that can be configured, stopped, frozen and killed, one in a network of its
// own that can be taken away, a cable between a client and
// a broker that can be slow, stuck and cut, and certificates.
//
// Mosquitto is the one of the private prefix (make setup), which cricket itself does
// not use; where that is missing it is looked for on PATH. Where there is none the
// test is skipped, or fails where CRICKET_NO_SKIP is 1.
package mqtttest
