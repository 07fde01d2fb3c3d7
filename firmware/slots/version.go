package slots

import (
	"bufio"
	"bytes"
	"cmp"
	"os/exec"
	"strconv"
	"strings"
)

// Running is the version of the system that runs, by the IMAGE_VERSION of its os-release;
// os-release(5) of systemd.
func Running(osRelease []byte) string {
	for lines := bufio.NewScanner(bytes.NewReader(osRelease)); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "IMAGE_VERSION="); ok {
			return strings.Trim(v, `"'`)
		}
	}
	return ""
}

// Find is the RAUC of a system that was started from a slot, by the kernel's command line;
// without one ok is false.
func Find(cmdline string) (r RAUC, ok bool) {
	for word := range strings.FieldsSeq(cmdline) {
		if strings.HasPrefix(word, "rauc.slot=") {
			program, err := exec.LookPath("rauc")
			return RAUC{Program: program}, err == nil
		}
	}
	return RAUC{}, false
}

// Compare orders versions such as 0.1.0+git20261123.5bd116c: by their numbers before and
// after the plus, one after another. The commit at the end says nothing of an order: two
// versions of a day are equal.
func Compare(a, b string) int {
	x, y := numbers(a), numbers(b)
	for i := range max(len(x), len(y)) {
		var m, n int
		if i < len(x) {
			m = x[i]
		}
		if i < len(y) {
			n = y[i]
		}
		if c := cmp.Compare(m, n); c != 0 {
			return c
		}
	}
	return 0
}

// numbers are the numbers of a version; the day counts as one.
func numbers(version string) []int {
	release, build, _ := strings.Cut(version, "+")
	var out []int
	for part := range strings.SplitSeq(release, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		out = append(out, n)
	}
	for len(out) < 3 {
		out = append(out, 0)
	}
	day, _, _ := strings.Cut(strings.TrimPrefix(build, "git"), ".")
	if n, err := strconv.Atoi(day); err == nil {
		out = append(out[:3], n)
	}
	return out
}
