/*
 * MSI-X by irqfd: the guest's table becomes KVM's routes; see pci_part.h.
 *
 * A signal is one write to a file. Which file depends on the table: the irqfd
 * of the vector, or, while that is masked, one that remembers, and is emptied
 * into the irqfd as soon as it may.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kvm/ioctl.h"
#include "kvm/irq.h"
#include "kvm/virtio/pci_part.h"

#define FIRST_GSI	32u		/* beyond pins and IRQ_GSI_MSI */
#define ENTRY_MASKED	1u

int msix_create(struct msix *m, struct vm *vm, unsigned int vectors,
		struct error *e)
{
	m->vm = vm;
	m->vectors = vectors;
	for (unsigned int i = 0; i < MSIX_VECTORS; i++) {
		m->irqfd[i] = m->pending[i] = -1;
		m->entry[i].control = ENTRY_MASKED;
	}
	for (unsigned int i = 0; i < vectors; i++) {
		m->irqfd[i] = irqfd_create(vm, FIRST_GSI + i, e);
		if (m->irqfd[i] < 0)
			return m->irqfd[i];
		m->pending[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (m->pending[i] < 0)
			return error_set(e, -errno, "eventfd: %s",
					 strerror(errno));
	}
	return 0;
}

void msix_destroy(struct msix *m)
{
	for (unsigned int i = 0; i < m->vectors; i++) {
		irqfd_destroy(m->vm, FIRST_GSI + i, m->irqfd[i]);
		if (m->pending[i] >= 0)
			close(m->pending[i]);
	}
}

static bool open_now(const struct msix *m, unsigned int vector)
{
	return m->enabled && !m->masked &&
	       !(m->entry[vector].control & ENTRY_MASKED);
}

int msix_fd(const struct msix *m, uint16_t vector)
{
	if (vector >= m->vectors || !m->enabled)
		return -1;
	return open_now(m, vector) ? m->irqfd[vector] : m->pending[vector];
}

static void routes_set(struct msix *m)
{
	union {
		struct kvm_irq_routing table;
		uint8_t room[sizeof(struct kvm_irq_routing) + MSIX_VECTORS *
			     sizeof(struct kvm_irq_routing_entry)];
	} routes = { .room = { 0 } };

	for (unsigned int i = 0; i < m->vectors; i++) {
		struct kvm_irq_routing_entry *to =
			&routes.table.entries[routes.table.nr];
		const struct msix_entry *from = &m->entry[i];

		if (!open_now(m, i))
			continue;
		to->gsi = FIRST_GSI + i;
		to->type = KVM_IRQ_ROUTING_MSI;
		to->u.msi.address_lo = from->address_low;
		to->u.msi.address_hi = from->address_high;
		to->u.msi.data = from->data;
		routes.table.nr++;
	}
	/* A message that KVM cannot take stays unheard, as on a bus. */
	KVM_IOCTL(m->vm->fd, KVM_SET_GSI_ROUTING, &routes.table, NULL);
}

void msix_update(struct msix *m)
{
	uint64_t n;

	if (!m->vectors)
		return;
	routes_set(m);
	for (unsigned int i = 0; i < m->vectors; i++)
		if (open_now(m, i) &&
		    read(m->pending[i], &n, sizeof(n)) == sizeof(n))
			virtio_eventfd_ring(m->irqfd[i]);
}

uint32_t msix_table_read(const struct msix *m, uint64_t offset)
{
	if (offset / sizeof(m->entry[0]) >= m->vectors)
		return 0;
	return ((const uint32_t *)m->entry)[offset / 4];
}

void msix_table_write(struct msix *m, uint64_t offset, uint32_t value)
{
	uint64_t i = offset / sizeof(m->entry[0]);

	if (i >= m->vectors)
		return;
	if (offset % sizeof(m->entry[0]) == 12)
		value &= ENTRY_MASKED;
	((uint32_t *)m->entry)[offset / 4] = value;
}

uint32_t msix_pending_read(const struct msix *m, uint64_t offset)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; !offset && i < m->vectors; i++) {
		struct pollfd fd = { .fd = m->pending[i], .events = POLLIN };

		if (poll(&fd, 1, 0) > 0)
			bits |= 1u << i;
	}
	return bits;
}
