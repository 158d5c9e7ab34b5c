#!/bin/bash
# Memory on SVM + NPT under a kernel that has what KVM learnt of late. (Under the
# kernel of Debian's release is where the other tests of memory look; on
# VMX + EPT: memory_vmx.t.)
. "$(dirname "$0")/memory_on.sh"

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
