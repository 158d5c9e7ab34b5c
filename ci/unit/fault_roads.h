/*
 * The roads that a fault is put on: whole lives of the target, and a VM with
 * what no item asks for yet.
 */
#ifndef VMGAUGE_UNIT_FAULT_ROADS_H
#define VMGAUGE_UNIT_FAULT_ROADS_H

#include "fault_calls.h"

struct outcome {
	int rc;
	struct error e;
	struct observation seen;
};

struct road {
	const char *name;
	void (*go)(struct outcome *o);
	enum run_end end;		/* of the unharmed one */
	const int *errnos;
	bool vm_only;			/* no guest runs */
};

GUEST_CODE(code_spin, "1: jmp 1b");

/* What the hook itself calls is not the product's. */
static inline void tamper_unarmed(struct item_host *h, void *opaque)
{
	bool armed = fault.armed;

	fault.armed = false;
	patch_entry(h, opaque);
	fault.armed = armed;
}

/* A whole life of the target, from open to close. */
static inline void target_life(struct outcome *o, const struct bench *b,
			       const char *item, struct patch *p,
			       unsigned int ms)
{
	struct target_context ctx = {
		.options = "",
		.tamper = p ? tamper_unarmed : NULL,
		.tamper_opaque = p,
	};
	const struct run_request r = {
		.bench = b, .item = item, .blocks = 2, .empty_blocks = 1,
		.stamps = b->decompose ? 2 : 0,
		.block_ns = 20000, .deadline_ms = ms, .seed = 1,
	};
	const char *why;

	memset(o, 0, sizeof(*o));
	o->rc = target_kvm.open(&ctx, &o->e);
	if (o->rc)
		return;
	why = target_kvm.unsupported(&ctx, &r);
	if (why)
		o->rc = error_set(&o->e, -EOPNOTSUPP, "%s", why);
	else
		o->rc = target_run_once(&target_kvm, &ctx, &r, &o->seen,
					&o->e);
	target_kvm.close(&ctx);
}

static struct bench bench_plain, bench_all, bench_host;

static inline void go_plain(struct outcome *o)
{
	target_life(o, &bench_plain, "exit/pio_userspace", NULL, PATIENCE_MS);
}

static inline void go_all(struct outcome *o)
{
	target_life(o, &bench_all, "exit/empty", NULL, PATIENCE_MS);
}

static inline void go_host(struct outcome *o)
{
	target_life(o, &bench_host, "exit/kvm_run_empty", NULL, PATIENCE_MS);
}

static inline void go_hang(struct outcome *o)
{
	struct patch p = { .code = code_spin, .code_end = code_spin_end };

	target_life(o, &bench_plain, "exit/pio_userspace", &p, 30);
}

/* What no item asks for yet: two vCPUs, more slots, shared memory. */
static inline void go_memory(struct outcome *o)
{
	const struct vm_config config = {
		.ram_bytes = 1 << 20, .backing = BACKING_MEMFD, .vcpus = 2,
		.stats = true,
	};
	struct kvm_system sys;
	struct vm vm;
	int slot;

	memset(o, 0, sizeof(*o));
	o->rc = system_open(&sys, NULL, &o->e);
	if (o->rc)
		return;
	o->rc = vm_create(&vm, &sys, &config, &o->e);
	if (!o->rc) {
		slot = vm_memory_add(&vm, 1 << 24, 8192, KVM_MEM_READONLY,
				     BACKING_MEMFD, &o->e);
		o->rc = slot < 0 ? slot :
			vm_memory_remove(&vm, slot, &o->e);
		vm_destroy(&vm);
	}
	system_close(&sys);
}

#endif
