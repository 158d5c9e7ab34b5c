/*
 * How user space interrupts a guest: by an eventfd, a message, a wire, or by
 * its own injection; and for how long a halted vCPU's thread polls.
 *
 * All return 0 (irqfd_create() a descriptor) or -errno with the reason. Those
 * that take a vCPU are ioctls of its own: its thread's, or it does not run.
 */
#ifndef VMGAUGE_KVM_IRQ_H
#define VMGAUGE_KVM_IRQ_H

#include <stdint.h>

#include "error.h"

struct vm;
struct vcpu;

/* GSIs that irq_routes_set() gives a meaning, in an irqchip of either kind. */
enum {
	IRQ_GSI_PIN = 5,	/* that pin of the IOAPIC; full irqchip only */
	IRQ_GSI_MSI = 24,	/* a message, beyond the pins */
};

/* Replaces all routes: the message is `vector` to the APIC of this ID. */
int irq_routes_set(struct vm *vm, uint32_t apic_id, uint8_t vector,
		   struct error *e);

/*
 * An eventfd (blocking) whose every write interrupts by that GSI, also from a
 * thread that has nothing to do with a vCPU. irqfd_destroy() is for those of
 * irqfd_create() only; -1 is fine.
 */
int irqfd_create(struct vm *vm, uint32_t gsi, struct error *e);
void irqfd_destroy(struct vm *vm, uint32_t gsi, int fd);

/* KVM_SIGNAL_MSI. -EAGAIN: the guest has no APIC that would take it. */
int irq_msi_signal(struct vm *vm, uint32_t apic_id, uint8_t vector,
		   struct error *e);

/* KVM_IRQ_LINE: the wire's level, which an edge needs both of. */
int irq_line_set(struct vm *vm, uint32_t gsi, unsigned int level,
		 struct error *e);

/* KVM_INTERRUPT, without an irqchip; -EBUSY where one could not be taken. */
int irq_inject(struct vcpu *v, uint8_t vector, struct error *e);

/* KVM_NMI. */
int irq_nmi(struct vcpu *v, struct error *e);

/* KVM_CAP_HALT_POLL: 0 switches it off for this VM's vCPUs. */
int irq_halt_poll_set(struct vm *vm, uint32_t ns, struct error *e);

#endif
