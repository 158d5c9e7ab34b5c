/*
 * A guest's page tables may lie anywhere: where no memory is, in a device, in
 * ROM, or in themselves. The walker, in hardware or in KVM, stays inside.
 */
#include <string.h>

#include "item_host.h"
#include "kvm/vm.h"
#include "walk.h"

#define CITE	"Intel SDM vol. 3, 4-Level Paging; AMD APM vol. 2, Nested Paging"
#define ROM_GPA	0x20000000ull
#define ONES	0xffffffffffffffffull

/* A walk that ends in the VMM ends at the table: KVM takes that for the data. */
__host void hole_judge(struct item_host *h)
{
	const struct unclaimed *u = &h->vm->unclaimed;

	host_check(h, "an access reached the VMM elsewhere", false,
		   u->mmio_reads + u->mmio_writes &&
		   u->last_gpa >> 12 != ABI_HOLE_GPA >> 12);
}

PROBE(table_in_a_hole_maps_nothing,
	.rule = "An access through a page table that lies where no memory is faults, or "
		"ends in the VMM: it reaches nothing",
	.cite = CITE "; XSA-182, XSA-185 class, as commonly cited",
	.control = "a hole with entries in it is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(hole_judge))
{
	uint64_t v = 0;
	unsigned int vector;

	/* All ones as entries would be present, with reserved bits. */
	walk_pdpt()[4] = ABI_HOLE_GPA | WALK_TABLE;
	walk_flush();
	vector = asm_safe("mov (%1), %0", : "+r"(v) : "r"(WINDOW_GVA)
			  : "memory");
	CHECK(vector == VEC_PF || v == ONES);
	vector = asm_safe("mov %0, (%1)", :: "r"(v), "r"(WINDOW_GVA)
			  : "memory");
	CHECK(vector == VEC_PF || vector == NO_FAULT);
}

__host void device_access(struct vcpu *v, void *opaque, uint64_t offset,
			  void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;

	(void)v, (void)offset;
	h->mailbox->ret[write]++;
	if (!write)
		memset(data, 0xff, bytes);
}

__host void device_prepare(struct item_host *h)
{
	struct error e;

	host_said(h, range_claim(&h->vm->mmio, ABI_HOLE_GPA, 4096,
				 device_access, h, &e), &e);
}

__host void device_judge(struct item_host *h)
{
	host_check(h, "writes of the walker to the device", 0,
		   h->mailbox->ret[1]);
}

PROBE(table_in_a_device_maps_nothing,
	.rule = "A page table in a device's page maps nothing, and no Accessed bit is "
		"written there",
	.cite = CITE "; XSA-182, XSA-185 class, as commonly cited",
	.control = "a device that is memory with entries is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.prepare = HOST(device_prepare), .judge = HOST(device_judge))
{
	uint64_t v = 0;
	unsigned int vector;

	walk_open();
	walk_pd[0] = ABI_HOLE_GPA | WALK_TABLE;
	walk_flush();
	vector = asm_safe("mov (%1), %0", : "+r"(v) : "r"(WINDOW_GVA)
			  : "memory");
	CHECK(vector == VEC_PF || v == ONES);
}

__host void rom_prepare(struct item_host *h)
{
	struct error e;
	uint64_t *entry;
	int slot;

	if (!h->vm->sys->readonly_mem) {
		host_verdict(h, ABI_SKIP, "this KVM has no read-only slots");
		return;
	}
	slot = vm_memory_add(h->vm, ROM_GPA, 4096, KVM_MEM_READONLY,
			     BACKING_ANON, &e);
	if (host_said(h, slot, &e))
		return;
	h->opaque = &h->vm->slot[slot];
	entry = (uint64_t *)h->vm->slot[slot].hva;
	entry[0] = 0x100000 | WALK_TABLE;	/* the image's first page */
}

__host void rom_judge(struct item_host *h)
{
	const struct slot *s = h->opaque;

	if (s)
		host_check(h, "the entry in ROM", 0x100000 | WALK_TABLE,
			   *(const uint64_t *)s->hva);
}

PROBE(table_in_rom_is_not_written,
	.rule = "The walker sets no Accessed or Dirty bit in a read-only slot, whether "
		"it gives the access or a fault",
	.cite = CITE "; Linux, KVM API, KVM_MEM_READONLY",
	.control = "a byte of the ROM that changed is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.prepare = HOST(rom_prepare), .judge = HOST(rom_judge))
{
	uint64_t v = 0;
	unsigned int vector;

	walk_open();
	walk_pd[0] = ROM_GPA | WALK_TABLE;
	walk_flush();
	vector = asm_safe("mov (%1), %0", : "+r"(v) : "r"(WINDOW_GVA)
			  : "memory");
	/* The page, or the entry itself where KVM took that for the data. */
	CHECK(vector == VEC_PF || v == *(volatile uint64_t *)0x100000 ||
	      v == *(volatile uint64_t *)ROM_GPA);
}

/* Entry 511 of the top table is that table: all tables become data. */
PROBE(tables_that_map_themselves_stay_inside,
	.rule = "A guest that edits its tables through themselves gets its own memory, "
		"and the VMM where there is none",
	.cite = CITE "; XSA-148, XSA-182 class, as commonly cited",
	.control = "a hole with a slot of memory in it is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE)
{
	volatile uint64_t *self = (volatile uint64_t *)0xfffffffffffff000ull;
	volatile uint64_t *pdpt = (volatile uint64_t *)0xffffffffffe00000ull;
	volatile uint64_t *in_window = (volatile uint64_t *)WINDOW_GVA;
	uint64_t top = (uint64_t)walk_pml4() | WALK_TABLE;

	walk_pml4()[511] = top;
	walk_flush();
	CHECK_EQ(top, self[511] & ~0x60ull);
	/* A gigabyte, or by 2 MiB pages, of what is no memory. */
	pdpt[4] = (uint64_t)walk_pd | WALK_TABLE;
	walk_pd[0] = ABI_HOLE_GPA | WALK_LARGE;
	walk_flush();
	CHECK_EQ(ONES, *in_window);
	/* Turned to RAM through the recursion, writable, and back. */
	walk_pd[0] = WALK_LARGE;
	walk_flush();
	CHECK_EQ(ABI_MAGIC, *(volatile uint64_t *)(WINDOW_GVA +
						   ABI_MAILBOX_GPA));
	self[511] = top & ~2ull;
	walk_flush();
	self[511] = top;
	walk_flush();
	CHECK_EQ(top, self[511] & ~0x60ull);
	pdpt[4] = 0;
	walk_flush();
	CHECK_EQ(VEC_PF, asm_safe("mov (%0), %%rax", :: "r"(WINDOW_GVA)
				  : "rax", "memory"));
}

PROBE(loop_of_tables_ends,
	.rule = "A table that is its own page directory and page at once is walked in "
		"four steps, and gives the table",
	.cite = CITE "; XSA-182 class, as commonly cited",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE)
{
	uint64_t v = 0, self = (uint64_t)walk_pd | WALK_TABLE;

	walk_pdpt()[4] = self;
	walk_pd[0] = self;
	walk_flush();
	CHECK_EQ(NO_FAULT, asm_safe("mov (%1), %0", : "+r"(v)
				    : "r"(WINDOW_GVA) : "memory"));
	CHECK_EQ(self, v & ~0x60ull);
}
