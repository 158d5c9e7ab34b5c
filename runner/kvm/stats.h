/*
 * KVM's binary statistics: exact counts of what a vCPU did, by the kernel.
 *
 * The layout (names and offsets) is the same for every vCPU of a running
 * kernel, so it is parsed once. Reading one value is one pread(2).
 * Source: Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD (Linux 5.14).
 */
#ifndef VMGAUGE_KVM_STATS_H
#define VMGAUGE_KVM_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct stat_entry {
	char name[48];
	uint32_t offset;	/* from the start of the data block */
	uint16_t size;		/* values; 1 unless a histogram */
};

struct stats_layout {
	struct stat_entry *entry;	/* owned */
	unsigned int count;		/* 0: not parsed yet */
	uint32_t data_offset;
	uint32_t data_bytes;		/* of the whole block */
	/* Indexes into the block in uint64_t, -1 where the kernel has none. */
	int exits, irq_exits, insn_emulation, hypercalls;
	int pages[3];			/* pages_4k, _2m, _1g: a VM's */
};

/* What attestation needs, of a vCPU or of a VM; exits is cumulative since the vCPU was made. */
struct vcpu_counts {
	uint64_t exits;
	uint64_t irq_exits;		/* for the host's own interrupts */
	uint64_t insn_emulation;
	uint64_t hypercalls;
	uint64_t pages[3];
};

/* Parses the descriptors behind `fd`; refuses nonsense with -EPROTO. */
int stats_layout_read(struct stats_layout *layout, int fd, struct error *e);
void stats_layout_free(struct stats_layout *layout);

/* One pread(2). 0 or -errno. */
int stats_read(const struct stats_layout *layout, int fd,
	       struct vcpu_counts *counts);

#endif
