/*
 * Starting a further vCPU of a VM that runs: by INIT and SIPI, as a guest's
 * kernel does it, and by its state, as a VMM may.
 *
 * Each time is from the order until the vCPU is at the image's gate, in long
 * mode and with its own tables. Its thread sleeps before it: in the kernel
 * after an INIT, or in the VMM. Between SIPI and gate are a wake-up, real
 * mode, the switch to long mode and a CPUID; by state they are a wake-up of
 * the VMM's thread, KVM_SET_SREGS, KVM_SET_REGS and KVM_RUN.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "apic.h"
#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "sipi.h"
#include "smp.h"
#include "suite.h"
#include "target/target.h"

#define PORT_START	0x5640
#define INIT_CYCLES	(1u << 21)	/* about a millisecond, as kernels wait */
#define CHECK_NS	100000000	/* that a waiting thread is still wanted */

enum { START_WAIT, START_WAITED, START_ORDER };	/* words to PORT_START */

struct starting {
	sem_t waiting, order;
	struct kvm_sregs sregs;		/* of a vCPU that is to be started */
	struct kvm_regs regs;
};

__guest void halt_leave(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt" ::: "memory");
}

__guest void init_left(void)
{
	uint64_t begin;

	init_send(1);
	begin = tsc_read();
	while (tsc_read() - begin < INIT_CYCLES)
		cpu_relax();
}

__guest void sipi_order(void)
{
	sipi_send(1);
}

__guest void sipi_start(void)
{
	mailbox->ret[0] = smp_restart(halt_leave, init_left, sipi_order);
}

__guest void wait_leave(void)
{
	for (;;)
		outl(PORT_START, START_WAIT);
}

__guest void wait_left(void)
{
	outl(PORT_START, START_WAITED);
}

__guest void state_order(void)
{
	outl(PORT_START, START_ORDER);
}

__guest void state_start(void)
{
	mailbox->ret[0] = smp_restart(wait_leave, wait_left, state_order);
}

/* False when the vCPU is to leave instead. */
__host bool wait_for(struct vcpu *v, sem_t *sem)
{
	struct timespec until;

	for (;;) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += CHECK_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		if (!sem_timedwait(sem, &until))
			return true;
		if (atomic_load(&v->kicked))
			return false;
	}
}

/* On the thread of the vCPU that is to be started. */
__host void state_set(struct item_host *h, struct vcpu *v)
{
	struct starting *s = h->opaque;
	struct error e;
	int rc = KVM_IOCTL(v->fd, KVM_SET_SREGS, &s->sregs, &e);

	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_SET_REGS, &s->regs, &e);
	host_said(h, rc < 0 ? rc : 0, &e);
}

__host void start_port(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;
	struct starting *s = h->opaque;

	(void)offset;
	if (!write || bytes != 4)
		return;
	switch (*(uint32_t *)data) {
	case START_WAIT:
		sem_post(&s->waiting);
		if (wait_for(v, &s->order))
			state_set(h, v);
		break;
	case START_WAITED:
		wait_for(v, &s->waiting);
		break;
	default:
		sem_post(&s->order);
		break;
	}
}

/* The state that a vCPU has before it has run is the one to start it with. */
__host int state_setup(struct item_host *h)
{
	struct starting *s = calloc(1, sizeof(*s));
	int fd = h->vm->vcpu[1].fd, rc;
	struct error e;

	h->opaque = s;
	if (!s)
		return -ENOMEM;
	sem_init(&s->waiting, 0, 0);
	sem_init(&s->order, 0, 0);
	rc = KVM_IOCTL(fd, KVM_GET_SREGS, &s->sregs, &e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_GET_REGS, &s->regs, &e);
	if (rc >= 0)
		rc = range_claim(&h->vm->pio, PORT_START, 4, start_port, h, &e);
	return host_said(h, rc < 0 ? rc : 0, &e);
}

/* vCPUs have been stopped by now. */
__host void state_teardown(struct item_host *h)
{
	struct starting *s = h->opaque;

	h->opaque = NULL;
	if (!s)
		return;
	sem_destroy(&s->waiting);
	sem_destroy(&s->order);
	free(s);
}

__host int start_block(struct item_host *h, uint64_t ops)
{
	int khz = kvm_call_raw(h->vcpu->fd, KVM_GET_TSC_KHZ, 0);

	(void)ops;
	if (khz <= 0) {
		host_verdict(h, ABI_ERROR, "KVM_GET_TSC_KHZ failed");
		return -EIO;
	}
	h->value = (int64_t)((double)h->mailbox->ret[0] * 1e6 / khz);
	return 0;
}

__host const char *start_unavailable(struct target_context *ctx)
{
	return ctx->pu_count < 2 ?
	       "needs a second CPU for the vCPU that is started" : NULL;
}

#define START								\
	.unit = "ns",							\
	.max_ops = 1, .max_blocks = 8,					\
	.vcpus = 2, .peers_apart = true, .sleeps = true,		\
	.paced = true,							\
	.unavailable = HOST(start_unavailable),				\
	.host_block = HOST(start_block),				\
	.exits = EXITS(0, 0)

BENCH(ap_start_sipi,
	.summary = "From a SIPI to a vCPU that waits for it until that is in long mode, at its gate",
	.reading = "Waking its thread and some twenty instructions, the first ones in real mode: "
		   "without unrestricted guest they are emulated. Compare ap_start_state.",
	.cite = "Intel SDM vol. 3A, MP Initialization Protocol Algorithm for MP Systems; AMD APM "
		"vol. 2, Multiprocessor Initialization",
	.needs = NEED_VMM | NEED_IRQCHIP,
	.sipi = true,
	.skip = GUEST(xapic_missing),
	.rewind = GUEST(sipi_start),
	.teardown = GUEST(apic_stop),
	START,
);

BENCH(ap_start_state,
	.summary = "From a VMM's order to start a vCPU by its state until that is at its gate",
	.reading = "The order's own exit, waking the thread, KVM_SET_SREGS, KVM_SET_REGS and KVM_RUN.",
	.cite = "Linux, KVM API, KVM_SET_SREGS",
	.needs = NEED_VMM,
	.rewind = GUEST(state_start),
	.host_setup = HOST(state_setup),
	.host_teardown = HOST(state_teardown),
	START,
);
