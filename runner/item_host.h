/*
 * What the host half of an item may use: `prepare` and `judge` of a probe,
 * `host_block` of a bench.
 *
 * prepare() runs before the guest's first instruction and may change the VM
 * (claim a range, add a slot); judge() runs after the guest has stopped. What
 * a host half finds is recorded like a check of the guest's, and the most
 * severe verdict of both halves wins. On targets that are not the built-in
 * VMM `vm` is NULL and host halves are not called: the item is skipped.
 */
#ifndef VMGAUGE_ITEM_HOST_H
#define VMGAUGE_ITEM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "error.h"
#include "host/topology.h"

struct bench;
struct target_context;
struct vm;
struct vcpu;

/*
 * What requests cost in CPU time: the vCPU's thread, and the device, which is
 * all of the process but that.
 */
struct price {
	double requests;		/* that this is the price of; 0: unknown */
	double device_ns, vcpu_ns;	/* of all of them; NaN: unknown */
};

struct item_host {
	struct vm *vm;
	struct vcpu *vcpu;		/* the one that runs the item */
	struct abi_mailbox *mailbox;	/* live: in guest memory */
	uint8_t *ram;			/* HVA of GPA 0 */
	uint64_t ram_bytes;
	uint8_t *arena;			/* HVA of the arena; NULL: none */
	uint64_t arena_bytes;
	int bystander_pu;	/* for a thread beside; -1: anywhere */
	/* For several of them, the first that PU; none: anywhere. */
	unsigned int workers, worker_pu[TOPOLOGY_WORKERS_MAX];
	void *opaque;			/* the item's own, prepare to judge */
	const struct bench *bench;	/* NULL: a probe */
	struct price price;		/* of the timed blocks so far */
	int64_t value;			/* by a block of a bench with a unit */
	const struct target_context *ctx;	/* of the built-in VMM; or NULL */
	unsigned int vms;		/* to be made by a bench of VMs */
	struct changes *changes;	/* host/change.h; NULL: none allowed */
	const struct outside *outside;	/* of a process in a container */
	struct oracle *oracle;		/* oracle/oracle.h; NULL: none */
};

/*
 * What the runner left lying about outside, for a probe of containment to
 * try and reach from inside. Names are NUL-terminated.
 */
struct outside {
	int32_t pid;			/* the runner's */
	int32_t shm_key;		/* of a System V segment */
	char file[128];			/* a path that anybody may read */
	char shared[128];		/* a directory of both ... */
	char shared_inside[128];	/* ... and what it is called inside */
	char socket[64];		/* abstract, listening; without its NUL */
	char hostname[65];
};

/*
 * Adds a check to the answer in the mailbox, as the guest's CHECK_* do. A
 * failed one makes the verdict fail.
 */
void host_check(struct item_host *h, const char *expr, uint64_t want,
		uint64_t got);
void host_verdict(struct item_host *h, enum abi_verdict verdict,
		  const char *reason);

/*
 * A device of ABI_DEVICE_BYTES at ABI_DEVICE_GPA, where reads give what was
 * written: an instruction on it must do what it does on memory.
 */
void host_memory_device(struct item_host *h);

/*
 * In a process: work(its mailbox) on this thread while another, on the
 * bystander's CPU, runs beside() to its end, for which work() has to provide.
 * 0 or -errno.
 */
int host_beside(struct item_host *h, void (*beside)(void),
		void (*work)(struct abi_mailbox *mb), struct error *e);

/* An error verdict when rc is negative; rc, or 0 for a count. */
int host_said(struct item_host *h, int rc, const struct error *e);

/*
 * A guest's text may hold anything: this is what of it prints, of at most
 * `max` bytes, in `to`, which is returned.
 */
const char *guest_words(const char *text, size_t max,
			char to[ABI_TEXT_MAX + 1]);

#endif
