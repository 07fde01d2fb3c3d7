// Command probe is what the boot test runs inside the guest (images/boottest has the
// rest). It prints lines that begin with "boot-test:", which the test reads from the
// guest's serial console.
//
//	probe listening       says so when the unit's status is that
//	probe scan            connects to each TCP port of the box's own address, and lists UDP's
//	probe canary WORDS    searches the journal and /data for what was said to the box
//	probe change FROM     changes lists, timers and the volume for ever, and says what was confirmed
//	probe full            fills /data, asks for something, and makes room again
//	probe who             tells the machine-id and the address
//
// In: the daemon's control socket, as root. It changes nothing that a person could not.
package main
