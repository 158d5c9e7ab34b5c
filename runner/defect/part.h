/* What the files of this room have in common. */
#ifndef VMGAUGE_DEFECT_PART_H
#define VMGAUGE_DEFECT_PART_H

#include "defect/defect.h"
#include "kvm/vm.h"

#define LONGEST		15	/* bytes of an instruction */

/* The tables; each ends in a defect without a name. */
extern const struct defect defects_of_cpu[], defects_of_exceptions[],
	defects_of_exits[], defects_of_interrupts[], defects_of_containment[];

/* Those of a vCPU that act on `on`, by turns from *i = 0; NULL: no more. */
const struct defect *defects_next(const struct vcpu *v, enum defect_on on,
				  unsigned int *i);
/* Whether one of them waits for that. */
bool defects_any(const struct defects *d, enum defect_on on);
bool defects_idle(const struct vcpu *v);

static inline uint64_t change_apply(const struct defect_change *c,
				    uint64_t old)
{
	return (old & ~c->clear) ^ c->flip;
}

/* state.c: makes the defect's change, and calls its function. */
void defect_act(struct vcpu *v, const struct defect *d,
		struct defect_now *now);
/* False: KVM refused. */
bool state_change(struct vcpu *v, const struct defect_change *c);
void defects_count(struct defects *all, const struct defect *d, bool done);
bool has_error_code(uint8_t vector);
/* A register of the vCPU, by the number in instructions. */
uint64_t *gpr_at(struct kvm_regs *regs, unsigned int number);

/* step.c: on debug exits, and the machinery for them. */
int step_start(struct vcpu *v);
void step_stop(struct vcpu *v);
bool step_serve(struct vcpu *v);

/* gate.c: where the guest's IDT sends a vector; 0: nowhere. */
uint64_t gate_rip(struct vcpu *v, uint8_t vector);
/* Acts, if there is a breakpoint at `rip`. */
bool gate_reached(struct vcpu *v, uint64_t rip);

/* interrupt.c: what was put off comes now. */
void interrupt_resend(struct vcpu *v);

/* msr.c */
bool msr_bend(struct vcpu *v);

/* acts.c: takes off the host's thread what was left in it. */
void host_restore(void);

/* insn.c: whether `code` is that instruction; its length and ModRM.rm. */
bool insn_matches(const struct defect_insn *insn, const uint8_t *code,
		  unsigned int *bytes, unsigned int *rm);

#endif
