package firmware

import (
	"fmt"
	"testing"
	"testing/fstest"
)

// sys is a /sys with files of these contents.
func sys(files map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestDetect(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  Machine
	}{
		{"a PC", nil, Machine{}},
		{"a Pi 4", map[string]string{"firmware/devicetree/base/model": "Raspberry Pi 4 Model B Rev 1.4\x00"}, Machine{Model: "Raspberry Pi 4 Model B Rev 1.4"}},
		{"a Pi 3 with a board on it", map[string]string{"firmware/devicetree/base/model": "Raspberry Pi 3 Model B Plus Rev 1.3\x00",
			"firmware/devicetree/base/hat/vendor": "Seeed\x00", "firmware/devicetree/base/hat/product": "4 Mic Array\x00"}, Machine{"Raspberry Pi 3 Model B Plus Rev 1.3", "Seeed 4 Mic Array"}},
	} {
		if got := Detect(sys(tt.files)); got != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestRead(t *testing.T) {
	show := func(r Readings) string {
		out := "-"
		if r.Celsius != nil {
			out = fmt.Sprint(*r.Celsius)
		}
		for _, b := range []*bool{r.UnderVoltage, r.Throttled} {
			if b == nil {
				out += " -"
			} else {
				out += fmt.Sprint(" ", *b)
			}
		}
		return out
	}
	pi := map[string]string{"class/thermal/thermal_zone0/type": "cpu-thermal\n", "class/thermal/thermal_zone0/temp": "51121\n",
		"class/thermal/cooling_device0/type": "cpufreq-cpu0\n", "class/thermal/cooling_device0/cur_state": "0\n",
		"class/hwmon/hwmon0/name": "cpu_thermal\n", "class/hwmon/hwmon1/name": "rpi_volt\n", "class/hwmon/hwmon1/in0_lcrit_alarm": "0\n"}
	with := func(name, text string) map[string]string {
		all := map[string]string{name: text}
		for k, v := range pi {
			if k != name {
				all[k] = v
			}
		}
		return all
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"nothing is known", nil, "- - -"},
		{"a Pi that is well", pi, "51.121 false false"},
		{"too hot", with("class/thermal/cooling_device0/cur_state", "2\n"), "51.121 false true"},
		{"one core of two", with("class/thermal/cooling_device9/type", "cpufreq-cpu2\n"), "51.121 false false"},
		{"a weak supply", with("class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"), "51.121 true false"},
		{"a sensor that cannot be read", with("class/thermal/thermal_zone0/temp", "?\n"), "- false false"},
		{"a fan is no throttling", map[string]string{"class/thermal/cooling_device0/type": "pwm-fan", "class/thermal/cooling_device0/cur_state": "3"}, "- - -"},
		{"a battery's heat is another's", map[string]string{"class/thermal/thermal_zone0/type": "battery", "class/thermal/thermal_zone0/temp": "30000"}, "- - -"},
	} {
		if got := show(Read(sys(tt.files))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
