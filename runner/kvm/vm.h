/*
 * The built-in VMM: one virtual machine, its memory, its vCPUs.
 *
 * It is as small as a measuring instrument can be: what a bench does not
 * need is not created. All functions return 0 (or a descriptor) or -errno
 * and explain themselves through `struct error`. Nothing here is safe to
 * call from two threads on one VM, except vcpu_kick(), and vcpu_run() on
 * different vCPUs: range callbacks may then run on all their threads.
 */
#ifndef VMGAUGE_KVM_VM_H
#define VMGAUGE_KVM_VM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "defect/defect.h"
#include "error.h"
#include "kvm/stats.h"
#include "kvm/system.h"

#define VM_SLOTS_MAX	16
#define VM_RANGES_MAX	16
#define VM_EVENTFDS	4

struct vm;
struct vcpu;

/*
 * One memslot. Around the mapping lie a canary page on each side and then an
 * inaccessible one, so that a stray write of ours or the kernel's is seen.
 */
struct slot {
	uint64_t gpa;
	size_t bytes;		/* 0: the slot is free */
	uint8_t *hva;
	uint8_t *map;		/* the whole mapping, guards included */
	size_t map_bytes;
	uint32_t flags;		/* KVM_MEM_* */
	int guest_memfd;	/* -1: of no such file */
};

/*
 * Called for an access inside a claimed range, on the vCPU's own thread.
 * `data` is read for a write and filled for a read; `offset` is from the
 * range's start. Must not block.
 */
typedef void range_fn(struct vcpu *vcpu, void *opaque, uint64_t offset,
		      void *data, unsigned int bytes, bool write);

struct range {
	uint64_t start;
	uint64_t bytes;
	range_fn *fn;
	void *opaque;
};

/* A set of claimed addresses. Lookup is linear: ranges are few. */
struct range_set {
	struct range range[VM_RANGES_MAX];
	unsigned int count;
};

/* What the guest touched that nobody had claimed; reads gave all ones. */
struct unclaimed {
	uint64_t pio_reads, pio_writes;
	uint64_t mmio_reads, mmio_writes;
	uint64_t last_gpa;	/* of the last MMIO access */
	uint64_t last_data;	/* written by the last MMIO write */
	uint32_t last_bytes;
	uint16_t last_port;
};

struct vm_config {
	uint64_t ram_bytes;	/* at GPA 0; multiple of 4 KiB (2 MiB hugetlb) */
	enum backing backing;
	unsigned int vcpus;
	bool irqchip;		/* in-kernel PIC, IOAPIC and LAPICs ... */
	bool irqchip_split;	/* ... or LAPICs only */
	bool pit;		/* beside an in-kernel PIC */
	bool msr_user;		/* ABI_MSR_USER exits to user space */
	bool coalesced;		/* ABI_PORT_COALESCED, ABI_MMIO_COALESCED */
	bool ioeventfd;		/* the four ABI eventfd doorbells */
	bool stats;		/* KVM's binary statistics of each vCPU */
	bool vm_stats;		/* ... and of the VM: pages mapped */
	uint32_t dirty_ring_bytes;	/* of each vCPU; 0: none (dirty.h) */
	uint64_t spin_cycles;	/* a mutant: wasted in each userspace exit */
	struct defects *defects;	/* planted in it; NULL: none */
	unsigned int hide;	/* enum hide (kvm/hide.h) */
};

enum vcpu_end {
	VCPU_RUNNING = 0,
	VCPU_STOPPED,		/* a range callback called vcpu_stop() */
	VCPU_KICKED,		/* vcpu_kick() */
	VCPU_DIED,		/* an exit that the VMM cannot serve */
};

struct vcpu {
	struct vm *vm;
	unsigned int index;
	int fd;
	int stats_fd;		/* -1 without binary statistics */
	struct kvm_run *run;
	uint64_t user_exits;	/* returns of KVM_RUN that were exits */
	uint64_t waits;		/* of those, to wait for other vCPUs */
	atomic_int stop;	/* set by vcpu_stop(), 0 = go on */
	atomic_int kicked;
	int run_errno;		/* of the KVM_RUN that ended it, or 0 */
	pthread_t thread;	/* valid while started */
	bool started;

