/*
 * Memory given to a guest before it asks: the alternative to a fault for each
 * page. MADV_POPULATE_WRITE has the host find and clear the pages, and KVM
 * still maps them one exit at a time; KVM_PRE_FAULT_MEMORY maps them too.
 *
 * A page here, of many in one call, against fault_write_4k: the difference is
 * what exits, entries and system calls cost.
 */
#include <errno.h>
#include <sys/mman.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/recent.h"
#include "kvm/vm.h"
#include "target/target.h"
#include "touch.h"

#define CHUNK_PAGES	64
#define CHUNK_BYTES	(CHUNK_PAGES * 4096ull)

__host const char *no_pre_fault(struct target_context *ctx)
{
	return kvm_call_raw(ctx->kvm_fd, KVM_CHECK_EXTENSION,
			    RECENT_CAP_PRE_FAULT_MEMORY) > 0 ? NULL :
	       "this kernel's KVM has no KVM_PRE_FAULT_MEMORY: it needs Linux "
	       "6.11 and EPT or NPT";
}

/* Of nothing it does nothing, where the kernel knows it. */
__host const char *no_populate(struct target_context *ctx)
{
	(void)ctx;
	return madvise(NULL, 0, MADV_POPULATE_WRITE) ?
	       "this kernel has no MADV_POPULATE_WRITE: Linux 5.14" : NULL;
}

__host int pre_fault_rewind(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_DONTNEED);
}

/* What is left is told in the argument; a signal or a race is no failure. */
__host int pre_fault_chunk(struct item_host *h, uint64_t at)
{
	struct recent_pre_fault range = {
		.gpa = ABI_ARENA_GPA + at, .bytes = CHUNK_BYTES,
	};
	int rc = 0;

	while (range.bytes && (!rc || rc == -EINTR || rc == -EAGAIN))
		rc = kvm_call_raw(h->vcpu->fd, RECENT_PRE_FAULT_MEMORY,
				  (uintptr_t)&range);
	return rc;
}

__host int pre_fault_block(struct item_host *h, uint64_t ops)
{
	int rc = 0;

	for (uint64_t i = 0; !rc && i < ops; i++)
		rc = pre_fault_chunk(h, i * CHUNK_BYTES);
	return rc;
}

__host int populate_block(struct item_host *h, uint64_t ops)
{
	for (uint64_t i = 0; i < ops; i++)
		if (madvise(h->arena + i * CHUNK_BYTES, CHUNK_BYTES,
			    MADV_POPULATE_WRITE))
			return -errno;
	return 0;
}

#define AHEAD(id, text, words, cite_, block, ...)			\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = cite_,						\
		.per = "page",						\
		.per_op = CHUNK_PAGES,					\
		.needs = NEED_VMM,					\
		.max_ops = SMALL_BYTES / CHUNK_BYTES,			\
		.arena = { .bytes = SMALL_BYTES },			\
		.host_rewind = HOST(pre_fault_rewind),			\
		.host_block = HOST(block),				\
		.exits = EXITS(0, 0),					\
		__VA_ARGS__						\
	)

AHEAD(pre_fault_4k, "KVM_PRE_FAULT_MEMORY of a 4 KiB page that the host has not, 64 in a call",
      "The host's page and KVM's mapping, without an exit: what a restored guest could save.",
      "KVM API, KVM_PRE_FAULT_MEMORY", pre_fault_block,
	.unavailable = HOST(no_pre_fault),
	.maps = MAPS_4K(CHUNK_PAGES));
AHEAD(populate_4k, "MADV_POPULATE_WRITE of a 4 KiB page, 64 in a call",
      "The host's page alone: add fault_resident_4k for what a guest then pays to have it mapped.",
      "Linux, madvise(2)", populate_block,
	.unavailable = HOST(no_populate),
	.maps = MAPS_4K(0));
