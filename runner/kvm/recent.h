/*
 * KVM's interface as of Linux 6.18, where <linux/kvm.h> may be older than the
 * kernel that runs: numbers and layouts from include/uapi/linux/kvm.h and
 * Documentation/virt/kvm/api.rst there, under names of their own, so that a
 * newer header does not clash.
 */
#ifndef VMGAUGE_KVM_RECENT_H
#define VMGAUGE_KVM_RECENT_H

#include <linux/kvm.h>
#include <stdint.h>

enum {
	RECENT_CAP_PRE_FAULT_MEMORY	= 236,	/* Linux 6.11 */
	RECENT_CAP_GUEST_MEMFD_FLAGS	= 244,	/* 6.18: a mask of flags */
	RECENT_EXIT_MEMORY_FAULT	= 39,	/* 6.8 */
};

/* Of KVM_CREATE_GUEST_MEMFD; both are needed for memory that a VMM touches. */
#define RECENT_GUEST_MEMFD_MMAP		(1ull << 0)
#define RECENT_GUEST_MEMFD_INIT_SHARED	(1ull << 1)

struct recent_guest_memfd {
	uint64_t bytes;
	uint64_t flags;
	uint64_t reserved[6];
};

#define RECENT_CREATE_GUEST_MEMFD \
	_IOWR(KVMIO, 0xd4, struct recent_guest_memfd)

/* A slot's flag: guest_memfd and guest_memfd_offset hold. */
#define RECENT_MEM_GUEST_MEMFD		(1u << 2)

struct recent_memory_region {
	uint32_t slot;
	uint32_t flags;
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd;
	uint32_t pad1;
	uint64_t pad2[14];
};

#define RECENT_SET_USER_MEMORY_REGION2 \
	_IOW(KVMIO, 0x49, struct recent_memory_region)

/* Of a vCPU; what was done is taken off gpa and bytes. */
struct recent_pre_fault {
	uint64_t gpa;
	uint64_t bytes;
	uint64_t flags;
	uint64_t reserved[5];
};

#define RECENT_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct recent_pre_fault)

#endif
