#!/bin/bash
# Xen as a target: the image is its dom0, under QEMU's SVM. A boot serves many
# items, so that one which kills the domain must not take others with it. Under
# Bochs's VMX: xen_vmx.t.
. "$(dirname "$0")/lib.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vmgauge
item=fidelity/cpuid/upper_halves_are_cleared

mkdir none
capture env PATH="$work/none" "$VMGAUGE" conform --target xen:svm \
	-o missing.json "$item"
check "without QEMU everything is skipped: exit code 77" exited 77
check "and the package is named" holds missing.json \
	"'package qemu-system-x86' in r('$item')['reason']"
vmgauge conform --target xen:nonsense "$item"
check "an unknown option is refused, with those there are" \
	refused nonsense svm vmx hypervisor=

command -v qemu-system-x86_64 >/dev/null || {
	skip "all probes on Xen" "qemu-system-x86_64 is not installed"
	finish
	exit
}
capture env XDG_CACHE_HOME="$work/none" "$VMGAUGE" conform --target xen:svm \
	-o nohyp.json "$item"
check "without a hypervisor: its package" holds nohyp.json \
	"'package xen-hypervisor' in r('$item')['reason']"

echo "no hypervisor" >text
vmgauge conform --target "xen:svm,hypervisor=$work/text" -o text.json "$item"
check "a file that is no hypervisor is a crash, in QEMU's words" \
	holds text.json "set(all_of('verdict')) == {'crash'}" \
	"len(r('$item')['reason']) > 20"

[ -r "$cache/xen/xen" ] || {
	skip "all probes on Xen" "no hypervisor in $cache/xen: make deps-hosts"
	finish
	exit
}

vmgauge conform --target xen:svm \
	--expect "$root/ci/expected/xen-svm.tsv" -o svm.json
check "all probes on Xen, SVM: nothing that is not expected" as_expected
note "they took $((elapsed_ms / 1000)) s"
check "the document is valid" valid svm.json
check "its times are known to mean nothing" holds svm.json \
	"d['env']['backend']['software_host'] == 'QEMU TCG'" \
	"d['env']['backend']['times_meaningful'] is False"
check "the domain that Xen kills is a crash, in Xen's words" holds svm.json \
	"'Dom0 crashed' in
	 r('fidelity/control/cr3_reserved_bit_faults')['reason']" \
	"'vmexit' in r('fidelity/control/cr3_reserved_bit_faults')
	 ['postmortem']['console']"
check "what comes after it is as if nothing had happened" holds svm.json \
	"r('fidelity/control/cr4_reserved_bit_faults')['verdict'] == 'pass'"

vmgauge bench --target xen:svm --instances 3 --ring 0 -o bench.json exit/cpuid
check "benches run" holds bench.json "r('exit/cpuid')['samples']" \
	"r('exit/cpuid')['attest']['attested'] is False"
check "the document is valid" valid bench.json

check "nothing is left in TMPDIR" [ -z "$(ls "$TMPDIR")" ]
finish
