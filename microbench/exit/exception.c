/*
 * Exceptions: one that the hypervisor takes first, one that it never sees.
 *
 * KVM intercepts #UD, because some undefined instructions are its to emulate;
 * it decodes the instruction, finds that it is not, and injects the exception
 * that the CPU would have raised. #BP goes straight to the guest unless
 * somebody debugs it. The image's usual handler would be most of the time
 * measured, so both rows have their own, of a few instructions.
 */
#include "layout.h"
#include "suite.h"

#define TEXT_(x)	#x
#define TEXT(x)		TEXT_(x)

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

extern struct gate idt[];

__guest struct gate gate_before;

/* #BP is a trap: the return address is already the next instruction's. */
__guest __attribute__((naked)) void bp_handler(void)
{
	__asm__("iretq");
}

/* Naked, so that its address is the instruction's. */
__guest __attribute__((naked)) void exception_intercepted_op(void)
{
	__asm__("ud2\n\t"
		"ret");
}

/*
 * #UD is a fault, and UD2 is two bytes to step over. Any other #UD goes to
 * the image's stub for vector 6: ring 3 is left by one.
 */
__guest __attribute__((naked)) void ud_handler(void)
{
	__asm__("cmpq $exception_intercepted_op, (%rsp)\n\t"
		"jne fault_stubs + 6 * " TEXT(STUB_BYTES) "\n\t"
		"addq $2, (%rsp)\n\t"
		"iretq");
}

__guest void gate_set(unsigned int vector, void (*handler)(void))
{
	uint64_t offset = (uint64_t)(uintptr_t)handler;

	gate_before = idt[vector];
	idt[vector].offset_low = (uint16_t)offset;
	idt[vector].offset_middle = (uint16_t)(offset >> 16);
	idt[vector].offset_high = (uint32_t)(offset >> 32);
}

__guest void exception_intercepted_setup(void)
{
	gate_set(VEC_UD, ud_handler);
}

__guest void exception_intercepted_teardown(void)
{
	idt[VEC_UD] = gate_before;
}

__guest void exception_native_setup(void)
{
	gate_set(VEC_BP, bp_handler);
}

__guest void exception_native_op(void)
{
	__asm__ volatile("int3" ::: "memory");
}

__guest void exception_native_teardown(void)
{
	idt[VEC_BP] = gate_before;
}

BENCH(exception_intercepted,
	.summary = "UD2: #UD, intercepted and given back to the guest",
	.reading = "exception_native plus an exit, an instruction decoded and an event injected.",
	.cite = "AMD APM vol. 2, Exception Intercepts and Event Injection; "
		"Intel SDM vol. 3C, Exception Bitmap",
	.needs = NEED_MACHINE,
	.rings = RING0 | RING3,
	.setup = GUEST(exception_intercepted_setup),
	.op = GUEST(exception_intercepted_op),
	.teardown = GUEST(exception_intercepted_teardown),
	.exits = EXITS(1, 0),
);

BENCH(exception_native,
	.summary = "INT3: #BP, delivered by the CPU alone",
	.reading = "The CPU's own delivery and IRET, through a gate at CPL3.",
	.cite = "AMD APM vol. 2, Exception Intercepts; Intel SDM vol. 3C, Exception Bitmap",
	.needs = NEED_MACHINE,
	.rings = RING0 | RING3,
	.setup = GUEST(exception_native_setup),
	.op = GUEST(exception_native_op),
	.teardown = GUEST(exception_native_teardown),
	.exits = EXITS(0, 0),
);
