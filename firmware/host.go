package firmware

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpioreg"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/host/v3/gpioioctl"
	"periph.io/x/host/v3/sysfs"
)

// headers are the labels of the chips behind the header of a Raspberry Pi: Zero 2 W and 3,
// 4, 5. Their lines count as Broadcom does; the kernel's names of them are not the same on
// all boards (line 14 is "TXD1" on a Pi 4).
var headers = []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}

// Host is the hardware of this computer.
func Host() (Hardware, error) {
	// What fails here is missed below, by its name.
	if _, err := driverreg.Init(); err != nil {
		return Hardware{}, fmt.Errorf("look for hardware: %w", err)
	}
	return Hardware{Pin: hostPin, SPI: hostSPI}, nil
}

func hostPin(name string) (gpio.PinIO, error) {
	if number, ok := strings.CutPrefix(name, "GPIO"); ok {
		for _, chip := range gpioioctl.Chips {
			n, err := strconv.Atoi(number)
			if err == nil && n >= 0 && n < chip.LineCount() && slices.Contains(headers, chip.Label()) {
				return chip.ByNumber(n), nil
			}
		}
	}
	if pin := gpioreg.ByName(name); pin != nil {
		return pin, nil
	}
	if len(gpioioctl.Chips) == 0 {
		return nil, fmt.Errorf("find pin %q: no /dev/gpiochip of this computer can be opened", name)
	}
	return nil, fmt.Errorf("find pin %q: this computer has no line of that name", name)
}

func hostSPI(name string) (spi.PortCloser, error) {
	bus, chip, err := spiPort(name)
	if err != nil {
		return nil, err
	}
	port, err := sysfs.NewSPI(bus, chip)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return port, nil
}

// spiPort reads "SPI0.1": bus 0, chip 1.
func spiPort(name string) (bus, chip int, err error) {
	var rest string
	if n, _ := fmt.Sscanf(name+" end", "SPI%d.%d %s", &bus, &chip, &rest); n != 3 || rest != "end" || bus < 0 || chip < 0 {
		return 0, 0, fmt.Errorf("the port must be such as SPI0.1, not %q", name)
	}
	return bus, chip, nil
}
