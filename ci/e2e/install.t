#!/bin/bash
# vmgauge is one file: what `make install` puts in place is all that it needs.
. "$(dirname "$0")/lib.sh"

capture make -s -C "$root" BUILD="$BUILD" install DESTDIR="$work/image" \
	PREFIX=/opt/gauge
check "make install succeeds" exited 0
check "it installs exactly one file" \
	[ "$(cd image && find . -type f)" = ./opt/gauge/bin/vmgauge ]
check "that may be executed by everybody" \
	[ "$(stat -c %a image/opt/gauge/bin/vmgauge)" = 755 ]

mkdir "$work/elsewhere"
mv image/opt/gauge/bin/vmgauge elsewhere/gauge
cd "$work/elsewhere" || exit 1
# Where it was built must not be needed, so it is out of sight if it can be.
runner=()
if have_namespace; then
	cat >hide <<-'END'
		#!/bin/bash
		mount -t tmpfs tmpfs "$HIDDEN" && exec "$@"
	END
	chmod +x hide
	export HIDDEN=$BUILD
	case $PWD in
	"$BUILD"/*) ;;
	*) runner=("${namespace[@]}" "$PWD/hide") ;;
	esac
fi
there()
{
	capture "${runner[@]}" ./gauge "$@"
}
there list --names
check "list works from elsewhere" exited 0
check "with every item" cmp "$out" <("$VMGAUGE" list --names)
there report --schema
check "the schema is in it" \
	cmp "$out" <("$VMGAUGE" report --schema)
there bench --target null --instances 3 -o x.json exit/cpuid
check "it measures" exited 0
check "the hash of its guest image is that of the build's" holds x.json \
	"d['vmgauge']['image_sha256'] ==
	 '$(sha256sum <"$BUILD/guest/image.elf" | cut -d' ' -f1)'"
there run --target null --quick -o run exit/cpuid
check "it makes its report" [ -s run/report/index.html ]
if have_kvm; then
	there bench --instances 3 -o kvm.json exit/cpuid --ring 0
	check "the guest image is in it: kvm gives a verdict" judged
	check "which is not our own error" holds kvm.json \
		"r('exit/cpuid')['verdict'] != 'error'"
else
	skip "the guest image is in it" "/dev/kvm may not be opened"
fi
finish
