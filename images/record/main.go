package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	status := flag.String("status", "", "dpkg's status file of the image")
	unpacked := flag.String("unpacked", "", "the list of packages that were unpacked")
	program := flag.String("program", "", "cricket as it is in the image")
	image := flag.String("image", "", "the image")
	packed := flag.String("xz", "", "the same, compressed")
	version := flag.String("version", "", "Cricket's version")
	date := flag.String("date", "", "of the release: 2026-11-23")
	flag.Parse()
	err := func() error {
		b, err := readBill(*status, *unpacked, *program, *version)
		if err != nil {
			return err
		}
		if err := writeJSON(*image+".cdx.json", b); err != nil {
			return err
		}
		m, err := describe(*image, *packed, *version, *date)
		if err != nil {
			return err
		}
		return writeJSON(*image+".rpi-imager.json", m)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "record: error:", err)
		os.Exit(1)
	}
}

func writeJSON(file string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

// imager is Raspberry Pi Imager's list, with one system.
type imager struct {
	Systems []system `json:"os_list"`
}

type system struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Icon        string   `json:"icon"`
	URL         string   `json:"url"`
	Size        int64    `json:"extract_size"`
	SHA256      string   `json:"extract_sha256"`
	Download    int64    `json:"image_download_size"`
	DownloadSum string   `json:"image_download_sha256"`
	Date        string   `json:"release_date"`
	Init        string   `json:"init_format"` // its settings come as cloud-init files
	Devices     []string `json:"devices"`
}

// describe is the manifest of an image: the file is beside it, wherever that is.
func describe(image, packed, version, date string) (imager, error) {
	size, sum, err := measure(image)
	download, downloadSum, packedErr := measure(packed)
	if err := errors.Join(err, packedErr); err != nil {
		return imager{}, err
	}
	path, err := filepath.Abs(packed)
	if err != nil {
		return imager{}, err
	}
	return imager{[]system{{
		Name: "Cricket " + version, Description: "An offline voice assistant for the home",
		Icon: "", URL: "file://" + path, Size: size, SHA256: sum, Download: download, DownloadSum: downloadSum, Date: date,
		Init: "cloudinit", Devices: []string{"pi5-64bit", "pi4-64bit", "pi3-64bit"},
	}}}, nil
}

func measure(file string) (int64, string, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, hex.EncodeToString(h.Sum(nil)), err
}
