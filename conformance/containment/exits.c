/*
 * What a guest has in its registers is there after an exit of any kind: it
 * neither loses its own nor finds what the host or a sibling had in them.
 */
#include "xstate.h"

#define CITE	"Intel SDM vol. 3, Loading Guest State, Saving Guest State; AMD "	\
		"APM vol. 2, VMRUN, Guest State, #VMEXIT; Linux, KVM's FPU swap"

static uint64_t kept[10] __attribute__((used));
static const uint64_t pattern[10] __attribute__((used)) = {
	0x1111a5a5a5a51111, 0x2222b6b6b6b62222, 0x3333c7c7c7c73333,
	0x4444d8d8d8d84444, 0x5555e9e9e9e95555, 0x6666fafafafa6666,
	0x77770b0b0b0b7777, 0x88881c1c1c1c8888, 0x99992d2d2d2d9999,
	0xaaaa3e3e3e3eaaaa,
};

/*
 * All registers but RAX, RCX, RDX, RSP and RBP hold the pattern while `exit`
 * runs, and are stored behind it.
 */
#define GPRS_OVER(exit)							\
	__asm__ volatile("push %%rbp\n\t"				\
			 "mov $0, %%rbp\n\t"				\
			 "mov pattern+0, %%rbx\n\t"			\
			 "mov pattern+8, %%rsi\n\t"			\
			 "mov pattern+16, %%r8\n\t"			\
			 "mov pattern+24, %%r9\n\t"			\
			 "mov pattern+32, %%r10\n\t"			\
			 "mov pattern+40, %%r11\n\t"			\
			 "mov pattern+48, %%r12\n\t"			\
			 "mov pattern+56, %%r13\n\t"			\
			 "mov pattern+64, %%r14\n\t"			\
			 "mov pattern+72, %%r15\n\t"			\
			 exit "\n\t"					\
			 "mov %%rbx, kept+0\n\t"			\
			 "mov %%rsi, kept+8\n\t"			\
			 "mov %%r8, kept+16\n\t"			\
			 "mov %%r9, kept+24\n\t"			\
			 "mov %%r10, kept+32\n\t"			\
			 "mov %%r11, kept+40\n\t"			\
			 "mov %%r12, kept+48\n\t"			\
			 "mov %%r13, kept+56\n\t"			\
			 "mov %%r14, kept+64\n\t"			\
			 "mov %%r15, kept+72\n\t"			\
			 "pop %%rbp"					\
			 ::: "rax", "rbx", "rcx", "rdx", "rsi", "rdi",	\
			 "r8", "r9", "r10", "r11", "r12", "r13", "r14",	\
			 "r15", "memory", "cc")

__guest void lost_check(const char *what, uint64_t lost)
{
	check_record(what, __LINE__, 0, lost, !lost);
}

#define GPRS_CHECK(what, exit)						\
	do {								\
		for (int i_ = 0; i_ < 10; i_++)				\
			kept[i_] = 0;					\
		GPRS_OVER(exit);					\
		lost_check("registers lost over: " what, gprs_lost());	\
	} while (0)

__guest unsigned int gprs_lost(void)
{
	unsigned int lost = 0;

	for (int i = 0; i < 10; i++)
		lost += kept[i] != pattern[i];
	return lost;
}

#define OUT_USER	"mov $0x5610, %%edx\n\tout %%eax, %%dx"
#define IN_USER		"mov $0x5610, %%edx\n\tin %%dx, %%eax"
#define MMIO_WRITE	"mov $0xd0000000, %%edi\n\tmov %%eax, (%%rdi)"
#define MMIO_READ	"mov $0x40000000, %%edi\n\tmov (%%rdi), %%rax"
#define CPUID		"mov %%rbx, %%rdi\n\tmov $1, %%eax\n\tcpuid\n\t"	\
			"mov %%rdi, %%rbx"
#define FAULT		"661: ud2\n662:" EX_TABLE
#define STRING		"lea text, %%rdi\n\tmov $0x5610, %%edx\n\t"	\
			"mov $64, %%ecx\n\trep insb"

static uint8_t text[64] __attribute__((used));

PROBE(general_registers_survive_exits,
	.rule = "Port, MMIO, CPUID, exceptions and faults of EPT or NPT change no "
		"register that they do not name",
	.cite = CITE, .control = "an exit that changes RBX is caught",
	.needs = NEED_VMM | NEED_SCRATCH, .rings = RING0 | RING3,
	.watch = WATCH_OUTSIDE)
{
	GPRS_CHECK("OUT", OUT_USER);
	GPRS_CHECK("IN", IN_USER);
	GPRS_CHECK("REP INSB", STRING);
	GPRS_CHECK("MMIO write", MMIO_WRITE);
	GPRS_CHECK("MMIO read", MMIO_READ);
	GPRS_CHECK("CPUID", CPUID);
	if (mailbox->ring == 3)
		GPRS_CHECK("#UD", FAULT);
	GPRS_CHECK("first touch of a page", "mov $0x1100000, %%edi\n\t"
		   "mov %%eax, (%%rdi)");
}

