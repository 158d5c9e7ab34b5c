/*
 * A slot that is taken away, moved, replaced or made read-only is so at once:
 * no translation that a vCPU has cached leads to what was there before.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "smp.h"
#include "steps.h"

#define A_GPA	0x20000000ull
#define B_GPA	0x22000000ull
#define PAGE	4096ull
#define OLD	0x01d01d01d01d01d0ull
#define NEW	0x2e32e32e32e32e32ull
#define STRAY	0x5772a95772a95772ull
#define TAKES	3
#define ONES	0xffffffffffffffffull
#define CITE	"Linux, KVM API, KVM_SET_USER_MEMORY_REGION; Intel SDM vol. 3, "	\
		"Invalidating Cached Translation Information; AMD APM vol. 2, "	\
		"TLB Management"

static int slot_a, slot_b;

__host int slot_make(struct item_host *h, uint64_t gpa, uint64_t word,
		     struct error *e)
{
	int slot = vm_memory_add(h->vm, gpa, 16 * PAGE, 0, BACKING_ANON, e);

	if (slot >= 0)
		*(volatile uint64_t *)h->vm->slot[slot].hva = word;
	return slot;
}

/* As KVM has it: the VMM's own table stays as it is. */
__host int slot_set(struct item_host *h, int slot, uint64_t gpa, uint8_t *hva,
		    uint32_t flags, uint64_t bytes, struct error *e)
{
	const struct kvm_userspace_memory_region region = {
		.slot = (uint32_t)slot, .flags = flags,
		.guest_phys_addr = gpa, .memory_size = bytes,
		.userspace_addr = (uintptr_t)hva,
	};

	return KVM_IOCTL(h->vm->fd, KVM_SET_USER_MEMORY_REGION, &region, e);
}

__host volatile uint64_t *word_of(struct item_host *h, int slot)
{
	return (volatile uint64_t *)h->vm->slot[slot].hva;
}

__host void one_slot_prepare(struct item_host *h, step_fn *fn)
{
	struct error e;

	slot_a = slot_make(h, A_GPA, OLD, &e);
	slot_b = -1;
	if (!host_said(h, slot_a, &e))
		steps_begin(h, fn);
}

__host void two_slots_prepare(struct item_host *h, step_fn *fn)
{
	struct error e;

	one_slot_prepare(h, fn);
	slot_b = slot_make(h, B_GPA, NEW, &e);
	host_said(h, slot_b, &e);
}

__host int move_step(struct item_host *h, uint8_t n, struct error *e)
{
	(void)n;
	return slot_set(h, slot_a, B_GPA, h->vm->slot[slot_a].hva, 0,
			16 * PAGE, e);
}

__host void move_prepare(struct item_host *h)
{
	one_slot_prepare(h, move_step);
}

__host void move_judge(struct item_host *h)
{
	host_check(h, "accesses of the old place that reached the VMM", 2,
		   h->vm->unclaimed.mmio_reads + h->vm->unclaimed.mmio_writes);
	host_check(h, "word of the slot", NEW, *word_of(h, slot_a));
}

