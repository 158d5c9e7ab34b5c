/*
 * The end of a VM, against what its guest has touched and how many vCPUs it
 * has: everything closed and its RAM unmapped.
 *
 * A host that moves or restarts guests waits for it, and so does whoever
 * gets the memory next. The guest wrote each page once; pages are of 4 KiB.
 */
#include "small_vm.h"

struct ending {
	struct vm vm;
	bool there;
};

__host int ending_block(struct item_host *h, uint64_t ops)
{
	struct ending *x = h->opaque;

	(void)ops;
	if (x->there)
		vm_destroy(&x->vm);
	x->there = false;
	return 0;
}

__host void ending_teardown(struct item_host *h)
{
	if (h->opaque)
		ending_block(h, 1);
	free(h->opaque);
	h->opaque = NULL;
}

__host int ending_make(struct item_host *h, struct vm_config config,
		       uint64_t bytes)
{
	struct ending *x = h->opaque;
	int rc = small_vm_touching(h, &x->vm, &config, bytes);

	x->there = !rc;
	return rc;
}

/* The first one's memory comes before the deadline runs; no guest does. */
__host int ending_setup(struct item_host *h, struct vm_config config,
			uint64_t bytes)
{
	h->opaque = calloc(1, sizeof(struct ending));
	return h->opaque ? ending_make(h, config, bytes) : -ENOMEM;
}

__host int ending_rewind(struct item_host *h, struct vm_config config,
			 uint64_t bytes)
{
	struct ending *x = h->opaque;
	int rc = x->there ? 0 : ending_make(h, config, bytes);

	return rc ? rc : small_vm_touch(h, &x->vm);
}

__host const char *ending_unavailable(struct target_context *ctx,
				      uint64_t bytes)
{
	if (bytes > 64ull << 20 && ctx->backend && ctx->backend->software_host)
		return "an emulator plays the CPU: so many first touches take longer than the "
		       "deadline of a run";
	return backing_unavailable(BACKING_ANON, bytes, ctx->memory_bytes,
				   ctx->why, sizeof(ctx->why));
}

#define TEARDOWN(id, text, bytes, chip, count, ...)			\
	static const struct vm_config id##_config = {			\
		.vcpus = count, .irqchip = chip, .backing = BACKING_ANON,	\
	};								\
	__host int id##_setup(struct item_host *h)			\
	{								\
		return ending_setup(h, id##_config, bytes);		\
	}								\
	__host int id##_rewind(struct item_host *h)			\
	{								\
		return ending_rewind(h, id##_config, bytes);		\
	}								\
	__host const char *id##_unavailable(struct target_context *ctx)	\
	{								\
		const char *why = vcpus_unavailable(ctx, count);	\
									\
		return why ? why : ending_unavailable(ctx, bytes);	\
	}								\
	BENCH(id,							\
		.summary = text,					\
		.cite = "Linux, KVM API, General description: file descriptors; "	\
			"Linux, munmap(2)",				\
		.needs = NEED_VMM,					\
		.exits = EXITS(0, 0),					\
		.sleeps = true,						\
		.max_ops = 1,						\
		.unavailable = HOST(id##_unavailable),			\
		.host_setup = HOST(id##_setup),			\
		.host_rewind = HOST(id##_rewind),			\
		.host_block = HOST(ending_block),			\
		.host_teardown = HOST(ending_teardown),			\
		__VA_ARGS__						\
	)

TEARDOWN(teardown, "The end of a VM with one vCPU that touched nothing", 0, false, 1,
	 .max_blocks = 4,
	.reading = "The floor: RCU grace periods, two descriptors, a small mapping.");
TEARDOWN(teardown_16m, "The end of a VM whose guest has written 16 MiB", 16ull << 20, false, 1,
	 .max_blocks = 2,
	.reading = "The pages go back to the host too; less `teardown` it is 4,096 pages.");
TEARDOWN(teardown_256m, "The end of a VM whose guest has written 256 MiB", 256ull << 20, false, 1,
	 .max_blocks = 1, .max_instances = 6,
	.reading = "Less `teardown` it is 65,536 pages: sixteen times teardown_16m when it is "
		   "linear.");
TEARDOWN(teardown_irqchip, "The end of a VM with irqchip and one vCPU", 0, true, 1,
	 .max_blocks = 3,
	.reading = "Compare `teardown`: devices on KVM's buses, each of which waits for readers.");
TEARDOWN(teardown_64_vcpus, "The end of a VM with irqchip and 64 vCPUs", 0, true, 64,
	 .max_blocks = 2);
