/*
 * Threads for secondary vCPUs, and where they wait for each other; see smp.h.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"
#include "layout.h"
#include "target/smp.h"
#include "target/target.h"
#include "x86_64/entry.h"

#define STACK_BYTES	(128u << 10)
#define START_GRACE_MS	10000	/* for a thread that has no vCPU to leave */

/* Returns at once when *word is not `value`; may return for no reason. */
static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake_all(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/* False when all is over. */
static bool release_wait(struct secondary *self)
{
	struct smp *s = self->smp;

	while (atomic_load(&s->number) == self->released &&
	       !atomic_load(&s->over))
		futex_wait(&s->number, self->released);
	self->released = atomic_load(&s->number);
	return !atomic_load(&s->over);
}

void smp_cancel(struct smp *s)
{
	atomic_store(&s->over, true);
	/* Both words change, so that nobody falls asleep on the old value. */
	atomic_fetch_add(&s->number, 1);
	futex_wake_all(&s->number);
	atomic_fetch_add(&s->parked, s->count);
	futex_wake_all(&s->parked);
}

static void *secondary_main(void *opaque)
{
	struct secondary *self = opaque;
	struct smp *s = self->smp;
	const struct target_context *ctx = s->ctx;
	unsigned int none = 0;

	if (ctx->pin)
		topology_pin(ctx->topology,
			     ctx->pus[self->vcpu->index % ctx->pu_count], NULL);
	if (!release_wait(self))
		return NULL;
	vcpu_thread_begin();
	self->end = vcpu_run(self->vcpu);
	if (atomic_load(&s->over))
		return NULL;
	atomic_compare_exchange_strong(&s->failed, &none, self->vcpu->index);
	smp_cancel(s);
	vcpu_kick(&s->vm->vcpu[0]);
	return NULL;
}

/*
 * pthread_create() says EAGAIN for a limit of threads and for a stack that
 * cannot be mapped: whether memory was short can be tried.
 */
static int threads_refused(const struct smp *s, int rc, struct error *e)
{
	void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return error_set(e, -ENOMEM, "no memory for the stack of thread "
				 "%u of %u for vCPUs: raise the limit of "
				 "memory (ulimit -v) or give fewer vCPUs",
				 s->threads + 1, s->count);
	munmap(stack, STACK_BYTES);
	return error_set(e, -rc, "thread %u of %u for vCPUs: %s: raise the "
			 "limit of processes (ulimit -u, or the cgroup's "
			 "pids.max)", s->threads + 1, s->count, strerror(rc));
}

static int threads_create(struct smp *s, struct error *e)
{
	pthread_attr_t attr;
	int rc = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	while (!rc && s->threads < s->count) {
		struct secondary *one = &s->secondary[s->threads];

		rc = pthread_create(&one->vcpu->thread, &attr, secondary_main,
				    one);
		if (rc)
			break;
		one->vcpu->started = true;
		s->threads++;
	}
	pthread_attr_destroy(&attr);
	return rc ? threads_refused(s, rc, e) : 0;
}

int smp_create(struct smp *s, struct vm *vm, const struct target_context *ctx,
	       uint64_t entry_gpa, struct error *e)
{
	int rc;

	s->vm = vm;
	s->ctx = ctx;
	if (vm->vcpus <= 1)
		return 0;
	s->secondary = calloc(vm->vcpus - 1, sizeof(*s->secondary));
	if (!s->secondary)
		return error_set(e, -ENOMEM, "out of memory for %u vCPUs",
				 vm->vcpus);
	s->count = vm->vcpus - 1;
	rc = vm_memory_add(vm, ABI_CPUS_GPA,
			   (size_t)vm->vcpus * CPU_AREA_BYTES, 0, BACKING_ANON,
			   e);
	if (rc < 0)
		return rc;
	for (unsigned int i = 0; i < s->count; i++) {
		struct vcpu *v = &vm->vcpu[i + 1];

		s->secondary[i] = (struct secondary){ .smp = s, .vcpu = v };
		if (s->sipi)
			continue;	/* KVM_RUN waits for both */
		rc = entry_secondary(v, entry_gpa, ABI_CPUS_GPA +
				     (uint64_t)v->index * CPU_AREA_BYTES, e);
		if (rc < 0)
			return rc;
	}
	return threads_create(s, e);
}

void smp_destroy(struct smp *s)
{
	/* Threads that never ran a vCPU: the VM was not finished. */
	if (smp_stop(s, START_GRACE_MS, NULL))
		return;
	free(s->secondary);
	memset(s, 0, sizeof(*s));
}

static bool thread_join(pthread_t thread, unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return !pthread_timedjoin_np(thread, NULL, &until);
}

int smp_stop(struct smp *s, unsigned int grace_ms, struct error *e)
{
	if (!s->threads)
		return 0;
	smp_cancel(s);
	for (unsigned int i = 0; i < s->threads; i++)
		vcpu_kick(s->secondary[i].vcpu);
	/* From the last one down, so that `threads` says what is left. */
	while (s->threads) {
		struct vcpu *v = s->secondary[s->threads - 1].vcpu;

		if (!thread_join(v->thread, grace_ms))
			return error_set(e, -EIO, "vCPU %u did not leave the "
					 "kernel %u ms after its kick: this "
					 "kernel's KVM cannot be interrupted",
					 v->index, grace_ms);
		v->started = false;
		s->threads--;
	}
	return 0;
}

void smp_run_secondaries(struct smp *s)
{
	atomic_store(&s->number, 1);
	futex_wake_all(&s->number);
}

void smp_release(struct smp *s)
{
	atomic_store(&s->parked, 0);
	atomic_fetch_add(&s->number, 1);
	futex_wake_all(&s->number);
}

void smp_join(struct smp *s)
{
	uint32_t parked;

	while ((parked = atomic_load(&s->parked)) < s->count &&
	       !atomic_load(&s->over))
		futex_wait(&s->parked, parked);
}

void smp_park(struct smp *s, struct vcpu *v)
{
	struct secondary *self = &s->secondary[v->index - 1];

	if (atomic_fetch_add(&s->parked, 1) + 1 == s->count)
		futex_wake_all(&s->parked);
	if (!release_wait(self))
		vcpu_stop(v, 1);
}
