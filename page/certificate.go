package page

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cricket-home/cricket/internal/durable"
)

// The certificate is valid from before any box was made, since a board without a
// clock may start in the past, and longer than a box lives: browsers ask once.
var (
	certificateFrom  = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	certificateUntil = time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC)
)

// certificate is the one in dir, made there if there is none.
func certificate(dir string, names []string) (tls.Certificate, error) {
	file := filepath.Join(dir, "certificate.pem")
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if data, err = newCertificate(names); err == nil {
			err = durable.Replace(file, data)
		}
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate of the house page: %w", err)
	}
	c, err := tls.X509KeyPair(data, data)
	if err != nil {
		return c, fmt.Errorf("read certificate of the house page %s: %w", file, err)
	}
	return c, nil
}

// newCertificate is a key and a certificate for names, as PEM. It is no authority:
// whoever trusts it trusts this box's page and nothing else.
func newCertificate(names []string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Cricket house page"},
		NotBefore: certificateFrom, NotAfter: certificateUntil,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// fingerprint is the SHA-256 of a certificate as browsers show it.
func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	var b strings.Builder
	for i, x := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02X", x)
	}
	return b.String()
}
