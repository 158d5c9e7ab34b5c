/*
 * A vCPU and its run loop, which is short because it is what is measured.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#include "kvm/hide.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"

#define CPUID_1_ECX_TSC_DEADLINE	(1u << 24)

static int stats_open(struct vcpu *v, struct error *e)
{
	struct kvm_system *sys = v->vm->sys;
	int fd = KVM_IOCTL_INT(v->fd, KVM_GET_STATS_FD, 0, e);
	int rc;

	if (fd < 0)
		return fd;
	v->stats_fd = fd;
	if (sys->vcpu_stats.count)
		return 0;
	rc = stats_layout_read(&sys->vcpu_stats, fd, e);
	return rc;
}

/*
 * What CPUID says about this vCPU's place among the others: its APIC ID is
 * its index, and all are cores of one package.
 */
static void cpuid_place(struct kvm_cpuid2 *cpuid, unsigned int index,
			unsigned int vcpus)
{
	uint32_t logical = vcpus < 255 ? vcpus : 255;

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 1)
			entry->ebx = (entry->ebx & 0xffff) | logical << 16 |
				     (index & 0xff) << 24;
		if (entry->function == 0xb || entry->function == 0x1f)
			entry->edx = index;
	}
}

/* KVM leaves it to user space, which knows whether KVM has the APICs. */
static void cpuid_deadline(struct kvm_cpuid2 *cpuid)
{
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= CPUID_1_ECX_TSC_DEADLINE;
}

static int cpuid_set(struct vcpu *v, struct error *e)
{
	const struct kvm_cpuid2 *all = v->vm->sys->cpuid;
	struct kvm_cpuid2 *own;
	size_t bytes = sizeof(*all) + all->nent * sizeof(all->entries[0]);
	bool deadline = v->vm->sys->tsc_deadline &&
			(v->vm->config.irqchip || v->vm->config.irqchip_split);
	int rc;

	own = malloc(bytes);
	if (!own)
		return error_set(e, -ENOMEM, "out of memory for CPUID");
	memcpy(own, all, bytes);
	/* Of one vCPU as well: KVM gives the ID of the CPU that it ran on. */
	cpuid_place(own, v->index, v->vm->config.vcpus);
	if (deadline)
		cpuid_deadline(own);
	hide_cpuid(v->vm->config.hide, own);
	if (v->vm->config.defects)
		defects_cpuid(v->vm->config.defects, own);
	rc = KVM_IOCTL(v->fd, KVM_SET_CPUID2, own, e);
	if (rc >= 0 && v->vm->config.defects &&
	    KVM_IOCTL(v->fd, KVM_GET_CPUID2, own, NULL) >= 0)
		defects_cpuid_kept(v->vm->config.defects, own);
	free(own);
	return rc < 0 ? rc : hide_vcpu(v->vm->config.hide, v, e);
}

int vcpu_create(struct vcpu *v, struct vm *vm, unsigned int index,
		struct error *e)
{
	int rc;

	memset(v, 0, sizeof(*v));
	v->vm = vm;
	v->index = index;
	v->stats_fd = -1;
	v->fd = KVM_IOCTL_INT(vm->fd, KVM_CREATE_VCPU, index, e);
	if (v->fd < 0)
		return v->fd;
	v->run = mmap(NULL, (size_t)vm->sys->run_bytes, PROT_READ | PROT_WRITE,
		      MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED) {
		v->run = NULL;
		rc = error_set(e, -errno, "mmap of kvm_run: %s",
			       strerror(errno));
		goto fail;
	}
	if (vm->config.defects) {
		v->defect = calloc(1, sizeof(*v->defect));
		if (!v->defect) {
			rc = error_set(e, -ENOMEM, "out of memory for defects");
			goto fail;
		}
	}
	rc = cpuid_set(v, e);
	if (rc < 0)
		goto fail;
	if (vm->config.stats && vm->sys->binary_stats) {
		rc = stats_open(v, e);
		if (rc)
			goto fail;
	}
	return 0;
fail:
	vcpu_destroy(v);
	return rc;
}

