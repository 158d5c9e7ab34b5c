/*
 * Interrupts that are dropped, doubled or late.
 *
 * What the local APIC in the kernel delivers is bent at the guest's own gate,
 * where the frame is on the stack already; a wire of the VMM's own on its way to KVM.
 */
#include "defect/part.h"
#include "defect/table.h"
#include "kvm/ioctl.h"
#include "kvm/irq.h"

#define VECTOR_NMI	2

/* Every second time, or there would be no end to it. */
void interrupt_repeat(struct vcpu *v, struct defect_now *now)
{
	v->defect->turn = !v->defect->turn;
	if (!v->defect->turn)
		return;
	if (now->defect->vector == VECTOR_NMI)
		irq_nmi(v, NULL);
	else
		irq_msi_signal(v->vm, v->index, now->defect->vector, NULL);
}

/* It was taken off the stack; once it has come late it may come. */
void interrupt_put_off(struct vcpu *v, struct defect_now *now)
{
	v->defect->put_off = now->defect->vector;
}

void interrupt_resend(struct vcpu *v)
{
	uint8_t vector = v->defect->put_off;

	v->defect->put_off = 0;
	if (vector)
		irq_msi_signal(v->vm, v->index, vector, NULL);
}

bool defects_wire(struct defects *d, unsigned int level)
{
	bool lost = false;

	for (unsigned int i = 0; i < d->count && !d->idle; i++) {
		const struct defect *one = d->planted[i];

		if (one->on != ON_WIRE || one->level != level)
			continue;
		defects_count(d, one, true);
		lost = true;
	}
	return !lost;
}
