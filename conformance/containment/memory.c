/*
 * A guest reaches its own memory and nothing else.
 *
 * The guest pokes where no slot is, at the edges of one, and where a slot
 * was or may not be written. Each access must end in the VMM; the pages
 * beside every slot hold canaries that no guest may change.
 */
#include "suite.h"
#include "item_host.h"
#include "kvm/vm.h"

#define TABLE	0x00000007ull		/* present, writable, user */
#define ONES	0xffffffffffffffffull
#define VALUE	0x1122334455667788ull
#define SLOT_GPA 0x20000000ull
#define PORT	0x5650
#define PATTERN	0x5ec2e75ec2e75ec2ull
#define CITE	"AMD APM vol. 2, Nested Paging; Intel SDM vol. 3, The Extended " \
		"Page Table Mechanism; Linux Documentation/virt/kvm/api.rst, " \
		"KVM_SET_USER_MEMORY_REGION"

/* arg[0] is where it ends. */
__host void end_of_ram_tell(struct item_host *h)
{
	h->mailbox->arg[0] = h->ram_bytes;
}

__host void canaries_check(struct item_host *h)
{
	const void *hva = NULL;

	host_check(h, "the pages beside guest memory are intact", true,
		   vm_canaries_intact(h->vm, &hva));
}

__host void hole_judge(struct item_host *h)
{
	const struct unclaimed *u = &h->vm->unclaimed;

	canaries_check(h);
	host_check(h, "reads that reached the VMM", 1, u->mmio_reads);
	host_check(h, "writes that reached the VMM", 1, u->mmio_writes);
	host_check(h, "GPA of the write", ABI_HOLE_GPA + 0x40, u->last_gpa);
	host_check(h, "data of the write", 0x12345678,
		   u->last_data & 0xffffffff);
}

PROBE(hole_access_reaches_the_vmm,
	.rule = "An access where there is no memory reaches the VMM, and only it",
	.cite = CITE,
	.control = "a hole with a slot of memory in it is caught",
	.judge = HOST(hole_judge))
{
	CHECK_EQ(0xffffffff, mmio_read32(ABI_HOLE_GPA));
	mmio_write32(ABI_HOLE_GPA + 0x40, 0x12345678);
}

__host void end_judge(struct item_host *h)
{
	canaries_check(h);
	host_check(h, "writes that reached the VMM", 2,
		   h->vm->unclaimed.mmio_writes);
	host_check(h, "GPA of the last one", h->ram_bytes + 4096 - 8,
		   h->vm->unclaimed.last_gpa);
}

PROBE(write_beyond_ram_reaches_the_vmm,
	.rule = "Writes to the page behind the last one of RAM reach the VMM",
	.cite = CITE,
	.control = "a changed byte beside guest memory is caught",
	.prepare = HOST(end_of_ram_tell), .judge = HOST(end_judge))
{
	volatile uint64_t *end = (volatile uint64_t *)mailbox->arg[0];

	end[0] = VALUE;
	end[511] = VALUE;
	CHECK_EQ(mailbox->arg[0], (uint64_t)end);
}

__host void edge_judge(struct item_host *h)
{
	const struct unclaimed *u = &h->vm->unclaimed;
	uint32_t inside = *(uint32_t *)(h->ram + h->ram_bytes - 4);

	canaries_check(h);
	host_check(h, "half that belongs to RAM", VALUE & 0xffffffff, inside);
	host_check(h, "GPA of the other half", h->ram_bytes, u->last_gpa);
	host_check(h, "bytes of the other half", 4, u->last_bytes);
	host_check(h, "data of the other half", VALUE >> 32,
		   u->last_data & 0xffffffff);
}

PROBE(write_across_the_end_of_ram_is_split,
	.rule = "A write across the end of RAM puts its first half there, no more",
	.cite = CITE,
	.control = "a changed byte beside guest memory is caught",
	.prepare = HOST(end_of_ram_tell), .judge = HOST(edge_judge))
{
	volatile uint64_t *edge = (volatile uint64_t *)(mailbox->arg[0] - 4);

	__asm__ volatile("movq %1, %0" : "=m"(*edge) : "r"(VALUE) : "memory");
	CHECK_EQ(VALUE & 0xffffffff, *(volatile uint32_t *)edge);
}

__host void string_judge(struct item_host *h)
{
	uint64_t *last = (uint64_t *)(h->ram + h->ram_bytes) - 1;

	canaries_check(h);
	host_check(h, "last word of RAM", VALUE, *last);
	host_check(h, "writes that reached the VMM", 8,
		   h->vm->unclaimed.mmio_writes);
	host_check(h, "GPA of the last one", h->ram_bytes + 56,
		   h->vm->unclaimed.last_gpa);
}

