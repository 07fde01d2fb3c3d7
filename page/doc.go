// Package page is the house page: what a household looks at in a browser.
//
// In: requests from the home's network by HTTPS, and the box's JSON API, an
// http.Handler that the command line uses too (docs/api.md). Out: HTML from
// templates, styles and a script that are embedded in the program, the API
// itself under /api/v1/, and what the visitor had done. The package imports
// nothing of ours: all that it shows it asks of the API.
//
// A request passes, in this order: the network (only addresses of the home's
// own networks are answered, in listen.go), the TLS certificate that the box
// made for itself (certificate.go), the guard (known host names, rate limits,
// same origin, headers, in guard.go), and access (sessions, tokens, roles, in
// access.go). Until the owner's password is set, only the page that sets it is
// there, and it asks for a code that the box speaks.
//
// Texts for people are in words/en.yaml. Transcripts are sent to the owner
// only, and never logged. Times are the box's; sizes are bytes.
package page
