/*
 * /dev/kvm itself: opened once, asked once.
 *
 * What the kernel answers the same way every time (capabilities, supported
 * CPUID, the layout of its statistics) is kept here and shared by all VMs.
 */
#ifndef VMGAUGE_KVM_SYSTEM_H
#define VMGAUGE_KVM_SYSTEM_H

#include <linux/kvm.h>
#include <stdbool.h>

#include "error.h"
#include "kvm/stats.h"

struct kvm_system {
	int fd;				/* -1 when not open */
	int run_bytes;			/* size of the kvm_run mapping */
	struct kvm_cpuid2 *cpuid;	/* supported CPUID; owned */
	struct stats_layout vcpu_stats;	/* empty until the first vCPU */
	struct stats_layout vm_stats;	/* until the first that counts pages */
	bool readonly_mem;
	bool msr_filter;
	bool coalesced_pio;
	bool guest_memfd;	/* that user space may map and touch */
	bool pre_fault;
	bool tsc_deadline;	/* of an in-kernel APIC */
	int coalesced_page;	/* of the ring in the kvm_run mapping; 0: none */
	bool binary_stats;
	unsigned int vcpus_max;	/* in a VM */
};

/*
 * Opens `path` (NULL: /dev/kvm). -ENOENT, -EACCES and a foreign API version
 * are explained with their mend. system_close() is safe after a failure.
 */
int system_open(struct kvm_system *sys, const char *path, struct error *e);
void system_close(struct kvm_system *sys);

/* The signal that kicks a vCPU; its handler does nothing but interrupt. */
int system_kick_signal(void);

#endif
