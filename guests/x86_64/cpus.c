/*
 * The areas of further CPUs: copies of the first one's GDT and TSS, with
 * stacks of their own.
 */
#include "guest.h"

struct __attribute__((packed)) table_pointer {
	uint16_t limit;
	uint64_t gva;
};

struct __attribute__((packed)) tss64 {
	uint32_t reserved;
	uint64_t rsp[3];
	uint64_t reserved2;
	uint64_t ist[7];
};

extern const uint8_t gdt[], tss[];			/* entry.S */
extern const struct table_pointer gdt_pointer;

static void descriptor_base_set(uint8_t *d, uint64_t base)
{
	d[2] = (uint8_t)base;
	d[3] = (uint8_t)(base >> 8);
	d[4] = (uint8_t)(base >> 16);
	d[5] = 0x89;				/* a TSS, not busy */
	d[7] = (uint8_t)(base >> 24);
}

void cpu_area_make(struct cpu *cpu, uint32_t index)
{
	uint8_t *area = (uint8_t *)cpu;
	struct table_pointer *pointer = (void *)(area + CPU_GDT_POINTER);
	struct tss64 *own = (void *)(area + CPU_TSS);
	size_t bytes = (size_t)gdt_pointer.limit + 1;

	cpu->index = index;
	__builtin_memcpy(area + CPU_GDT, gdt, bytes);
	__builtin_memcpy(own, tss, TSS_BYTES);
	descriptor_base_set(area + CPU_GDT + SEL_TSS, (uint64_t)own);
	own->rsp[0] = (uint64_t)area + CPU_TRAP_TOP;
	own->ist[0] = (uint64_t)area + CPU_IST_TOP;
	pointer->limit = gdt_pointer.limit;
	pointer->gva = (uint64_t)area + CPU_GDT;
}
