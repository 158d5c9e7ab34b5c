/*
 * What benches of faults have in common: touches that walk through the arena,
 * and ways to take its pages away again.
 */
#ifndef VMGAUGE_MEMORY_TOUCH_H
#define VMGAUGE_MEMORY_TOUCH_H

#include "suite.h"
#include "target/target.h"

#define SMALL_BYTES	(32ull << 20)		/* of pages of 4 KiB or 2 MiB */
#define HUGE_BYTES	(1ull << 30)		/* of 1 GiB: one clears slowly */
/* What arena.c needs to map either by pages of any size. */
#define TABLES_PAGES	(2 + SMALL_BYTES / (2ull << 20))

static __attribute__((unused)) uint64_t touch_at;

__guest void touch_rewind(void)
{
	touch_at = ABI_ARENA_VA;
}

/* Defines touch_HOW_NAME(): an access, and on by so many bytes. */
#define TOUCH(how, name, bytes, access)					\
	__guest void touch_##how##_##name(void)				\
	{								\
		volatile uint8_t *at = (volatile uint8_t *)touch_at;	\
									\
		access;							\
		touch_at += (bytes);					\
	}

TOUCH(write, 4K, page_bytes(PAGE_4K), *at = 1)
TOUCH(read, 4K, page_bytes(PAGE_4K), (void)*at)
TOUCH(write, 2M, page_bytes(PAGE_2M), *at = 1)
TOUCH(read, 2M, page_bytes(PAGE_2M), (void)*at)
TOUCH(write, 1G, page_bytes(PAGE_1G), *at = 1)
TOUCH(read, 1G, page_bytes(PAGE_1G), (void)*at)

/* NULL, or why the guest cannot map the arena by 1 GiB. */
__guest const char *no_1g_pages(void)
{
	return cpuid_reg(0x80000001, 0, 3) & 1u << 26 ? NULL :
	       "this guest's CPU has no pages of 1 GiB";
}

/*
 * Nobody can interrupt the clearing of a page: it takes no kick. Where an
 * emulator plays the CPU, whoever has minutes for a row says so.
 */
__host const char *no_1g_clearing(struct target_context *ctx)
{
	return ctx->backend && ctx->backend->software_host &&
	       ctx->deadline_ms < 300000 ?
	       "a page of 1 GiB takes seconds to clear where the CPU is "
	       "emulated: --deadline 300000" : NULL;
}

#define CITE_FAULT "Intel SDM vol. 3, EPT Violations; " \
		   "AMD APM vol. 2, Nested Page Faults; " \
		   "KVM API, memory regions and binary statistics"

#endif
