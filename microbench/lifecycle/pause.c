/*
 * Pause and resume of a vCPU that runs: how long until its thread is out of
 * the guest, and until the guest executes again.
 *
 * A VMM does that for every snapshot, every hotplug and the last pass of a
 * migration. A second VM's guest counts on a CPU of its own; the kick is the
 * usual one, a signal with immediate_exit set.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include "small_vm.h"

#define COUNT_GPA	0x30000ull
#define JOIN_S		2		/* for a kicked vCPU to leave the kernel */

/* 1: incq (%rdi); jmp 1b */
static const uint8_t count_code[] = { 0x48, 0xff, 0x07, 0xeb, 0xfb };

struct pausing {
	struct vm vm;
	bool there;
	bool started;			/* its thread is */
	bool running;			/* told to, and not yet to pause */
	volatile uint64_t *count;	/* the guest's */
	sem_t go, out;
	atomic_bool quit;
	atomic_int wrong;		/* errno of KVM_RUN, or -1 */
};

__host void *counting_thread(void *opaque)
{
	struct pausing *p = opaque;
	struct vcpu *v = &p->vm.vcpu[0];

	for (;;) {
		while (sem_wait(&p->go))
			;
		if (atomic_load(&p->quit))
			return NULL;
		if (!ioctl(v->fd, KVM_RUN, 0))
			atomic_store(&p->wrong, -1);
		else if (errno != EINTR)
			atomic_store(&p->wrong, errno);
		sem_post(&p->out);
	}
}

/* Beside this one, and deaf to all signals but the kick. */
__host int counting_start(struct item_host *h)
{
	struct pausing *p = h->opaque;
	pthread_attr_t attr;
	sigset_t deaf, old;
	cpu_set_t set;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc)
		return -rc;
	if (h->bystander_pu >= 0 && h->bystander_pu < CPU_SETSIZE) {
		CPU_ZERO(&set);
		CPU_SET(h->bystander_pu, &set);
		rc = pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	sigfillset(&deaf);
	sigdelset(&deaf, system_kick_signal());
	pthread_sigmask(SIG_SETMASK, &deaf, &old);
	if (!rc)
		rc = pthread_create(&p->vm.vcpu[0].thread, &attr,
				    counting_thread, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc)
		host_verdict(h, ABI_ERROR, "no thread for the second VM's vCPU");
	p->started = p->vm.vcpu[0].started = !rc;
	return -rc;
}

__host int pausing_setup(struct item_host *h)
{
	const struct vm_config config = {
		.ram_bytes = SMALL_RAM_BYTES, .vcpus = 1,
	};
	const struct kvm_regs regs = {
		.rip = SMALL_CODE_GPA, .rdi = COUNT_GPA, .rflags = 2,
	};
	struct pausing *p = calloc(1, sizeof(*p));
	int rc;

	h->opaque = p;
	if (!p)
		return -ENOMEM;
	sem_init(&p->go, 0, 0);
	sem_init(&p->out, 0, 0);
	rc = small_vm_make(h, &p->vm, &config, count_code, sizeof(count_code));
	if (rc)
		return rc;
	p->there = true;
	p->count = vm_memory_at(&p->vm, COUNT_GPA, sizeof(*p->count));
	return small_vm_ring3(h, &p->vm.vcpu[0], &regs);
}

/* False when it cannot be got rid of: then it keeps all that it uses. */
__host bool counting_end(struct pausing *p)
{
	struct timespec until;

	if (!p->started)
		return true;
	atomic_store(&p->quit, true);
	vcpu_kick(&p->vm.vcpu[0]);
	sem_post(&p->go);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += JOIN_S;
	return !pthread_clockjoin_np(p->vm.vcpu[0].thread, NULL,
				     CLOCK_MONOTONIC, &until);
}

__host void pausing_teardown(struct item_host *h)
{
	struct pausing *p = h->opaque;

	h->opaque = NULL;
	if (!p || !counting_end(p))
		return;
	if (p->there)
		vm_destroy(&p->vm);
	sem_destroy(&p->go);
	sem_destroy(&p->out);
	free(p);
}

__host int out_wait(struct item_host *h)
{
	struct pausing *p = h->opaque;
	char text[ABI_TEXT_MAX];

	while (sem_wait(&p->out))
		if (atomic_load(&h->vcpu->kicked))
			return -EINTR;
	p->running = false;
	if (!atomic_load(&p->wrong))
		return 0;
	snprintf(text, sizeof(text), "KVM_RUN of the vCPU to be paused: %s",
		 atomic_load(&p->wrong) < 0 ? "an exit that nobody asked for" :
		 strerror(atomic_load(&p->wrong)));
	host_verdict(h, ABI_ERROR, text);
	return -EPROTO;
}

__host int pause_block(struct item_host *h, uint64_t ops)
{
	struct pausing *p = h->opaque;

	(void)ops;
	vcpu_kick(&p->vm.vcpu[0]);
	return out_wait(h);
}

__host int resume_block(struct item_host *h, uint64_t ops)
{
	struct pausing *p = h->opaque;
	uint64_t before = *p->count;

	(void)ops;
	p->vm.vcpu[0].run->immediate_exit = 0;
	p->running = true;
	sem_post(&p->go);
	while (*p->count == before) {
		if (atomic_load(&h->vcpu->kicked))
			return -EINTR;
		if (atomic_load(&p->wrong))
			return out_wait(h);
		__builtin_ia32_pause();
	}
	return 0;
}

__host int pause_rewind(struct item_host *h)
{
	struct pausing *p = h->opaque;
	int rc = p->started ? 0 : counting_start(h);

	if (rc || p->running)
		return rc;
	return resume_block(h, 1);
}

__host int resume_rewind(struct item_host *h)
{
	int rc = pause_rewind(h);

	return rc ? rc : pause_block(h, 1);
}

/* What is paused stands still. */
__host int pause_verify(struct item_host *h)
{
	const struct timespec little = { .tv_nsec = 20000 };
	struct pausing *p = h->opaque;
	uint64_t count = *p->count;

	nanosleep(&little, NULL);
	if (*p->count == count)
		return 0;
	host_verdict(h, ABI_ERROR, "a paused vCPU goes on");
	return -EPROTO;
}

__host const char *pause_unavailable(struct target_context *ctx)
{
	return ctx->topology && topology_pu_count(ctx->topology) < 2 ?
	       "needs a second CPU for the vCPU that is paused" : NULL;
}

#define PAUSING								\
	.cite = "Linux, KVM API, KVM_RUN and kvm_run.immediate_exit; Linux, tgkill(2)",	\
	.max_ops = 1,							\
	.needs = NEED_VMM,						\
	.exits = EXITS(0, 0),						\
	.sleeps = true,							\
	.unavailable = HOST(pause_unavailable),				\
	.host_setup = HOST(pausing_setup),				\
	.host_teardown = HOST(pausing_teardown)

BENCH(vcpu_pause,
	.summary = "From the kick of a running vCPU until its thread says that it is out",
	.reading = "A signal to another CPU, the exit, the return from KVM_RUN, and the wake-up of "
		   "whoever waits for it.",
	.host_rewind = HOST(pause_rewind),
	.host_block = HOST(pause_block),
	.host_verify = HOST(pause_verify),
	PAUSING,
);

BENCH(vcpu_resume,
	.summary = "From the word to a paused vCPU's thread until its guest executes again",
	.reading = "A wake-up on another CPU, KVM_RUN, the entry, and the guest's next increment.",
	.host_rewind = HOST(resume_rewind),
	.host_block = HOST(resume_block),
	PAUSING,
);
