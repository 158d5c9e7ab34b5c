#!/bin/bash
# How well a VM can be detected: what is the same is not told, what is hidden
# is told no more, and the document is what its schema says. Two rounds are too
# few for samples to tell anything: only what is exact is asked for here.
. "$(dirname "$0")/lib.sh"

bad()
{
	vmgauge detect "$1" "$2"
	check "refused: $1 $2" refused "$1 '$2'" "$3"
}
bad --hide smm "give hypervisor, tsc"
bad --hide , "give hypervisor, tsc"
bad --rounds 1 "give a whole number from 2"
bad --rounds 1e9 "give a whole number"
bad --seed 0 "give a whole number"
bad --deadline 5 "give a whole number from 10"
vmgauge detect --target kvm --target kvm
check "refused: a target twice" refused "--target 'kvm'" once
vmgauge detect --target null
check "refused: what is no VM" refused "--target null" "no VM"
vmgauge detect --target nowhere
check "refused: a target that is none" refused nowhere
vmgauge detect no_such_way
check "refused: a way that is none" refused no_such_way "--list"
vmgauge detect -o /nowhere/x.json
check "refused: a place that cannot be written to" refused /nowhere
vmgauge detect --list
check "--list names ways, and runs none" exited 0
check "... each by its CPL" grep -qE "^detect/cpuid/hypervisor_bit +CPL0" "$out"
vmgauge detect --schema
check "--schema prints one" exited 0
check "... that a program reads" "$python" -c '
import json, sys; json.load(open(sys.argv[1]))' "$out"

# The way of a row of a target, as an expression: d, w(target, id, ring).
judge()
{
	"$python" - "$@" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
def w(target, id, ring):
    t, = [t for t in d["targets"] if t["target"] == target]
    r, = [r for r in t["ways"]
          if r["id"] == "detect/" + id and r["ring"] == ring]
    return r
for expression in sys.argv[2:]:
    assert eval(f"({expression})"), expression
END
}

vmgauge detect --target native --rounds 2 -o native.json cpuid step firmware \
	timing hypercall
check "native is a target, too" judged
check "... that no way tells from itself" judge native.json \
	"all(r['plain']['native'].get('told', 'no') == 'no'
	     for t in d['targets'] for r in t['ways'])" \
	"all(w['control'].get('told', 'no') == 'no' for w in d['ways'])"
check "... and the samples are there" judge native.json \
	"len(w('native', 'timing/cpuid_latency', 3)['plain']['taken']['runs'])
	 == 2" \
	"all(len(r) == 128 for r in w('native', 'timing/cpuid_latency', 3)
	     ['plain']['taken']['runs'])"
check "... and the table says that two rounds are few" \
	says "2 rounds are too few"

documents=native.json
if have_kvm; then
	vmgauge detect --hide hypervisor,tsc --rounds 2 -o kvm.json cpuid msr
	check "kvm: its ways are judged" judged
	check "kvm: the leaves tell by the manual" judge kvm.json \
		"w('kvm', 'cpuid/hypervisor_leaves', 0)['plain']['manual']['told']
		 == 'yes'" \
		"w('kvm', 'cpuid/hypervisor_leaves', 0)['plain']['manual']
		 ['samples'] == 1"
	# At CPL3 a CPU without assistance may answer instead of KVM.
	check "kvm: hidden, they tell no more, and the bit does not" judge \
		kvm.json \
		"w('kvm', 'cpuid/hypervisor_leaves', 0)['hidden']['manual']['told']
		 == 'no'" \
		"w('kvm', 'cpuid/hypervisor_bit', 0)['hidden']['manual']['told']
		 == 'no'"
	check "kvm: what could be hidden is said, and why not" judge kvm.json \
		"[h['what'] for h in d['targets'][0]['hide']]
		 == ['hypervisor', 'tsc']" \
		"d['targets'][0]['hide'][0]['done']" \
		"all(h['note'] for h in d['targets'][0]['hide'])"
	documents+=" kvm.json"
else
	skip "kvm: hidden leaves" "no /dev/kvm"
fi

if command -v qemu-system-x86_64 >/dev/null; then
	vmgauge detect --target qemu:tcg --target qemu:tcg,cpu=max,-hypervisor \
		--hide tsc --rounds 2 -o qemu.json cpuid/hypervisor_bit
	check "qemu: two of it are judged" judged
	check "qemu: without the bit, it is not told by it" judge qemu.json \
		"w('qemu:tcg', 'cpuid/hypervisor_bit', 3)['plain']['manual']
		 ['told'] == 'yes'" \
		"w('qemu:tcg,cpu=max,-hypervisor', 'cpuid/hypervisor_bit', 3)
		 ['plain']['manual']['told'] == 'no'"
	check "qemu: hiding is the built-in VMM's" judge qemu.json \
		"not d['targets'][0]['hide'][0]['done']" \
		"w('qemu:tcg', 'cpuid/hypervisor_bit', 3)['hidden'] is None"
	documents+=" qemu.json"
else
	skip "qemu: the bit" "no qemu-system-x86_64"
fi

# shellcheck disable=SC2086
check "documents are what the schema says" valid $documents

# The report: a page of its own, and what is no such document is refused.
vmgauge bench --target null --quick --budget 1 -o result.json exit/cpuid
vmgauge report result.json --detect native.json -o report
check "a report takes it" exited 0
check "... with a page" grep -q "cpuid_latency" report/detect.html
check "... that the front page leads to" grep -q "detect.html" report/index.html
check "... and the document" cmp -s <("$python" -m json.tool native.json) \
	<("$python" -m json.tool report/data/detect-1.json)
vmgauge report result.json -o plain
check "without one there is no such page" [ ! -e plain/detect.html ]
vmgauge report result.json --detect result.json -o bad
check "a result is no such document" refused result.json vmgauge-detect/1
"$python" - <<'END'
import json
d = json.load(open("native.json"))
d["targets"][0]["ways"].pop()
json.dump(d, open("short.json", "w"))
END
vmgauge report result.json --detect short.json -o bad
check "one that does not fit together is refused" refused short.json targets/0
head -c 2000 native.json >cut.json
vmgauge report result.json --detect cut.json -o bad
check "so is half of one" refused cut.json
finish
