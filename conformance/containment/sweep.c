/*
 * All of guest-physical space that is not in a slot leads to the VMM, and
 * what no CPU has of it leads to a fault.
 */
#include "item_host.h"
#include "kvm/vm.h"
#include "walk.h"

#define ONES	0xffffffffffffffffull
#define CITE	"AMD APM vol. 2, Nested Paging; Intel SDM vol. 3, The Extended "	\
		"Page Table Mechanism; Linux, KVM API, KVM_EXIT_MMIO"
#define SWEEP_FIRST	23		/* 8 MiB: where RAM ends */

__host void sweep_judge(struct item_host *h)
{
	const struct unclaimed *u = &h->vm->unclaimed;

	host_check(h, "reads that reached the VMM", h->mailbox->ret[0],
		   u->mmio_reads);
	host_check(h, "writes that reached the VMM", h->mailbox->ret[1],
		   u->mmio_writes);
	host_check(h, "RAM was not reached by another way", 0,
		   *(uint64_t *)(h->ram + h->ram_bytes - 8));
}

__guest bool claimed(uint64_t gpa)
{
	return gpa >> 12 == ABI_MMIO_GPA >> 12;
}

/* Around each power of two: the page before, the one at it, and one behind. */
PROBE(sweep_of_holes_reaches_the_vmm,
	.rule = "Each page around each power of two, up to MAXPHYADDR, is the VMM's "
		"unless a slot is there",
	.cite = CITE, .control = "a slot of memory in one of the holes is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(sweep_judge))
{
	uint32_t top = cpuid_reg(0x80000008u, 0, 0) & 0xff, reads = 0;
	uint64_t wrong = 0, value;

	walk_open();
	for (uint32_t bit = SWEEP_FIRST; bit <= top; bit++) {
		for (int page = -1; page <= 1; page++) {
			uint64_t gpa = (1ull << bit) + (uint64_t)(page * 4096l);

			if (gpa >= 1ull << top || gpa < ABI_RAM_BYTES ||
			    claimed(gpa))
				continue;
			wrong += walk_read(gpa | WALK_TABLE, &value) !=
				 NO_FAULT || value != ONES;
			wrong += walk_write(gpa | WALK_TABLE, ~gpa) != NO_FAULT;
			reads++;
		}
	}
	mailbox->ret[0] = mailbox->ret[1] = reads;
	CHECK_EQ(0, wrong);
	CHECK(reads > 20);
}

__host void nothing_judge(struct item_host *h)
{
	host_check(h, "accesses that reached the VMM", 0,
		   h->vm->unclaimed.mmio_reads + h->vm->unclaimed.mmio_writes);
}

PROBE(addresses_beyond_maxphyaddr_fault,
	.rule = "An entry with any address bit beyond MAXPHYADDR raises #PF, and "
		"neither memory nor the VMM is reached",
	.cite = "Intel SDM vol. 3, Paging, reserved bits; AMD APM vol. 2, Page-"
		"Translation-Table Entry Fields",
	.control = "an access that reached the VMM all the same is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(nothing_judge))
{
	uint32_t top = cpuid_reg(0x80000008u, 0, 0) & 0xff;
	uint64_t through = 0, value;

	if (top >= 52) {
		SKIP("MAXPHYADDR is 52: no bit is reserved");
		return;
	}
	walk_open();
	for (uint32_t bit = top; bit < 52; bit++) {
		through += walk_read(1ull << bit | WALK_TABLE, &value) !=
			   VEC_PF;
		through += walk_write((1ull << bit | 0x1000) | WALK_TABLE,
				      1) != VEC_PF;
	}
	CHECK_EQ(0, through);
}

__host void end_tell(struct item_host *h)
{
	h->mailbox->arg[0] = h->ram_bytes;
}

__host void gigabyte_judge(struct item_host *h)
{
	host_check(h, "writes that reached the VMM", 1,
		   h->vm->unclaimed.mmio_writes);
	host_check(h, "GPA of the write", h->ram_bytes,
		   h->vm->unclaimed.last_gpa);
}

PROBE(large_page_ends_where_its_slot_does,
	.rule = "A guest's page of 1 GiB over a slot of 8 MiB gives it 8 MiB",
	.cite = CITE "; Linux, KVM: max_mapping_level",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .prepare = HOST(end_tell),
	.judge = HOST(gigabyte_judge))
{
	volatile uint64_t *end;

	if (!(cpuid_reg(0x80000001u, 0, 3) & 1 << 26)) {
		SKIP("CPUID: no pages of 1 GiB");
		return;
	}
	walk_pdpt()[4] = WALK_LARGE;
	walk_flush();
	end = (volatile uint64_t *)(WINDOW_GVA + mailbox->arg[0]);
	end[-1] = 0x600d;
	CHECK_EQ(0x600d, *(volatile uint64_t *)(mailbox->arg[0] - 8));
	CHECK_EQ(ONES, end[0]);
	end[0] = 0xbad;
}

__host void push_judge(struct item_host *h)
{
	host_check(h, "writes that reached the VMM", 1,
		   h->vm->unclaimed.mmio_writes);
	host_check(h, "data that reached it", 0x5ec2e7,
		   h->vm->unclaimed.last_data);
	host_check(h, "bytes that reached it", 8,
		   h->vm->unclaimed.last_bytes);
}

PROBE(push_into_a_hole_reaches_the_vmm,
	.rule = "A PUSH whose stack is a hole writes eight bytes, to the VMM",
	.cite = CITE "; Intel SDM vol. 2, PUSH",
	.control = "a hole with a slot of memory in it is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(push_judge))
{
	uint64_t rsp;

	__asm__ volatile("mov %%rsp, %0\n\tmov %1, %%rsp\n\tpushq $0x5ec2e7\n\t"
			 "mov %0, %%rsp" : "=&r"(rsp)
			 : "r"(ABI_HOLE_GPA + 0x800) : "memory");
	CHECK_NE(0, rsp);
}

__host void locked_judge(struct item_host *h)
{
	host_check(h, "GPA of the last write", h->ram_bytes,
		   h->vm->unclaimed.last_gpa);
	host_check(h, "its bytes are the half beyond RAM", true,
		   h->vm->unclaimed.last_bytes <= 4);
}

PROBE(locked_access_across_the_end_is_split,
	.rule = "A locked add across the end of RAM changes no host memory behind it",
	.cite = CITE "; Intel SDM vol. 3, Locked Atomic Operations",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .prepare = HOST(end_tell),
	.judge = HOST(locked_judge))
{
	uint64_t *edge = (uint64_t *)(mailbox->arg[0] - 4);

	*(volatile uint32_t *)edge = 1;
	__asm__ volatile("lock addq %1, %0" : "+m"(*edge) : "r"(1ull)
			 : "memory", "cc");
	CHECK_EQ(2, *(volatile uint32_t *)edge);
}
