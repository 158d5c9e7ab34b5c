/*
 * The host's half of the half trips: a thread that waits for a doorbell and
 * answers it, and what it stamps; see doorbell.c.
 */
#ifndef VMGAUGE_IO_RINGER_H
#define VMGAUGE_IO_RINGER_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/irq.h"
#include "kvm/vm.h"
#include "virtio.h"

/* In guest memory; a line for each writer. Sums wrap and mean the same. */
struct page {
	uint64_t rung __attribute__((aligned(64)));	/* the guest's stamp */
	uint64_t heard;			/* sum: answer's arrival - its sending */
	uint64_t answered __attribute__((aligned(64)));	/* how many */
	/* The host's stamp; not where the guest looks all the time. */
	uint64_t sent __attribute__((aligned(64)));
};

struct ringer {
	struct vm *vm;
	volatile struct page *page;
	int bell;			/* what the doorbell signals */
	int irqfd;			/* -1: it answers in memory */
	bool plain;			/* nothing is stamped */
	pthread_t thread;
	bool running;
	atomic_bool quit;
	uint64_t answered;		/* the thread's count, all in all */
	atomic_ulong sum, count;	/* of what it answered: seen - rung */
	uint64_t sum_before, count_before;	/* this batch */
	uint64_t begin_tsc;		/* when the batch was prepared */
};

__host void *ringer_thread(void *opaque)
{
	struct ringer *r = opaque;
	uint64_t n, now = 0, rung = 0, one = 1;

	while (!atomic_load(&r->quit)) {
		if (read(r->bell, &n, sizeof(n)) != sizeof(n))
			continue;
		if (!r->plain) {
			now = tsc_read();
			rung = r->page->rung;
			r->page->sent = now;
		}
		if (r->irqfd >= 0 && write(r->irqfd, &one, sizeof(one)) < 0)
			return NULL;
		__atomic_store_n(&r->page->answered, ++r->answered,
				 __ATOMIC_RELEASE);
		/* The trip is over; the guest may have begun the next. */
		atomic_fetch_add(&r->sum, now - rung);
		atomic_fetch_add(&r->count, 1);
	}
	return NULL;
}

