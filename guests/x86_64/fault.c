/*
 * The exception handler: an instruction of asm_safe() has its fault recorded
 * and is skipped; anybody else's fault ends the guest with a post-mortem.
 */
#include "guest.h"
#include "layout.h"

extern const uint8_t in_process;		/* entry.S */

struct trap_frame {			/* as pushed in entry.S */
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct ex_entry {
	uint64_t start;
	uint64_t end;
};

extern const struct ex_entry ex_table_start[], ex_table_end[];

extern const char ring3_leave[];

/*
 * An instruction of asm_safe() is excused: its fault is recorded, and rip and
 * rflags become those to go on with. The host calls this in a process, on a
 * stack of its own.
 */
abi_fault_excuse fault_excuse;
void fault_handle(struct trap_frame *f);
void ring3_return(void) __attribute__((noreturn));

static void fault_fill(struct abi_fault *to, const struct trap_frame *f)
{
	to->vector = f->vector;
	to->error_code = f->error_code;
	to->rip = f->rip;
	to->rflags = f->rflags;
	to->cs = f->cs;
	to->cr2 = f->vector == VEC_PF ? read_cr2() : 0;
}

bool fault_excuse(struct abi_fault *f)
{
	struct cpu *cpu = in_process ? &cpu0 : cpu_self();
	const struct ex_entry *ex;

	for (ex = ex_table_start; ex < ex_table_end; ex++) {
		if (f->rip < ex->start || f->rip > ex->end)
			continue;
		cpu->fault = *f;
		cpu->faults++;
		f->rip = ex->end;
		if (f->vector == VEC_DB)
			f->rflags &= ~(uint64_t)RFLAGS_TF;
		return true;
	}
	return false;
}

interrupt_fn *volatile interrupt_hook;

void fault_handle(struct trap_frame *f)
{
	struct abi_fault fault;

	if (interrupt_hook && (f->vector >= 32 || f->vector == VEC_NMI)) {
		interrupt_hook((unsigned int)f->vector);
		return;
	}
	if (f->rip == (uint64_t)ring3_leave && f->vector == VEC_UD)
		ring3_return();
	fault_fill(&fault, f);
	if (fault_excuse(&fault)) {
		f->rip = fault.rip;
		f->rflags = fault.rflags;
		return;
	}
	mailbox->panic = fault;
	guest_panic("unexpected exception");
}

void ring3_ports_allow(bool allow)
{
	extern uint8_t tss[];
	uint16_t *iomap = (uint16_t *)(tss + TSS_IOMAP - 2);

	/* An offset beyond the limit means that there is no bitmap. */
	*(volatile uint16_t *)iomap = allow ? TSS_IOMAP : 0xffff;
}
