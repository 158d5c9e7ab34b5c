/*
 * The instructions that benches and probes use, one function each.
 *
 * Nothing here touches vector state, and nothing checks that the CPU has the
 * instruction: callers ask CPUID first, or use asm_safe() of fault.h.
 */
#ifndef VMGAUGE_CPU_H
#define VMGAUGE_CPU_H

#include <stdint.h>

enum {
	CR0_PE = 1 << 0, CR0_MP = 1 << 1, CR0_EM = 1 << 2, CR0_TS = 1 << 3,
	CR0_NE = 1 << 5, CR0_WP = 1 << 16, CR0_NW = 1 << 29, CR0_CD = 1 << 30,
};
enum {
	CR4_TSD = 1 << 2, CR4_DE = 1 << 3, CR4_PAE = 1 << 5, CR4_PGE = 1 << 7,
	CR4_PCE = 1 << 8, CR4_OSFXSR = 1 << 9, CR4_UMIP = 1 << 11, CR4_LA57 = 1 << 12,
	CR4_VMXE = 1 << 13, CR4_FSGSBASE = 1 << 16, CR4_PCIDE = 1 << 17,
	CR4_OSXSAVE = 1 << 18, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21,
};
enum {
	MSR_TSC = 0x10, MSR_APICBASE = 0x1b, MSR_TSC_ADJUST = 0x3b,
	MSR_SPEC_CTRL = 0x48, MSR_PRED_CMD = 0x49, MSR_UCODE_REV = 0x8b,
	MSR_TSX_CTRL = 0x122, MSR_SYSENTER_CS = 0x174,
	MSR_SYSENTER_ESP = 0x175, MSR_SYSENTER_EIP = 0x176, MSR_PAT = 0x277,
};
#define CR0_PG			0x80000000ull

#define MSR_EFER		0xc0000080u
#define MSR_STAR		0xc0000081u
#define MSR_LSTAR		0xc0000082u
#define MSR_FMASK		0xc0000084u
#define MSR_FS_BASE		0xc0000100u
#define MSR_GS_BASE		0xc0000101u
#define MSR_KERNEL_GS_BASE	0xc0000102u
#define MSR_TSC_AUX		0xc0000103u

enum {
	EFER_SCE = 1 << 0, EFER_LME = 1 << 8, EFER_LMA = 1 << 10,
	EFER_NX = 1 << 11, EFER_SVME = 1 << 12,
};
enum {
	RFLAGS_CF = 1 << 0, RFLAGS_FIXED = 1 << 1, RFLAGS_PF = 1 << 2,
	RFLAGS_AF = 1 << 4, RFLAGS_ZF = 1 << 6, RFLAGS_SF = 1 << 7,
	RFLAGS_TF = 1 << 8, RFLAGS_IF = 1 << 9, RFLAGS_DF = 1 << 10,
	RFLAGS_OF = 1 << 11, RFLAGS_IOPL = 3 << 12, RFLAGS_RF = 1 << 16, RFLAGS_AC = 1 << 18,
};

static inline void arch_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *a,
			      uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a = leaf;
	*c = subleaf;
	__asm__ volatile("cpuid" : "+a"(*a), "=b"(*b), "+c"(*c), "=d"(*d));
}

/* `reg` is 0 to 3 for EAX to EDX; zero where the leaf is out of range. */
static inline uint32_t cpuid_reg(uint32_t leaf, uint32_t subleaf,
				 unsigned int reg)
{
	uint32_t r[4];

	arch_cpuid(leaf & 0x80000000u, 0, &r[0], &r[1], &r[2], &r[3]);
	if (r[0] < leaf)
		return 0;
	arch_cpuid(leaf, subleaf, &r[0], &r[1], &r[2], &r[3]);
	return r[reg];
}

static inline _Bool cpu_is_intel(void)
{
	return cpuid_reg(0, 0, 1) == 0x756e6547;	/* "Genu" */
}

static inline _Bool cpu_is_amd(void)
{
	uint32_t b = cpuid_reg(0, 0, 1);

	return b == 0x68747541 || b == 0x6f677948;	/* "Auth", "Hygo" */
}

/*
 * LFENCE waits for all earlier instructions, so the counter is read neither
 * before the code above nor after the code below has begun. RDTSCP would
 * save one fence, and kills the guest on some hosts.
 */
static inline uint64_t tsc_read(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence"
			 : "=a"(lo), "=d"(hi) :: "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" :: "c"(msr), "a"((uint32_t)v),
			 "d"((uint32_t)(v >> 32)) : "memory");
}

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" :: "a"(v), "Nd"(port) : "memory");
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" :: "a"(v), "Nd"(port) : "memory");
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" :: "a"(v), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

/* One MOV, so that what exits is the same on every compiler. */
static inline void mmio_write32(uint64_t gpa, uint32_t v)
{
	__asm__ volatile("movl %0, (%1)" :: "a"(v), "r"(gpa) : "memory");
}

static inline uint32_t mmio_read32(uint64_t gpa)
{
	uint32_t v;

	__asm__ volatile("movl (%1), %0" : "=a"(v) : "r"(gpa) : "memory");
	return v;
}

#define CONTROL_REGISTER(n)						\
	static inline uint64_t read_cr##n(void)				\
	{								\
		uint64_t v;						\
									\
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)		\
				 :: "memory");				\
		return v;						\
	}								\
	static inline void write_cr##n(uint64_t v)			\
	{								\
		__asm__ volatile("mov %0, %%cr" #n :: "r"(v) : "memory"); \
	}

CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)
CONTROL_REGISTER(8)

#define DEBUG_REGISTER(n)						\
	static inline uint64_t read_dr##n(void)				\
	{								\
		uint64_t v;						\
									\
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(v)		\
				 :: "memory");				\
		return v;						\
	}								\
	static inline void write_dr##n(uint64_t v)			\
	{								\
		__asm__ volatile("mov %0, %%dr" #n :: "r"(v) : "memory"); \
	}

DEBUG_REGISTER(0)
DEBUG_REGISTER(1)
DEBUG_REGISTER(2)
DEBUG_REGISTER(3)
DEBUG_REGISTER(6)
DEBUG_REGISTER(7)

static inline void invlpg(const volatile void *gva)
{
	__asm__ volatile("invlpg (%0)" :: "r"(gva) : "memory");
}

static inline uint64_t rflags_read(void)
{
	uint64_t v;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(v) :: "memory");
	return v;
}

static inline uint64_t xgetbv(uint32_t index)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(index));
	return (uint64_t)hi << 32 | lo;
}

#endif
