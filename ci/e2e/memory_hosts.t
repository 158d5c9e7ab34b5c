#!/bin/bash
# Memory where it is virtualised by hardware: on VMX + EPT, and on SVM + NPT
# under a kernel that has what KVM learnt of late, each row is attested by
# KVM's own counts of exits and of pages. (SVM + NPT under the kernel of
# Debian's release is where the other tests of memory look.) Times mean
# nothing there.
. "$(dirname "$0")/lib.sh"

export VMGAUGE

# on HOST POOLS ROW...: what it measures, in there.json. An emulator that
# others keep from its CPU is slow, and nothing hangs.
on()
{
	local host=$1 pools=$2

	shift 2
	"$root/ci/host" "$host" --check >check.txt 2>&1 || {
		skip "memory on $host" "$(head -n 1 check.txt)"
		return 1
	}
	rm -f there.json
	capture "$root/ci/host" "$host" --append "$pools" -- bench "$@" \
		--allow-host-changes --instances 1 --budget 4 --ring 3,0 \
		--deadline 30000 -o there.json
	if [ "$code" -eq 99 ]; then
		skip "memory on $host" "the software host could not run"
		return 1
	fi
	check "$host: the rows run" exited 0
	check "$host: the document is valid" valid there.json
	check "$host: every row that is not skipped is attested" \
		holds there.json "not [(x['id'], x['verdict'], x['reason'] or
			x['attest']['reason']) for x in d['results']
			if x['verdict'] != 'skip' and not
			(x['verdict'] == 'pass' and x['attest']['attested'])]"
}

# measured ID...: at CPL3, or at CPL0 where the row knows no other.
measured()
{
	holds there.json "not [i for i in '$*'.split() if not
		[x for x in d['results'] if x['id'] == 'memory/' + i and
		 x['verdict'] == 'pass']]"
}

# KVM mapped pages of the host's sizes, whatever the guest's.
mapped()	# ID SIZE
{
	holds there.json "[x for x in d['results'] if x['id'] == 'memory/$1' and
		x['attest']['observed']['pages_$2'] == 1]"
}

if on vmx hugepages=40 memory/fault_write_4k memory/fault_resident_4k \
	'memory/fault_write_2m_*' memory/dirty_first_write \
	memory/dirty_ring_reset memory/swap_in memory/overcommit_200 \
	memory/ksm_break memory/walk_g2m_h2m_hugetlb memory/memslot_add_512 \
	memory/uffd_missing_4k memory/balloon_page; then
	check "vmx: faults, logs, swap, a limit and merged pages are measured" \
		measured fault_write_4k fault_write_2m_hugetlb \
		dirty_first_write dirty_ring_reset swap_in overcommit_200 \
		ksm_break uffd_missing_4k walk_g2m_h2m_hugetlb
	check "vmx: EPT maps the host's page of 4 KiB" \
		mapped fault_write_4k 4k
	check "vmx: and the host's of 2 MiB, for a guest's of 4 KiB" \
		mapped fault_write_2m_hugetlb_guest_4k 2m
fi
if on svm-next "" 'memory/*guest_memfd*' memory/pre_fault_4k \
	memory/populate_4k memory/fault_write_4k 'memory/overcommit_*' \
	memory/swap_in; then
	check "svm-next: a guest_memfd is measured, and faults before the guest" \
		measured fault_write_4k_guest_memfd pre_fault_4k \
		fault_write_4k_guest_memfd_guest_1g overcommit_150 swap_in
	check "svm-next: KVM_PRE_FAULT_MEMORY maps all 64 pages of a call" \
		holds there.json "[x for x in d['results']
			if x['id'] == 'memory/pre_fault_4k' and
			x['attest']['observed']['pages_4k'] == 64]"
fi
finish
