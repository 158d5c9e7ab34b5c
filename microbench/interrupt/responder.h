/*
 * A thread of the host beside the vCPU, which answers a doorbell by an irqfd:
 * what the back end of a virtio device does when a request is complete.
 */
#ifndef VMGAUGE_INTERRUPT_RESPONDER_H
#define VMGAUGE_INTERRUPT_RESPONDER_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "interrupt.h"
#include "item_host.h"
#include "kvm/irq.h"
#include "kvm/vm.h"

/* One at a time: instances follow each other. */
static struct {
	pthread_t thread;
	bool running;
	atomic_bool over;
	int doorbell, irqfd;
} responder = { .doorbell = -1, .irqfd = -1 };

/* Blocked in its read until the guest writes; one answer for all at once. */
__host void *responder_main(void *opaque)
{
	const uint64_t one = 1;
	uint64_t count;

	(void)opaque;
	while (read(responder.doorbell, &count, sizeof(count)) ==
	       sizeof(count) && !atomic_load(&responder.over))
		if (write(responder.irqfd, &one, sizeof(one)) != sizeof(one))
			break;
	return NULL;
}

__host int responder_thread(struct item_host *h)
{
	pthread_attr_t attr;
	sigset_t all, old;
	cpu_set_t set;
	int rc;

	pthread_attr_init(&attr);
	CPU_ZERO(&set);
	if (h->bystander_pu >= 0 && h->bystander_pu < CPU_SETSIZE) {
		CPU_SET(h->bystander_pu, &set);
		pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_store(&responder.over, false);
	rc = pthread_create(&responder.thread, &attr, responder_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	responder.running = !rc;
	if (rc)
		host_verdict(h, ABI_ERROR, "no thread to answer the guest");
	return -rc;
}

__host int responder_start(struct item_host *h)
{
	struct error e;
	int rc = host_said(h, irq_routes_set(h->vm, 0, IRQ_VECTOR, &e), &e);

	if (rc)
		return rc;
	responder.irqfd = irqfd_create(h->vm, IRQ_GSI_MSI, &e);
	if (responder.irqfd < 0)
		return host_said(h, responder.irqfd, &e);
	/* The VM's own, of ABI_PORT_EVENTFD: its reads are to block. */
	responder.doorbell = h->vm->eventfd[0];
	if (fcntl(responder.doorbell, F_SETFL, 0) < 0)
		return -errno;
	return responder_thread(h);
}

__host void responder_stop(struct item_host *h)
{
	const uint64_t one = 1;

	if (responder.running) {
		atomic_store(&responder.over, true);
		if (write(responder.doorbell, &one, sizeof(one)) < 0)
			pthread_cancel(responder.thread);
		pthread_join(responder.thread, NULL);
	}
	responder.running = false;
	irqfd_destroy(h->vm, IRQ_GSI_MSI, responder.irqfd);
	responder.irqfd = -1;
}

#endif
