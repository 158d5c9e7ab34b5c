/*
 * What a VM and its vCPUs cost to make: the calls one by one.
 *
 * KVM_CREATE_VM and KVM_CREATE_VCPU bound how fast a host can start guests,
 * and what grows with the number of vCPUs bounds how large they can be. What
 * a VM costs until its guest runs is first_run.c's, its end teardown.c's.
 */
#include <sys/mman.h>

#include "small_vm.h"

#define SLOT_BYTES	(1ull << 30)
#define SLOTS		16u		/* in a batch */

struct making {
	int fd;				/* of a VM; -1: none */
	int vcpu;			/* of the last vCPU; -1: none */
	unsigned int vcpus;		/* that the VM has */
	unsigned int before;		/* that it is to have before */
	unsigned int slots;
	void *memory;			/* for all slots; NULL: none */
};

__host void making_drop(struct making *m)
{
	if (m->vcpu >= 0)
		close(m->vcpu);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = m->vcpu = -1;
	m->vcpus = m->slots = 0;
}

__host int making_setup(struct item_host *h)
{
	struct making *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->fd = m->vcpu = -1;
	h->opaque = m;
	return 0;
}

__host void making_teardown(struct item_host *h)
{
	struct making *m = h->opaque;

	if (!m)
		return;
	making_drop(m);
	if (m->memory)
		munmap(m->memory, SLOT_BYTES);
	free(m);
	h->opaque = NULL;
}

__host int making_rewind(struct item_host *h)
{
	making_drop(h->opaque);
	return 0;
}

__host int vm_block(struct item_host *h, uint64_t ops)
{
	struct making *m = h->opaque;
	struct error e;

	(void)ops;
	m->fd = KVM_IOCTL_INT(h->vm->sys->fd, KVM_CREATE_VM, 0, &e);
	return host_said(h, m->fd, &e);
}

__host int vm_irqchip_block(struct item_host *h, uint64_t ops)
{
	struct making *m = h->opaque;
	struct error e;
	int rc = vm_block(h, ops);

	return rc ? rc : host_said(h, KVM_IOCTL_INT(m->fd, KVM_CREATE_IRQCHIP,
						    0, &e), &e);
}

__host int vm_close_block(struct item_host *h, uint64_t ops)
{
	int rc = 0;

	while (ops-- && !rc) {
		rc = vm_block(h, 1);
		making_drop(h->opaque);
	}
	return rc;
}

#define CITE_VM "Linux, KVM API, KVM_CREATE_VM; Linux, KVM API, KVM_CREATE_IRQCHIP"

#define MAKING								\
	.needs = NEED_VMM,						\
	.exits = EXITS(0, 0),						\
	.sleeps = true,							\
	.host_teardown = HOST(making_teardown)

#define MAKING_VM							\
	MAKING,								\
	.cite = CITE_VM,						\
	.host_setup = HOST(making_setup)

BENCH(vm_create,
	.summary = "KVM_CREATE_VM",
	.reading = "Without irqchip, memory and vCPUs. Compare vm_create_close: its end is the "
		   "larger part where KVM waits for RCU.",
	.max_ops = 1,
	.max_blocks = 4,
	.host_rewind = HOST(making_rewind),
	.host_block = HOST(vm_block),
	MAKING_VM,
);

BENCH(vm_create_irqchip,
	.summary = "KVM_CREATE_VM and KVM_CREATE_IRQCHIP",
	.max_ops = 1,
	.max_blocks = 4,
	.host_rewind = HOST(making_rewind),
	.host_block = HOST(vm_irqchip_block),
	MAKING_VM,
);

BENCH(vm_create_close,
	.summary = "KVM_CREATE_VM and the end of a VM that never ran",
	.host_block = HOST(vm_close_block),
	MAKING_VM,
);

/*
 * A vCPU lives as long as its VM, whatever is closed. One VM serves as long
 * as it has at most a sixteenth more vCPUs than the row's name says: making
 * 511 of them anew for each block would take longer than the deadline.
 */
__host int vcpu_rewind(struct item_host *h)
{
	struct making *m = h->opaque;
	struct error e;
	int rc = 0;

	if (m->vcpu >= 0)
		close(m->vcpu);
	m->vcpu = -1;
	if (m->fd >= 0 && m->vcpus <= m->before + (m->before + 1) / 16)
		return 0;
	making_drop(m);
	rc = vm_irqchip_block(h, 1);
	while (!rc && m->vcpus < m->before) {
		int fd = KVM_IOCTL_INT(m->fd, KVM_CREATE_VCPU, m->vcpus, &e);

		rc = host_said(h, fd, &e);
		if (fd < 0)
			break;
		close(fd);
		m->vcpus++;
	}
	return rc;
}

__host int vcpu_block(struct item_host *h, uint64_t ops)
{
	struct making *m = h->opaque;
	struct error e;

	(void)ops;
	m->vcpu = KVM_IOCTL_INT(m->fd, KVM_CREATE_VCPU, m->vcpus, &e);
	m->vcpus++;
	return host_said(h, m->vcpu, &e);
}

