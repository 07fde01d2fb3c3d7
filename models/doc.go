// Package models knows which models there are, keeps the ones that were
// pulled, and chooses between them.
//
// In: the catalogue (catalogue.toml, embedded), a folder, a server or a memory
// stick. Out: files that are whole and verified, and a Decision that says which
// of them to load first, which next, and why.
//
// A file gets its final name only when all of it is there and its SHA-256 is
// right. Until then it is NAME.part, with NAME.part.json beside it that says
// where it comes from, so that a pull which was killed at any byte goes on
// where it was. Where the catalogue has no hash, the hash of the first pull is
// pinned in manifest.json and holds from then on. Sizes are bytes.
//
// Other boxes of the home are asked first, where there are any ([Siblings]): for
// files whose hash is known, since what they send is only as good as that.
//
// Nothing here runs in the background: Store.Pull works until it is done or its
// context ends. A lock file keeps two processes from changing one folder.
//
// Range requests follow RFC 9110, section 14.
package models
