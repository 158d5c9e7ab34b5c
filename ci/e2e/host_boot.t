#!/bin/bash
# ci/host is the ground that other tests stand on: what a program does in a
# host in software must come out as if it had run here, and what goes wrong
# must be told apart from a result. The program under test here is bash, which
# is dynamically linked as vmgauge is.
#
# VMGAUGE_HOST=vmx ci/e2e/host_boot.t does the same on another host.
# shellcheck disable=SC2016
cd "$(dirname "$0")/../.." || exit 1

host=${VMGAUGE_HOST:-svm}
case $host in
svm*)	emulator=qemu-system-x86_64 package=qemu-system-x86 kvm=kvm_amd ;;
xen)	emulator=qemu-system-x86_64 package=qemu-system-x86 ;;
*)	emulator=bochs-bin package=bochs kvm=kvm_intel ;;
esac
# What a host is for, as a command that prints Y or 1 in it, and what to load
# a module of it with.
if [ "$host" = xen ]; then
	purpose="the host is Xen's dom0, and may make hvm domains"
	proof='grep -q control_d /proc/xen/capabilities &&
		xl info | grep -q "virt_caps.* hvm hap" && echo Y'
	kernel=xen-hypervisor-4.17-amd64 parameter=xen_gntdev.limit=77
else
	purpose="the host has /dev/kvm with nested paging"
	proof="[ -c /dev/kvm ] && cat /sys/module/$kvm/parameters/[en]pt"
	kernel=linux-image-cloud-amd64
	parameter=kvm.force_emulation_prefix=1
fi
IFS=.= read -r module name value <<<"$parameter"
export VMGAUGE=/bin/bash
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
n=0

if ! why=$(ci/host "$host" --check 2>&1); then
	echo "TAP version 13"
	echo "1..0 # SKIP $why"
	exit 0
fi

# check NAME COMMAND...: one test, which passes when the command does.
check()
{
	local name=$1

	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
		return
	fi
	echo "not ok $n - $name"
	printf '# exit code %s\n' "$code"
	head -c 2000 "$work/err" | sed 's/^/# stderr: /'
}

# boot [OPTION]... -- ARG...: sets $code, $work/out, $work/err.
boot()
{
	ci/host "$host" "$@" >"$work/out" 2>"$work/err"
	code=$?
}

says()
{
	grep -qF -- "$1" "$work/err"
}

silent_about()
{
	! says "$1"
}

# No emulator and no file outlives its run.
nothing_left()
{
	[ -z "$(ls -A "$TMPDIR")" ] &&
		! grep -lzsF "$TMPDIR/vmgauge-host-" /proc/[0-9]*/cmdline
}

# A stand-in for the emulator, which does not start until called $1 times.
broken_emulator()
{
	mkdir -p "$work/bin"
	echo 0 >"$work/calls"
	cat >"$work/bin/$emulator" <<-END
		#!/bin/bash
		calls=\$((\$(cat "$work/calls") + 1))
		echo \$calls >"$work/calls"
		[ \$calls -gt $1 ] || exit 1
		exec "$(command -v "$emulator")" "\$@"
	END
	chmod +x "$work/bin/$emulator"
}

echo "TAP version 13"

# Every byte value, line ends of all kinds, no line end last.
printf -v bytes '\\x%02x' {0..255}
printf '%b' "$bytes" 'a\r\nb\n\rc\n\nend' >"$work/bytes"
boot --file "$work/bytes" -- -c 'cat bytes; echo aside >&2'
check "exit code 0 comes out" [ "$code" -eq 0 ]
check "standard output comes out byte for byte" \
	cmp "$work/bytes" "$work/out"
check "standard error comes out, and nothing else" \
	[ "$(cat "$work/err")" = aside ]

boot -- -c 'head -c 1048576 /dev/urandom >"$2"; sha256sum <"$2"
	{ '"$proof"'; } >&2
	exit 1' -- -o "$work/random"
check "exit code 1 comes out" [ "$code" -eq 1 ]
check "a file written through -o comes out where it was asked for" \
	[ "$(sha256sum <"$work/random")" = "$(cat "$work/out")" ]
check "$purpose" grep -qx '[Y1]' "$work/err"