	struct defect_vcpu *defect;	/* NULL: the VMM has no defects */

	/* Decomposition: host stamps of each exit, while non-NULL. */
	struct vcpu_stamp *stamps;
	unsigned int stamps_count;
	unsigned int stamps_max;

	/*
	 * Last, and as long as a line of the cache: wherever an array of them
	 * begins, no line has words of two vCPUs, each of which its own thread
	 * writes at every exit.
	 */
	uint8_t apart[64];
};

/* Host TSC at the return of KVM_RUN, and right before the next one. */
struct vcpu_stamp {
	uint64_t returned_tsc;
	uint64_t entered_tsc;
};

/* Part of something that ends before its VM does: the last one first. */
struct vm_attached {
	struct vm_attached *next;
	void (*destroy)(struct vm_attached *a);
};

struct vm {
	struct kvm_system *sys;
	int fd;
	int stats_fd;			/* -1 without binary statistics */
	struct vm_config config;
	struct slot slot[VM_SLOTS_MAX];
	struct vcpu *vcpu;		/* config.vcpus of them */
	unsigned int vcpus;
	struct range_set pio, mmio;
	struct unclaimed unclaimed;
	int eventfd[VM_EVENTFDS];	/* PIO any, PIO match, MMIO any, match */
	uint64_t msr_reads, msr_writes;	/* of ABI_MSR_USER */
	struct vm_attached *attached;	/* devices; NULL: none */
	void *opaque;			/* of whoever made the VM */
};

/* `vm` is the caller's memory; vm_destroy() is safe on a failed one. */
int vm_create(struct vm *vm, struct kvm_system *sys,
	      const struct vm_config *config, struct error *e);
void vm_destroy(struct vm *vm);

/* memory.c: add, change flags, remove. The slot number is returned. */
int vm_memory_add(struct vm *vm, uint64_t gpa, size_t bytes, uint32_t flags,
		  enum backing backing, struct error *e);
int vm_memory_remove(struct vm *vm, int slot, struct error *e);
/* Takes a slot away from KVM and gives it back: the pages stay. */
int vm_memory_remap(struct vm *vm, uint64_t gpa, struct error *e);
/* HVA of [gpa, gpa + bytes) inside one slot, or NULL. */
void *vm_memory_at(struct vm *vm, uint64_t gpa, size_t bytes);
/* False when a byte beside a slot changed; *hva is then its address. */
bool vm_canaries_intact(const struct vm *vm, const void **hva);

/* range.c: -EBUSY when overlapping, -ENOSPC when full. */
int range_claim(struct range_set *set, uint64_t start, uint64_t bytes,
		range_fn *fn, void *opaque, struct error *e);
const struct range *range_find(const struct range_set *set, uint64_t at,
			       unsigned int bytes);

/* vcpu.c */
int vcpu_create(struct vcpu *v, struct vm *vm, unsigned int index,
		struct error *e);
void vcpu_destroy(struct vcpu *v);
/*
 * Before a thread's first vcpu_run() for a VM: DS and ES are null, as in a new
 * process. kvm_pvm leaves a guest's there, where the next guest finds them.
 */
void vcpu_thread_begin(void);
/* Runs on the calling thread until something ends it. */
enum vcpu_end vcpu_run(struct vcpu *v);
/* From a range callback: vcpu_run() returns before the next entry. */
static inline void vcpu_stop(struct vcpu *v, int why)
{
	atomic_store_explicit(&v->stop, why, memory_order_relaxed);
}
/* From any thread: the vCPU's thread leaves KVM_RUN and vcpu_run(). */
void vcpu_kick(struct vcpu *v);

/* exit.c: serves the exit in v->run; false when it cannot. */
bool exit_dispatch(struct vcpu *v);

/* eventfd.c: coalesced zones and ioeventfds that the config asks for. */
int vm_doorbells_create(struct vm *vm, struct error *e);
void vm_doorbells_destroy(struct vm *vm);
/* Empties the coalesced ring, so that the next writes find room. */
void vm_coalesced_drain(struct vm *vm);

#endif
