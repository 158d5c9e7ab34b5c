#!/bin/bash
# Xen as its users run it: --target xen:xl makes a PVH domain from dom0. A
# stand-in for xl shows that what goes wrong becomes the right verdict, and
# that no domain is left; the real one runs in the software host.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"

expected=$root/ci/expected/xen-xl.tsv
item=fidelity/cpuid/upper_halves_are_cleared
next=fidelity/cpuid/vendor_is_text_and_agrees

mkdir none stub
capture env PATH="$work/none" "$VMGAUGE" conform --target xen:xl \
	-o missing.json "$item"
check "without xl everything is skipped: exit code 77" exited 77
check "and the package is named" holds missing.json \
	"'package xen-system-amd64' in r('$item')['reason']"
vmgauge conform --target xen:xl,hypervisor=/x "$item"
check "a hypervisor of one's own is refused: there is one" \
	refused "hypervisor=" xl

# xl CASE...: a stand-in whose verbs are what the cases say, with what it was
# called for in calls.
xl()
{
	cat >stub/xl <<-END
		#!/bin/bash
		cd "$work" || exit 9
		echo "\$*" >>calls
		case \$1 in
		$*
		info) echo "virt_caps : pv hvm hap" ;;
		dmesg) cat dmesg ;;
		destroy) echo "\$2 is an invalid domain identifier (rc=-6)"
			exit 1 ;;
		*) exit 8 ;;
		esac
	END
	chmod +x stub/xl
	rm -f calls
	: >dmesg
}

domain()
{
	PATH=$work/stub:$PATH vmgauge "${1:-conform}" --target xen:xl \
		--ring 0 -o r.json "${@:2}"
}

destroyed()
{
	grep -q '^destroy vmgauge-[0-9]*$' calls
}

xl 'info) echo "xc: error: no handle on privcmd" >&2; exit 1 ;;'
domain conform "$item"
check "where this is not dom0: skipped" exited 77
check "with what xl says, and what to do" holds r.json \
	"'no handle on privcmd' in r('$item')['reason']" \
	"'boot this machine under Xen' in r('$item')['reason']"
xl 'info) sleep 1000 ;;'
domain conform "$item"
check "an xl that does not end: skipped" holds r.json \
	"'xl info does not end' in r('$item')['reason']"

xl 'create) echo "libxl: error: not enough memory" >&2; exit 3 ;;'
domain conform "$item" "$next"
check "a domain that cannot be made is a crash, in xl's words" \
	holds r.json "'not enough memory' in r('$item')['reason']" \
	"set(all_of('verdict')) == {'crash'}"
check "the next item is tried too" [ "$(grep -c ^create calls)" -eq 2 ]

xl 'create) sleep 1000 ;;'
domain conform "$item"
check "an xl that hangs is a hang" holds r.json \
	"r('$item')['verdict'] == 'hang'" \
	"'did not start the image' in r('$item')['reason']"
check "and what it may have made is destroyed" destroyed

xl 'create) exit 3 ;;' 'destroy) echo "no: permission" >&2; exit 1 ;;'
domain conform "$item" "$next"
check "a domain that cannot be destroyed ends them: no second one" \
	[ "$(grep -c ^create calls)" -eq 1 ]
check "the run is broken off: exit code 2" exited 2
check "in xl's words" says "as xl says: no: permission"

# QEMU plays the domain: the same image and the same dialogue.
play='echo "Waiting for domain x (domid 7) to die [pid 1]" >&2
	cat "$4" >config
	exec qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 128 -nodefaults \
		-no-user-config -nic none -display none -no-reboot \
		-chardev stdio,id=s,signal=off -serial chardev:s \
		-kernel /dev/fd/4 -append ask=serial'