PROBE(general_registers_survive_exits_of_cpl0,
	.rule = "RDMSR, WRMSR, HLT, MOV to CR and DR, WBINVD and INVLPG change no "
		"register that they do not name",
	.cite = CITE, .control = "an exit that changes RBX is caught",
	.needs = NEED_VMM | NEED_MSR_USER, .watch = WATCH_OUTSIDE)
{
	GPRS_CHECK("HLT", "hlt");
	GPRS_CHECK("RDMSR", "mov $0x277, %%ecx\n\trdmsr");
	GPRS_CHECK("RDMSR in user space",
		   "mov $0x4b564e00, %%ecx\n\trdmsr");
	GPRS_CHECK("WRMSR in user space",
		   "mov $0x4b564e00, %%ecx\n\twrmsr");
	GPRS_CHECK("MOV CR0", "mov %%cr0, %%rax\n\tmov %%rax, %%cr0");
	GPRS_CHECK("MOV CR3", "mov %%cr3, %%rax\n\tmov %%rax, %%cr3");
	GPRS_CHECK("MOV CR4", "mov %%cr4, %%rax\n\tmov %%rax, %%cr4");
	GPRS_CHECK("MOV CR8", "mov %%cr8, %%rax\n\tmov %%rax, %%cr8");
	GPRS_CHECK("MOV DR7", "mov %%dr7, %%rax\n\tmov %%rax, %%dr7");
	GPRS_CHECK("WBINVD", "wbinvd");
	GPRS_CHECK("INVLPG", "invlpg 0x100000");
	GPRS_CHECK("RDTSC", "rdtsc");
}

static struct xstate in, out;

#define VECTORS_OVER(exit)						\
	__asm__ volatile(XSTATE_LOAD exit "\n\tmov %[lo], %%eax\n\t"	\
			 "mov %[hi], %%edx\n\t" XSTATE_STORE		\
			 : "+&a"(a_), "+&d"(d_)				\
			 : [in] "r"(&in), [out] "r"(&out),		\
			   [lo] "m"(lo_), [hi] "m"(hi_)			\
			 : "rcx", "rdi", "memory", "cc")

#define VECTORS_CHECK(what, mask, seed, exit)				\
	do {								\
		uint32_t lo_ = (uint32_t)(mask), hi_ = (mask) >> 32;	\
		uint32_t a_ = lo_, d_ = hi_;				\
									\
		xstate_fill(&in, mask, seed);				\
		out.byte[XSTATE_HEADER] = 0;				\
		VECTORS_OVER(exit);					\
		lost_check("bytes lost over: " what,			\
			   xstate_lost(&out, mask, seed));		\
	} while (0)

__guest void vectors_check(void)
{
	uint64_t mask = xstate_mask();

	VECTORS_CHECK("nothing", mask, 3, "nop");
	VECTORS_CHECK("OUT", mask, 5, OUT_USER);
	VECTORS_CHECK("IN", mask, 7, IN_USER);
	VECTORS_CHECK("MMIO write", mask, 9, MMIO_WRITE);
	VECTORS_CHECK("MMIO read", mask, 11, MMIO_READ);
	VECTORS_CHECK("#UD", mask, 13, FAULT);
	VECTORS_CHECK("first touch of a page", mask, 15,
		      "mov $0x1180000, %%edi\n\tmov %%eax, (%%rdi)");
	/* Long enough for the host's timer, and for other threads. */
	VECTORS_CHECK("interrupts of the host", mask, 17,
		      "mov $20000000, %%ecx\n1: dec %%ecx\n\tjnz 1b");
}

PROBE(vector_registers_survive_exits,
	.rule = "x87, XMM, YMM, ZMM and mask registers hold after an exit of any "
		"kind what they held before",
	.cite = CITE "; XSA-52, CVE-2018-3665 class (lazy FPU), as commonly cited",
	.control = "registers that hold another pattern are caught",
	.needs = NEED_VMM | NEED_SCRATCH, .watch = WATCH_OUTSIDE,
	.skip = GUEST(no_xstate), .prepare = HOST(xstate_tell))
{
	CHECK_EQ(NO_FAULT, xstate_enable());
	ring3_call(vectors_check);
}

PROBE(debug_registers_survive_exits,
	.rule = "DR0 to DR3, DR6 and DR7 hold after exits what they held before",
	.cite = CITE, .control = "a DR2 that was not written is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE)
{
	uint64_t dr6 = read_dr6();

	write_dr0(0x1111000);
	write_dr1(0x2222000);
	write_dr2(0x3333000);
	write_dr3(0x4444000);
	write_dr7(0x400 | 0x55);
	outl(ABI_PORT_USER, 1);
	mmio_read32(ABI_HOLE_GPA);
	__asm__ volatile("hlt");
	CHECK_EQ(0x1111000, read_dr0());
	CHECK_EQ(0x2222000, read_dr1());
	CHECK_EQ(0x3333000, read_dr2());
	CHECK_EQ(0x4444000, read_dr3());
	CHECK_EQ(0x455, read_dr7());
	CHECK_EQ(dr6, read_dr6());
	write_dr7(0x400);
}

PROBE(system_registers_survive_exits,
	.rule = "KERNEL_GS_BASE, STAR, LSTAR, FMASK, SYSENTER_*, PAT and CR2 hold "
		"after exits what they held before",
	.cite = CITE, .control = "an LSTAR that was not written is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE)
{
	static const uint32_t msr[] = {
		MSR_KERNEL_GS_BASE, MSR_STAR, MSR_LSTAR, 0xc0000083u,
		MSR_FMASK, MSR_SYSENTER_CS, MSR_SYSENTER_ESP,
		MSR_SYSENTER_EIP,
	};

	for (uint32_t i = 0; i < sizeof(msr) / sizeof(*msr); i++)
		wrmsr(msr[i], 0x1230 + i * 0x1000);
	write_cr2(0x5ec2e7000);
	for (int i = 0; i < 8; i++) {
		outl(ABI_PORT_USER, 1);
		__asm__ volatile("hlt");
		mmio_read32(ABI_HOLE_GPA);
	}
	CHECK_EQ(0x5ec2e7000, read_cr2());
	for (uint32_t i = 0; i < sizeof(msr) / sizeof(*msr); i++)
		CHECK_EQ(0x1230 + i * 0x1000, rdmsr(msr[i]));
}
