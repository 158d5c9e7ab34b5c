#!/bin/bash
# On SVM + NPT in software: what is claimed of hardware assistance. Verdicts
# are those of the checked-in list, exits are exact, and the host is known for
# what it is. Times mean nothing there and are not looked at.
. "$(dirname "$0")/lib.sh"

limit_s=400
expected=$root/ci/expected/svm.tsv
export VMGAUGE
host=("$root/ci/host" svm)

"${host[@]}" --check >check.txt 2>&1 || {
	skip "verdicts on SVM + NPT" "$(head -n 1 check.txt)"
	finish
	exit
}

# Not a result: the emulator's own death, which ci/host tells apart.
host_died()
{
	[ "$code" -eq 99 ]
}

capture "${host[@]}" -- info
if host_died; then
	skip "verdicts on SVM + NPT" "the software host could not run"
	finish
	exit
fi
check "info names SVM + NPT in software" says "SVM + NPT, in software"
check "and that its times mean nothing" says "times mean nothing here"

capture "${host[@]}" --file "$expected:known.tsv" -- conform \
	--expect known.tsv
check "every verdict is the one that is expected" exited 0
grep '^not ok' "$out" | grep -v TODO | sed 's/^/# /'

capture "${host[@]}" -- bench exit/cpuid exit/pio_userspace exit/mov_cr3 \
	exit/rdmsr_kernel exit/ioeventfd_pio --instances 2 --budget 8 \
	--ring 0,3 -o exits.json
check "benches run" exited 0
check "each exit is accounted for" holds exits.json \
	"all(x['attest']['attested'] for x in d['results'])"
finish
