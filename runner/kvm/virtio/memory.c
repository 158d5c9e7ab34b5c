/*
 * From GPA to HVA; see memory.h.
 */
#include <stddef.h>

#include "kvm/virtio/memory.h"
#include "kvm/vm.h"

_Static_assert(VIRTIO_PARTS_MAX >= VM_SLOTS_MAX, "a part for each slot");

void virtio_memory_take(struct virtio_memory *m, const struct vm *vm)
{
	m->parts = 0;
	for (int i = 0; i < VM_SLOTS_MAX; i++) {
		const struct slot *s = &vm->slot[i];

		if (!s->bytes || s->flags & KVM_MEM_READONLY)
			continue;
		m->part[m->parts++] = (struct virtio_part){
			.gpa = s->gpa, .bytes = s->bytes, .hva = s->hva,
		};
	}
}

void *virtio_memory_at(const struct virtio_memory *m, uint64_t gpa,
		       uint64_t bytes)
{
	for (unsigned int i = 0; bytes && i < m->parts; i++) {
		const struct virtio_part *p = &m->part[i];

		/* Differences only: no sum that could wrap. */
		if (gpa >= p->gpa && gpa - p->gpa < p->bytes &&
		    bytes <= p->bytes - (gpa - p->gpa))
			return p->hva + (gpa - p->gpa);
	}
	return NULL;
}
