#!/bin/bash
# Without /dev/kvm there is nothing to measure with the built-in VMM: every
# item is skipped with the reason and the mend, and all else still works.
. "$(dirname "$0")/lib.sh"

items=$("$VMGAUGE" list --names | wc -l)

all_skipped()
{
	holds "$1" 'all(v == "skip" for v in all_of("verdict"))' \
		"all('/dev/kvm' in w for w in all_of('reason'))" \
		"len(set(all_of('id'))) == $items" \
		'd["run"]["complete"]'
}

# without NAME MEND COMMAND...: the whole of it, with /dev/kvm spoiled by
# COMMAND in front of the program's name.
without()
{
	local name=$1 mend=$2

	shift 2
	rm -rf run
	capture "$@" run --quick -o run
	check "$name: run: exit code 77" exited 77
	check "$name: run says the reason" says "/dev/kvm: "
	check "$name: run says the mend" says "$mend"
	check "$name: every item has its verdict, skip" all_skipped run/result.json
	check "$name: the document is valid" valid run/result.json
	check "$name: there is a report" [ -s run/report/index.html ]
	check "$name: it took no time to speak of" [ "$elapsed_ms" -lt 100000 ]
	capture "$@" bench exit/cpuid
	check "$name: bench: exit code 77" exited 77
	capture "$@" conform
	check "$name: conform: exit code 77" exited 77
	check "$name: conform: every point is skipped" \
		[ "$(grep -c '^ok .* # SKIP /dev/kvm' "$out")" -eq \
		"$(sed -n 's/^1\.\.//p' "$out")" ]
	capture "$@" info
	check "$name: info succeeds" exited 0
	check "$name: info says the mend" says "$mend"
	capture "$@" list --targets
	check "$name: list --targets says the mend" says "$mend"
	capture "$@" bench --target null --instances 3 exit/cpuid
	check "$name: the null target still works" exited 0
	capture "$@" run --target null --quick -o null-run exit/cpuid
	check "$name: also in a run" exited 0
	rm -rf null-run
}

if have_namespace; then
	cat >missing <<-'END'
		#!/bin/bash
		mount -t tmpfs tmpfs /dev || exit 99
		mknod -m 666 /dev/null c 1 3 2>/dev/null || : >/dev/null
		exec "$VMGAUGE" "$@"
	END
	cat >foreign <<-'END'
		#!/bin/bash
		mount --bind /dev/null /dev/kvm || exit 99
		exec "$VMGAUGE" "$@"
	END
	chmod +x missing foreign
	export VMGAUGE
	without "no /dev/kvm" modprobe "${namespace[@]}" "$work/missing"
	if [ -e /dev/kvm ]; then
		capture "${namespace[@]}" "$work/foreign" bench exit/cpuid
		check "another device in its place: exit code 77" exited 77
		check "and the reason" says "/dev/kvm: "
	fi
else
	skip "no /dev/kvm" "file systems cannot be mounted here"
fi

if ! have_kvm; then
	without "as this machine is" "/dev/kvm" "$VMGAUGE"
elif [ "$(id -u)" -ne 0 ]; then
	skip "/dev/kvm is forbidden" "only root can become somebody else"
elif setpriv --reuid 65534 --regid 65534 --clear-groups \
	bash -c ': <>/dev/kvm' 2>/dev/null; then
	skip "/dev/kvm is forbidden" "/dev/kvm is everybody's here"
else
	chmod 777 "$work" "$work/tmp"
	without "/dev/kvm is forbidden" "group kvm" \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$VMGAUGE"
fi
finish
