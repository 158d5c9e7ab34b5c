/*
 * Vector state; see vectors.h.
 */
#include "guest.h"
#include "vectors.h"

extern const uint8_t in_process;		/* entry.S */

const char *sse_enable(void)
{
	if (!in_process) {
		write_cr0((read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP);
		write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	}
	return NULL;
}

const char *vectors_enable(void)
{
	uint64_t xcr0;

	sse_enable();
	if (in_process || !(cpuid_reg(1, 0, 2) & 1 << 26))
		return NULL;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	xcr0 = (uint64_t)cpuid_reg(0xd, 0, 3) << 32 | cpuid_reg(0xd, 0, 0);
	xsetbv_safe(0, xcr0);
	return NULL;
}