PROBE(moved_slot_is_at_its_new_place_only,
	.rule = "After a slot is moved its memory is reached at the new GPA, and the "
		"old one reaches the VMM",
	.cite = CITE, .control = "a slot that is not moved is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(move_prepare), .judge = HOST(move_judge))
{
	volatile uint64_t *a = (void *)A_GPA, *b = (void *)B_GPA;

	*a = OLD + 1;			/* now its translation is cached */
	CHECK_EQ(OLD + 1, *a);
	step(0);
	CHECK_EQ(OLD + 1, *b);
	*b = NEW;
	*a = STRAY;
	CHECK_EQ(ONES, *a);
}

/* The second slot's memory takes the first one's place. */
__host int replace_step(struct item_host *h, uint8_t n, struct error *e)
{
	uint8_t *hva = h->vm->slot[slot_b].hva;
	int rc = slot_set(h, slot_a, A_GPA, NULL, 0, 0, e);

	(void)n;
	if (rc >= 0)
		rc = slot_set(h, slot_b, B_GPA, NULL, 0, 0, e);
	return rc < 0 ? rc : slot_set(h, slot_a, A_GPA, hva, 0, 16 * PAGE, e);
}

__host void replace_prepare(struct item_host *h)
{
	two_slots_prepare(h, replace_step);
}

__host void replace_judge(struct item_host *h)
{
	host_check(h, "word of the memory that was taken away", OLD + 1,
		   *word_of(h, slot_a));
	host_check(h, "word of the memory that took its place", STRAY,
		   *word_of(h, slot_b));
}

PROBE(replaced_slot_shows_its_new_memory,
	.rule = "After a slot gets other memory a guest reads and writes that, and no "
		"byte of what it had",
	.cite = CITE, .control = "a slot that is not replaced is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(replace_prepare), .judge = HOST(replace_judge))
{
	volatile uint64_t *a = (void *)A_GPA;

	*a = OLD + 1;
	CHECK_EQ(OLD + 1, *a);
	step(0);
	CHECK_EQ(NEW, *a);
	*a = STRAY;
}

__host int seal_step(struct item_host *h, uint8_t n, struct error *e)
{
	uint8_t *hva = h->vm->slot[slot_a].hva;
	int rc = slot_set(h, slot_a, A_GPA, NULL, 0, 0, e);

	(void)n;
	return rc < 0 ? rc : slot_set(h, slot_a, A_GPA, hva, KVM_MEM_READONLY,
				      16 * PAGE, e);
}

__host void seal_prepare(struct item_host *h)
{
	if (h->vm->sys->readonly_mem)
		one_slot_prepare(h, seal_step);
	else
		host_verdict(h, ABI_SKIP, "this KVM has no read-only slots");
}

__host void seal_judge(struct item_host *h)
{
	host_check(h, "word of the slot", OLD + 1, *word_of(h, slot_a));
	host_check(h, "writes that reached the VMM", 1,
		   h->vm->unclaimed.mmio_writes);
}

PROBE(slot_made_read_only_keeps_its_bytes,
	.rule = "A slot that becomes read-only is not written through a cached "
		"translation",
	.cite = CITE ", KVM_MEM_READONLY",
	.control = "a slot that stays writable is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(seal_prepare), .judge = HOST(seal_judge))
{
	volatile uint64_t *a = (void *)A_GPA;

	*a = OLD + 1;
	step(0);
	CHECK_EQ(OLD + 1, *a);
	*a = STRAY;
	CHECK_EQ(OLD + 1, *a);
}

/* Another slot of the same memory: the first one's end is not the other's. */
__host int alias_step(struct item_host *h, uint8_t n, struct error *e)
{
	uint8_t *hva = h->vm->slot[slot_a].hva;

	if (!n)
		return slot_set(h, VM_SLOTS_MAX, B_GPA, hva, 0, 16 * PAGE, e);
	return slot_set(h, VM_SLOTS_MAX, B_GPA, NULL, 0, 0, e);
}

__host void alias_prepare(struct item_host *h)
{
	one_slot_prepare(h, alias_step);
}

__host void alias_judge(struct item_host *h)
{
	host_check(h, "word of the memory", NEW, *word_of(h, slot_a));
	host_check(h, "accesses that reached the VMM", 2,
		   h->vm->unclaimed.mmio_reads + h->vm->unclaimed.mmio_writes);
}

PROBE(alias_ends_with_its_slot,
	.rule = "Memory in two slots is one; when one of them goes, its addresses reach "
		"the VMM and the other's still the memory",
	.cite = CITE, .control = "an alias that is not taken away is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(alias_prepare), .judge = HOST(alias_judge))
{
	volatile uint64_t *a = (void *)A_GPA, *b = (void *)B_GPA;

	step(0);
	*a = OLD + 1;
	CHECK_EQ(OLD + 1, *b);
	*b = NEW;
	CHECK_EQ(NEW, *a);
	step(1);
	*b = STRAY;
	CHECK_EQ(ONES, *b);
	CHECK_EQ(NEW, *a);
}

/* The host takes pages back, as a balloon or reclaim does. */
__host int reclaim_step(struct item_host *h, uint8_t n, struct error *e)
{
	(void)n;
	if (!madvise(h->vm->slot[slot_a].hva, 16 * PAGE, MADV_DONTNEED))
		return 0;
	return error_set(e, -EIO, "madvise(MADV_DONTNEED) failed");
}

__host void reclaim_prepare(struct item_host *h)
{
	one_slot_prepare(h, reclaim_step);
}

__host void reclaim_judge(struct item_host *h)
{
	host_check(h, "word that the guest wrote afterwards", NEW,
		   *word_of(h, slot_a));
}

PROBE(reclaimed_page_comes_back_zero,
	.rule = "A page that the host took back is zero when the guest reads it again, "
		"and its writes go to the new page",
	.cite = "Linux, madvise(2), MADV_DONTNEED; KVM's MMU notifiers",
	.control = "a page that is not taken back is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(reclaim_prepare), .judge = HOST(reclaim_judge))
{
	volatile uint64_t *a = (void *)A_GPA;
	uint64_t any = 0;

	for (uint64_t i = 0; i < 16; i++)
		a[i * 512] = OLD + i;
	step(0);
	for (uint64_t i = 0; i < 16; i++)
		any |= a[i * 512];
	CHECK_EQ(0, any);
	*a = NEW;
}

/* What KVM must refuse, since any of it would be a hole in the wall. */
__host void refuse_judge(struct item_host *h)
{
	uint8_t *hva = h->vm->slot[slot_a].hva;
	static const struct {
		const char *what;
		uint64_t gpa, offset, bytes;
		int slot;
	} bad[] = {
		{ "a slot over another one", A_GPA + PAGE, 0, PAGE, 15 },
		{ "a slot of half a page", B_GPA, 0, PAGE / 2, 15 },
		{ "a slot at half a page", B_GPA + 8, 0, PAGE, 15 },
		{ "memory at half a page", B_GPA, 8, PAGE, 15 },
		{ "a slot that wraps", -PAGE, 0, 2 * PAGE, 15 },
		{ "memory of the kernel", B_GPA, 1ull << 63, PAGE, 15 },
		{ "a slot that is too many", B_GPA, 0, PAGE, 0x7fff },
		{ "an address space that is none", B_GPA, 0, PAGE, 7 << 16 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error e;
		int rc = slot_set(h, bad[i].slot, bad[i].gpa,
				  (uint8_t *)((uintptr_t)hva + bad[i].offset),
				  0, bad[i].bytes, &e);

		host_check(h, bad[i].what, true, rc < 0);
		if (rc >= 0)
			slot_set(h, bad[i].slot, bad[i].gpa, NULL, 0, 0, &e);
	}
	host_check(h, "word of the slot", OLD, *word_of(h, slot_a));
}

__host int no_step(struct item_host *h, uint8_t n, struct error *e)
{
	(void)h, (void)n, (void)e;
	return 0;
}

__host void refuse_prepare(struct item_host *h)
{
	one_slot_prepare(h, no_step);
}

PROBE(slots_that_overlap_or_wrap_are_refused,
	.rule = "KVM refuses slots that overlap, wrap, are not whole pages, or whose "
		"memory is not the process's",
	.cite = "Linux, KVM API, KVM_SET_USER_MEMORY_REGION",
	.control = "a slot's memory that changed meanwhile is caught",
	.needs = NEED_VMM, .rings = RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(refuse_prepare), .judge = HOST(refuse_judge))
{
	CHECK_EQ(OLD, *(volatile uint64_t *)A_GPA);
}

/* One vCPU writes for ever, the other has the memory taken away. */
static volatile bool over;

__guest void writer_or_taker(void)
{
	volatile uint64_t *a = (void *)A_GPA;

	if (cpu_self()->index) {
		while (!over)
			(*a)++;
		return;
	}
	for (int i = 0; i < TAKES; i++) {
		step(0);
		step(1);
	}
	over = true;
}

static uint64_t changed_after, taken;

__host int take_step(struct item_host *h, uint8_t n, struct error *e)
{
	volatile uint64_t *word = word_of(h, slot_a);
	uint64_t before;
	int rc;

	if (n)
		return slot_set(h, slot_a, A_GPA, (uint8_t *)word, 0,
				16 * PAGE, e);
	rc = slot_set(h, slot_a, A_GPA, NULL, 0, 0, e);
	if (rc < 0)
		return rc;
	before = *word;
	for (int i = 0; i < 200; i++)
		__asm__ volatile("pause" ::: "memory");
	usleep(500);
	changed_after += *word != before;
	taken++;
	return 0;
}

__host void take_prepare(struct item_host *h)
{
	changed_after = taken = 0;
	one_slot_prepare(h, take_step);
}

__host void take_judge(struct item_host *h)
{
	host_check(h, "times that the memory was taken away", TAKES, taken);
	host_check(h, "times that it was written afterwards", 0,
		   changed_after);
}

PROBE(removed_slot_is_gone_for_a_running_vcpu,
	.rule = "When KVM has removed a slot no vCPU that was writing to it still does",
	.cite = CITE "; Linux, KVM's remote TLB flush",
	.control = "a slot that is not removed is caught",
	.needs = NEED_VMM, .vcpus = 2,
	.watch = WATCH_OUTSIDE, .prepare = HOST(take_prepare),
	.judge = HOST(take_judge))
{
	over = false;
	smp_run(writer_or_taker, mailbox->ring);
	CHECK(over);
}
