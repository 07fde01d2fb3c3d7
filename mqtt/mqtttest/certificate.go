package mqtttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority of a test.
type Authority struct {
	File string // its certificate, PEM

	tb   testing.TB
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	next int64
}

// NewAuthority makes an authority.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{tb: tb, dir: tb.TempDir(), next: 1}
	form := a.form("authority")
	form.IsCA, form.BasicConstraintsValid, form.KeyUsage = true, true, x509.KeyUsageCertSign
	a.cert = form
	a.File, _ = a.make("authority", form)
	return a
}

// Issue makes a certificate of a name that is good for 127.0.0.1 and localhost, for
// servers and clients, and returns the files of it and its key.
func (a *Authority) Issue(name string) (certFile, keyFile string) {
	return a.IssueAs(name, func(*x509.Certificate) {})
}

// IssueAs is Issue of a certificate that is changed before it is signed.
func (a *Authority) IssueAs(name string, change func(*x509.Certificate)) (certFile, keyFile string) {
	a.tb.Helper()
	form := a.form(name)
	form.IPAddresses, form.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	form.KeyUsage = x509.KeyUsageDigitalSignature
	form.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	change(form)
	return a.make(name, form)
}

func (a *Authority) form(name string) *x509.Certificate {
	a.next++
	now := time.Now()
	return &x509.Certificate{SerialNumber: big.NewInt(a.next), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
}

func (a *Authority) make(name string, form *x509.Certificate) (certFile, keyFile string) {
	a.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.tb.Fatal(err)
	}
	if a.key == nil {
		a.key = key
	}
	der, err := x509.CreateCertificate(rand.Reader, form, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.tb.Fatal(err)
	}
	write := func(suffix, kind string, data []byte) string {
		file := filepath.Join(a.dir, name+suffix)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			a.tb.Fatal(err)
		}
		return file
	}
	return write(".pem", "CERTIFICATE", der), write(".key", "EC PRIVATE KEY", secret)
}
