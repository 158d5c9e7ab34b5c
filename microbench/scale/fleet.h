/*
 * Many VMs of one vCPU, a thread for each: what one VM of as many vCPUs is
 * read beside. They share the host and nothing else.
 *
 * The bench's own thread runs the first of them, as the first vCPU of a VM
 * leads the others. A round runs a loop of so many operations in each; its
 * guest reads that number anew each time, so nothing is set between rounds.
 */
#ifndef VMGAUGE_SCALE_FLEET_H
#define VMGAUGE_SCALE_FLEET_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "host/topology.h"
#include "../lifecycle/small_vm.h"

#define FLEET_WORDS_GPA	0x30000ull	/* %rdi: struct fleet_words */
#define FLEET_SPINS	4000u		/* before a waiter gives its CPU away */

struct fleet_words {
	uint64_t ops;
	uint64_t touch_gpa;
};

struct fleet;

struct ship {
	struct fleet *fleet;
	struct vm vm;
	struct fleet_words *words;	/* in its memory */
	pthread_t thread;
	unsigned int pu;
	bool made, started;
	int rc;				/* of its last round */
};

struct fleet {
	struct item_host *h;
	struct ship *ship;		/* owned */
	unsigned int count;
	unsigned int spins;		/* of a waiter; 0: CPUs are scarce */
	_Atomic uint32_t round;
	_Atomic uint32_t left;		/* that are not through with it */
	atomic_bool over;
};

/* -errno, or -EPROTO for another exit than the one to SMALL_PORT. */
__host int ship_run(struct ship *s)
{
	struct vcpu *v = &s->vm.vcpu[0];

	while (ioctl(v->fd, KVM_RUN, 0)) {
		if ((errno != EINTR && errno != EAGAIN) ||
		    atomic_load(&s->fleet->h->vcpu->kicked))
			return -errno;
	}
	return v->run->exit_reason == KVM_EXIT_IO ? 0 : -EPROTO;
}

__host void fleet_wait(struct fleet *f, _Atomic uint32_t *word, uint32_t value,
		       bool equal)
{
	for (uint64_t turn = 0; (atomic_load(word) == value) == equal &&
	     !atomic_load(&f->over); turn++) {
		if (atomic_load_explicit(&f->h->vcpu->kicked,
					 memory_order_relaxed))
			return;
		if (turn < f->spins)
			__builtin_ia32_pause();
		else if (turn < 2 * (uint64_t)FLEET_SPINS)
			sched_yield();
		else
			usleep(50);
	}
}

__host void *ship_main(void *opaque)
{
	struct ship *s = opaque;
	struct fleet *f = s->fleet;
	uint32_t served = 0;

	if (f->h->ctx->pin)
		topology_pin(f->h->ctx->topology, s->pu, NULL);
	for (;;) {
		fleet_wait(f, &f->round, served, true);
		if (atomic_load(&f->over) ||
		    atomic_load(&f->h->vcpu->kicked))
			return NULL;
		served++;
		s->rc = ship_run(s);
		atomic_fetch_sub(&f->left, 1);
	}
}

__host void fleet_drop(struct item_host *h)
{
	struct fleet *f = h->opaque;

	if (!f)
		return;
	atomic_store(&f->over, true);
	for (unsigned int i = 0; i < f->count; i++) {
		struct ship *s = &f->ship[i];

		if (s->started)
			pthread_join(s->thread, NULL);
		if (s->made)
			vm_destroy(&s->vm);
	}
	free(f->ship);
	free(f);
	h->opaque = NULL;
}

__host int ship_make(struct ship *s, struct item_host *h, const void *code,
		     size_t code_bytes, uint64_t touched_bytes)
{
	const struct vm_config config = {
		.ram_bytes = touched_bytes ? TOUCH_GPA + touched_bytes :
			     SMALL_RAM_BYTES,
		.vcpus = 1,
	};
	const struct kvm_regs regs = {
		.rip = SMALL_CODE_GPA, .rdi = FLEET_WORDS_GPA,
		.rflags = 0x3002,
	};
	int rc = small_vm_make(h, &s->vm, &config, code, code_bytes);

	if (rc)
		return rc;
	s->made = true;
	s->words = vm_memory_at(&s->vm, FLEET_WORDS_GPA, sizeof(*s->words));
	s->words->touch_gpa = TOUCH_GPA;
	return small_vm_ring3(h, &s->vm.vcpu[0], &regs);
}

/* The first is run by the bench's own thread. */
__host int ship_start(struct ship *s, struct item_host *h)
{
	pthread_attr_t attr;
	struct error e;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128u << 10);
	rc = pthread_create(&s->thread, &attr, ship_main, s);
	pthread_attr_destroy(&attr);
	s->started = !rc;
	return rc ? host_said(h, error_set(&e, -rc, "a thread for each of %u VMs: "
					   "%s: raise the limit of processes "
					   "(ulimit -u, or the cgroup's pids.max)",
					   h->vms, strerror(rc)), &e) : 0;
}

__host int fleet_make(struct item_host *h, const void *code, size_t code_bytes,
		      uint64_t touched_bytes)
{
	struct fleet *f = calloc(1, sizeof(*f));
	int rc = 0;

	if (!f)
		return -ENOMEM;
	h->opaque = f;
	f->h = h;
	f->spins = h->vms <= h->ctx->pu_count ? FLEET_SPINS : 0;
	f->ship = calloc(h->vms, sizeof(*f->ship));
	if (!f->ship)
		return -ENOMEM;
	for (f->count = 0; f->count < h->vms && !rc; f->count++) {
		struct ship *s = &f->ship[f->count];

		s->fleet = f;
		s->pu = h->ctx->pus[f->count % h->ctx->pu_count];
		rc = ship_make(s, h, code, code_bytes, touched_bytes);
		if (!rc && f->count)
			rc = ship_start(s, h);
	}
	return rc;
}

/* So many operations in every VM. */
__host int fleet_round(struct item_host *h, uint64_t ops)
{
	struct fleet *f = h->opaque;
	struct error e;

	for (unsigned int i = 0; i < f->count; i++)
		f->ship[i].words->ops = ops;
	atomic_store(&f->left, f->count - 1);
	atomic_fetch_add(&f->round, 1);
	f->ship[0].rc = ship_run(&f->ship[0]);
	/* Until nobody is left: what it waits for is any other number. */
	while (atomic_load(&f->left) && !atomic_load(&h->vcpu->kicked))
		fleet_wait(f, &f->left, 0, false);
	if (atomic_load(&h->vcpu->kicked))
		for (unsigned int i = 1; i < f->count; i++)
			vcpu_kick(&f->ship[i].vm.vcpu[0]);
	for (unsigned int i = 0; i < f->count; i++)
		if (f->ship[i].rc)
			return host_said(h, error_set(&e, f->ship[i].rc,
				"VM %u of %u did not come to the end of its loop: "
				"%s", i + 1, f->count,
				f->ship[i].rc == -EPROTO ? exit_reason_name(
				f->ship[i].vm.vcpu[0].run->exit_reason) :
				strerror(-f->ship[i].rc)), &e);
	return atomic_load(&h->vcpu->kicked) ? -EINTR : 0;
}

#endif
