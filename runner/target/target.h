/*
 * A target is something that can run the guest image (or pretend to).
 *
 * One struct, one file. The session asks unavailable() once; then for every
 * run of an item: create, run, destroy. run() returns 0 whatever the guest
 * thought: that travels in the mailbox, and how the run ended, with all that
 * the host saw meanwhile, in the observation. -errno means that the target
 * itself could not do its work.
 */
#ifndef VMGAUGE_TARGET_TARGET_H
#define VMGAUGE_TARGET_TARGET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "error.h"
#include "host/backend.h"
#include "host/change.h"
#include "host/counters.h"
#include "host/topology.h"
#include "host/tracing.h"
#include "item_host.h"
#include "suite.h"

/* An item and how it is to be run this time. */
struct run_request {
	const struct bench *bench;	/* one of the two is NULL */
	const struct probe *probe;
	const char *item;		/* full name */
	unsigned int ring;
	unsigned int vcpus;		/* 0 = 1 */
	unsigned int vms;		/* that the item itself makes */
	unsigned int blocks;
	unsigned int empty_blocks;
	unsigned int stamps;		/* decomposition, 0 = none */
	uint64_t block_ns;		/* aimed length of a block */
	uint64_t limit_ns;		/* of all its blocks, 0 = none */
	uint64_t seed;
	unsigned int deadline_ms;
	bool trace;			/* stamp the kernel's part too */
};

static inline bool request_hostile(const struct run_request *r)
{
	return r->bench ? r->bench->hostile : r->probe && r->probe->hostile;
}

enum run_end {
	RUN_DONE,		/* the guest said that it was done */
	RUN_HANG,		/* the deadline passed */
	RUN_CRASH,		/* the guest panicked or the vCPU died */
};

/* What the host saw of one timed block, from doorbell to doorbell. */
struct block_seen {
	double exits;		/* VM-exits by KVM's count; NaN: unknown */
	double irq_exits;	/* of those, for the host's interrupts */
	double user_exits;	/* returns of KVM_RUN; NaN: unknown */
	double emulated;	/* instructions that KVM emulated */
	double pages[PAGE_SIZES];	/* that KVM mapped, by size */
	struct counter_delta counters;
};

/* A block of which nothing is known. */
struct block_seen block_seen_none(void);

/* One stamped round trip, all in host TSC cycles; NaN where unknown. */
struct trip {
	double guest_begin;	/* guest stamps, moved to the host's base */
	double kernel_exit;	/* tracepoint kvm_exit */
	double user_begin;	/* KVM_RUN returned */
	double user_end;	/* KVM_RUN called */
	double kernel_entry;	/* tracepoint kvm_entry */
	double guest_end;
};

struct observation {
	enum run_end end;
	struct abi_mailbox mailbox;	/* as it was at the end */
	struct block_seen block[ABI_BLOCKS_MAX];
	struct block_seen empty[ABI_BLOCKS_MAX];
	struct trip trip[ABI_STAMPS_MAX];
	unsigned int trips;
	char trips_note[200];	/* why there are none, or no kernel stamps */
	bool trips_traced;	/* kernel_exit and kernel_entry are known */
	double tsc_khz;		/* of the guest's TSC; NaN: unknown */
	double mapped[PAGE_SIZES];	/* by KVM before the first block; NaN */
	struct price price;	/* of a bench with a load */
	double elapsed_ms;
	json_t *postmortem;	/* owned; NULL when the guest came back */
	json_t *evidence;	/* owned: the oracle's; or NULL */
	char end_reason[200];	/* one line for a hang or a crash */
};

