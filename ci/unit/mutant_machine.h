/*
 * Mutants of the virtual machine itself: CPUID, registers, memory, ports.
 */
#ifndef VMGAUGE_MUTANT_MACHINE_H
#define VMGAUGE_MUTANT_MACHINE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "mutant.h"

enum { EAX, EBX, ECX, EDX };

#define UNCLAIMED_PORT	0x5640		/* of fidelity/tells */

/* One of the four registers of a leaf, or NULL. */
static uint32_t *cpuid_word(struct kvm_cpuid2 *cpuid, uint32_t leaf,
			    unsigned int reg)
{
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == leaf)
			return &cpuid->entries[i].eax + reg;
	return NULL;
}

/* The VM's CPUID, with room for one more leaf; the caller frees it. */
static struct kvm_cpuid2 *cpuid_copy(struct item_host *h)
{
	const struct kvm_cpuid2 *from = h->vm->sys->cpuid;
	size_t bytes = sizeof(*from) + from->nent * sizeof(from->entries[0]);
	struct kvm_cpuid2 *to = malloc(bytes + sizeof(from->entries[0]));

	if (to)
		memcpy(to, from, bytes);
	return to;
}

/* Of zeros, and within the range that is told. */
static uint32_t *cpuid_leaf_make(struct kvm_cpuid2 *cpuid, uint32_t leaf,
				 unsigned int reg)
{
	uint32_t *last = cpuid_word(cpuid, leaf & 0x80000000, EAX);

	if (last && *last < leaf)
		*last = leaf;
	cpuid->entries[cpuid->nent++] =
		(struct kvm_cpuid_entry2){ .function = leaf };
	return cpuid_word(cpuid, leaf, reg);
}

static int cpuid_change(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	struct kvm_cpuid2 *cpuid = cpuid_copy(h);
	uint32_t *word;
	int rc;

	if (!cpuid)
		return error_set(e, -ENOMEM, "a copy of the VM's CPUID");
	word = cpuid_word(cpuid, m->leaf, m->reg);
	if (!word)
		word = cpuid_leaf_make(cpuid, m->leaf, m->reg);
	*word = (*word & ~m->clear) ^ m->flip;
	rc = KVM_IOCTL(h->vcpu->fd, KVM_SET_CPUID2, cpuid, e);
	free(cpuid);
	return rc;
}

/* SVM on an Intel, VMX on an AMD: bits that are there, and none is by right. */
static int cpuid_foreign(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	const uint32_t *vendor = cpuid_word(h->vm->sys->cpuid, 0, EBX);
	bool intel = vendor && !memcmp(vendor, "Genu", 4);
	const struct mutant feature = {
		.leaf = intel ? 0x80000001 : 1, .reg = ECX,
		.clear = intel ? 1u << 2 : 1u << 5,
		.flip = intel ? 1u << 2 : 1u << 5,
	};

	(void)m;
	return cpuid_change(h, &feature, e);
}

static int hypervisor_leaf_empty(struct item_host *h, const struct mutant *m,
				 struct error *e)
{
	struct kvm_cpuid2 *cpuid = cpuid_copy(h);
	uint32_t *word = cpuid ? cpuid_word(cpuid, 0x40000000, EAX) : NULL;
	int rc;

	(void)m;
	if (word) {
		memset(word, 0, 4 * sizeof(*word));
		rc = KVM_IOCTL(h->vcpu->fd, KVM_SET_CPUID2, cpuid, e);
	} else {
		rc = error_set(e, -ENOENT, "there is no leaf 0x40000000");
	}
	free(cpuid);
	return rc;
}

/* KVM shows its MSRs only to who finds them in CPUID, when told so. */
static int synthetic_msrs_hide(struct item_host *h, const struct mutant *m,
			       struct error *e)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args[0] = 1,
	};
	const struct mutant features = {
		.item = m->item, .leaf = 0x40000001, .reg = EAX,
		.clear = 0xffffffff,
	};
	int rc = KVM_IOCTL(h->vcpu->fd, KVM_ENABLE_CAP, &cap, e);

	return rc < 0 ? rc : cpuid_change(h, &features, e);
}

static int msr_set(struct item_host *h, const struct mutant *m,
		   struct error *e)
{
	struct kvm_msrs *msrs = calloc(1, sizeof(*msrs) +
				       sizeof(msrs->entries[0]));
	int done;

