/*
 * What a VM and a vCPU take of the host's memory, beside the guest's own: it
 * bounds how many guests a host can hold.
 *
 * The user part is what becomes resident in this process, the kernel's what
 * is charged to its cgroup. So many are made that the pages in which both are
 * counted do not matter; each block's value is one such crowd's. The struct
 * of each lies in fresh pages: an allocator's used ones are resident already.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "host/footprint.h"
#include "small_vm.h"

#define CROWD		32u

struct crowd {
	union {
		struct vm vm[CROWD];
		struct vcpu vcpu[CROWD];
	};
	struct vm around;		/* of the vCPUs */
	unsigned int count;
	bool has_around;
};

typedef int footprint_fn(const char *root, int64_t *bytes, struct error *e);

__host int crowd_setup(struct item_host *h)
{
	void *at = mmap(NULL, sizeof(struct crowd), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	h->opaque = at;
	return 0;
}

__host int kernel_setup(struct item_host *h)
{
	struct error e;
	int64_t bytes;

	if (footprint_kernel("", &bytes, &e))
		host_verdict(h, ABI_SKIP, e.text);
	return crowd_setup(h);
}

__host void *vm_end(void *opaque)
{
	vm_destroy(opaque);
	return NULL;
}

/*
 * Side by side: with an irqchip the end of a VM is a wait for some grace
 * periods of RCU, and those waits can share them.
 */
__host void vms_end(struct crowd *c)
{
	pthread_t thread[CROWD];
	bool started[CROWD];

	for (unsigned int i = 0; i < c->count; i++) {
		started[i] = !pthread_create(&thread[i], NULL, vm_end,
					     &c->vm[i]);
		if (!started[i])
			vm_destroy(&c->vm[i]);
	}
	for (unsigned int i = 0; i < c->count; i++)
		if (started[i])
			pthread_join(thread[i], NULL);
	c->count = 0;
}

__host void vms_teardown(struct item_host *h)
{
	if (!h->opaque)
		return;
	vms_end(h->opaque);
	munmap(h->opaque, sizeof(struct crowd));
	h->opaque = NULL;
}

__host void vcpus_teardown(struct item_host *h)
{
	struct crowd *c = h->opaque;

	if (!c)
		return;
	for (unsigned int i = 0; i < c->count; i++)
		vcpu_destroy(&c->vcpu[i]);
	if (c->has_around)
		vm_destroy(&c->around);
	munmap(c, sizeof(*c));
	h->opaque = NULL;
}

/* Runs to its first exit: by then KVM has made all that it puts off. */
__host int vms_make(struct item_host *h)
{
	struct crowd *c = h->opaque;
	int rc = 0;

	while (c->count < CROWD && !rc) {
		struct vm_config config = { .vcpus = 1, .irqchip = true };

		rc = small_vm_touching(h, &c->vm[c->count], &config, 0);
		c->count += !rc;
		if (!rc)
			rc = small_vm_touch(h, &c->vm[c->count - 1]);
	}
	return rc;
}

__host int vcpus_make(struct item_host *h)
{
	struct crowd *c = h->opaque;
	struct error e;
	int rc = 0;

	while (c->count < CROWD && !rc) {
		rc = host_said(h, vcpu_create(&c->vcpu[c->count], &c->around,
					      1 + c->count, &e), &e);
		c->count += !rc;
	}
	return rc;
}

__host int around_rewind(struct item_host *h)
{
	const struct vm_config config = {
		.ram_bytes = SMALL_RAM_BYTES, .vcpus = 1, .irqchip = true,
	};
	struct crowd *c = h->opaque;
	struct error e;
	int rc = host_said(h, vm_create(&c->around, h->vm->sys, &config, &e),
			   &e);

	c->has_around = !rc;
	return rc;
}

/* In KiB, of all of them. */
__host int grown(struct item_host *h, footprint_fn *by,
		 int (*make)(struct item_host *h))
{
	int64_t before, after;
	struct error e;
	int rc = host_said(h, by("", &before, &e), &e);

	if (!rc)
		rc = make(h);
	if (!rc)
		rc = host_said(h, by("", &after, &e), &e);
	if (!rc)
		h->value = (after - before) / 1024;
	return rc;
}

#define FOOTPRINT(id, text, one, part, prepare, before, all, ...)	\
	__host int id##_block(struct item_host *h, uint64_t ops)	\
	{								\
		(void)ops;						\
		return grown(h, footprint_##part, all##_make);		\
	}								\
	BENCH(id,							\
		.summary = text,					\
		.cite = "Linux, cgroup v2, memory.stat; Linux, proc(5), smaps_rollup",	\
		.unit = "KiB",						\
		.per = one,						\
		.per_op = CROWD,					\
		.max_ops = 1,						\
		.max_blocks = 1,					\
		.needs = NEED_VMM,					\
		.exits = EXITS(0, 0),					\
		.sleeps = true,						\
		.host_setup = HOST(prepare),				\
		.host_rewind = before,					\
		.host_block = HOST(id##_block),				\
		.host_teardown = HOST(all##_teardown),			\
		__VA_ARGS__						\
	)

FOOTPRINT(vm_memory_user, "Resident memory of a VM with one vCPU, the VMM's part", "VM", user,
	  crowd_setup, NULL, vms,
	.reading = "Of a VM that has executed one instruction: this VMM's structs and guards, the "
		   "pages of kvm_run, and 28 KiB of the guest's own code and tables.");
FOOTPRINT(vm_memory_kernel, "Kernel memory of a VM with irqchip and one vCPU", "VM", kernel,
	  kernel_setup, NULL, vms,
	.reading = "By the memory cgroup, so it is also what such a VM is charged.");
FOOTPRINT(vcpu_memory_user, "Resident memory of another vCPU, the VMM's part", "vCPU", user,
	  crowd_setup, HOST(around_rewind), vcpus,
	.reading = "Of a vCPU that has not run.");
FOOTPRINT(vcpu_memory_kernel, "Kernel memory of another vCPU with its LAPIC", "vCPU", kernel,
	  kernel_setup, HOST(around_rewind), vcpus,
	.reading = "Of a vCPU that has not run. Times the number of vCPUs that a host offers.");
