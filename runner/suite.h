/*
 * What a bench or probe file includes, and all that it needs to include.
 *
 * Each file in microbench/ and conformance/ is compiled twice: hosted, where
 * the runner gets names, rules and host halves, and freestanding, where the
 * guest image gets code. <side.h> is the difference: it comes from runner/
 * or from guests/, and defines GUEST(fn), HOST(fn), __guest and __host.
 *
 * An item's name is its place and its own name: BENCH(cpuid) anywhere in
 * microbench/exit/ is "exit/cpuid"; PROBE(x) in conformance/fidelity/msr.c is
 * "fidelity/msr/x". The two halves meet by that name only.
 */
#ifndef VMGAUGE_SUITE_H
#define VMGAUGE_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "arena.h"
#include "load.h"

/*
 * What one operation costs in exits, for attestation. `kernel` exits are
 * handled inside KVM, `user` exits return from KVM_RUN. A range is for what
 * depends on the kernel's policy rather than on the manual. Peers may add up
 * to `peer` exits each to an operation, and every vCPU `beside` to a batch,
 * for going to sleep or waking at its ends.
 */
struct exits {
	uint16_t kernel;
	uint16_t kernel_max;
	uint16_t user;
	bool declared;
	uint8_t peer, beside;
};

#define EXITS(k, u)		{ (k), (k), (u), true, 0, 0 }
#define EXITS_RANGE(k, max, u)	{ (k), (max), (u), true, 0, 0 }
#define EXITS_PEERS(k, max, peer, beside)				\
				{ (k), (max), 0, true, (peer), (beside) }

enum { RING0 = 1 << 0, RING3 = 1 << 3 };

/* What the VMM must set up for an item; all of it costs, so on demand. */
enum need {
	NEED_IRQCHIP	= 1 << 0,	/* in-kernel PIC, IOAPIC, LAPIC */
	NEED_MSR_USER	= 1 << 1,	/* ABI_MSR_USER exits to user space */
	NEED_COALESCED	= 1 << 2,	/* coalesced PIO and MMIO zones */
	NEED_IOEVENTFD	= 1 << 3,	/* the four eventfd doorbells */
	NEED_FEP	= 1 << 4,	/* force_emulation_prefix is on */
	NEED_PMU	= 1 << 5,
	NEED_MACHINE	= 1 << 6,	/* tables, ports or EFER of its own */
	NEED_PROCESS	= 1 << 7,	/* a process and the kernel below it */
	NEED_SCRATCH	= 1 << 9,	/* RAM at ABI_SCRATCH_GPA */
	NEED_CONTAINER	= 1 << 8,	/* something that a process is kept in */
	NEED_DEVICE	= 1 << 11,	/* ABI_PORT_USER, ABI_MMIO_GPA: the VMM's */
	NEED_VMM	= 1 << 10,	/* a doing of the built-in VMM */
	/* A virtio device: `prepare`'s, or one of QEMU's. */
	NEED_DISK	= 1 << 12,
	NEED_NETWORK	= 1 << 13,	/* each frame comes back */
	NEED_CONSOLE	= 1 << 14,	/* likewise each byte */
	NEED_ENTROPY	= 1 << 15,
	NEED_VIRTIO	= NEED_DISK | NEED_NETWORK | NEED_CONSOLE |
			  NEED_ENTROPY,
	NEED_DIRTY_RING	= 1 << 16,	/* each vCPU logs into a ring */
	NEED_IRQCHIP_SPLIT = 1 << 17,	/* LAPICs in the kernel, no more */
	NEED_PIT	= 1 << 18,	/* in-kernel PIT; with NEED_IRQCHIP */
	NEED_PREEMPTION	= 1 << 19,	/* a vCPU spins until another has run, or it is stopped */
};

/* What a process target times around a run, instead of something in it. */
enum lifecycle {
	LIFECYCLE_NONE = 0,
	LIFECYCLE_START,	/* until the payload's first instruction */
	LIFECYCLE_TEARDOWN,	/* from its last one until all is cleaned up */
};

