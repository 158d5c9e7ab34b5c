/*
 * Far CALL, JMP, RET and IRET go where the guest's descriptors say, and no
 * further than its privilege.
 *
 * They read the descriptor tables without trapping: on a hypervisor without
 * hardware help CPL3 would find the host's.
 */
#include "suite.h"
#include "tables.h"

#define BOTH	(RING0 | RING3)
#define FAR	"Intel SDM vol. 3, Privilege Level Checking When Transferring " \
		"Program Control Between Code Segments; AMD APM vol. 2, Control Transfers"
#define CALL_GATE "Intel SDM vol. 3, Call Gates, IA-32e Mode Call Gates; AMD APM " \
		"vol. 2, Legacy and Long-Mode Call Gates"

struct far_pointer {
	uint32_t offset;
	uint16_t selector;
} __attribute__((packed));

/* A code segment of our own for each level, a conforming one, and a gate. */
enum { CODE0 = GDT_FREE, CODE3, CONFORMING, GATE, ABSENT = GATE + 2 };

static uint64_t *gdt_now;
static uint16_t code;			/* the one of this CPL */

__guest const char *segments_make(void)
{
	gdt_now = gdt_own();
	gdt_now[CODE0] = DESC_CODE64;
	gdt_now[CODE3] = DESC_CODE64 | DESC_DPL3;
	gdt_now[CONFORMING] = DESC_CODE64 | 1ull << 42;
	gdt_now[ABSENT] = (DESC_CODE64 | DESC_DPL3) & ~DESC_PRESENT;
	code = mailbox->ring ? CODE3 * 8 | 3 : CODE0 * 8;
	return NULL;
}

PROBE(far_call_leaves_our_selector_on_the_stack,
	.rule = "A far CALL loads CS and pushes the old CS and RIP; far RET undoes it",
	.cite = "Intel SDM vol. 2, CALL, RET; AMD APM vol. 3, CALL (Far), RET (Far)",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(segments_make),
	.control = "a far CALL that does nothing is caught")
{
	struct far_pointer to = { 0, code };
	uint32_t ip = 0, cs = 0, in = 0, old, back = 0;
	uint64_t next = 0;

	__asm__ volatile("mov %%cs, %0" : "=r"(old));
	CHECK_EQ(NO_FAULT, asm_safe(
		 "lea 1f(%%rip), %%rax\n\tmov %%eax, (%%rdx)\n\t"
		 "lea 2f(%%rip), %[next]\n\t"
		 "lcall *(%%rdx)\n\t"
		 "2: jmp 3f\n\t"
		 "1: mov (%%rsp), %[ip]\n\tmov 4(%%rsp), %[cs]\n\t"
		 "mov %%cs, %[in]\n\tlretl\n\t"
		 "3: mov %%cs, %[back]",
		 : [ip] "+&r"(ip), [cs] "+&r"(cs), [in] "+&r"(in),
		   [next] "=&r"(next), [back] "+&r"(back)
		 : "d"(&to) : "rax", "memory"));
	CHECK_EQ(next, ip);
	CHECK_EQ(old, cs);
	CHECK_EQ(code, in);
	CHECK_EQ(old, back);
}

/* There and back: what CS was meanwhile. */
__guest unsigned int far_jump_through(unsigned int selector, uint32_t *in)
{
	struct far_pointer to = { 0, (uint16_t)selector };

	return asm_safe("mov %%cs, %%eax\n\tpush %%rax\n\t"
			"lea 2f(%%rip), %%rax\n\tpush %%rax\n\t"
			"lea 1f(%%rip), %%rax\n\tmov %%eax, (%%rdx)\n\t"
			"ljmp *(%%rdx)\n\t"
			"1: mov %%cs, %[in]\n\tlretq\n\t2:",
			: [in] "+&r"(*in) : "d"(&to) : "rax", "memory");
}

PROBE(far_jump_loads_cs,
	.rule = "A far JMP to a code segment of the same level loads CS and goes on",
	.cite = "Intel SDM vol. 2, JMP; AMD APM vol. 3, JMP (Far)",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(segments_make),
	.control = "a far JMP that does nothing is caught")
{
	uint32_t in = 0;

	CHECK_EQ(NO_FAULT, far_jump_through(code, &in));
	CHECK_EQ(code, in);
}

__guest unsigned int far_jump_to(unsigned int selector)
{
	struct far_pointer to = { 0, (uint16_t)selector };

	return asm_safe("lea 1f(%%rip), %%rax\n\tmov %%eax, %[to]\n\t"
			"ljmp *%[to]\n\t1: nop",
			: [to] "+m"(to) :: "rax", "memory");
}