boot --file "$work/bytes:in/bytes" --file "$work/random:/tmp/copy" \
	--out "$work/all" --modparam "$parameter" -- -c '
	mkdir -p a/b; cp in/bytes a/b; cp /tmp/copy a; ln -s a link
	cat "/sys/module/$1/parameters/$2"; exit 77' - "$module" "$name"
check "exit code 77 comes out" [ "$code" -eq 77 ]
check "--out brings out the tree below /out" \
	cmp "$work/bytes" "$work/all/a/b/bytes"
check "a file that went in and out is the same" \
	cmp "$work/random" "$work/all/link/copy"
check "what was only put in does not come out" [ ! -e "$work/all/in" ]
check "--modparam sets a module's parameter" \
	[ "$(cat "$work/out")" = "$value" ]

broken_emulator 1
PATH=$work/bin:$PATH boot -- -c 'echo once; kill -9 $$'
check "a boot that failed once is retried, and that is said" \
	says "ci/host: $host: boot failed once, retried"
check "the retry's output is the program's" [ "$(cat "$work/out")" = once ]
check "a signal that ended the program is told as 128 + its number" \
	[ "$code" -eq 137 ]

broken_emulator 9
PATH=$work/bin:$PATH boot -- -c 'exit 0'
check "a boot that failed twice has an exit code of its own" \
	[ "$code" -eq 99 ]
check "it is tried twice, no more often" [ "$(cat "$work/calls")" -eq 2 ]

boot -- -c 'echo before; sleep 1; echo c >/proc/sysrq-trigger; sleep 99'
check "a host that dies under the program is not a result" [ "$code" -eq 99 ]
check "it is not retried either" silent_about retried
check "what the program wrote before is there" \
	[ "$(cat "$work/out")" = before ]

# What QEMU loses is brought back by a key, once the host was silent: here since
# nobody gave it a CPU.
if [ "$emulator" = qemu-system-x86_64 ]; then
	(
		until grep -qs waiting "$work/out"; do sleep 0.2; done
		pkill -STOP -f "$emulator.*$work"
		sleep 12
		pkill -CONT -f "$emulator.*$work"
	) &
	stopper=$!
	TMPDIR=$work boot --limit 100 -- -c 'keys() { grep i8042 /proc/interrupts; }
		first=$(keys); echo waiting
		until [ "$(keys)" != "$first" ]; do :; done'
	wait "$stopper"
	check "a silent host is woken by a key" [ "$code" -eq 0 ]
	check "and that is said" says "no sign of life for 10 s: pressed a key"
fi

# A kernel that stands still, as one whose timer is gone.
# An emulator that others keep from its CPU is as silent: that will do.
(
	until grep -qs still "$work/out"; do sleep 0.2; done
	pkill -STOP -f "$emulator.*$work"
) &
stopper=$!
TMPDIR=$work boot --silence-limit 3 -- -c 'echo still; sleep 1000'
kill "$stopper" 2>/dev/null
wait "$stopper"
check "a host that stands still has died" [ "$code" -eq 99 ]
check "and that is told from a program that hangs" says "no sign of life for 3 s"
check "and of no key that was not pressed" silent_about "pressed a key"

boot --limit 2 -- -c 'echo hanging; sleep 1000'
check "a program that hangs is ended at its time limit" [ "$code" -eq 124 ]
check "the time limit is named" says "time limit of 2 s reached"

XDG_CACHE_HOME=$work/empty boot -- -c 'exit 0'
check "without what it boots: exit code 2" [ "$code" -eq 2 ]
check "its package is named" says "$kernel"
check "and how to get it" says "make deps-hosts"
check "nothing was downloaded" [ ! -e "$work/empty" ]

# All other programs, since they may lie in one directory with the emulator.
mkdir "$work/others"
IFS=: read -ra path <<<"$PATH"
for dir in "${path[@]}"; do
	ln -s "$dir"/* "$work/others/" 2>/dev/null
done
rm -f "$work/others/$emulator"
PATH=$work/others boot -- -c 'exit 0'
check "without the emulator: exit code 2" [ "$code" -eq 2 ]
check "the emulator's package is named" says "package $package "

VMGAUGE=$work/none boot
check "without the program: exit code 2" [ "$code" -eq 2 ]
ci/host nowhere -- >"$work/out" 2>"$work/err"
code=$?
check "an unknown host: exit code 2" [ "$code" -eq 2 ]

check "nothing is left behind" nothing_left
echo "1..$n"
