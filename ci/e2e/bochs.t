#!/bin/bash
# Bochs as a target: a second implementation of x86. What passes here and
# fails in QEMU is QEMU's; what fails in both is probably ours.
. "$(dirname "$0")/lib.sh"

expected=$root/ci/expected/bochs.tsv
item=fidelity/cpuid/upper_halves_are_cleared

mkdir none stub
capture env PATH="$work/none" "$VMGAUGE" conform --target bochs \
	-o missing.json "$item"
check "without Bochs everything is skipped: exit code 77" exited 77
check "and the package is named" holds missing.json \
	"'package bochs ' in r('$item')['reason']"
vmgauge conform --target 'bochs:cpu=a b' "$item"
check "an option that is none is refused" refused "cpu=MODEL"

printf '#!/bin/sh\nexit 1\n' >stub/bochs-bin
chmod +x stub/bochs-bin
PATH=$work/stub:$PATH vmgauge conform --target bochs -o died.json "$item"
check "a Bochs that dies is a crash" holds died.json \
	"set(all_of('verdict')) == {'crash'}"

command -v bochs-bin >/dev/null || {
	skip "all probes on Bochs" "bochs is not installed"
	finish
	exit
}
unshare -n true 2>/dev/null || unshare -rn true 2>/dev/null || {
	skip "all probes on Bochs" "no network namespace can be made for it"
	finish
	exit
}

vmgauge conform --target bochs --expect "$expected" -o all.json
check "all probes on Bochs: nothing that is not expected" as_expected
note "they took $((elapsed_ms / 1000)) s"
check "the document is valid" valid all.json
check "its times are known to mean nothing" holds all.json \
	"d['env']['backend']['software_host'] == 'Bochs'" \
	"d['env']['backend']['times_meaningful'] is False"
check "most of them pass" holds all.json \
	"all_of('verdict').count('pass') > len(d['results']) / 2"
# Bochs is bare metal to the image: nothing betrays a hypervisor, but for the
# microcode that it does not have.
check "nothing tells" holds all.json \
	"not [x['id'] for x in d['results'] if x['verdict'] == 'tell' and
	      x['id'] != 'fidelity/machine_tells/microcode_has_a_revision']"

vmgauge conform --target bochs:cpu=no_such_model --ring 0 -o model.json "$item"
check "a model that Bochs does not have is a crash, with a reason" \
	holds model.json "r('$item')['verdict'] == 'crash'" \
	"r('$item')['reason']"

vmgauge bench --target bochs --instances 2 -o bench.json exit/cpuid exit/mov_cr3
check "benches run" exited 0
check "time is virtual: equal blocks" holds bench.json \
	"r('exit/cpuid')['samples']" "r('exit/cpuid')['ns'] is None"
check "the document is valid" valid bench.json
finish
