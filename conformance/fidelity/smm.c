/*
 * System management mode: the guest is interrupted by an SMI between two of
 * its instructions, other code runs, and RSM brings back what was there.
 *
 * The VMM sends the SMI; the handler, at the default SMBASE, counts and spoils
 * every register that it can. On machines without a VMM's help an SMI is the
 * firmware's business, and nothing here can send one that is known harmless.
 */
#include <string.h>

#include "host_step.h"
#include "layout.h"

#define SMM	"Intel SDM vol. 3, System Management Mode, SMM Handler Execution " \
		"Environment, Exiting From SMM; AMD APM vol. 2, System-Management Mode"
#define SMBASE		0x30000u	/* REAL_GPA, which nobody else has */
#define HANDLER		0x8000u
#define COUNTER		0x9000u
enum { TURNS = 5 };

_Static_assert(SMBASE == REAL_GPA, "SMM's default is where real mode runs");

__host void smm_prepare(struct item_host *h)
{
	static const uint8_t code[] = {
		0x66, 0x2e, 0xff, 0x06, COUNTER & 0xff, COUNTER >> 8,
						/* incl %cs:COUNTER */
		0x66, 0xb8, 0x55, 0x55, 0x55, 0x55,	/* mov $..., %eax */
		0x66, 0x89, 0xc3, 0x66, 0x89, 0xc1,	/* to EBX, ECX */
		0x66, 0x89, 0xc2, 0x66, 0x89, 0xc6,	/* EDX, ESI */
		0x66, 0x89, 0xc7, 0x66, 0x89, 0xc5,	/* EDI, EBP */
		0xfd, 0xf9,				/* std; stc */
		0x0f, 0xaa,				/* rsm */
	};

	memcpy(h->ram + SMBASE + HANDLER, code, sizeof(code));
}

/* In SMM a vCPU sees the memslots of address space 1: the same RAM here. */
__host int smram_map(struct item_host *h, struct error *e)
{
	const struct kvm_userspace_memory_region region = {
		.slot = 1 << 16, .memory_size = h->ram_bytes,
		.userspace_addr = (uintptr_t)h->ram,
	};

	return KVM_IOCTL(h->vm->fd, KVM_SET_USER_MEMORY_REGION, &region, e);
}

__host int smi_step(struct item_host *h, struct vcpu *v, uint8_t n,
		    struct error *e)
{
	(void)h, (void)n;
	return KVM_IOCTL_INT(v->fd, KVM_SMI, 0, e);
}

__host void smi_prepare(struct item_host *h)
{
	struct error e;

	if (kvm_call_raw(h->vm->sys->fd, KVM_CHECK_EXTENSION,
			 KVM_CAP_X86_SMM) <= 0) {
		host_verdict(h, ABI_SKIP, "this KVM has no SMM");
		return;
	}
	smm_prepare(h);
	if (host_said(h, smram_map(h, &e), &e))
		return;
	steps_begin(h, smi_step);
}

static volatile uint32_t *const counter = (uint32_t *)(SMBASE + COUNTER);

PROBE(smi_comes_and_rsm_returns,
	.rule = "An SMI runs SMM's handler once, and RSM goes on where it came",
	.cite = SMM, .needs = NEED_VMM, .prepare = HOST(smi_prepare),
	.control = "a handler that does not count is caught")
{
	*counter = 0;
	for (unsigned int i = 1; i <= TURNS; i++) {
		step(0);
		CHECK_EQ(i, *counter);
	}
}

PROBE(rsm_brings_every_register_back,
	.rule = "After an SMI all general registers and RFLAGS are as they were",
	.cite = SMM, .needs = NEED_VMM, .prepare = HOST(smi_prepare),
	.control = "a handler that does not count is caught")
{
	uint64_t a = 0x1111222233330000, b = 0x2222, c = ~0ull, s = 1ull << 63;
	uint64_t d = STEP_PORT | 0xfeedull << 48, flags = 0, r15 = 0;
	uint64_t di = 0x1234567812345678;

	*counter = 0;
	__asm__ volatile("mov $-3, %%r15\n\tcmp %%rbx, %%rcx\n\tstd\n\t"
			 "outb %%al, %%dx\n\tnop\n\tpushfq\n\tpop %0\n\t"
			 "cld\n\tmov %%r15, %1"
			 : "=&r"(flags), "=&r"(r15), "+a"(a), "+b"(b), "+c"(c),
			   "+d"(d), "+S"(s), "+D"(di) :: "r15", "memory", "cc");
	CHECK_EQ(1, *counter);
	CHECK_EQ(0x1111222233330000, a);
	CHECK_EQ(0x2222, b);
	CHECK_EQ(~0ull, c);
	CHECK_EQ(STEP_PORT | 0xfeedull << 48, d);
	CHECK_EQ(1ull << 63, s);
	CHECK_EQ(0x1234567812345678, di);
	CHECK_EQ(-3ull, r15);
	CHECK_EQ(RFLAGS_DF | RFLAGS_SF, flags & (RFLAGS_DF | RFLAGS_SF |
						 RFLAGS_CF | RFLAGS_ZF));
}

struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

PROBE(rsm_brings_the_mode_back,
	.rule = "After an SMI CR0, CR3, CR4, EFER and the tables are as they were",
	.cite = SMM, .needs = NEED_VMM, .prepare = HOST(smi_prepare),
	.control = "a handler that does not count is caught")
{
	uint64_t cr0 = read_cr0(), cr3 = read_cr3(), cr4 = read_cr4();
	uint64_t efer = rdmsr(MSR_EFER);
	struct table gdt[2] = { { 0 } }, idt[2] = { { 0 } };

	*counter = 0;
	__asm__ volatile("sgdt %0\n\tsidt %1" : "=m"(gdt[0]), "=m"(idt[0]));
	step(0);
	__asm__ volatile("sgdt %0\n\tsidt %1" : "=m"(gdt[1]), "=m"(idt[1]));
	CHECK_EQ(1, *counter);
	CHECK_EQ(cr0, read_cr0());
	CHECK_EQ(cr3, read_cr3());
	CHECK_EQ(cr4, read_cr4());
	CHECK_EQ(efer, rdmsr(MSR_EFER));
	CHECK_EQ(gdt[0].base, gdt[1].base);
	CHECK_EQ(gdt[0].limit, gdt[1].limit);
	CHECK_EQ(idt[0].base, idt[1].base);
	CHECK_EQ(idt[0].limit, idt[1].limit);
}
