/*
 * Memslots: what it costs to add, delete, move and flag one, with so many
 * others there. Hotplug, ballooning by slots and remapped PCI BARs do that
 * while a guest runs.
 *
 * KVM makes a new set of slots for each change and waits until no vCPU uses
 * the old one, so the number of slots and that wait are what is paid. Here
 * the vCPU waits in user space. The others are pages above all that the guest
 * has, all of them the same page of the host.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"
#include "target/target.h"

#define FIRST		((uint32_t)VM_SLOTS_MAX)	/* the VMM's lie below */
#define PAGE_BYTES	4096ull
#define MOST		UINT32_MAX

struct crowd {
	uint8_t *page;
	uint32_t count;			/* slots beside the one that changes */
	bool there;			/* the one that changes */
	bool moved;
	uint32_t flags;
};

/* Every other page, so that no two of them are neighbours. */
__host uint64_t crowd_gpa(uint32_t i)
{
	return ABI_ARENA_GPA + i * 2 * PAGE_BYTES;
}

__host int crowd_set(struct item_host *h, uint32_t i, uint64_t gpa,
		     uint64_t bytes, uint32_t flags)
{
	struct crowd *c = h->opaque;
	struct kvm_userspace_memory_region region = {
		.slot = FIRST + i, .flags = flags, .guest_phys_addr = gpa,
		.memory_size = bytes, .userspace_addr = (uintptr_t)c->page,
	};
	struct error e;
	int rc = KVM_IOCTL(h->vm->fd, KVM_SET_USER_MEMORY_REGION, &region, &e);

	if (rc < 0)
		host_verdict(h, ABI_ERROR, e.text);
	return rc < 0 ? rc : 0;
}

/* The slot that changes is the last, above all others. */
__host int subject_set(struct item_host *h, bool there)
{
	struct crowd *c = h->opaque;
	int rc;

	if (c->there == there)
		return 0;
	rc = crowd_set(h, c->count, crowd_gpa(c->count),
		       there ? PAGE_BYTES : 0, 0);
	c->there = there;
	c->moved = false;
	c->flags = 0;
	return rc;
}

__host int crowd_make(struct item_host *h, uint32_t wanted)
{
	int most = kvm_call_raw(h->vm->fd, KVM_CHECK_EXTENSION,
				KVM_CAP_NR_MEMSLOTS);
	struct crowd *c = calloc(1, sizeof(*c));
	uint32_t own = 0;
	int rc = 0;

	h->opaque = c;
	if (!c || most <= (int)FIRST)
		return -1;
	for (int i = 0; i < VM_SLOTS_MAX; i++)
		own += h->vm->slot[i].bytes != 0;
	c->page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->page == MAP_FAILED) {
		c->page = NULL;
		return -1;
	}
	/* Slots that exist when one is added, the VMM's own among them. */
	wanted = wanted == MOST ? (uint32_t)most - FIRST - 1 :
		 wanted > own ? wanted - own : 0;
	while (c->count < wanted && !rc) {
		rc = crowd_set(h, c->count, crowd_gpa(c->count), PAGE_BYTES, 0);
		c->count += !rc;
	}
	return rc;
}

/* A change may wait for a tick, so a row takes long, and a crowd to make. */
__host const char *crowd_unavailable(struct target_context *ctx)
{
	return ctx->quick ? "with --quick memslots are measured with 1 and with 512 others only" :
	       NULL;
}

__host void crowd_teardown(struct item_host *h)
{
	struct crowd *c = h->opaque;

	/* The slots go with the VM; nothing of the guest's lies in them. */
	if (c && c->page)
		munmap(c->page, PAGE_BYTES);
	free(c);
	h->opaque = NULL;
}

__host int absent(struct item_host *h)
{
	return subject_set(h, false);
}

__host int present(struct item_host *h)
{
	return subject_set(h, true);
}

__host int add_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return present(h);
}

__host int delete_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return absent(h);
}

__host int move_block(struct item_host *h, uint64_t ops)
{
	struct crowd *c = h->opaque;
	int rc = 0;

	for (; ops && !rc; ops--) {
		c->moved = !c->moved;
		rc = crowd_set(h, c->count, crowd_gpa(c->count + c->moved),
			       PAGE_BYTES, c->flags);
	}
	return rc;
}

__host int flags_block(struct item_host *h, uint64_t ops)
{
	struct crowd *c = h->opaque;
	int rc = 0;

	for (; ops && !rc; ops--) {
		c->flags ^= KVM_MEM_LOG_DIRTY_PAGES;
		rc = crowd_set(h, c->count, crowd_gpa(c->count + c->moved),
			       PAGE_BYTES, c->flags);
	}
	return rc;
}

#define CITE_SLOTS "Linux, KVM API, KVM_SET_USER_MEMORY_REGION and KVM_CAP_NR_MEMSLOTS"

#define CROWDED(n, ops, before, ...)					\
	.needs = NEED_VMM,						\
	.cite = CITE_SLOTS,						\
	.max_ops = ops,							\
	.host_setup = HOST(crowd_##n),					\
	.host_teardown = HOST(crowd_teardown),				\
	.host_rewind = HOST(before),					\
	.exits = EXITS(0, 0),						\
	__VA_ARGS__

#define SLOTS(n, number, words, ...)					\
	__host int crowd_##n(struct item_host *h)			\
	{								\
		return crowd_make(h, number);				\
	}								\
									\
	BENCH(memslot_add_##n,						\
		.summary = "A memslot added, " words,			\
		.host_block = HOST(add_block),				\
		CROWDED(n, 1, absent, __VA_ARGS__));			\
	BENCH(memslot_delete_##n,					\
		.summary = "A memslot deleted, " words,			\
		.reading = "KVM drops what it had mapped through the slot; an old one drops all " \
			   "that the VM had mapped.",			\
		.host_block = HOST(delete_block),			\
		CROWDED(n, 1, present, __VA_ARGS__));			\
	BENCH(memslot_move_##n,						\
		.summary = "A memslot moved, " words,			\
		.host_block = HOST(move_block),				\
		CROWDED(n, 64, present, __VA_ARGS__));			\
	BENCH(memslot_flags_##n,					\
		.summary = "A memslot's logging switched, " words,	\
		.reading = "Modes apart by milliseconds are a wait for a tick: KVM waits for " \
			   "readers of the old slots.",			\
		.host_block = HOST(flags_block),			\
		CROWDED(n, 64, present, __VA_ARGS__))

SLOTS(1, 1, "1 other there");
SLOTS(8, 8, "8 others there", .unavailable = HOST(crowd_unavailable));
SLOTS(64, 64, "64 others there", .unavailable = HOST(crowd_unavailable));
SLOTS(512, 512, "512 others there");
SLOTS(4096, 4096, "4,096 others there", .unavailable = HOST(crowd_unavailable));
/* A VM of so many takes seconds to make. */
SLOTS(max, MOST, "as many others there as KVM has room for",
      .unavailable = HOST(crowd_unavailable), .max_instances = 3);