/* Which vCPUs run `op`; the others run `peer` meanwhile. */
enum roles {
	ROLES_ALL = 0,
	ROLES_FIRST,		/* the first, and all others are its peers */
	ROLES_PAIRS,		/* each even one, and the next is its peer */
};

struct vm;			/* runner/kvm/vm.h; host halves only */
struct item_host;		/* runner/item_host.h; host halves only */
struct target_context;		/* runner/target/target.h; the same */

struct bench {
	const char *prefix;		/* filled by BENCH */
	const char *name;		/* filled by BENCH */
	const char *summary;		/* one line */
	const char *reading;		/* how to read it; may be NULL */
	const char *cite;		/* manual, section title */
	const char *vmexit_name;	/* row of kvm-unit-tests' vmexit */
	const char *per;		/* NULL: "operation" */
	unsigned int per_op;		/* units in an operation, 0 = 1 */
	unsigned int max_ops;		/* of a vCPU in a block; 0: time's limit */
	unsigned int max_instances;	/* where one takes seconds; 0 = as asked */
	unsigned int max_blocks;	/* of host_block, likewise */
	/*
	 * NULL: cycles. Else each host_block, of max_ops 1, leaves h->value in
	 * this unit in place of the time that it took; less is better.
	 */
	const char *unit;
	unsigned int rings;		/* RING0 | RING3; 0 = RING0 */
	unsigned int needs;		/* enum need */
	bool hostile;			/* as a probe's */
	bool control;			/* measures the harness itself */
	bool decompose;			/* split the userspace round trip */
	/*
	 * It chases the arena: all that is used of it is mapped before the
	 * first block, which is attested, and both page sizes are its params.
	 */
	bool walk;
	struct exits exits;		/* default ... */
	struct exits exits_vmx;		/* ... unless declared for VMX+EPT */
	struct exits exits_svm;		/* ... or for SVM+NPT */
	struct exits exits_ring3;	/* ... or for CPL3 on any backend */
	struct maps maps;
	struct maps maps_shadow;	/* unless declared: as `maps` */
	struct arena arena;
	struct load load;		/* of a bench of a virtio device */
	bool sleeps;			/* context switches are part of it */
	/*
	 * How many vCPUs: `scales` makes a row for each count that --vcpus asks
	 * for, of at least `vcpus`; else it is `vcpus`, 0 = 1. The time of a
	 * batch is from the first begin of `op` to the last end.
	 */
	unsigned int vcpus;
	bool scales;
	enum roles roles;
	bool peers_apart;		/* exits of peers are not counted */
	bool sipi;			/* its vCPUs wait for INIT and SIPI */
	/* Its vCPUs wait for each other: ret[] has what spin.h counted. */
	bool stalls;
	bool vms;			/* the counts are of its host half's VMs */

	/* guest half */
	const char *(*skip)(void);	/* reason, or NULL: at CPL0 */
	void (*setup)(void);		/* at CPL0, before measuring */
	void (*setup_each)(void);	/* then on every vCPU, at CPL0 */
	void (*rewind)(void);		/* before each batch, at that CPL */
	void (*op)(void);		/* the operation, at the asked CPL */
	/* Of the others, at that CPL, until smp_over(); NULL: they wait. */
	void (*peer)(void);
	void (*peers_wake)(void);	/* by the initiator, when it is over */
	void (*teardown)(void);		/* at CPL0 */

