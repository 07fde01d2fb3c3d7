// Package wyoming speaks the Wyoming protocol, by which Home Assistant's voice
// pipelines use a recogniser, a voice, a wake word or an assistant elsewhere.
//
// In: connections, each a stream of events. Out: what the Services say to them.
// An event is a line of JSON (type, data, data_length, payload_length), then
// data_length bytes of JSON that are merged over data, then payload_length bytes
// of payload: https://github.com/OHF-Voice/wyoming.
//
// A connection serves one request at a time, as the protocol has it; the server
// bounds their number, the size of everything, and how long one may be silent.
// What is wrong is answered with the protocol's own error event, and ends the
// connection where the stream cannot be followed any more.
package wyoming
