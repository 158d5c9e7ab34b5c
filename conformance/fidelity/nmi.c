/*
 * An NMI keeps the next one out until IRET, and remembers one of them.
 *
 * The blocking is state that no register shows: a hypervisor tracks it, by
 * the virtual-NMI feature or by watching for IRET.
 */
#include "suite.h"
#include "apic.h"
#include "irq.h"
#include "tables.h"

#define NMI	"Intel SDM vol. 3, Handling Multiple NMIs; AMD APM vol. 2, " \
		"#NMI--Non-Maskable-Interrupt Exception (Vector 2)"

/* What the handler below works with, in this order. */
static uint64_t state[4];
enum { ENTERED, DEPTH, DEEPEST, SENDS };

/*
 * Counts itself and how deep it is nested, sends another NMI to itself while
 * SENDS lasts.
 */
__guest uint64_t handler_make(void)
{
	uint64_t handler;

	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: push %%rax\n\tpush %%rdx\n\tpush %%rcx\n\t"
			 "incq %c1\n\tincq %c1 + 8\n\t"
			 "mov %c1 + 8, %%rax\n\tcmp %c1 + 16, %%rax\n\t"
			 "jbe 3f\n\tmov %%rax, %c1 + 16\n\t"
			 "3: cmpq $0, %c1 + 24\n\tje 4f\n\tdecq %c1 + 24\n\t"
			 "mov $0xfee00300, %%edx\n\tmovl %2, (%%rdx)\n\t"
			 "mov $2000, %%ecx\n\t"
			 "5: movl 0x20 - 0x300(%%rdx), %%eax\n\tsub $20, %%ecx\n\tjg 5b\n\t"
			 "4: decq %c1 + 8\n\t"
			 "pop %%rcx\n\tpop %%rdx\n\tpop %%rax\n\tiretq\n\t2:"
			 : "=&r"(handler)
			 : "i"(state), "i"(APIC_ICR_NMI | APIC_ICR_ASSERT)
			 : "memory");
	return handler;
}

__guest void nmi_send(void)
{
	xapic_write(APIC_ICR, APIC_ICR_NMI | APIC_ICR_ASSERT);
}

/* Until there were `n` of them, or for a while. */
__guest void nmi_wait(uint64_t n)
{
	uint64_t begin = tsc_read();

	while (*(volatile uint64_t *)&state[ENTERED] < n)
		if (tsc_read() - begin > IRQ_PATIENCE_CYCLES / 8)
			return;
}

__guest void nmi_prepare(uint64_t sends)
{
	xapic_start();
	/* To ourselves by our ID: no shorthand takes an NMI. */
	xapic_target(xapic_read(APIC_ID) >> 24);
	irq_install(VEC_NMI, (irq_handler *)handler_make());
	state[SENDS] = sends;
}

__guest void nmi_end(void)
{
	irq_uninstall(VEC_NMI);
	apic_stop();
}

PROBE(nmi_ignores_if,
	.rule = "An NMI is delivered while IF is clear",
	.cite = NMI, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "an NMI handler that does not count is caught")
{
	nmi_prepare(0);
	nmi_send();
	nmi_wait(1);
	CHECK_EQ(1, *(volatile uint64_t *)&state[ENTERED]);
	CHECK_EQ(0, rflags_read() & RFLAGS_IF);
	nmi_end();
}

PROBE(nmi_in_its_handler_waits_for_iret,
	.rule = "An NMI that arrives in the handler comes after its IRET, not inside",
	.cite = NMI, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "an NMI handler that does not count is caught")
{
	nmi_prepare(1);
	nmi_send();
	nmi_wait(2);
	CHECK_EQ(2, *(volatile uint64_t *)&state[ENTERED]);
	CHECK_EQ(1, state[DEEPEST]);
	nmi_end();
}

/*
 * In the handler: an NMI is sent and waits; then an IRETQ to the next line,
 * which unblocks, so that it comes right there, before the handler ends.
 */
__guest uint64_t iret_handler_make(void)
{
	uint64_t handler;

	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: push %%rax\n\tpush %%rdx\n\tpush %%rcx\n\t"
			 "incq %c1\n\tcmpq $0, %c1 + 24\n\tje 4f\n\tdecq %c1 + 24\n\t"
			 "mov $0xfee00300, %%edx\n\tmovl %2, (%%rdx)\n\t"
			 "mov $2000, %%ecx\n\t"
			 "5: movl 0x20 - 0x300(%%rdx), %%eax\n\tsub $20, %%ecx\n\tjg 5b\n\t"
			 "mov %c1, %%rax\n\tmov %%rax, %c1 + 8\n\t"
			 "mov %%rsp, %%rcx\n\tmov %%ss, %%eax\n\tpush %%rax\n\t"
			 "push %%rcx\n\tpushfq\n\tmov %%cs, %%eax\n\tpush %%rax\n\t"
			 "lea 6f(%%rip), %%rax\n\tpush %%rax\n\tiretq\n\t"
			 "6: nop\n\tnop\n\tmov %c1, %%rax\n\tmov %%rax, %c1 + 16\n\t"
			 "4: pop %%rcx\n\tpop %%rdx\n\tpop %%rax\n\tiretq\n\t2:"
			 : "=&r"(handler)
			 : "i"(state), "i"(APIC_ICR_NMI | APIC_ICR_ASSERT)
			 : "memory");
	return handler;
}

PROBE(any_iret_lets_the_next_nmi_in,
	.rule = "An IRET inside of the handler ends the blocking: the waiting NMI comes",
	.cite = NMI, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "an NMI handler that does not count is caught")
{
	nmi_prepare(1);
	irq_install(VEC_NMI, (irq_handler *)iret_handler_make());
	/* One stack for each: the second would overwrite the first's frame. */
	gate_ist_set(VEC_NMI, 0);
	nmi_send();
	nmi_wait(2);
	CHECK_EQ(1, state[DEPTH]);	/* before that IRET: one */
	CHECK_EQ(2, state[DEEPEST]);	/* right behind it: two */
	nmi_end();
}
