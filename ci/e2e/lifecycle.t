#!/bin/bash
# The life of a VM: every row ends in a verdict, here and on SVM + NPT, what
# passes is attested, and nothing of a thousand small machines stays behind.
. "$(dirname "$0")/lib.sh"

need_kvm
instance=$BUILD/instance

# rows DOCUMENT [SKIPPED]...: all of them measured, but those that are named.
rows()
{
	local document=$1

	shift
	holds "$document" \
		"len(d['results']) >= 50" \
		"not [print(x['id'], x['verdict'], x['reason']) or x
		      for x in d['results']
		      if x['verdict'] not in ('pass', 'skip')]" \
		"not [(x['id'], x['reason']) for x in d['results']
		      if x['verdict'] == 'skip' and
		      x['id'].split('/')[1] not in
		      'process_start process_teardown $*'.split()]"
}

# figures DOCUMENT: what passed has a number that can be one.
figures()
{
	holds "$1" \
		"not [x['id'] for x in d['results'] if x['verdict'] == 'pass' and
		      not x['attest']['attested']]" \
		"not [x['id'] for x in d['results'] if x['verdict'] == 'pass' and
		      x['unit'] == 'cycles' and x['median'] <= 0]" \
		"not [x['id'] for x in d['results'] if x['verdict'] == 'pass' and
		      (x['unit'] == 'KiB') != ('_memory_' in x['id'])]" \
		"not [x['id'] for x in d['results'] if x.get('unit') == 'KiB' and
		      x['ns'] is not None]" \
		"all(x['summary'] and x['cite'] for x in d['results'])"
}

# unchanged FILE COLUMN: the same number before and after, of every row.
unchanged()
{
	awk -v column="$2" '
		/^#/ { row = $2; begin = ""; next }
		begin == "" { begin = $column; rows++ }
		$column != begin { print row ": " begin " to " $column; bad = 1 }
		END { exit bad || rows < 45 }' "$1"
}

# A worker of the target's is the second thread; it ends with the target.
leaks_nothing()
{
	check "$1: no row leaves a descriptor open" unchanged "$2" 2
	check "$1: no row leaves a thread behind" unchanged "$2" 3
}

vmgauge bench 'lifecycle/*' --instances 2 --budget 6 --deadline 60000 -o here.json
check "all rows end in a verdict" judged
check "as the schema has it" valid here.json
check "each of them is measured here, or skipped for a cause that is named" \
	rows here.json teardown_256m vcpu_create_512 vcpu_create_1024 vcpu_pause vcpu_resume \
	ap_start_sipi ap_start_state \
	vm_memory_kernel vcpu_memory_kernel sregs2_get sregs2_set
check "with figures that can be" figures here.json
check "the table gives memory in KiB" grep -Eq 'vm_memory_user .* KiB ' "$out"

vmgauge bench lifecycle/reset_to_first --target qemu:tcg --instances 1
check "a target that is not the built-in VMM skips them" \
	grep -q 'reset_to_first  *0  *skip' "$out"

capture "$instance" leak 2 'lifecycle/*'
check "every row lives three lives in one process" exited 0
cp "$out" rows.txt
leaks_nothing here rows.txt

capture "$instance" leak 60
check "sixty lives of a VM" exited 0
check "end with the descriptors that the first began with" \
	awk 'NR == 1 { fds = $2 } $2 != fds || $3 != 1 { exit 1 }
	     END { exit $1 != 60 }' "$out"
check "and the last half of them with no more memory" \
	awk '$1 == 30 { rss = $4 } $1 > 30 && $4 > rss + 65536 { exit 1 }' "$out"

export VMGAUGE
if ! "$root/ci/host" svm --check >check.txt 2>&1; then
	skip "the rows on SVM + NPT" "$(head -n 1 check.txt)"
	finish
	exit
fi
capture "$root/ci/host" svm -- bench 'lifecycle/*' --instances 1 --budget 6 \
	--deadline 20000 -o svm.json
if host_lost "the rows on SVM + NPT"; then
	finish
	exit
fi
check "all rows end in a verdict on SVM + NPT" exited 0
check "each is measured but for a second CPU, a cgroup and time" \
	rows svm.json teardown_256m vcpu_pause vcpu_resume vm_memory_kernel \
	ap_start_sipi ap_start_state \
	vcpu_memory_kernel
check "with figures that can be, there too" figures svm.json
VMGAUGE=$instance capture "$root/ci/host" svm -- leak 1 'lifecycle/*'
check "every row lives its lives there" exited 0
cp "$out" rows.txt
leaks_nothing "SVM + NPT" rows.txt
finish
