// Package e2e tests Cricket from outside: conversations (heard, publish,
// reply) as testscripts in testdata, the spoken demo in demo, and the rules
// that hold for the whole repository.
package e2e
