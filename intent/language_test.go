package intent

import "testing"

func mustLanguage(t testing.TB, code string) *language {
	t.Helper()
	l, err := loadLanguage(code)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
