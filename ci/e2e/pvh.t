#!/bin/bash
# The guest image is one for every hypervisor: QEMU boots it by its PVH note
# and gets its answer over the serial port. Emulated, so the times mean
# nothing, but every architectural answer does.
. "$(dirname "$0")/lib.sh"

image=$BUILD/guest/image.elf
limit_s=60
command -v qemu-system-x86_64 >/dev/null ||
	skip_all "qemu-system-x86_64 is not installed"

boot()
{
	capture qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 64 \
		-nodefaults -display none -no-reboot -serial stdio \
		-device isa-debug-exit,iobase=0xf4,iosize=1 \
		-kernel "$image" -append "$1"
}

# The value of a line of the answer.
answer()
{
	sed -n "s/^vmgauge: $1 //p" "$out" | tr -d '\r' | head -1
}

answers()
{
	[ "$(answer "$1")" = "$2" ] || { cat "$out"; return 1; }
}

number()
{
	echo $(($(answer "$1")))
}

state_done=$(sed -n 's/.*ABI_STATE_DONE = *\([0-9]*\).*/\1/p' \
	"$root/guests/abi.h")
pass=$("$python" - "$root/guests/abi.h" <<-'END'
	import re, sys
	text = open(sys.argv[1]).read()
	for name in "STATE_DONE", "PASS", "ERROR":
	    for body in re.findall(r"enum[^{]*{([^}]*ABI_%s\b[^}]*)}" % name, text):
	        body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
	        value = -1
	        for word in body.split(","):
	            word, _, given = word.strip().partition("=")
	            value = int(given, 0) if given.strip() else value + 1
	            if word.strip() == "ABI_" + name:
	                print(value)
END
)
read -rd '' state_done pass error <<<"$pass"

check "the image has a PVH note" \
	grep -q 'Xen' <(readelf -n "$image" 2>/dev/null)

bench()
{
	boot "item=$1 ring=$2 blocks=5"
	check "$1 at ring $2: QEMU ends because the guest said so" exited 33
	check "$1 at ring $2: the answer names the item" answers item "$1"
	check "$1 at ring $2: it is done" [ "$(number state)" = "$state_done" ]
	check "$1 at ring $2: it passed" [ "$(number verdict)" = "$pass" ]
	check "$1 at ring $2: it measured five blocks" \
		[ "$(grep -c '^vmgauge: block 0x' "$out")" -eq 5 ]
	check "$1 at ring $2: the answer is whole" says "vmgauge: end"
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
	check "$1: it is done" [ "$(number state)" = "$state_done" ]
	check "$1: it has checked something" [ "$(number checks)" -gt 0 ]
	check "$1: it passed" [ "$(number verdict)" = "$pass" ]
}
probe fidelity/exceptions/divide_error_points_at_the_divide 0
probe fidelity/cpuid/upper_halves_are_cleared 3

boot "item=no/such_item ring=0"
check "an item that the image does not have: an answer all the same" exited 33
check "its verdict is an error" [ "$(number verdict)" = "$error" ]
check "with the reason" answers reason "the image has no such item"
boot ""
check "no command line at all: an answer all the same" exited 33
finish
