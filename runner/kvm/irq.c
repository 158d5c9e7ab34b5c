/*
 * Interrupts from user space; see irq.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kvm/ioctl.h"
#include "kvm/irq.h"
#include "kvm/vm.h"

#define MSI_ADDRESS	0xfee00000u	/* physical, to one APIC */

/* With 32-bit IDs the high 24 bits travel in the address's upper half. */
static void msi_address(uint32_t apic_id, uint32_t *lo, uint32_t *hi)
{
	*lo = MSI_ADDRESS | (apic_id & 0xff) << 12;
	*hi = apic_id & 0xffffff00u;
}

int irq_routes_set(struct vm *vm, uint32_t apic_id, uint8_t vector,
		   struct error *e)
{
	union {
		struct kvm_irq_routing table;
		uint8_t room[sizeof(struct kvm_irq_routing) +
			     2 * sizeof(struct kvm_irq_routing_entry)];
	} routes = { .room = { 0 } };
	struct kvm_irq_routing_entry *msi = &routes.table.entries[0];
	struct kvm_irq_routing_entry *pin = &routes.table.entries[1];

	msi->gsi = IRQ_GSI_MSI;
	msi->type = KVM_IRQ_ROUTING_MSI;
	msi->u.msi.data = vector;
	msi_address(apic_id, &msi->u.msi.address_lo, &msi->u.msi.address_hi);
	pin->gsi = IRQ_GSI_PIN;
	pin->type = KVM_IRQ_ROUTING_IRQCHIP;
	pin->u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
	pin->u.irqchip.pin = IRQ_GSI_PIN;
	routes.table.nr = vm->config.irqchip_split ? 1 : 2;
	return KVM_IOCTL(vm->fd, KVM_SET_GSI_ROUTING, &routes.table, e);
}

static int irqfd_set(struct vm *vm, uint32_t gsi, int fd, uint32_t flags,
		     struct error *e)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)fd, .gsi = gsi, .flags = flags,
	};

	return KVM_IOCTL(vm->fd, KVM_IRQFD, &irqfd, e);
}

int irqfd_create(struct vm *vm, uint32_t gsi, struct error *e)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	int rc;

	if (fd < 0)
		return error_set(e, -errno, "eventfd: %s", strerror(errno));
	rc = irqfd_set(vm, gsi, fd, 0, e);
	if (rc >= 0)
		return fd;
	close(fd);
	return rc;
}

void irqfd_destroy(struct vm *vm, uint32_t gsi, int fd)
{
	if (fd < 0)
		return;
	irqfd_set(vm, gsi, fd, KVM_IRQFD_FLAG_DEASSIGN, NULL);
	close(fd);
}

int irq_msi_signal(struct vm *vm, uint32_t apic_id, uint8_t vector,
		   struct error *e)
{
	struct kvm_msi msi = { .data = vector };
	int rc;

	msi_address(apic_id, &msi.address_lo, &msi.address_hi);
	rc = KVM_IOCTL(vm->fd, KVM_SIGNAL_MSI, &msi, e);
	if (rc < 0)
		return rc;
	return rc ? 0 : error_set(e, -EAGAIN, "KVM_SIGNAL_MSI: the guest took "
				  "no interrupt: its APIC %u is off", apic_id);
}

int irq_line_set(struct vm *vm, uint32_t gsi, unsigned int level,
		 struct error *e)
{
	const struct kvm_irq_level line = { .irq = gsi, .level = level };

	if (vm->config.defects && !defects_wire(vm->config.defects, level))
		return 0;
	return KVM_IOCTL(vm->fd, KVM_IRQ_LINE, &line, e);
}

int irq_inject(struct vcpu *v, uint8_t vector, struct error *e)
{
	const struct kvm_interrupt interrupt = { .irq = vector };

	if (!v->run->ready_for_interrupt_injection)
		return error_set(e, -EBUSY, "KVM_INTERRUPT: the vCPU cannot "
				 "take an interrupt now");
	return KVM_IOCTL(v->fd, KVM_INTERRUPT, &interrupt, e);
}

int irq_nmi(struct vcpu *v, struct error *e)
{
	return KVM_IOCTL_INT(v->fd, KVM_NMI, 0, e);
}

int irq_halt_poll_set(struct vm *vm, uint32_t ns, struct error *e)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_HALT_POLL, .args[0] = ns,
	};

	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, e);
}
