/*
 * Segments count for a device's address as for any: FS and GS bases are added,
 * other bases are not in 64-bit mode, and limits stop 32-bit code short of the
 * device.
 */
#include "compat.h"
#include "mmio_same.h"
#include "tables.h"

#define BASE	64ull		/* which the displacements below take back */
#define SEGMENTS "Intel SDM vol. 3, Segment Registers, Segment Loading Instructions " \
		 "in IA-32e Mode; AMD APM vol. 2, FS and GS Registers in 64-Bit Mode"

__guest const char *bases_set(void)
{
	wrmsr(MSR_FS_BASE, BASE);
	wrmsr(MSR_GS_BASE, 0 - BASE);
	return NULL;
}

PROBE(fs_and_gs_bases_are_added,
	.rule = "The base of FS or GS is added to the address of a device's register",
	.cite = SEGMENTS, .rings = RING0 | RING3, .needs = NEED_VMM,
	.prepare = HOST(device_prepare), .skip = GUEST(bases_set),
	.control = "a WRMSR that does nothing is caught")
{
	SAME("movq %%fs:-64(%%rdi), %%rax", ALL_FLAGS);
	SAME("movl %%eax, %%fs:-60(%%rdi)", ALL_FLAGS);
	SAME("addq %%rax, %%gs:64(%%rdi)", ALL_FLAGS);
	SAME("mov %%rdi, %%rsi\n\tsub $64, %%rsi\n\tlodsq %%fs:(%%rsi)\n\t"
	     "sub %%rdi, %%rsi\n\tmov %%rsi, %%rdx", 0);
	SAME("mov $75, %%edx\n\tbtsq %%rdx, %%fs:-64(%%rdi)", RFLAGS_CF);
}

PROBE(other_overrides_mean_nothing,
	.rule = "CS, DS, ES and SS prefixes change no address of a device",
	.cite = SEGMENTS, .rings = RING0 | RING3, .needs = NEED_VMM,
	.prepare = HOST(device_prepare),
	.control = "a store that does nothing is caught")
{
	SAME(".byte 0x3e\n\tmovq (%%rdi), %%rax", ALL_FLAGS);
	SAME(".byte 0x2e\n\tmovl %%eax, 4(%%rdi)", ALL_FLAGS);
	SAME(".byte 0x26\n\taddb %%al, 1(%%rdi)", ALL_FLAGS);
	SAME(".byte 0x36\n\tmovzbl 2(%%rdi), %%eax", ALL_FLAGS);
}

/* A data segment that begins at the device and ends with it. */
__guest const char *window_prepare(void)
{
	uint64_t *gdt = gdt_own();

	compat_prepare();
	gdt[GDT_FREE + 1] = 0x0040f30000000fffull |
			    (ABI_DEVICE_GPA & 0xffffff) << 16 |
			    (ABI_DEVICE_GPA >> 24) << 56;
	compat_ds = (GDT_FREE + 1) * 8 | mailbox->ring;
	*(volatile uint32_t *)ABI_DEVICE_GPA = 0x11223344;
	*(volatile uint32_t *)(ABI_DEVICE_GPA + 0xffc) = 0x55667788;
	return NULL;
}

PROBE(limit_stops_at_the_device_s_end,
	.rule = "In compatibility mode DS's base leads to a device, its limit ends there",
	.cite = "Intel SDM vol. 3, Limit Checking; AMD APM vol. 2, Limit Checks",
	.rings = RING0 | RING3, .needs = NEED_VMM,
	.prepare = HOST(device_prepare), .skip = GUEST(window_prepare),
	.control = "a load that does nothing is caught")
{
	compat.edi = 0;
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32("mov (%%edi), %%eax")));
	CHECK_EQ(0x11223344, compat.eax);
	compat.edi = 0xffc;
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32("mov (%%edi), %%eax")));
	CHECK_EQ(0x55667788, compat.eax);
	compat.edi = 0xffd;
	CHECK_FAULT(VEC_GP, 0, compat_safe(SNIPPET32("mov (%%edi), %%eax")));
	compat.edi = 0x1000;
	CHECK_FAULT(VEC_GP, 0, compat_safe(SNIPPET32("movb $1, (%%edi)")));
}