	/* host half */
	int (*host_block)(struct item_host *h, uint64_t ops);
	/* Before each batch of `op`, outside of what is timed or counted. */
	int (*host_rewind)(struct item_host *h);
	/* After each timed block, likewise: not 0 when it left things wrong. */
	int (*host_verify)(struct item_host *h);
	/*
	 * In a plain process, in place of `op` and of all the above: the same
	 * by the host alone. What the setup leaves ends with the process.
	 */
	int (*process_setup)(struct item_host *h);
	int (*process_block)(struct item_host *h, uint64_t ops);
	/* The guest runs `rewind` at CPL0 before each host_block of max_ops. */
	bool paced;
	/* NULL, or why this host cannot do it: ctx->why has room for it. */
	const char *(*unavailable)(struct target_context *ctx);
	/*
	 * Around an instance of the built-in VMM: before the guest's first
	 * instruction, and (also when that failed) before the VM's end. A
	 * verdict that the former leaves is the item's, and nothing is run.
	 * In a process the former alone: what it sets up ends with that.
	 */
	int (*host_setup)(struct item_host *h);
	void (*host_teardown)(struct item_host *h);
	enum lifecycle lifecycle;	/* timed by the target itself */
};

/* What the runner watches beside a probe of the built-in VMM (oracle/). */
enum watch {
	WATCH_HOST	= 1 << 0,	/* the host's registers, files, log */
	WATCH_SIBLING	= 1 << 1,	/* a second VM's secrets and heartbeat */
	WATCH_NEIGHBOUR	= 1 << 2,	/* ... and how late that comes */
	WATCH_OUTSIDE	= WATCH_HOST | WATCH_SIBLING,
};

struct probe {
	const char *prefix;		/* filled by PROBE */
	const char *name;		/* filled by PROBE */
	const char *rule;		/* the sentence that is checked */
	const char *cite;		/* manual, section title */
	const char *control;		/* how it has been seen to fail */
	unsigned int rings;		/* CPLs at which `run` runs; 0 = RING0 */
	unsigned int needs;
	/*
	 * A host with a known hole may not survive it: it runs only with
	 * --hostile, and only in the confinement (target/confine.h).
	 */
	bool hostile;
	unsigned int wait_ms;		/* beyond the deadline: it waits itself */
	unsigned int watch;		/* enum watch */
	/*
	 * Not 0: the guest rings READY and never ends. It is kicked so many
	 * times, and each must take it off its CPU within oracle.h's bound.
	 */
	unsigned int kills;
	/*
	 * 0 = 1. `run` runs on the first, the others are at the gate (smp.h),
	 * or, with `sipi`, wait for what the probe itself sends them.
	 */
	unsigned int vcpus;
	bool sipi;

	const char *(*skip)(void);	/* guest: reason, or NULL */
	void (*run)(void);		/* guest half */
	void (*prepare)(struct item_host *h);	/* host, before the entry */
	void (*judge)(struct item_host *h);	/* host, after the guest */
	void (*finish)(struct item_host *h);	/* host, however it ended */
	/* Host code in place of `run`: in the process or container itself. */
	void (*process)(struct item_host *h);
};

/*
 * Pointers go into the section, not structs: the linker may pad structs
 * apart, pointers it may not.
 */
#define REGISTER(set, obj)						\
	static const void *const obj##_entry				\
	__attribute__((used, section(#set))) = &obj

#define BENCH(id, ...)							\
	static const struct bench bench_##id = {			\
		.prefix = ITEM_PREFIX, .name = #id, __VA_ARGS__		\
	};								\
	REGISTER(benches, bench_##id)

#define PROBE(id, ...)							\
	__guest void probe_##id##_run(void);				\
	static const struct probe probe_##id = {			\
		.prefix = ITEM_PREFIX, .name = #id,			\
		.run = GUEST(probe_##id##_run), __VA_ARGS__		\
	};								\
	REGISTER(probes, probe_##id);					\
	__guest void probe_##id##_run(void)

/* The same for what the host's code does in a process or container. */
#define PROBE_PROCESS(id, ...)						\
	__host void probe_##id##_process(struct item_host *h);		\
	static const struct probe probe_##id = {			\
		.prefix = ITEM_PREFIX, .name = #id, .rings = RING3,	\
		.needs = NEED_PROCESS | NEED_CONTAINER,			\
		.process = HOST(probe_##id##_process), __VA_ARGS__	\
	};								\
	REGISTER(probes, probe_##id);					\
	__host void probe_##id##_process(struct item_host *h)

#include <side.h>

#endif