if command -v qemu-system-x86_64 >/dev/null; then
	xl "create) $play ;;"
	domain conform "$item" "$next"
	check "two items pass" holds r.json \
		"r('$item')['verdict'] == r('$next')['verdict'] == 'pass'"
	check "in one domain" [ "$(grep -c ^create calls)" -eq 1 ]
	check "of the kind that is wanted" grep -qx 'type = "pvh"' config
	check "which ends with its item's crash" \
		grep -qx 'on_crash = "destroy"' config
	check "it is destroyed in the end" destroyed
	check "the document is valid" valid r.json

	# Until it would answer.
	xl "create) { ($play) <&0 & echo \$! >qemu; } |
		sed -u '/ answer /Q'; kill \$(cat qemu) ;;"
	printf '(XEN) %s\n' 'd6v0 Triple fault' 'Domain 6 (vcpu#0) crashed' \
		'HVM d7v0 save: CPU' 'd7v0 Unexpected vmexit: reason 0x42' \
		'Domain 7 (vcpu#0) crashed on cpu#0:' >dmesg
	domain conform "$item"
	check "a domain that dies is a crash, with what Xen said of it" \
		holds r.json "r('$item')['verdict'] == 'crash'" \
		"r('$item')['reason'] ==
		 '(XEN) d7v0 Unexpected vmexit: reason 0x42'" \
		"'Triple' in r('$item')['postmortem']['console']"
	sed -i '/vmexit/d' dmesg
	domain conform "$item"
	check "or at least that it crashed" holds r.json \
		"'Domain 7 (vcpu#0) crashed' in r('$item')['reason']"

	xl "create) ($play) | sed -u '/ answer /,\$d' ;;"
	domain conform --deadline 200 "$item"
	check "one that begins and does not answer is a hang" holds r.json \
		"'no answer within 200 ms' in r('$item')['reason']"
	check "and is destroyed" destroyed
else
	skip "a domain that QEMU plays" "qemu-system-x86_64 is not installed"
fi

host=("$root/ci/host" xen)
"${host[@]}" --check >check.txt 2>&1 || {
	skip "all probes in a domain of Xen" "$(head -n 1 check.txt)"
	finish
	exit
}

export VMGAUGE
items xen-xl
capture "${host[@]}" --file "$expected:known.tsv" -- conform \
	--target xen:xl --expect known.tsv -o all.json "${items[@]}"
check "probes in a domain of Xen: nothing that is not expected" as_expected
note "they took $((elapsed_ms / 1000)) s"
check "the document is valid" valid all.json
check "most of them pass" holds all.json \
	"all_of('verdict').count('pass') >
	 (len(d['results']) - all_of('verdict').count('skip')) / 2"
check "a domain that Xen kills is a crash, in Xen's words" holds all.json \
	"'Unexpected vmexit' in
	 r('fidelity/control/cr3_reserved_bit_faults')['reason']"
check "what comes after it is as if nothing had happened" holds all.json \
	"r('fidelity/control/cr4_reserved_bit_faults')['verdict'] == 'pass'"
check "it is known what the domain is on" holds all.json \
	"d['env']['backend']['kind'] == 'svm'" \
	"d['env']['backend']['tdp'] == 'npt'" \
	"not d['env']['backend']['times_meaningful']"

# One that is paused under an item hangs; then a run that is told to end.
cat >inside <<'END'
end() { xl list | tail -n +2 | awk '{ print $1 }' | xargs; }
vmgauge conform --target xen:xl --ring 0 --deadline 500 -o hang.json \
	'fidelity/cpuid/*' &
until xl pause vmgauge-$! 2>/dev/null; do sleep 0.1; done
wait
echo "after a hang: $(end)"
vmgauge bench --target xen:xl --ring 0 -o bench.json --instances 2 exit/cpuid
vmgauge bench --target xen:xl --ring 0 --instances 50 'exit/*' &
until xl domid vmgauge-$! 2>/dev/null; do sleep 0.1; done
sleep 1
kill -TERM $!
wait
echo "after SIGTERM: $(end)"
END
program=$VMGAUGE
VMGAUGE=/bin/bash capture "${host[@]}" --file inside --out . \
	--file "$program:/usr/bin/vmgauge" -- inside
check "a domain that stands still is a hang, and the next one runs" \
	holds hang.json "all_of('verdict').count('hang') == 1" \
	"all_of('verdict').count('pass') > 5"
check "no domain is left of it" says "after a hang: Domain-0"
check "nor of a run that SIGTERM ended" says "after SIGTERM: Domain-0"
check "benches run" holds bench.json "r('exit/cpuid')['samples']" \
	"r('exit/cpuid')['attest']['attested'] is False"
check "the document is valid" valid bench.json
finish
