# Which of the two systems is started: sets slot to A or B, and slot_part to its partition. boot.cmd goes on from there.
#
# The variables are RAUC's: BOOT_ORDER, and the starts that each slot has left. Each start takes one off before anything is
# loaded, and only a system that works gives them back: one that never does so is left after three. Where the environment was
# lost (a cut inside its write: a bad checksum) it begins anew. Where it is lost again and again the slots take turns, by a word in
# memory that a start without loss of power leaves alone, so that one that is dead does not keep the box for itself. saveenv is
# not asked: U-Boot calls a write to a locked flash a success.
if test -n "${BOOT_ORDER}"; then
	mw.l ${turn_addr} 0
elif itest.l *${turn_addr} == 0x43524b41; then
	setenv BOOT_ORDER B A
	mw.l ${turn_addr} 0x43524b42
else
	setenv BOOT_ORDER A B
	mw.l ${turn_addr} 0x43524b41
fi
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3
setenv slot
for s in ${BOOT_ORDER}; do
	if test -z "${slot}" -a "${s}" = A -a ${BOOT_A_LEFT} -gt 0; then setenv slot A; fi
	if test -z "${slot}" -a "${s}" = B -a ${BOOT_B_LEFT} -gt 0; then setenv slot B; fi
done
if test -z "${slot}"; then
	echo "cricket: no slot has a start left; both get three again"
	setenv BOOT_A_LEFT 3
	setenv BOOT_B_LEFT 3
	if test "${BOOT_ORDER}" = B -o "${BOOT_ORDER}" = "B A"; then setenv slot B; setenv BOOT_ORDER B A; else setenv slot A; setenv BOOT_ORDER A B; fi
fi
if test ${slot} = A; then setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1; else setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1; fi
saveenv || echo "cricket: the environment cannot be written"
if test ${slot} = A; then setenv slot_part 2; else setenv slot_part 3; fi
echo "cricket: slot ${slot}, left A ${BOOT_A_LEFT} B ${BOOT_B_LEFT}"
