// Package durable writes small files so that a power cut leaves the old one or the new
// one, and never neither, half of one, or an empty one. When its functions return without
// an error it is the new one.
package durable