/* What targets share for the length of a session; see session.c. */
struct target_context {
	const char *options;		/* after the colon of --target, or "" */
	const struct topology *topology;
	unsigned int pu;		/* where the vCPU runs */
	const unsigned int *pus;	/* where vCPUs run, in turn; the first */
	unsigned int pu_count;		/* ... is `pu` */
	unsigned int vcpus_max;		/* that KVM takes in a VM; 0: unknown */
	uint64_t memory_bytes;		/* the most that guests may take */
	char why[200];			/* room for an unsupported() */
	int kvm_fd;			/* of an open target kvm, else 0 */
	bool quick;			/* every row counts its seconds */
	struct confine *confine;	/* NULL: hostile items cannot run */
	bool confine_all;		/* ... and all others run in it, too */
	uint64_t spin_cycles;		/* --inject spin_ns; 0: none */
	struct defects *defects;	/* --inject NAME; NULL: none */
	unsigned int hide;		/* of the built-in VMM: kvm/hide.h */
	unsigned int deadline_ms;	/* of every run */
	bool allow_host_changes;
	struct changes *changes;	/* NULL: nothing may be changed, ... */
	const char *changes_note;	/* ... though allowed, for this reason */
	bool pin;
	const struct backend_info *backend;
	struct tracing *tracing;	/* NULL: no kernel stamps */
	const char *tracing_note;	/* why tracing is NULL */
	bool tracing_fine;		/* kvm_exit does not fire here */
	void *state;			/* the target's own, open to close */
	const char *counters_source;	/* NULL until something was counted */
	const char *counters_note;
	/* For tests: spoils the machine after prepare(), before the entry. */
	void (*tamper)(struct item_host *h, void *opaque);
	void *tamper_opaque;
};

struct target {
	const char *name;
	const char *summary;		/* one sentence */
	const char *const *variants;	/* options to list, to NULL; or NULL */
	bool no_exits;			/* a process: nothing to attest */
	/* Opens the state; -errno with the reason is why it is unavailable. */
	int (*open)(struct target_context *ctx, struct error *e);
	void (*close)(struct target_context *ctx);
	/*
	 * Changes what is said of the host into what the target stands on;
	 * called while the target is open. NULL: it is the host's KVM.
	 */
	void (*backend)(const struct target_context *ctx,
			struct backend_info *info);
	/* NULL, or why this item cannot run here: the text of the skip. */
	const char *(*unsupported)(struct target_context *ctx,
				   const struct run_request *r);
	/*
	 * The next create() but one, or a later one, will be of this request:
	 * a chance to begin with it. NULL: not wanted.
	 */
	void (*announce)(struct target_context *ctx,
			 const struct run_request *r);
	int (*create)(struct target_context *ctx, const struct run_request *r,
		      void **vm, struct error *e);
	int (*run)(void *vm, const struct run_request *r,
		   struct observation *seen, struct error *e);
	void (*destroy)(void *vm);
};

extern const struct target target_kvm, target_native, target_container, target_null;

extern const struct target target_qemu, target_bochs, target_xen;

/* All of them, in the order in which they are listed; NULL-terminated. */
extern const struct target *const targets[];

/* "NAME" or "NAME:options"; NULL when there is none of that name. */
const struct target *target_find(const char *spec, const char **options);

/*
 * What a result is filed under: with its options where they make a different
 * target of it (those that have variants), "container:runc".
 */
#define TARGET_LABEL_MAX	80
const char *target_label(const struct target *t, const char *options,
			 char to[TARGET_LABEL_MAX]);

/*
 * create, run, destroy. `seen` is the caller's and is overwritten; free its
 * post-mortem with observation_clear().
 */
int target_run_once(const struct target *t, struct target_context *ctx,
		    const struct run_request *r, struct observation *seen,
		    struct error *e);
void observation_clear(struct observation *seen);

/*
 * For an item that changes the host: NULL when it may, else the skip's text,
 * which says what it would set.
 */
const char *target_no_changes(struct target_context *ctx, const char *what);

/* Fills the asked half of a zeroed mailbox. */
void mailbox_ask(struct abi_mailbox *mb, const struct run_request *r,
		 double tsc_khz);

#endif
