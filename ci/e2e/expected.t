#!/bin/bash
# This machine's own KVM, where there is a list of what is known to fail on
# its kind: the built-in VMM's verdicts are those, and QEMU's on the same KVM
# are the same.
. "$(dirname "$0")/lib.sh"

need_kvm
vmgauge info --json
kind=$("$python" -c 'import json, sys
print(json.load(sys.stdin)["backend"]["title"])' <"$out")
case $kind in
*kvm_pvm*)	list=$root/ci/expected/kvm_pvm.tsv ;;
*)		skip_all "no list for this backend: $kind" ;;
esac

vmgauge conform --target kvm --expect "$list" -o kvm.json
check "built-in VMM: nothing that is not expected" as_expected

vmgauge conform --target qemu:kvm -o none.json \
	fidelity/cpuid/upper_halves_are_cleared
if exited 77; then
	skip "QEMU on the same KVM" \
		"$(sed -n 's/^ok .* # SKIP //p' "$out" | head -n 1)"
	finish
	exit
fi
sed 's/^kvm\t/qemu:kvm\t/' "$list" >qemu.tsv
# Each probe is a boot of QEMU's: the subjects that the CPU alone decides.
vmgauge conform --target qemu:kvm --expect qemu.tsv -o qemu.json \
	fidelity/{control,cpuid,debug,exceptions,iopl,msr,paging}/* \
	fidelity/{port_io,privilege,segments,syscall,tells,tsc}/* \
	'containment/*'
check "QEMU on the same KVM: nothing that is not expected" as_expected
check "a VM that QEMU stopped is a crash and no hang" holds qemu.json \
	"'KVM internal error' in
	 r('fidelity/segments/lsl_reads_our_limits')['reason']"
check "the document is valid" valid qemu.json
vmgauge bench --target qemu:kvm --ring 3 --instances 2 --budget 2 \
	-o bench.json exit/pio_userspace
check "its TSC is KVM's, and times have ns" holds bench.json \
	"r('exit/pio_userspace', 3)['ns'] > 0"
grep -v breakpoint_points "$list" >short.tsv
vmgauge conform --target kvm --expect short.tsv \
	fidelity/exceptions/breakpoint_points_behind_itself
check "without its line in the list a failure is one" exited 1
finish
