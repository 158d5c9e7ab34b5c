#!/bin/bash
# Demand faults: every row ends in a verdict, at CPL3 with the exits and the
# page sizes that it claims; what the host does not have, or will not give, is
# a skip that says so. On SVM + NPT in software both rings, hugetlb pages from
# a pool that is filled there, and a pool that shrinks in the middle.
. "$(dirname "$0")/lib.sh"

rows=('memory/fault_*' 'memory/uffd_*' memory/pre_fault_4k memory/populate_4k)

# said_why FILE: nothing but passes, and skips with a reason of several words.
said_why()
{
	holds "$1" "len(d['results']) >= 40" \
		"all(x['verdict'] in ('pass', 'skip') for x in d['results'])" \
		"all(len(x['reason'].split()) > 4 for x in d['results']
		     if x['verdict'] == 'skip')"
}

# skipped_but_for FILE WORD...: of the skips, those without any of the words in the reason.
skipped_but_for()
{
	local file=$1

	shift
	holds "$file" "not [x['id'] for x in d['results']
		if x['verdict'] == 'skip' and
		not any(w in x['reason'] for w in '$*'.split())]"
}

attested()
{
	holds "$1" "not [print(x['id'], x['attest']['reason']) or x
		for x in d['results'] if x['verdict'] == 'pass' and
		x['params']['ring'] in ($2) and not x['attest']['attested']]"
}

have_kvm && {
	vmgauge bench "${rows[@]}" --instances 1 --budget 6 --deadline 60000 \
		-o here.json
	check "all rows run here" exited 0
	check "each in a verdict, and a skip says why" said_why here.json
	check "at CPL3 each exit and each page is accounted for" \
		attested here.json 3,
	check "the plainest rows are not skipped" holds here.json \
		"r('memory/fault_write_4k', 3)['verdict'] == 'pass'" \
		"r('memory/fault_resident_4k', 3)['verdict'] == 'pass'" \
		"r('memory/fault_write_4k_memfd', 3)['verdict'] == 'pass'"
	check "a page costs more than its mapping" holds here.json \
		"r('memory/fault_write_2m_thp', 3)['verdict'] == 'skip' or
		 r('memory/fault_write_2m_thp', 3)['median'] >
		 r('memory/fault_resident_2m', 3)['median']"

	vmgauge bench memory/fault_write_4k memory/fault_write_2m_thp --ring 3 \
		--memory 16 --budget 1 -o small.json
	check "memory that is not allowed is a skip with the figure" holds \
		small.json "all(x['verdict'] == 'skip' and
			'needs 32 MiB' in x['reason'] and
			'--memory' in x['reason'] for x in d['results'])"

	# Fragmented memory gives no huge page, and neither does this: what KVM
	# then maps is not what the row claims.
	capture "$python" -c '
import ctypes, os, sys
PR_SET_THP_DISABLE = 41
if ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0):
    sys.exit("prctl")
os.execvp(sys.argv[1], sys.argv[1:])' "$VMGAUGE" bench \
		memory/fault_write_2m_thp --ring 3 --instances 2 --budget 2 \
		-o fragmented.json
	check "a huge page that is none is no number of huge pages" holds \
		fragmented.json "(lambda x: x['verdict'] == 'skip' or
			not x['attest']['attested'] and
			'0 of 2 MiB' in x['attest']['reason'])(
			r('memory/fault_write_2m_thp', 3))"

	# What is locked is bounded for users: nothing here may need any.
	capture prlimit --memlock=0:0 "$VMGAUGE" bench memory/fault_write_4k \
		memory/uffd_missing_4k --ring 3 --instances 1 --budget 1 \
		-o locked.json
	check "no memory has to be locked" holds locked.json \
		"r('memory/fault_write_4k', 3)['verdict'] == 'pass'" \
		"r('memory/uffd_missing_4k', 3)['verdict'] in ('pass', 'skip')"
}

# A process has the same faults, and the host counts them there.
vmgauge bench "${rows[@]}" --target native --instances 1 --budget 2 \
	--deadline 60000 -o native.json
check "all rows run in a process" exited 0
check "and end in a verdict there too" said_why native.json
check "faults are counted, and are no contamination of a fault" holds \
	native.json "(lambda c: c['faults'] > 100 and
		      c['contaminated'] < c['blocks'])(
		      r('memory/fault_write_4k', 3)['contamination'])"

# Without the right to see the kernel's faults, and without the device.
forbidden=("${namespace[@]}" sh -c '
	[ ! -e /dev/userfaultfd ] || mount --bind /dev/null /dev/userfaultfd &&
	exec setpriv --bounding-set=-sys_ptrace "$@"' sh)
if [ "$(cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null)" != 0 ]; then
	skip "userfaultfd forbidden" "everybody may use userfaultfd here"
elif ! "${forbidden[@]}" true 2>/dev/null; then
	skip "userfaultfd forbidden" "no namespace, or no setpriv"
else
	capture "${forbidden[@]}" "$VMGAUGE" bench 'memory/uffd_*' --budget 1 \
		--target native -o forbidden.json
	check "userfaultfd forbidden is a skip with the mend" holds \
		forbidden.json "len(d['results']) == 4" \
		"all(x['verdict'] == 'skip' and
		     'vm.unprivileged_userfaultfd=1' in x['reason']
		     for x in d['results'])"
fi

# on_svm SCRIPT: with the program at /tmp/vmgauge, what it leaves in svm/.
on_svm()
{
	capture env VMGAUGE=/bin/bash "$root/ci/host" svm \
		--file "$VMGAUGE:/tmp/vmgauge" --out svm -- -c "
pool=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
$1"
}

export VMGAUGE
"$root/ci/host" svm --check >check.txt 2>&1 || {
	skip "faults on SVM + NPT" "$(head -n 1 check.txt)"
	finish
	exit
}
# shellcheck disable=SC2016 # the host's variables
on_svm 'echo 64 >$pool
/tmp/vmgauge bench '"${rows[*]@Q}"' --instances 1 --budget 8 --deadline 20000 \
	-o all.json
code=$?
while :; do echo 0 >$pool; echo 64 >$pool; done &
shrinks=$!
/tmp/vmgauge bench "memory/fault_*_2m_hugetlb*" --instances 3 --budget 4 --deadline 20000 \
	-o pool.json
echo "pool: $?"
kill $shrinks
exit $code'
if ! host_lost "faults on SVM + NPT"; then
	check "all rows run on SVM + NPT" exited 0
	check "each in a verdict there" said_why svm/all.json
	check "at both rings each exit and each page is accounted for" \
		attested svm/all.json 0,3
	check "only what that kernel has not is skipped" skipped_but_for \
		svm/all.json guest_memfd KVM_PRE_FAULT_MEMORY 1048576kB emulated
	check "hugetlb pages of 2 MiB are measured" holds svm/all.json \
		"r('memory/fault_write_2m_hugetlb', 3)['verdict'] == 'pass'" \
		"r('memory/fault_resident_2m_hugetlb', 3)['verdict'] == 'pass'"
	check "a pool that shrinks meanwhile ends nothing but an item" \
		grep -qE '^pool: (0|1|77)$' "$out"
	check "whose reason names the pool or the memory" holds svm/pool.json \
		"all(x['verdict'] == 'pass' or 'hugetlb' in x['reason'] or
		     'memory went away' in x['reason'] for x in d['results'])"
fi
finish
