package firmware

import (
	"io/fs"
	"strconv"
	"strings"
)

// Readings are what the kernel tells of heat and power. What it does not tell is nil.
type Readings struct {
	Celsius      *float64 // of the processor
	UnderVoltage *bool    // the supply is too weak, now
	Throttled    *bool    // the kernel slows the processor down because of its heat, now
}

// Read reads the sensors of a computer whose /sys is sys.
//
// A Raspberry Pi's firmware slows the processor down by itself, too, and tells only the
// kernel of Raspberry Pi OS; with Debian's kernel nobody sees that.
func Read(sys fs.FS) Readings {
	var r Readings
	each(sys, "class/thermal", "thermal_zone", "type", func(dir, kind string) {
		if kind != "cpu-thermal" && kind != "x86_pkg_temp" {
			return
		}
		if n, ok := number(sys, dir+"/temp"); ok { // in thousandths
			celsius := float64(n) / 1000
			r.Celsius = &celsius
		}
	})
	each(sys, "class/thermal", "cooling_device", "type", func(dir, kind string) {
		if !strings.HasPrefix(kind, "cpufreq-") && !strings.HasPrefix(kind, "thermal-cpufreq-") {
			return
		}
		if n, ok := number(sys, dir+"/cur_state"); ok { // 0: as fast as it can
			slow := n > 0 || r.Throttled != nil && *r.Throttled
			r.Throttled = &slow
		}
	})
	each(sys, "class/hwmon", "hwmon", "name", func(dir, kind string) {
		if kind != "rpi_volt" {
			return
		}
		if n, ok := number(sys, dir+"/in0_lcrit_alarm"); ok {
			weak := n != 0
			r.UnderVoltage = &weak
		}
	})
	return r
}

// each visits the devices of a class whose names begin with prefix, with their kind.
func each(sys fs.FS, class, prefix, kindFile string, visit func(dir, kind string)) {
	all, _ := fs.ReadDir(sys, class) // absent: there are none
	for _, e := range all {
		if !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		dir := class + "/" + e.Name()
		if kind, err := fs.ReadFile(sys, dir+"/"+kindFile); err == nil {
			visit(dir, strings.TrimSpace(string(kind)))
		}
	}
}

func number(sys fs.FS, name string) (int, bool) {
	text, err := fs.ReadFile(sys, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return n, err == nil
}
