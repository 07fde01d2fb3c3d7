// Package mesh is this box among its siblings: the other boxes of the home
// that were paired with it.
//
// An [Identity] is an Ed25519 key in the state directory; its public half is the
// peer id by which siblings know this box, and the pin that they check. A
// [Members] is who belongs to the home: signed records, the same on every box.
// A [Mesh] is the libp2p host that carries everything between siblings, over TCP
// with Noise always, and over QUIC where the clock is right (QUIC checks the dates
// of certificates, Noise does not).
//
// Whoever is not a member gets a closed connection: the gater judges right
// after the Noise handshake, before any stream exists, so a stranger learns the
// peer id and nothing else. There is no relay, no AutoNAT, no hole punching,
// no DHT and no mDNS of libp2p's.
//
// mesh/pairing makes two boxes members of one home by a six-digit code, mesh/lan
// finds siblings in the local network. What siblings tell each other of their
// state and how requests are routed is in packages that need only the host and
// the siblings' ids.
package mesh
