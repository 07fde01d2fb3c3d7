package sphinx

// Waiting is how often SetPhrases has been called.
func (e *Engine) Waiting() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.newest
}
