package main

import (
	"bufio"
	"debug/buildinfo"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
)

// bill is a CycloneDX bill of materials, as far as it is needed here.
type bill struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref,omitempty"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"` // https://github.com/package-url/purl-spec
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// readBill lists what is in the image: Debian's packages and Cricket's Go modules.
func readBill(status, unpacked, program, version string) (bill, error) {
	b := bill{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{component{Type: "operating-system", Name: "cricket", Version: version}}}
	for _, f := range []struct {
		name string
		read func(io.Reader) ([]component, error)
	}{{status, installed}, {unpacked, listed}} {
		file, err := os.Open(f.name)
		if err != nil {
			return b, err
		}
		more, err := f.read(file)
		file.Close()
		if err != nil {
			return b, fmt.Errorf("read %s: %w", f.name, err)
		}
		b.Components = append(b.Components, more...)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return b, fmt.Errorf("read the modules of %s: %w", program, err)
	}
	b.Components = append(b.Components, component{Type: "library", Name: "std", Version: info.GoVersion, PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Components = append(b.Components, component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version})
	}
	for i := range b.Components {
		b.Components[i].Ref = b.Components[i].PURL
	}
	slices.SortFunc(b.Components, func(x, y component) int { return strings.Compare(x.PURL, y.PURL) })
	b.Components = slices.CompactFunc(b.Components, func(x, y component) bool { return x.PURL == y.PURL })
	return b, nil
}

// installed reads dpkg's status file: paragraphs of "Name: value". deb-control(5)
func installed(r io.Reader) ([]component, error) {
	var all []component
	fields := map[string]string{}
	end := func() {
		if fields["Package"] != "" && strings.HasSuffix(fields["Status"], " installed") {
			all = append(all, debian(fields["Package"], fields["Version"], fields["Architecture"]))
		}
		clear(fields)
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		line := s.Text()
		if line == "" {
			end()
		} else if name, value, ok := strings.Cut(line, ":"); ok && line[0] != ' ' && line[0] != '\t' {
			fields[name] = strings.TrimSpace(value)
		}
	}
	end()
	return all, s.Err()
}

// listed reads "name version sha256 file" of those packages that were unpacked: the
// kernel's and the board's firmware.
func listed(r io.Reader) ([]component, error) {
	var all []component
	for s := bufio.NewScanner(r); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) != 4 {
			return nil, fmt.Errorf("%q is no package", s.Text())
		}
		for _, taken := range []string{"linux-binary-", "linux-modules-", "linux-base-", "firmware-brcm80211", "raspi-firmware", "u-boot-rpi", "busybox-static"} {
			if strings.HasPrefix(f[0], taken) {
				c := debian(f[0], f[1], "")
				c.Hashes = []hash{{"SHA-256", f[2]}}
				all = append(all, c)
				break
			}
		}
	}
	return all, nil
}

func debian(name, version, arch string) component {
	purl := "pkg:deb/debian/" + url.PathEscape(name) + "@" + url.PathEscape(version)
	if arch != "" {
		purl += "?arch=" + arch
	}
	return component{Type: "library", Name: name, Version: version, PURL: purl}
}
