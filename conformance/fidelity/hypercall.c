/*
 * VMCALL and VMMCALL belong to hypervisors; a real CPU outside of a guest has
 * neither.
 *
 * KVM answers the other vendor's by rewriting the guest's code on the fly.
 * That it answers tells; that it changes code, or faults on a page that the
 * guest may not write, is wrong.
 */
#include "suite.h"
#include "tables.h"

#define BOTH	(RING0 | RING3)
#define CALLS	"Intel SDM vol. 3, VMCALL (#UD outside of VMX operation); AMD APM " \
		"vol. 3, VMMCALL (#UD when not intercepted)"

/* No hypervisor knows a call of this number. */
#define NO_CALL		0x00ffffffull

__guest unsigned int vmcall(uint8_t *bytes)
{
	uint64_t a = NO_CALL, at = 0;
	unsigned int vector;

	vector = asm_safe("lea 1f(%%rip), %[at]\n\t1: vmcall",
			  : [at] "=&r"(at), "+a"(a)
			  :: "rbx", "rcx", "rdx", "rsi", "memory", "cc");
	__builtin_memcpy(bytes, (const void *)at, 3);
	return vector;
}

__guest unsigned int vmmcall(uint8_t *bytes)
{
	uint64_t a = NO_CALL, at = 0;
	unsigned int vector;

	vector = asm_safe("lea 1f(%%rip), %[at]\n\t1: vmmcall",
			  : [at] "=&r"(at), "+a"(a)
			  :: "rbx", "rcx", "rdx", "rsi", "memory", "cc");
	__builtin_memcpy(bytes, (const void *)at, 3);
	return vector;
}

PROBE(vmcall_leaves_its_code_alone,
	.rule = "VMCALL raises #UD, and the bytes in memory stay VMCALL",
	.cite = CALLS, .rings = BOTH,
	.control = "a VMCALL that is a UD2 is caught")
{
	uint8_t bytes[3];
	unsigned int vector = vmcall(bytes);

	CHECK_EQ(0x0f, bytes[0]);
	CHECK_EQ(0x01, bytes[1]);
	CHECK_EQ(0xc1, bytes[2]);
	if (vector != VEC_UD)
		TELL("VMCALL does not raise #UD: somebody answers it");
}

PROBE(vmmcall_leaves_its_code_alone,
	.rule = "VMMCALL raises #UD, and the bytes in memory stay VMMCALL",
	.cite = CALLS, .rings = BOTH,
	.control = "a VMMCALL that is a UD2 is caught")
{
	uint8_t bytes[3];
	unsigned int vector = vmmcall(bytes);

	CHECK_EQ(0x0f, bytes[0]);
	CHECK_EQ(0x01, bytes[1]);
	CHECK_EQ(0xd9, bytes[2]);
	if (vector != VEC_UD)
		TELL("VMMCALL does not raise #UD: somebody answers it");
}

/* VMCALL; RET, and the other one, on a page that is only read. */
static volatile uint8_t calls[4096] __attribute__((aligned(4096))) = {
	0x0f, 0x01, 0xc1, 0xc3, 0x0f, 0x01, 0xd9, 0xc3,
};

/*
 * A #UD of the page's code goes on at its RET: lines of their own in the
 * exception table, where a #PF would do the same.
 */
__guest unsigned int read_only_call(uint64_t gva)
{
	uint64_t a = NO_CALL;

	return asm_safe("call *%[gva]\n\t"
			".pushsection .ex_table, \"a\"\n\t"
			".quad 0x140000000, 0x140000003\n\t"
			".quad 0x140000004, 0x140000007\n\t.popsection\n\t",
			: "+a"(a) : [gva] "r"(gva)
			: "rbx", "rcx", "rdx", "rsi", "memory", "cc");
}

__guest const char *window_make(void)
{
	*page_entry(WINDOW_GVA) = (uint64_t)calls | PAGE_P | PAGE_U;
	pages_flush();
	write_cr0(read_cr0() | CR0_WP);
	return NULL;
}

PROBE(hypercall_on_a_read_only_page_writes_nothing,
	.rule = "VMCALL and VMMCALL on a read-only page raise #UD, and no #PF",
	.cite = CALLS, .rings = RING3, .needs = NEED_MACHINE,
	.skip = GUEST(window_make),
	.control = "a VMCALL that is a VMMCALL is caught")
{
	unsigned int vector[2];

	vector[0] = read_only_call(WINDOW_GVA);
	vector[1] = read_only_call(WINDOW_GVA + 4);
	CHECK_NE(VEC_PF, vector[0]);
	CHECK_NE(VEC_PF, vector[1]);
	CHECK_EQ(0xc1, calls[2]);
	CHECK_EQ(0xd9, calls[6]);
	if (vector[0] != VEC_UD || vector[1] != VEC_UD)
		TELL("a hypercall does not raise #UD: somebody answers it");
}