__host int ringer_start(struct item_host *h, struct ringer *r)
{
	pthread_attr_t attr;
	sigset_t all, old;
	cpu_set_t set;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return -rc;
	if (h->bystander_pu >= 0 && h->bystander_pu < CPU_SETSIZE) {
		CPU_ZERO(&set);
		CPU_SET(h->bystander_pu, &set);
		rc = pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!rc)
		rc = pthread_create(&r->thread, &attr, ringer_thread, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	r->running = !rc;
	return -rc;
}

/* One of our own and not the VM's: whether it blocks is ours to say. */
__host int bell_make(struct item_host *h, struct ringer *r, bool sleeps,
		     struct error *e)
{
	struct kvm_ioeventfd io = {
		.addr = ABI_MMIO_GPA + ABI_MMIO_EVENTFD, .len = 4,
	};
	int rc;

	r->bell = eventfd(0, EFD_CLOEXEC | (sleeps ? 0 : EFD_NONBLOCK));
	if (r->bell < 0)
		return error_set(e, -errno, "eventfd: %s", strerror(errno));
	io.fd = r->bell;
	rc = KVM_IOCTL(h->vm->fd, KVM_IOEVENTFD, &io, e);
	return rc < 0 ? rc : 0;
}

__host int ringer_setup(struct item_host *h, bool plain, bool sleeps,
			bool interrupts)
{
	struct ringer *r = calloc(1, sizeof(*r));
	struct error e = { "the host's thread could not be started" };
	int rc;

	h->opaque = r;
	if (!r)
		return -ENOMEM;
	r->vm = h->vm;
	r->irqfd = -1;
	r->plain = plain;
	r->page = (volatile struct page *)(h->ram + ABI_SCRATCH_GPA);
	rc = bell_make(h, r, sleeps, &e);
	if (!rc && interrupts) {
		rc = irq_routes_set(h->vm, 0, VIRTIO_VECTOR, &e);
		if (rc >= 0)
			rc = r->irqfd = irqfd_create(h->vm, IRQ_GSI_MSI, &e);
	}
	if (rc >= 0)
		rc = ringer_start(h, r);
	return host_said(h, rc, &e);
}

__host int plain_setup(struct item_host *h)
{
	return ringer_setup(h, true, false, false);
}

__host int polled_setup(struct item_host *h)
{
	return ringer_setup(h, false, false, false);
}

__host int sleeping_setup(struct item_host *h)
{
	return ringer_setup(h, false, true, false);
}

__host int interrupting_setup(struct item_host *h)
{
	return ringer_setup(h, false, false, true);
}

__host void ringer_teardown(struct item_host *h)
{
	struct ringer *r = h->opaque;
	uint64_t one = 1;

	h->opaque = NULL;
	if (!r)
		return;
	atomic_store(&r->quit, true);
	if (r->running && write(r->bell, &one, sizeof(one)) > 0)
		pthread_join(r->thread, NULL);
	if (r->irqfd >= 0)
		irqfd_destroy(r->vm, IRQ_GSI_MSI, r->irqfd);
	if (r->bell >= 0)
		close(r->bell);
	free(r);
}

/* The last trip of a batch is counted a little after it was answered. */
__host void trips_settle(struct ringer *r)
{
	for (int i = 0; i < 1000000; i++)
		if (atomic_load(&r->count) == r->page->answered)
			return;
}

__host int ringer_rewind(struct item_host *h)
{
	struct ringer *r = h->opaque;

	trips_settle(r);
	r->sum_before = atomic_load(&r->sum);
	r->count_before = atomic_load(&r->count);
	r->page->heard = 0;
	r->begin_tsc = tsc_read();
	return 0;
}

/* The offset by which this batch lies between our own two stamps; or not. */
__host bool offset_find(struct item_host *h, const struct abi_block *b,
			uint64_t *offset)
{
	const struct ringer *r = h->opaque;
	uint64_t end = tsc_read();
	uint64_t tried[2] = { 0, 0 };	/* KVM's, where it has one; none */
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&tried[0],
	};

	if (KVM_IOCTL(h->vcpu->fd, KVM_GET_DEVICE_ATTR, &attr, NULL) < 0)
		tried[0] = 0;
	for (int i = 0; i < 2; i++) {
		*offset = tried[i];
		if ((int64_t)(b->begin_tsc - *offset - r->begin_tsc) >= 0 &&
		    (int64_t)(end - (b->end_tsc - *offset)) >= 0)
			return true;
	}
	return false;
}

/* Puts the sum of half trips in place of the batch's time. */
__host int half_verify(struct item_host *h, bool doorbell)
{
	struct ringer *r = h->opaque;
	uint32_t i = h->mailbox->blocks_done;
	uint64_t n, offset;
	struct abi_block *b;

	if (i >= ABI_BLOCKS_MAX)
		return -EIO;
	b = &h->mailbox->block[i];
	if (!offset_find(h, b, &offset)) {
		host_verdict(h, ABI_SKIP, "guest and host time stamps have no "
			     "common base");
		return 0;
	}
	trips_settle(r);
	n = atomic_load(&r->count) - r->count_before;
	b->begin_tsc = 0;
	b->end_tsc = doorbell ?
		     atomic_load(&r->sum) - r->sum_before + n * offset :
		     r->page->heard - n * offset;
	return 0;
}

__host int doorbell_verify(struct item_host *h)
{
	return half_verify(h, true);
}

__host int completion_verify(struct item_host *h)
{
	return half_verify(h, false);
}

__host const char *two_cpus_missing(struct target_context *ctx)
{
	(void)ctx;
	return sysconf(_SC_NPROCESSORS_ONLN) < 2 ?
	       "needs a second CPU for the host's thread" : NULL;
}

#endif
