// Package wide lets boxes of one owner find each other across the internet: through rendezvous
// peers that the owner runs and lists, by a Kademlia DHT of their own. What is found there is a
// hint where to dial; who answers must still prove to be a member.
package wide

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multihash"
)

// Prefix keeps this DHT apart from the public one. It is no secret: the gater is the fence.
const Prefix = protocol.ID("/cricket/wide/1")

// Keys are those under which the boxes of a home meet on a day, on the one before and on the
// one after, since clocks are bad. The secret is one of the home, another after each
// revocation: who was revoked cannot make them.
func Keys(secret []byte, now time.Time) ([]cid.Cid, error) {
	var out []cid.Cid
	for _, days := range []int{-1, 0, 1} {
		sum := hmac.New(sha256.New, secret)
		sum.Write([]byte(now.UTC().AddDate(0, 0, days).Format(time.DateOnly)))
		hash, err := multihash.Encode(sum.Sum(nil), multihash.SHA2_256)
		if err != nil {
			return nil, err
		}
		out = append(out, cid.NewCidV1(cid.Raw, hash))
	}
	return out, nil
}
