/*
 * One access, two kinds of memory: its first bytes are RAM and its last ones a
 * device's register, or the other way round, or there is nothing behind.
 *
 * Neither the CPU nor a hypervisor can do it in one piece. Both parts must
 * arrive, each in its place, or none when the second may not be touched.
 */
#include "item_host.h"
#include "suite.h"
#include "tables.h"

#define ACROSS	"Intel SDM vol. 3, Guaranteed Atomic Operations (accesses that split " \
		"page boundaries); AMD APM vol. 2, Access Atomicity"

__host void device_prepare(struct item_host *h)
{
	host_memory_device(h);
}

static volatile uint8_t ram[4096] __attribute__((aligned(4096)));

/* Pages: RAM, the device, RAM again, the device, nothing. */
#define RAM_END		(WINDOW_GVA + 0x1000)
#define DEVICE_END	(WINDOW_GVA + 0x2000)
#define NOTHING		(WINDOW_GVA + 0x4000)

__guest const char *pages_open(void)
{
	const uint64_t all = PAGE_P | PAGE_W | PAGE_U;
	volatile uint64_t *entry = page_entry(WINDOW_GVA);

	entry[0] = entry[2] = (uint64_t)ram | all;
	entry[1] = entry[3] = ABI_DEVICE_GPA | all;
	entry[4] = 0;
	pages_flush();
	return NULL;
}

/* Bytes of the RAM, and of the device, that are like no others. */
__guest void fill(void)
{
	for (unsigned int i = 0; i < 8; i++) {
		ram[i] = (uint8_t)(0x10 + i);
		ram[4088 + i] = (uint8_t)(0x20 + i);
		*(volatile uint8_t *)(ABI_DEVICE_GPA + i) = (uint8_t)(0x30 + i);
		*(volatile uint8_t *)(ABI_DEVICE_GPA + 4088 + i) =
			(uint8_t)(0x40 + i);
	}
}

__guest uint64_t device_word(uint64_t offset)
{
	return *(volatile uint64_t *)(ABI_DEVICE_GPA + offset);
}

__guest uint64_t ram_word(uint64_t offset)
{
	return *(volatile uint64_t *)(ram + offset);
}

#define STRADDLE							\
	.cite = ACROSS, .rings = RING0 | RING3, .needs = NEED_VMM,	\
	.prepare = HOST(device_prepare), .skip = GUEST(pages_open)

PROBE(load_takes_both_parts,
	.rule = "A load across RAM and a device's register has bytes of both",
	STRADDLE, .control = "a store that does nothing is caught")
{
	fill();
	CHECK_EQ(0x3332313027262524ull,
		 *(volatile uint64_t *)(RAM_END - 4));
	CHECK_EQ(0x3027, *(volatile uint16_t *)(RAM_END - 1));
	CHECK_EQ(0x1312111047464544ull,
		 *(volatile uint64_t *)(DEVICE_END - 4));
	CHECK_EQ(0x12111047u, *(volatile uint32_t *)(DEVICE_END - 1));
}

PROBE(store_reaches_both_parts,
	.rule = "A store across RAM and a device's register changes both, and no more",
	STRADDLE, .control = "a store that does nothing is caught")
{
	fill();
	*(volatile uint64_t *)(RAM_END - 3) = 0x8877665544332211ull;
	CHECK_EQ(0x3322112423222120ull, ram_word(4088));
	CHECK_EQ(0x3736358877665544ull, device_word(0));
	fill();
	*(volatile uint32_t *)(DEVICE_END - 1) = 0xddccbbaa;
	CHECK_EQ(0xaa46454443424140ull, device_word(4088));
	CHECK_EQ(0x1716151413ddccbbull, ram_word(0));
}

PROBE(sum_is_made_of_both_parts,
	.rule = "ADD to a word across RAM and a device's register carries across",
	STRADDLE, .control = "a store that does nothing is caught")
{
	fill();
	*(volatile uint32_t *)(ram + 4092) = 0xffffffff;
	__asm__ volatile("addq $1, (%0)" :: "r"(RAM_END - 4) : "memory", "cc");
	CHECK_EQ(0, ram_word(4088) >> 32);
	CHECK_EQ(0x3736353433323131ull, device_word(0));
}

PROBE(string_goes_from_one_to_the_other,
	.rule = "REP MOVSB from RAM into a device and beyond copies every byte",
	STRADDLE, .control = "a store that does nothing is caught")
{
	static const uint8_t from[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	uint64_t to = RAM_END - 4, source = (uint64_t)from, count = 8;

	fill();
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(count)
			 :: "memory");
	CHECK_EQ(RAM_END + 4, to);
	CHECK_EQ(0x0403020123222120ull, ram_word(4088));
	CHECK_EQ(0x3736353408070605ull, device_word(0));
}

PROBE(fault_behind_the_device_comes_first,
	.rule = "A store across a device's end and an absent page faults and stores nothing",
	.cite = ACROSS "; Intel SDM vol. 3, Page-Fault Exceptions",
	.rings = RING0 | RING3, .needs = NEED_VMM,
	.prepare = HOST(device_prepare), .skip = GUEST(pages_open),
	.control = "a store that does nothing is caught")
{
	fill();
	CHECK_EQ(VEC_PF, asm_safe("movq %0, (%1)", :: "r"(5ull),
				  "r"(NOTHING - 3) : "memory"));
	CHECK_EQ(NOTHING, last_fault.cr2);
	CHECK_EQ(0x4746454443424140ull, device_word(4088));
}
