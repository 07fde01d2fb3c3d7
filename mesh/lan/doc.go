// Package lan lets boxes of one local network find each other by DNS service
// discovery over multicast (RFC 6762, RFC 6763), as _cricket._tcp.
//
// What it finds is a hint to dial, and nothing else: anybody can announce anything. The TXT
// record has the peer id ("id") and, while a code is shown, the port for it ("pair"). Who
// answers at the address must prove the id.
//
// github.com/grandcat/zeroconf v1.0.0 does the protocol. It tells of each box once, keeps
// the interfaces that it began with, and blocks where nobody reads; so a [Finder] looks
// anew for five seconds every thirty, at once when the kernel says by netlink that
// the network is another, always reads to the end, and announces anew where the
// addresses changed. In each look it takes 64 strangers at most.
package lan
