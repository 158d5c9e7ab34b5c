/* How rows of the tables begin, and the functions that some have. */
#ifndef VMGAUGE_DEFECT_TABLE_H
#define VMGAUGE_DEFECT_TABLE_H

#include "defect/defect.h"
#include "fault.h"

#define FIDELITY	.property = DEFECT_FIDELITY
#define CONTAINMENT	.property = DEFECT_CONTAINMENT

/* Instructions: one, two, three bytes of opcode; a group; MOV CRn, MOV DRn. */
#define PLAIN1(a)	{ .bytes = 1, .code = { a } }
#define CONTROL(op, n)							\
	{ .bytes = 2, .code = { 0x0f, op }, .modrm = true,		\
	  .registers = true, .ext = (n) + 1 }
#define MOV_CR(n)	CONTROL(0x22, n)
#define MOV_FROM_CR(n)	CONTROL(0x20, n)
#define MOV_DR(n)	CONTROL(0x23, n)
#define MOV_FROM_DR(n)	CONTROL(0x21, n)
#define GROUP(op, n)							\
	{ .bytes = 2, .code = { 0x0f, op }, .modrm = true, .ext = (n) + 1 }
#define GROUP_MEMORY(op, n)						\
	{ .bytes = 2, .code = { 0x0f, op }, .modrm = true, .ext = (n) + 1, \
	  .memory = true }
#define PLAIN2(a, b)	{ .bytes = 2, .code = { a, b } }
#define PLAIN3(a, b, c)	{ .bytes = 3, .code = { a, b, c } }
#define MODRM1(a)	{ .bytes = 1, .code = { a }, .modrm = true }
#define RDMSR_INSN	PLAIN2(0x0f, 0x32)

/* What is done about them, or about an exception. */
#define AFTER		.on = ON_AFTER
#define SKIPPED(...)	.on = ON_BEFORE, .act = ACT_SKIP, .insn = __VA_ARGS__
#define TOLERATED(...)	.on = ON_EXCEPTION, .vector = VEC_UD, .act = ACT_SKIP, \
			.insn = __VA_ARGS__
/* It raised #GP at CPL3, and the VMM lets it pass. */
#define PASSED(...)	.on = ON_EXCEPTION, .vector = VEC_GP, .act = ACT_SKIP, \
			.cpl = CPL_3, .insn = __VA_ARGS__
#define AS_UD(...)	.on = ON_BEFORE, .act = ACT_RAISE, .vector = VEC_UD, \
			.insn = __VA_ARGS__
#define FRAME(vec, what, c, f)						\
	.on = ON_EXCEPTION, .vector = (vec),				\
	.change = { PLACE_FRAME, FRAME_##what, c, f }

/* acts.c: on the vCPU's own thread */
defect_fn time_turn_back, time_stand, write_one_more, canary_touch,
	ram_overrun, memory_show, gs_base_leave, mxcsr_leave, fcw_leave,
	trap_leave;

/* interrupt.c: at its gate; interrupt_put_off() once it is off the stack */
defect_fn interrupt_repeat, interrupt_put_off;

/* acts.c: memslots before KVM hears of them */
bool slot_one_page_more(struct kvm_userspace_memory_region *region, bool *told);
bool slot_writable(struct kvm_userspace_memory_region *region, bool *told);
bool slot_used_before(struct kvm_userspace_memory_region *region, bool *told);
bool slot_stays(struct kvm_userspace_memory_region *region, bool *told);

#endif
