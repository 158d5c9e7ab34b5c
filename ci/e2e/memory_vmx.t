#!/bin/bash
# Memory on VMX + EPT, in Bochs: one of what `make check-slow` looks at.
. "$(dirname "$0")/memory_on.sh"

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
finish
