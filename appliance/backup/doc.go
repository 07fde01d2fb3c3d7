// Package backup puts what a box knows into one file, and back.
//
// A backup is an age file encrypted with a passphrase (age-encryption.org/v1, scrypt), in it a
// gzipped tar: about.json first, then the state directory below state/ and the folder of the
// configuration below config/. Who has the passphrase can open it without us:
//
//	age -d kitchen.cricket | tar tz
//
// Left out is what can be had again (models) and what nobody wants in a drawer (the sound of
// near-misses). Who the box is, that is its key in the mesh and the certificate, passwords and
// tokens of its page, is in it, and is put back only where the old box is retired: two boxes
// with one key would each be taken for the other.
//
// A restore is two steps. Stage decrypts and unpacks into a folder of the state directory, so
// that a wrong passphrase, a damaged file or a full disk change nothing. Take puts what is
// staged into its place; a power cut in it is made good by the next Take. Nobody may have the
// files open then: the daemon takes at its start, before it reads anything.
package backup
