package page

import (
	"net"
	"net/netip"
	"os"
	"strings"
)

// Links are the addresses to type into a browser of the home, the one with the name first.
func (p *Page) Links() []string {
	host, port, err := net.SplitHostPort(p.listener.Addr().String())
	if err != nil {
		return nil
	}
	at, err := netip.ParseAddr(host)
	if err == nil && !at.IsUnspecified() {
		return []string{"https://" + net.JoinHostPort(host, port) + "/"}
	}
	var out []string
	if name, err := os.Hostname(); err == nil {
		name, _, _ = strings.Cut(strings.ToLower(name), ".")
		out = append(out, "https://"+name+".local:"+port+"/")
	}
	for _, n := range ownNetworks() {
		if a := n.Addr().Unmap(); a.Is4() && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			out = append(out, "https://"+net.JoinHostPort(a.String(), port)+"/")
		}
	}
	return out
}