void vcpu_destroy(struct vcpu *v)
{
	if (v->stats_fd >= 0)
		close(v->stats_fd);
	if (v->run)
		munmap(v->run, (size_t)v->vm->sys->run_bytes);
	if (v->fd >= 0)
		close(v->fd);
	free(v->defect);
	v->defect = NULL;
	v->fd = -1;
	v->stats_fd = -1;
	v->run = NULL;
}

/* What KVM_RUN's own failure means; VCPU_RUNNING is "try again". */
static enum vcpu_end run_failed(struct vcpu *v, int err)
{
	if (atomic_load(&v->kicked))
		return VCPU_KICKED;
	if (err == EINTR || err == EAGAIN)
		return VCPU_RUNNING;
	v->run_errno = err;
	return VCPU_DIED;
}

static enum vcpu_end run_plain(struct vcpu *v)
{
	enum vcpu_end end;

	for (;;) {
		if (ioctl(v->fd, KVM_RUN, 0)) {
			end = run_failed(v, errno);
			if (end)
				return end;
			continue;
		}
		v->user_exits++;
		if (!exit_dispatch(v))
			return VCPU_DIED;
		if (atomic_load_explicit(&v->stop, memory_order_relaxed))
			return VCPU_STOPPED;
	}
}

/*
 * The mutant of --inject spin_ns: a VMM that is slower by a known amount. A
 * loop of its own, so that the one that is measured has no branch for it.
 */
static enum vcpu_end run_spun(struct vcpu *v)
{
	const uint64_t spin_cycles = v->vm->config.spin_cycles;
	enum vcpu_end end;

	for (;;) {
		uint64_t begin;

		if (ioctl(v->fd, KVM_RUN, 0)) {
			end = run_failed(v, errno);
			if (end)
				return end;
			continue;
		}
		v->user_exits++;
		if (!exit_dispatch(v))
			return VCPU_DIED;
		if (atomic_load_explicit(&v->stop, memory_order_relaxed))
			return VCPU_STOPPED;
		begin = __rdtsc();
		while (__rdtsc() - begin < spin_cycles)
			;
	}
}

/* A VMM that misbehaves: see defect/defect.h. Apart for the same reason. */
static enum vcpu_end run_defective(struct vcpu *v)
{
	bool ready = false;
	enum vcpu_end end;

	for (;;) {
		defects_enter(v);
		if (!ready && ioctl(v->fd, KVM_RUN, 0)) {
			end = run_failed(v, errno);
			if (end)
				return end;
			continue;
		}
		v->user_exits++;
		ready = false;
		if (defects_serve(v))
			continue;
		if (!exit_dispatch(v))
			return VCPU_DIED;
		ready = defects_served(v);
		if (atomic_load_explicit(&v->stop, memory_order_relaxed))
			return VCPU_STOPPED;
	}
}

static inline uint64_t stamp(void)
{
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
}

/* The same with both ends of user space's part stamped. */
static enum vcpu_end run_stamped(struct vcpu *v)
{
	uint64_t entered, returned;
	enum vcpu_end end;

	for (;;) {
		struct vcpu_stamp *s = &v->stamps[v->stamps_count];

		entered = stamp();
		if (v->stamps_count)
			s[-1].entered_tsc = entered;
		if (ioctl(v->fd, KVM_RUN, 0)) {
			end = run_failed(v, errno);
			if (end)
				return end;
			continue;
		}
		returned = stamp();
		v->user_exits++;
		if (!exit_dispatch(v))
			return VCPU_DIED;
		if (atomic_load_explicit(&v->stop, memory_order_relaxed))
			return VCPU_STOPPED;
		if (v->stamps_count + 1 >= v->stamps_max)
			continue;
		s->returned_tsc = returned;
		v->stamps_count++;
	}
}

void vcpu_thread_begin(void)
{
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" :: "r"(0));
}

enum vcpu_end vcpu_run(struct vcpu *v)
{
	atomic_store(&v->stop, 0);
	if (v->stamps)
		return run_stamped(v);
	if (v->defect)
		return run_defective(v);
	return v->vm->config.spin_cycles ? run_spun(v) : run_plain(v);
}

void vcpu_kick(struct vcpu *v)
{
	atomic_store(&v->kicked, 1);
	v->run->immediate_exit = 1;
	if (v->started)
		pthread_kill(v->thread, system_kick_signal());
}
