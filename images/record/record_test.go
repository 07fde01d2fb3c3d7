package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const status = `Package: bash
Status: install ok installed
Version: 5.3-4
Architecture: arm64
Description: a shell
 with a line: that goes on

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: arm64

Package: libgmp10
Status: install ok installed
Architecture: arm64
Version: 2:6.3.0+dfsg-5
`

func TestBill(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := readBill(write("status", status), write("list", "linux-binary-7.2 7.2-1 abc a.deb\nlibc6 2.43 def b.deb\n"), self, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var purls []string
	for _, c := range b.Components {
		purls = append(purls, c.PURL)
	}
	for _, want := range []string{"pkg:deb/debian/bash@5.3-4?arch=arm64", "pkg:deb/debian/libgmp10@2:6.3.0+dfsg-5?arch=arm64", "pkg:deb/debian/linux-binary-7.2@7.2-1"} {
		if !slices.Contains(purls, want) {
			t.Errorf("%s is not in %q", want, purls)
		}
	}
	if all := strings.Join(purls, " "); strings.Contains(all, "gone") || strings.Contains(all, "libc6") || !strings.Contains(all, "pkg:golang/std@") {
		t.Errorf("the image is said to have %s", all)
	}
	if !slices.IsSorted(purls) {
		t.Error("the order is not always the same")
	}
}

func TestBillOfWhatIsNoPackage(t *testing.T) {
	if _, err := listed(strings.NewReader("three words here\n")); err == nil {
		t.Error("it was taken for a package")
	}
}

// Raspberry Pi Imager refuses a manifest without these keys.
func TestManifest(t *testing.T) {
	dir := t.TempDir()
	image, packed := filepath.Join(dir, "a.img"), filepath.Join(dir, "a.img.xz")
	for file, text := range map[string]string{image: "image", packed: "xz"} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := describe(image, packed, "1.2.3", "2026-11-23")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"name", "description", "icon", "url", "extract_size", "extract_sha256", "image_download_size", "release_date", "init_format"} {
		if !bytes.Contains(data, []byte(`"`+key+`":`)) {
			t.Errorf("no %s in %s", key, data)
		}
	}
	// echo -n image | sha256sum
	if s := m.Systems[0]; s.Size != 5 || s.Download != 2 || s.SHA256 != "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d" || s.Init != "cloudinit" {
		t.Errorf("%+v", s)
	}
}
