#!/bin/bash
# The guest image is one for every hypervisor: QEMU boots it by its PVH note,
# and the 32-bit copy by Multiboot. The answer comes over the serial port.
# Emulated, so the times mean nothing, but every architectural answer does.
. "$(dirname "$0")/lib.sh"

image=$BUILD/guest/image.elf image32=$BUILD/guest/image32.elf
command -v qemu-system-x86_64 >/dev/null ||
	skip_all "qemu-system-x86_64 is not installed"

boot()
{
	capture qemu-system-x86_64 -M "${machine:-q35}" -accel tcg -cpu max \
		-m 128 -nodefaults -display none -no-reboot -serial stdio \
		-device isa-debug-exit,iobase=0xf4,iosize=1 \
		-kernel "$image" -append "$1 off"
}

check "the image has a PVH note" \
	grep -q 'Xen' <(readelf -n "$image" 2>/dev/null)

imported()
{
	"$VMGAUGE" import "$out" -o one.json >/dev/null 2>said.txt
	holds one.json "$@"
}

bench()
{
	boot "item=$1 ring=$2 blocks=5"
	check "$1 at ring $2: QEMU ends because the guest said so" exited 33
	check "$1 at ring $2: it passed, and measured five blocks" imported \
		"r('$1', $2)['verdict'] == 'pass'" "r('$1', $2)['n'] == [1, 5]"
}
bench exit/empty 0
bench exit/empty 3
bench exit/cpuid 0
bench exit/cpuid 3

# Which verdict is QEMU's affair, that there is one is ours. These two were
# right in every QEMU so far, so they are known to be able to pass.
probe()
{
	boot "item=$1 ring=$2"
	check "$1: QEMU ends because the guest said so" exited 33
	check "$1: it has checked something, and passed" imported \
		"r('$1', $2)['verdict'] == 'pass'" \
		"r('$1', $2)['checks_total'] > 0"
}
probe fidelity/exceptions/divide_error_points_at_the_divide 0
probe fidelity/cpuid/upper_halves_are_cleared 3
machine=microvm probe fidelity/cpuid/upper_halves_are_cleared 0

boot "item=no/such_item ring=0"
check "an item that the image does not have: an answer all the same" exited 33
check "with the reason" says "text=the image has no such item"
boot "suite=fidelity/tsc after=fidelity/tsc/never_goes_backwards"
check "a suite can go on behind an item" exited 33
behind()
{
	! says "item=fidelity/tsc/never_goes_backwards"
}
check "and leaves out what was before" behind

if [ -r "$image32" ]; then
	image=$image32 bench exit/cpuid 0
else
	skip "the 32-bit copy boots by Multiboot" "there is no $image32: make check"
fi
finish
