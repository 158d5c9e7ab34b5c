/*
 * SYSENTER and SYSEXIT, and SYSCALL from compatibility mode: here the two
 * vendors differ, and a guest that was told its vendor counts on it.
 */
#include "layout.h"
#include "suite.h"

#define SYSENTER "Intel SDM vol. 2, SYSENTER, SYSEXIT; AMD APM vol. 3, " \
		 "SYSENTER, SYSEXIT (#UD in long mode)"

static uint64_t entered[3];
enum { CS, SS, RSP };

/* A stub that looks around and goes back by SYSEXITQ. */
__guest void sysenter_prepare(void)
{
	uint64_t stub;

	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: mov %%cs, %%eax\n\tmov %%rax, %c1\n\t"
			 "mov %%ss, %%eax\n\tmov %%rax, %c1 + 8\n\t"
			 "mov %%rsp, %c1 + 16\n\t"
			 "sysexitq\n\t2:"
			 : "=&r"(stub) : "i"(entered) : "memory");
	wrmsr(MSR_SYSENTER_EIP, stub);
	wrmsr(MSR_SYSENTER_ESP, 0x654320);
	wrmsr(MSR_SYSENTER_CS, SEL_KCODE);
}

static unsigned int raised;

__guest void sysenter_make(void)
{
	raised = asm_safe("mov %%rsp, %%rcx\n\tlea 1f(%%rip), %%rdx\n\t"
			  "sysenter\n\t1:", ::: "rax", "rcx", "rdx", "memory");
}

PROBE(sysenter_follows_its_msrs,
	.rule = "Intel: SYSENTER goes to its MSRs' CS, EIP and ESP; AMD: #UD in long mode",
	.cite = SYSENTER,
	.control = "a store that does nothing is caught")
{
	sysenter_prepare();
	ring3_call(sysenter_make);
	CHECK_EQ(cpu_is_intel() ? NO_FAULT : VEC_UD, raised);
	if (raised == NO_FAULT) {
		CHECK_EQ(SEL_KCODE, entered[CS]);
		CHECK_EQ(SEL_KCODE + 8, entered[SS]);
		CHECK_EQ(0x654320, entered[RSP]);
	}
	wrmsr(MSR_SYSENTER_CS, 0);
}

PROBE(sysenter_needs_a_selector,
	.rule = "SYSENTER raises #GP(0) while SYSENTER_CS is null (AMD: #UD)",
	.cite = SYSENTER,
	.control = "a store that does nothing is caught")
{
	sysenter_prepare();
	wrmsr(MSR_SYSENTER_CS, 0);
	ring3_call(sysenter_make);
	CHECK_EQ(cpu_is_intel() ? VEC_GP : VEC_UD, raised);
}

/* LSTAR is written, and used at once: both from CPL0, twice. */
PROBE(lstar_holds_at_once,
	.rule = "SYSCALL right after a WRMSR of LSTAR goes to the new address",
	.cite = "Intel SDM vol. 2, SYSCALL; AMD APM vol. 3, SYSCALL",
	.control = "a SYSCALL that does nothing is caught")
{
	uint64_t one, two, went = 0, efer = rdmsr(MSR_EFER);

	wrmsr(MSR_EFER, efer | EFER_SCE);
	wrmsr(MSR_STAR, (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_FMASK, 0);
	__asm__ volatile("lea 1f(%%rip), %0\n\tlea 2f(%%rip), %1\n\tjmp 3f\n\t"
			 "1: mov $1, %%eax\n\tjmp *%%rcx\n\t"
			 "2: mov $2, %%eax\n\tjmp *%%rcx\n\t3:"
			 : "=r"(one), "=r"(two));
	for (unsigned int i = 0; i < 8; i++) {
		uint64_t stub = i & 1 ? two : one;
		uint64_t a = (uint32_t)stub, c = MSR_LSTAR;

		__asm__ volatile("wrmsr\n\tsyscall"
				 : "+a"(a), "+c"(c) : "d"(stub >> 32)
				 : "r11", "memory", "cc");
		went += a == 1 + (i & 1);
	}
	wrmsr(MSR_EFER, efer);
	CHECK_EQ(8, went);
}

/* Far to 32-bit code at CPL3, SYSCALL there, and back by the exception. */
__guest void compat_syscall(void)
{
	fault_arm();
	/* A fault resumes behind the SYSCALL, in 32-bit code as well. */
	__asm__ volatile("mov %%rsp, %%rbx\n\t"
			 "pushq %0\n\tlea 661f(%%rip), %%rax\n\tpush %%rax\n\t"
			 "lretq\n\t.code32\n\t661: syscall\n\t662:" EX_TABLE
			 "nop\n\tljmp %1, $2f\n\t.code64\n\t"
			 "2: mov %%rbx, %%rsp"
			 :: "i"(SEL_UCODE32 | 3), "i"(SEL_UCODE | 3)
			 : "rax", "rbx", "rcx", "r11", "memory");
	raised = fault_vector();
}

static uint64_t compat_marker;

PROBE(syscall_of_32_bit_code_is_the_vendor_s,
	.rule = "SYSCALL in compatibility mode: CSTAR on AMD, #UD on Intel",
	.cite = "Intel SDM vol. 2, SYSCALL; AMD APM vol. 3, SYSCALL",
	.control = "a SYSCALL that does nothing is caught")
{
	uint64_t stub, efer = rdmsr(MSR_EFER);

	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: movq $7, %c1\n\tsysretl\n\t2:"
			 : "=&r"(stub) : "i"(&compat_marker) : "memory");
	wrmsr(0xc0000083u, stub);
	wrmsr(MSR_LSTAR, 0);
	wrmsr(MSR_STAR, (SEL_UCODE32 | 3ull) << 48 | (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_FMASK, 0);
	wrmsr(MSR_EFER, efer | EFER_SCE);
	compat_marker = 0;
	ring3_call(compat_syscall);
	wrmsr(MSR_EFER, efer);
	CHECK_EQ(cpu_is_amd() ? NO_FAULT : VEC_UD, raised);
	CHECK_EQ(cpu_is_amd() ? 7 : 0, compat_marker);
}