	if (!msrs)
		return error_set(e, -ENOMEM, "out of memory");
	msrs->nmsrs = 1;
	msrs->entries[0].index = m->msr;
	msrs->entries[0].data = m->value ? m->value : 0x1234000;
	done = KVM_IOCTL(h->vcpu->fd, KVM_SET_MSRS, msrs, e);
	free(msrs);
	if (done == 1)
		return 0;
	return error_set(e, -EIO, "KVM_SET_MSRS refused %#x", m->msr);
}

static int dr2_set(struct item_host *h, const struct mutant *m,
		   struct error *e)
{
	struct kvm_debugregs regs;
	int rc = KVM_IOCTL(h->vcpu->fd, KVM_GET_DEBUGREGS, &regs, e);

	(void)m;
	if (rc < 0)
		return rc;
	regs.db[2] = 0x1234000;
	return KVM_IOCTL(h->vcpu->fd, KVM_SET_DEBUGREGS, &regs, e);
}

/* By XSAVE's format: without its header's bit, what is set is not loaded. */
static int xmm5_set(struct item_host *h, const struct mutant *m,
		    struct error *e)
{
	enum { XMM5 = 160 + 5 * 16, XSTATE_BV = 512 };
	struct kvm_xsave xsave;
	uint8_t *bytes = (uint8_t *)xsave.region;
	int rc = KVM_IOCTL(h->vcpu->fd, KVM_GET_XSAVE, &xsave, e);

	(void)m;
	if (rc < 0)
		return rc;
	bytes[XMM5 + 7] = 0x5e;
	bytes[XSTATE_BV] |= 3;
	return KVM_IOCTL(h->vcpu->fd, KVM_SET_XSAVE, &xsave, e);
}

/* Memory where there should be none. */
static int hole_fill(struct item_host *h, const struct mutant *m,
		     struct error *e)
{
	int slot = vm_memory_add(h->vm, ABI_HOLE_GPA, 4096, 0, BACKING_ANON, e);

	(void)m;
	return slot < 0 ? slot : 0;
}

static int last_page_fill(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	struct kvm_cpuid2 *cpuid = h->vm->sys->cpuid;
	uint32_t *widths = cpuid_word(cpuid, 0x80000008, EAX);
	int slot;

	(void)m;
	if (!widths)
		return error_set(e, -ENOENT, "there is no leaf 0x80000008");
	slot = vm_memory_add(h->vm, (1ull << (*widths & 0xff)) - 4096, 4096, 0,
			     BACKING_ANON, e);
	return slot < 0 ? slot : 0;
}

static int canary_break(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	(void)m;
	(void)e;
	h->ram[h->ram_bytes + 9] ^= 1;
	return 0;
}

/* Registers the probe's slot again, this time for writing. */
static int slot_make_writable(struct item_host *h, const struct mutant *m,
			      struct error *e)
{
	const struct slot *s = h->opaque;
	struct kvm_userspace_memory_region region = {
		.slot = (uint32_t)(s - h->vm->slot),
		.guest_phys_addr = s->gpa, .userspace_addr = (uintptr_t)s->hva,
	};
	int rc = KVM_IOCTL(h->vm->fd, KVM_SET_USER_MEMORY_REGION, &region, e);

	(void)m;
	region.memory_size = s->bytes;
	if (rc >= 0)
		rc = KVM_IOCTL(h->vm->fd, KVM_SET_USER_MEMORY_REGION, &region,
			       e);
	return rc;
}

static void port_reads_zero(struct vcpu *v, void *opaque, uint64_t offset,
			    void *data, unsigned int bytes, bool write)
{
	(void)v, (void)opaque, (void)offset;
	if (!write)
		memset(data, 0, bytes);
}

static void virtio_reads(struct vcpu *v, void *opaque, uint64_t offset,
			 void *data, unsigned int bytes, bool write)
{
	const uint32_t vendor = 0x10001af4;

	(void)v, (void)opaque, (void)offset;
	if (!write && bytes <= sizeof(vendor))
		memcpy(data, &vendor, bytes);
}

/* Whichever device is asked for. */
static int pci_device_plug(struct item_host *h, const struct mutant *m,
			   struct error *e)
{
	(void)m;
	return range_claim(&h->vm->pio, 0xcfc, 4, virtio_reads, NULL, e);
}

static int port_claim(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	(void)m;
	return range_claim(&h->vm->pio, UNCLAIMED_PORT, 8, port_reads_zero,
			   NULL, e);
}

#endif