/* `first` is the first that is timed; the VM has all before it already. */
#define VCPU_FROM(k, first, text, ...)					\
	__host int vcpu_##k##_setup(struct item_host *h)		\
	{								\
		int rc = making_setup(h);				\
									\
		if (!rc)						\
			((struct making *)h->opaque)->before = first - 1; \
		return rc;						\
	}								\
	__host const char *vcpu_##k##_unavailable(			\
			struct target_context *ctx)			\
	{								\
		return vcpus_unavailable(ctx, first + first / 16 + 1);	\
	}								\
	BENCH(vcpu_create_##k,						\
		.summary = text,					\
		.cite = "Linux, KVM API, KVM_CREATE_VCPU",		\
		.max_ops = 1,						\
		.unavailable = HOST(vcpu_##k##_unavailable),		\
		.host_setup = HOST(vcpu_##k##_setup),			\
		.host_rewind = HOST(vcpu_rewind),			\
		.host_block = HOST(vcpu_block),				\
		MAKING,							\
		__VA_ARGS__						\
	)

#define VCPU(k, text, ...) VCPU_FROM(k, k, text, __VA_ARGS__)

VCPU(1, "KVM_CREATE_VCPU of a VM's first vCPU", .max_blocks = 3,
	.reading = "With an irqchip, so its LAPIC is in it. The first may pay for what all share: "
		   "compare vcpu_create_2.");
VCPU(2, "KVM_CREATE_VCPU of a VM's second vCPU", .max_blocks = 3);
VCPU(8, "KVM_CREATE_VCPU of a VM's 8th vCPU", .max_blocks = 3);
VCPU(64, "KVM_CREATE_VCPU of a VM's 64th vCPU", .max_blocks = 4,
	.reading = "Should cost what the second does; what grows with the number of vCPUs is "
		   "paid for again by each of them.");
VCPU(512, "KVM_CREATE_VCPU of a VM's 512th vCPU", .max_blocks = 16,
	.reading = "Of the 512th and the 15 after it. Compare vcpu_create_2.");
/* KVM's usual limit is 1,024. */
VCPU_FROM(1024, 960, "KVM_CREATE_VCPU of a VM's 960th to 1,020th vCPU", .max_blocks = 16,
	.reading = "As far as a kernel's usual limit of 1,024 leaves room for a few. Compare "
		   "vcpu_create_512.", .max_instances = 3);

/* KVM takes another, shorter way where the vCPU has run already. */
__host int cpuid_rewind(struct item_host *h)
{
	struct making *m = h->opaque;

	return m->fd >= 0 ? 0 : vcpu_rewind(h) || vcpu_block(h, 1);
}

__host int cpuid_block(struct item_host *h, uint64_t ops)
{
	struct making *m = h->opaque;
	struct error e;
	int rc = 0;

	while (ops-- && rc >= 0)
		rc = KVM_IOCTL(m->vcpu, KVM_SET_CPUID2, h->vm->sys->cpuid, &e);
	return host_said(h, rc, &e);
}

BENCH(vcpu_set_cpuid,
	.summary = "KVM_SET_CPUID2 of all that KVM supports, on a vCPU that has not run",
	.cite = "Linux, KVM API, KVM_SET_CPUID2",
	.host_setup = HOST(making_setup),
	.host_rewind = HOST(cpuid_rewind),
	.host_block = HOST(cpuid_block),
	MAKING,
);

__host int slot_set(struct item_host *h, unsigned int slot, uint64_t bytes)
{
	struct making *m = h->opaque;
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = slot * SLOT_BYTES,
		.memory_size = bytes, .userspace_addr = (uintptr_t)m->memory,
	};
	struct error e;

	return host_said(h, KVM_IOCTL(m->fd, KVM_SET_USER_MEMORY_REGION,
				      &region, &e), &e);
}

__host int slot_rewind(struct item_host *h)
{
	struct making *m = h->opaque;
	int rc = m->fd >= 0 ? 0 : vm_block(h, 1);

	if (!m->memory) {
		void *at = mmap(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				-1, 0);

		m->memory = at == MAP_FAILED ? NULL : at;
	}
	if (!m->memory)
		return -ENOMEM;
	while (m->slots && !rc)
		rc = slot_set(h, --m->slots, 0);
	return rc;
}

__host int slot_block(struct item_host *h, uint64_t ops)
{
	struct making *m = h->opaque;
	int rc = 0;

	while (ops-- && !rc)
		rc = slot_set(h, m->slots++, SLOT_BYTES);
	return rc;
}

BENCH(memslot_add,
	.summary = "KVM_SET_USER_MEMORY_REGION that gives a VM another GiB",
	.reading = "The same untouched GiB each time, of a VM without vCPUs, which has at most 16 "
		   "of them: what KVM keeps for each page of a slot. memory/memslot has it against the "
		   "number of slots.",
	.cite = "Linux, KVM API, KVM_SET_USER_MEMORY_REGION",
	.max_ops = SLOTS,
	.host_setup = HOST(making_setup),
	.host_rewind = HOST(slot_rewind),
	.host_block = HOST(slot_block),
	MAKING,
);
