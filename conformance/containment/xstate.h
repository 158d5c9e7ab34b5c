/*
 * A pattern in every vector register that the CPU has: x87, XMM to ZMM, masks
 * and their kin, by XRSTOR, and what is left of it, by XSAVE. The same code
 * for a guest at CPL3 and for a thread of the host.
 *
 * AMX tiles are left out: a process has to ask its kernel for them, and none
 * of KVM's guests has them without that.
 */
#ifndef VMGAUGE_CONTAINMENT_XSTATE_H
#define VMGAUGE_CONTAINMENT_XSTATE_H

#include <pthread.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"

#define XSTATE_BYTES	4096u		/* what XSTATE_KNOWN takes, at most */
#define XSTATE_KNOWN	0x0e7ull	/* x87, SSE, AVX, AVX-512 */
#define XSTATE_HEADER	512u
#define XSTATE_ST	32u		/* eight of 16 bytes, 10 in use */
#define XSTATE_XMM	160u
#define XSTATE_LEGACY	416u		/* where its registers end */

struct xstate {
	uint8_t byte[XSTATE_BYTES];
} __attribute__((aligned(64)));

/* A thread of the host whose registers hold the pattern over system calls. */
struct held {
	struct xstate in, out, own;
	uint64_t mask;
	uint64_t lost, turns;		/* bytes that changed; system calls */
	pthread_t thread;
	bool threaded;
	volatile bool stop;
	struct item_host *host;
};

/* What of XCR0's components the pattern is for; 0 without XSAVE. */
static inline uint64_t xstate_mask(void)
{
	uint64_t offered = cpuid_reg(0xd, 0, 0);

	if (!(cpuid_reg(1, 0, 2) & 1u << 26))
		return 0;
	/* The three of AVX-512 come together, and with AVX. */
	if ((offered & 0xe4) != 0xe4)
		return offered & XSTATE_KNOWN & 7;
	return offered & XSTATE_KNOWN;
}

static inline void xstate_range(unsigned int component, uint32_t *from,
				uint32_t *bytes)
{
	*bytes = cpuid_reg(0xd, component, 0);
	*from = cpuid_reg(0xd, component, 1);
	if (*from > XSTATE_BYTES || *bytes > XSTATE_BYTES - *from)
		*bytes = 0;
}

static inline uint8_t xstate_pattern(uint32_t at, uint8_t seed)
{
	return (uint8_t)(at * 167u + seed) | 1;
}

/* Not inline assembly's business: no vector code may be made of these. */
#define XSTATE_FOR(mask, at, ...)					\
	do {								\
		for (uint32_t at = XSTATE_ST; at < XSTATE_LEGACY; at++)	\
			if (at >= XSTATE_XMM ||				\
			    (at - XSTATE_ST) % 16 < 10) {		\
				__VA_ARGS__;				\
			}						\
		for (unsigned int c_ = 2; c_ < 8; c_++) {		\
			uint32_t from_, n_;				\
									\
			if (!((mask) & 1u << c_))			\
				continue;				\
			xstate_range(c_, &from_, &n_);			\
			for (uint32_t at = from_; at < from_ + n_; at++) { \
				__VA_ARGS__;				\
			}						\
		}							\
	} while (0)

static inline void xstate_fill(struct xstate *x, uint64_t mask, uint8_t seed)
{
	for (uint32_t i = 0; i < XSTATE_BYTES; i++)
		((volatile uint8_t *)x->byte)[i] = 0;
	*(uint16_t *)&x->byte[0] = 0x037f;	/* control word: as FNINIT */
	x->byte[4] = 0xff;			/* all of the stack is valid */
	*(uint32_t *)&x->byte[24] = 0x1f80;	/* MXCSR, likewise */
	*(uint64_t *)&x->byte[XSTATE_HEADER] = mask;
	XSTATE_FOR(mask, at, x->byte[at] = xstate_pattern(at, seed));
}

/* Bytes of registers that are not the pattern of that seed. */
static inline uint64_t xstate_lost(const struct xstate *x, uint64_t mask,
				   uint8_t seed)
{
	uint64_t present = *(const uint64_t *)&x->byte[XSTATE_HEADER];
	uint64_t lost = 0;

	if ((present & mask) != mask)
		return XSTATE_BYTES;
	XSTATE_FOR(mask, at, lost += x->byte[at] != xstate_pattern(at, seed));
	return lost;
}

/* Bytes that are not zero, of all components that XSAVE found in use. */
static inline uint64_t xstate_used(const struct xstate *x, uint64_t mask)
{
	uint64_t used = 0;

	XSTATE_FOR(mask, at, used += x->byte[at] != 0);
	return used;
}

/* Between the two nothing may touch a vector register. */
#define XSTATE_LOAD	"xrstor64 (%[in])\n\t"
#define XSTATE_STORE	"xsave64 (%[out])\n\t"

/* KVM is told of XCR0 where it may not see the guest's XSETBV. */
__host void xstate_tell(struct item_host *h)
{
	struct kvm_xcrs xcrs = {
		.nr_xcrs = 1, .xcrs = { { .value = xstate_mask() } },
	};

	/* What the guest may have is less, maybe: then it tells KVM itself. */
	if (xstate_mask())
		kvm_call_raw(h->vcpu->fd, KVM_SET_XCRS, (uintptr_t)&xcrs);
}

/* At CPL0: what CPL3 needs to use them all. NO_FAULT, or a vector. */
__guest unsigned int xstate_enable(void)
{
	write_cr0(read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXSAVE | 1 << 10);
	return xsetbv_safe(0, xstate_mask());
}

__guest const char *no_xstate(void)
{
	return xstate_mask() ? NULL : "CPUID: no XSAVE";
}

#endif