PROBE(string_store_stops_at_the_end_of_ram,
	.rule = "REP STOS across the end of RAM writes no host memory behind it",
	.cite = CITE,
	.control = "a changed byte beside guest memory is caught",
	.prepare = HOST(end_of_ram_tell), .judge = HOST(string_judge))
{
	uint64_t at = mailbox->arg[0] - 64, n = 16;

	__asm__ volatile("cld\n\trep stosq" : "+D"(at), "+c"(n) : "a"(VALUE)
			 : "memory", "cc");
	CHECK_EQ(mailbox->arg[0] + 64, at);
	CHECK_EQ(0, n);
}

__host void slot_prepare(struct item_host *h, uint32_t flags)
{
	struct error e;
	int slot = vm_memory_add(h->vm, SLOT_GPA, 4096, flags, BACKING_ANON, &e);

	if (slot < 0) {
		host_verdict(h, ABI_ERROR, e.text);
		return;
	}
	h->opaque = &h->vm->slot[slot];
	*(uint64_t *)h->vm->slot[slot].hva = PATTERN;
	h->mailbox->arg[0] = SLOT_GPA;
}

__host void read_only_prepare(struct item_host *h)
{
	if (h->vm->sys->readonly_mem)
		slot_prepare(h, KVM_MEM_READONLY);
	else
		host_verdict(h, ABI_SKIP, "this KVM has no read-only slots");
}

__host void read_only_judge(struct item_host *h)
{
	const struct slot *s = h->opaque;

	if (!s)
		return;
	canaries_check(h);
	host_check(h, "what the slot holds", PATTERN, *(uint64_t *)s->hva);
	host_check(h, "writes that reached the VMM", 1,
		   h->vm->unclaimed.mmio_writes);
	host_check(h, "GPA of the write", SLOT_GPA, h->vm->unclaimed.last_gpa);
}

PROBE(read_only_slot_keeps_its_bytes,
	.rule = "A write to a read-only slot reaches the VMM and not the memory",
	.cite = CITE ", KVM_MEM_READONLY",
	.control = "a slot without KVM_MEM_READONLY is caught",
	.prepare = HOST(read_only_prepare), .judge = HOST(read_only_judge))
{
	volatile uint64_t *slot = (volatile uint64_t *)mailbox->arg[0];

	if (!slot)
		return;
	CHECK_EQ(PATTERN, *slot);
	*slot = VALUE;
	CHECK_EQ(PATTERN, *slot);
}

__host void slot_remove(struct vcpu *vcpu, void *opaque, uint64_t offset,
			void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;
	struct slot *s = h->opaque;
	struct error e;

	(void)offset, (void)data, (void)bytes, (void)write;
	if (s && vm_memory_remove(vcpu->vm, (int)(s - vcpu->vm->slot), &e))
		host_verdict(h, ABI_ERROR, e.text);
	h->opaque = NULL;
}

__host void removal_prepare(struct item_host *h)
{
	struct error e;

	slot_prepare(h, 0);
	if (range_claim(&h->vm->pio, PORT, 1, slot_remove, h, &e))
		host_verdict(h, ABI_ERROR, e.text);
}

__host void removal_judge(struct item_host *h)
{
	canaries_check(h);
	host_check(h, "the slot was removed", true, !h->opaque);
	host_check(h, "reads that reached the VMM", 1,
		   h->vm->unclaimed.mmio_reads);
}

PROBE(removed_slot_is_gone,
	.rule = "After its slot is removed, memory cannot be read any more",
	.cite = CITE,
	.control = "a slot that is not removed is caught",
	.prepare = HOST(removal_prepare), .judge = HOST(removal_judge))
{
	volatile uint64_t *slot = (volatile uint64_t *)mailbox->arg[0];

	if (!slot)
		return;
	CHECK_EQ(PATTERN, *slot);	/* now its translation is cached */
	outb(PORT, 0);
	CHECK_EQ(ONES, *slot);
}

static uint64_t pd[512] __attribute__((aligned(4096)));

__host void highest_judge(struct item_host *h)
{
	const struct unclaimed *u = &h->vm->unclaimed;

	canaries_check(h);
	host_check(h, "reads that reached the VMM", 1, u->mmio_reads);
	host_check(h, "GPA of the write", h->mailbox->ret[0], u->last_gpa);
}

PROBE(highest_page_reaches_the_vmm,
	.rule = "The last page that MAXPHYADDR allows is no way into host memory",
	.cite = CITE,
	.control = "a slot of memory in the last page is caught",
	.judge = HOST(highest_judge))
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & ~0xfffull);
	uint64_t *pdpt = (uint64_t *)(pml4[0] & 0x000ffffffffff000ull);
	uint64_t top = 1ull << (cpuid_reg(0x80000008u, 0, 0) & 0xff);

	pdpt[4] = (uint64_t)pd | TABLE;
	pd[0] = (top - 0x200000) | 0x80 | TABLE;
	write_cr3(read_cr3());
	mailbox->ret[0] = top - 4;
	CHECK_EQ(0xffffffff, mmio_read32(0x100000000ull));
	mmio_write32(0x1001ffffcull, 1);
}