PROBE(far_jump_checks_the_descriptor,
	.rule = "A far JMP to data or null raises #GP, to an absent segment #NP",
	.cite = FAR, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(segments_make),
	.control = "a #GP whose error code is wrong is caught")
{
	CHECK_FAULT(VEC_GP, 0, far_jump_to(0));
	CHECK_FAULT(VEC_GP, SEL_UDATA, far_jump_to(SEL_UDATA | mailbox->ring));
	if (mailbox->ring == 3)
		CHECK_FAULT(VEC_GP, SEL_KCODE, far_jump_to(SEL_KCODE));
	else
		CHECK_FAULT(VEC_GP, SEL_UCODE, far_jump_to(SEL_UCODE));
	if (mailbox->ring == 3)
		CHECK_FAULT(VEC_NP, ABSENT * 8, far_jump_to(ABSENT * 8 | 3));
}

PROBE(conforming_code_keeps_the_level,
	.rule = "CPL3 may jump to conforming code of DPL 0, and stays at CPL3",
	.cite = FAR, .rings = RING3, .needs = NEED_MACHINE,
	.skip = GUEST(segments_make),
	.control = "a far JMP that does nothing is caught")
{
	uint32_t in = 0;

	CHECK_EQ(NO_FAULT, far_jump_through(CONFORMING * 8, &in));
	CHECK_EQ(CONFORMING * 8 | 3, in);
}

PROBE(iret_gives_no_privilege,
	.rule = "IRET at CPL3 to a selector of RPL 0 raises #GP(selector)",
	.cite = "Intel SDM vol. 2, IRET/IRETD/IRETQ; AMD APM vol. 3, IRETx",
	.rings = RING3, .needs = NEED_MACHINE,
	.control = "a #GP whose error code is wrong is caught")
{
	CHECK_FAULT(VEC_GP, SEL_KCODE, asm_safe(
		    "mov %%rsp, %%rbx\n\tmov %%ss, %%eax\n\tpush %%rax\n\t"
		    "push %%rbx\n\tpushfq\n\tpush $8\n\t"
		    "lea 2f(%%rip), %%rax\n\tpush %%rax\n\t"
		    "3: iretq\n\t2: nop\n\t4: mov %%rbx, %%rsp"
		    RESUME(3, 4),
		    ::: "rax", "rbx", "memory"));
}

static uint64_t entered[6];
enum { CS, SS, RETURN_RIP, RETURN_CS, RETURN_RSP, RETURN_SS };
static uint64_t called_rsp, called_next;

__guest uint64_t gate_stub(void)
{
	uint64_t stub;

	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: mov %%cs, %%eax\n\tmov %%rax, %c1\n\t"
			 "mov %%ss, %%eax\n\tmov %%rax, %c1 + 8\n\t"
			 "pop %c1 + 16\n\tpop %c1 + 24\n\t"
			 "pop %c1 + 32\n\tpop %c1 + 40\n\t"
			 "sub $32, %%rsp\n\tlretq\n\t2:"
			 : "=&r"(stub) : "i"(entered) : "rax", "memory");
	return stub;
}

__guest void gate_make(unsigned int dpl)
{
	uint64_t stub = gate_stub();

	gdt_now[GATE] = (stub & 0xffff) | SEL_KCODE << 16 | 0x8cull << 40 |
			(uint64_t)dpl << 45 | (stub >> 16 & 0xffff) << 48;
	gdt_now[GATE + 1] = stub >> 32;
}

__guest void gate_call(void)
{
	struct far_pointer to = { 0, GATE * 8 | 3 };

	CHECK_EQ(NO_FAULT, asm_safe(
		 "mov %%rsp, %c1\n\tlea 1f(%%rip), %%rax\n\tmov %%rax, %c2\n\t"
		 "lcall *(%%rdx)\n\t1:",
		 :: "d"(&to), "i"(&called_rsp), "i"(&called_next)
		 : "rax", "memory"));
}

PROBE(call_gate_leads_to_cpl0_and_back,
	.rule = "A far CALL of CPL3 through a call gate enters CPL0 on RSP0, SS null",
	.cite = CALL_GATE, .needs = NEED_MACHINE,
	.control = "a far CALL that does nothing is caught")
{
	segments_make();
	gate_make(3);
	ring3_call(gate_call);
	CHECK_EQ(SEL_KCODE, entered[CS]);
	CHECK_EQ(0, entered[SS]);
	CHECK_EQ(called_next, entered[RETURN_RIP]);
	CHECK_EQ(SEL_UCODE | 3, entered[RETURN_CS]);
	CHECK_EQ(called_rsp, entered[RETURN_RSP]);
	CHECK_EQ(SEL_UDATA | 3, entered[RETURN_SS]);
}

__guest void gate_call_refused(void)
{
	struct far_pointer to = { 0, GATE * 8 | 3 };

	CHECK_FAULT(VEC_GP, GATE * 8, asm_safe("lcall *(%%rdx)", :: "d"(&to)
					       : "memory"));
}

PROBE(call_gate_guards_its_level,
	.rule = "A call gate of DPL 0 refuses CPL3 with #GP(gate)",
	.cite = CALL_GATE, .needs = NEED_MACHINE,
	.control = "a far CALL that does nothing is caught")
{
	segments_make();
	gate_make(0);
	ring3_call(gate_call_refused);
}
