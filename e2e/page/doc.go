// Package page drives the house page in headless Chromium, against a real daemon with the
// demo home: make page-test. It is a module of its own, since chromedp and what it needs
// are for nothing else. Screenshots go to $CRICKET_SHOTS, and are to be looked at.
package page
