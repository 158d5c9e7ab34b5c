/*
 * The TSC of a guest that is saved and restored, as a migration does, or that
 * is not run for a while: it never goes back, and it does not stand still.
 *
 * The host half does with the vCPU what a VMM does: IA32_TSC and the VM's clock
 * are read, time passes, both are written back.
 */
#include <time.h>

#include "host_step.h"

#define TSC	"Intel SDM vol. 3, Time-Stamp Counter, Invariant TSC; AMD APM vol. 2, " \
		"Time-Stamp Counter"
#define PAUSE_NS	2000000l
enum { RESTORE = 1, PAUSE = 2, TURNS = 10 };

__host uint64_t paused_ns;

__host void pause_make(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	paused_ns += (uint64_t)((end.tv_sec - begin.tv_sec) * 1000000000l +
				end.tv_nsec - begin.tv_nsec);
}

__host int tsc_restore(struct vcpu *v, struct error *e)
{
	union {
		struct kvm_msrs list;
		uint8_t room[sizeof(struct kvm_msrs) +
			     sizeof(struct kvm_msr_entry)];
	} m = { .list = { .nmsrs = 1 } };
	struct kvm_clock_data clock;
	int rc;

	m.list.entries[0].index = MSR_TSC;
	rc = KVM_IOCTL(v->fd, KVM_GET_MSRS, &m.list, e);
	if (rc >= 0)
		rc = KVM_IOCTL(v->vm->fd, KVM_GET_CLOCK, &clock, e);
	if (rc < 0)
		return rc;
	pause_make();
	clock.flags = 0;
	rc = KVM_IOCTL(v->vm->fd, KVM_SET_CLOCK, &clock, e);
	return rc < 0 ? rc : KVM_IOCTL(v->fd, KVM_SET_MSRS, &m.list, e);
}

__host int tsc_step(struct item_host *h, struct vcpu *v, uint8_t n,
		    struct error *e)
{
	(void)h;
	if (n == RESTORE)
		return tsc_restore(v, e);
	pause_make();
	return 0;
}

__host void steps_prepare(struct item_host *h)
{
	paused_ns = 0;
	steps_begin(h, tsc_step);
}

/* Zero where there is no RDTSC, and not what lies about. */
__guest uint64_t tsc_now(void)
{
	uint32_t lo = 0, hi = 0;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "+a"(lo), "+d"(hi)
			 :: "memory");
	return (uint64_t)hi << 32 | lo;
}

PROBE(is_monotone_across_save_and_restore,
	.rule = "RDTSC after the TSC was saved and restored is not lower than before",
	.cite = TSC, .needs = NEED_VMM, .prepare = HOST(steps_prepare),
	.control = "an RDTSC that does nothing is caught")
{
	uint64_t before, after = 0, back = 0, leaps = 0;

	for (unsigned int i = 0; i < TURNS; i++) {
		before = tsc_now();
		step(RESTORE);
		after = tsc_now();
		back += after < before;
		leaps += after - before > 1ull << 36;
	}
	CHECK_EQ(0, back);
	CHECK_EQ(0, leaps);
	CHECK_NE(0, after);
}

/* The guest's TSC against the host's clock; a busy host only adds. */
__host void pause_judge(struct item_host *h)
{
	struct error e;
	int khz = KVM_IOCTL_INT(h->vcpu->fd, KVM_GET_TSC_KHZ, 0, &e);
	double least = (double)paused_ns * khz / 1e6 * 0.98;

	if (host_said(h, khz, &e))
		return;
	host_check(h, "the TSC counted while the vCPU was not run", 1,
		   (double)h->mailbox->ret[0] >= least);
}

PROBE(counts_while_the_guest_is_paused,
	.rule = "The TSC goes on at its rate while the vCPU is not run",
	.cite = TSC, .needs = NEED_VMM, .prepare = HOST(steps_prepare),
	.judge = HOST(pause_judge),
	.control = "an RDTSC that does nothing is caught")
{
	uint64_t before = tsc_now();

	for (unsigned int i = 0; i < TURNS; i++)
		step(PAUSE);
	mailbox->ret[0] = tsc_now() - before;
	CHECK_NE(0, mailbox->ret[0]);
}
