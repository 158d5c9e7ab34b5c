/*
 * A VM that is changed while its vCPUs run: a memslot taken away and put
 * back, and the dirty log fetched. Hotplug and live migration do that, and
 * KVM must make every running vCPU notice before it may go on.
 *
 * The first vCPU asks for the change by a port of this bench's own; all
 * others write to memory meanwhile. Their exits are theirs and not counted.
 */
#include <errno.h>
#include <sys/mman.h>

#include "../memory/logged.h"
#include "parts.h"

#define PORT_CHANGE	0x5640
#define PAGE_BYTES	4096ull
#define SLOT		((uint32_t)VM_SLOTS_MAX)	/* the VMM's lie below */
#define SLOT_GPA	(ABI_ARENA_GPA + ABI_ARENA_BYTES_MAX)

__guest void change_op(void)
{
	outl(PORT_CHANGE, 0);
}

__guest void parts_setup(void)
{
	area_setup();
	parts_deal(AREA_PAGES, page_bytes(PAGE_4K));
	mailbox->max_ops = 0;		/* the peers go round */
}

/* Round and round in its own part, until the first vCPU is through. */
__guest void part_write_peer(void)
{
	uint64_t begin = cpu_self()->own[PART_BEGIN], at = begin;

	while (!smp_over()) {
		++*(volatile uint64_t *)at;
		at += PAGE_BYTES;
		if (at < begin + part_bytes)
			continue;
		at = begin;
		if (mailbox->parks)	/* or the first gets no turn */
			bell_ring(ABI_BELL_YIELD);
	}
}

__host int slot_set(struct item_host *h, uint64_t bytes)
{
	struct kvm_userspace_memory_region region = {
		.slot = SLOT, .guest_phys_addr = SLOT_GPA,
		.memory_size = bytes, .userspace_addr = (uintptr_t)h->opaque,
	};
	struct error e;
	int rc = KVM_IOCTL(h->vm->fd, KVM_SET_USER_MEMORY_REGION, &region, &e);

	return host_said(h, rc < 0 ? rc : 0, &e);
}

__host void slot_change(struct vcpu *v, void *opaque, uint64_t offset,
			void *data, unsigned int bytes, bool write)
{
	(void)v;
	(void)offset;
	(void)data;
	(void)bytes;
	if (write && !slot_set(opaque, 0))
		slot_set(opaque, PAGE_BYTES);
}

__host int slot_setup(struct item_host *h)
{
	void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct error e;
	int rc;

	if (page == MAP_FAILED)
		return -ENOMEM;
	h->opaque = page;
	rc = slot_set(h, PAGE_BYTES);
	return rc ? rc : host_said(h, range_claim(&h->vm->pio, PORT_CHANGE, 4,
						  slot_change, h, &e), &e);
}

__host void slot_teardown(struct item_host *h)
{
	if (h->opaque)
		munmap(h->opaque, PAGE_BYTES);
	h->opaque = NULL;
}

__host void log_change(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	(void)v;
	(void)offset;
	(void)data;
	(void)bytes;
	if (write)
		log_fetch(opaque);
}

__host int log_running_setup(struct item_host *h)
{
	struct error e;
	int rc = log_setup(h);

	return rc ? rc : host_said(h, range_claim(&h->vm->pio, PORT_CHANGE, 4,
						  log_change, h, &e), &e);
}

#define RUNNING								\
	.rings = RING3,							\
	.scales = true,							\
	.roles = ROLES_FIRST,						\
	.peers_apart = true,						\
	.sleeps = true,							\
	.setup = GUEST(parts_setup),					\
	.op = GUEST(change_op),						\
	.peer = GUEST(part_write_peer),					\
	LOGGED_ARENA

BENCH(memslot_change_running,
	.summary = "A memslot deleted and added again while all other vCPUs write to memory",
	.reading = "Two calls and one exit to user space. With one vCPU nobody else runs; what is "
		   "more with others is KVM's wait for them.",
	.host_setup = HOST(slot_setup),
	.host_teardown = HOST(slot_teardown),
	.exits = EXITS_RANGE(0, 255, 1),	/* what was mapped is forgotten */
	RUNNING,
);

BENCH(dirty_log_get_running,
	.summary = "The dirty log of 16 MiB fetched while all other vCPUs write to them",
	.reading = "One exit to user space, and what was written since the last time protected "
		   "again: the more vCPUs, the more pages.",
	.host_setup = HOST(log_running_setup),
	.host_teardown = HOST(log_teardown),
	.exits = EXITS_RANGE(0, 255, 1),
	RUNNING,
);
