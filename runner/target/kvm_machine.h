/*
 * One VM of the built-in VMM with the image in it; inside target/ only.
 */
#ifndef VMGAUGE_TARGET_KVM_MACHINE_H
#define VMGAUGE_TARGET_KVM_MACHINE_H

#include "item_host.h"
#include "kvm/vm.h"
#include "target/smp.h"
#include "target/target.h"
#include "target/worker.h"

/* What lives as long as the target is open. */
struct kvm_state {
	struct kvm_system sys;
	struct worker worker;
	bool fep;			/* force_emulation_prefix is on */
	bool stuck;			/* a vCPU will not leave the worker */

	/* The worker's own: placed before its first vCPU runs. */
	bool placed;
	int place_rc;
	struct error place_error;

	/* The worker's own: opened when a block is first timed. */
	struct counters counters;
	bool counting, counters_tried;
};

struct machine {
	struct kvm_state *state;
	struct target_context *ctx;
	const struct run_request *request;
	struct observation *seen;
	struct vm vm;
	struct smp smp;			/* its vCPUs but the first */
	struct abi_mailbox *mailbox;	/* in guest memory */
	struct item_host host;
	double tsc_khz;
	/* As asked: the mailbox's copy is the guest's to change. */
	uint64_t asked_cycles;
	uint32_t asked_blocks, asked_empty;
	uint32_t host_steps;		/* of a paced bench, so far */

	/* the first vCPU's thread's own */
	struct vcpu_counts counts_begin;	/* of all vCPUs */
	bool counts_known;		/* counts_begin could be read */
	struct vcpu_counts pages_begin;	/* the VM's */
	bool pages_known;
	uint64_t user_exits_begin;
	struct counter_values values_begin;
	bool values_known;
	struct vcpu_stamp stamp[ABI_STAMPS_MAX + 8];
	bool tracing_on;
	enum vcpu_end end;

	/* Of a guest that does not end; kill.c's. */
	struct {
		void (*run)(void *machine);
		atomic_bool ready;
		bool over;		/* it was kicked as often as wanted */
		double left_ms;		/* when its thread was out, last */
	} kill;
};

/* The reasons in vcpu_stop(). */
enum { STOP_DONE = 1, STOP_PANIC, STOP_MEMORY, STOP_STAMPS };

/*
 * A target's create, run and destroy: kvm_machine.c makes a struct machine and
 * ends it, kvm_run.c runs its first vCPU.
 */
int machine_create(struct target_context *ctx, const struct run_request *r,
		   void **vm, struct error *e);
int machine_run(void *vm, const struct run_request *r,
		struct observation *seen, struct error *e);
void machine_destroy(void *vm);

/* bell.c: claims the doorbell port. */
int bell_claim(struct machine *m, struct error *e);

/* trips.c: joins guest, user and kernel stamps into seen->trip. */
void trips_join(struct machine *m);

/* bell.c: what the host reads at both ends of a block. */
void block_begin(struct machine *m);
void block_end(struct machine *m, struct block_seen *to);

#endif
