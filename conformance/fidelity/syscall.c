/*
 * SYSCALL, SYSRET and SWAPGS follow the MSRs that the guest wrote.
 *
 * They switch privilege without a table in memory. A hypervisor that keeps
 * those MSRs for itself, as it must without hardware help, has to act as if
 * it did not.
 */
#include "suite.h"
#include "layout.h"

#define SYSCALL	"Intel SDM vol. 2, SYSCALL, SYSRET; AMD APM vol. 3, SYSCALL, SYSRET"
/* Flags of CPL3: some that FMASK clears, one that it spares. */
#define RFLAGS_ID	(1ull << 21)
#define MASKED		(RFLAGS_ID | RFLAGS_DF)
#define SPARED		((uint64_t)RFLAGS_AC)

/* What CPL0 finds when it is entered, in the order of the stores below. */
static uint64_t entered[5];
enum { RCX, R11, CS, SS, FLAGS };

__guest void msrs_prepare(uint64_t stub)
{
	wrmsr(MSR_LSTAR, stub);
	wrmsr(MSR_STAR, (SEL_UCODE32 | 3ull) << 48 | (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_FMASK, MASKED);
}

/*
 * A stub that looks around and goes back by IRETQ. SYSCALL leaves RSP alone:
 * it is CPL3's stack, which serves CPL0 as well.
 */
__guest void syscall_prepare(void)
{
	uint64_t stub;

	__asm__ volatile("lea 1f(%%rip), %0\n\t"
			 "jmp 2f\n\t"
			 "1: mov %%rcx, %c1\n\t"
			 "mov %%r11, %c1 + 8\n\t"
			 "mov %%cs, %%eax\n\tmov %%rax, %c1 + 16\n\t"
			 "mov %%ss, %%eax\n\tmov %%rax, %c1 + 24\n\t"
			 "pushfq\n\tpop %%rax\n\tmov %%rax, %c1 + 32\n\t"
			 "mov %%rsp, %%rax\n\t"
			 "pushq %2\n\tpush %%rax\n\tpush %%r11\n\t"
			 "pushq %3\n\tpush %%rcx\n\t"
			 "iretq\n\t"
			 "2:"
			 : "=&r"(stub)
			 : "i"(entered), "i"(SEL_UDATA | 3), "i"(SEL_UCODE | 3)
			 : "rax", "memory");
	msrs_prepare(stub);
}

__guest void syscall_make(void)
{
	uint64_t next;

	__asm__ volatile("lea 1f(%%rip), %0\n\t"
			 "pushfq\n\torq %1, (%%rsp)\n\tpopfq\n\t"
			 "syscall\n\t"
			 "1: pushfq\n\tandq %2, (%%rsp)\n\tpopfq"
			 : "=&r"(next)
			 : "i"(MASKED | SPARED), "i"(~(MASKED | SPARED))
			 : "rax", "rcx", "r11", "memory", "cc");
	CHECK_EQ(next, entered[RCX]);
	CHECK_EQ(MASKED | SPARED, entered[R11] & (MASKED | SPARED));
	CHECK_EQ(SEL_KCODE, entered[CS]);
	CHECK_EQ(SEL_KDATA, entered[SS]);
	CHECK_EQ(SPARED, entered[FLAGS] & (MASKED | SPARED));
}

PROBE(syscall_follows_its_msrs,
	.rule = "SYSCALL enters at LSTAR, with STAR's selectors and FMASK's flags clear",
	.cite = SYSCALL,
	.control = "an FMASK that ignores writes is caught")
{
	syscall_prepare();
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	ring3_call(syscall_make);
}

__guest void syscall_with_carry(void)
{
	__asm__ volatile("stc\n\tsyscall"
			 ::: "rax", "rcx", "r11", "memory", "cc");
	CHECK_EQ(RFLAGS_CF, entered[R11] & RFLAGS_CF);
	CHECK_EQ(RFLAGS_CF, entered[FLAGS] & RFLAGS_CF);
}

PROBE(syscall_keeps_arithmetic_flags,
	.rule = "SYSCALL leaves CF as it is when FMASK does not name it",
	.cite = SYSCALL,
	.control = "a SYSCALL that enters with CF clear is caught")
{
	syscall_prepare();
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	ring3_call(syscall_with_carry);
}

__guest void syscall_without_sce(void)
{
	CHECK_EQ(VEC_UD, asm_safe("syscall", ::: "rax", "rcx", "r11", "memory"));
}

PROBE(syscall_needs_sce,
	.rule = "SYSCALL raises #UD while EFER.SCE is clear",
	.cite = SYSCALL,
	.control = "a SYSCALL that does nothing is caught")
{
	syscall_prepare();		/* in case that it does not */
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(uint64_t)EFER_SCE);
	ring3_call(syscall_without_sce);
}

/* The shortest stub there is. */
__guest void sysret_prepare(void)
{
	uint64_t stub;

	__asm__ volatile("lea 1f(%%rip), %0\n\t"
			 "jmp 2f\n\t"
			 "1: sysretq\n\t"
			 "2:" : "=&r"(stub));
	msrs_prepare(stub);
}

__guest void sysret_make(void)
{
	uint64_t flags, cs, ss;

	__asm__ volatile("stc\n\tstd\n\t"
			 "syscall\n\t"
			 "pushfq\n\tpop %0\n\tcld\n\t"
			 "mov %%cs, %1\n\tmov %%ss, %2"
			 : "=&r"(flags), "=&r"(cs), "=&r"(ss)
			 :: "rcx", "r11", "memory", "cc");
	CHECK_EQ(RFLAGS_DF | RFLAGS_CF, flags & (RFLAGS_DF | RFLAGS_CF));
	CHECK_EQ(SEL_UCODE | 3, cs);
	CHECK_EQ(SEL_UDATA | 3, ss);
}

PROBE(sysret_follows_its_msrs,
	.rule = "SYSRETQ returns to RCX with R11's flags and STAR's user selectors",
	.cite = SYSCALL,
	.control = "a STAR that ignores writes is caught")
{
	sysret_prepare();
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	ring3_call(sysret_make);
}

PROBE(swapgs_exchanges_the_bases,
	.rule = "SWAPGS exchanges GS.base with IA32_KERNEL_GS_BASE",
	.cite = "Intel SDM vol. 2, SWAPGS; AMD APM vol. 3, SWAPGS",
	.control = "a SWAPGS that does nothing is caught")
{
	uint64_t one = 0xffff800012345000ull, two = 0x0000123456789000ull;

	wrmsr(MSR_GS_BASE, one);
	wrmsr(MSR_KERNEL_GS_BASE, two);
	__asm__ volatile("swapgs" ::: "memory");
	CHECK_EQ(two, rdmsr(MSR_GS_BASE));
	CHECK_EQ(one, rdmsr(MSR_KERNEL_GS_BASE));
	wrmsr(MSR_GS_BASE, 0);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}
