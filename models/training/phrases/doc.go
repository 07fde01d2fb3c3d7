// Package phrases makes homes and sentences up: what recognisers are trained on
// and measured with.
//
// In: sentence files in Home Assistant's format, those of package intent and a
// superset of what will be understood later (superset.yaml), and a seed. Out:
// homes with rooms and devices, and sentences about them as a recogniser is to
// write them: lower case, letters and apostrophes, numbers in words.
//
// One in five words of the pools that things and people are named by is kept:
// no sentence made for training holds it, and half the names of a home made
// for evaluation do. The words go by a hash, so no list can go stale.
package phrases
