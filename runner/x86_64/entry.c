/*
 * Initial vCPU state; see entry.h. Everything not set here is as KVM makes
 * it at reset, so that probes see the reset values.
 */
#include <errno.h>
#include <string.h>

#include "abi.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "x86_64/entry.h"

#define PTE_TABLE	0x7ull		/* present, writable, user */
#define PTE_LEAF_2M	0x87ull		/* the same, and large */
#define CR0_PE		(1u << 0)
#define CR0_ET		(1u << 4)
#define CR0_NE		(1u << 5)
#define CR0_PG		(1u << 31)
#define CR4_PAE		(1u << 5)
#define EFER_LME	(1u << 8)
#define EFER_LMA	(1u << 10)
#define PVH_MAGIC	0x336ec578u

static void page_tables_write(uint8_t *ram)
{
	uint64_t *pml4 = (uint64_t *)(ram + ABI_BOOT_PT_GPA);
	uint64_t *pdpt = pml4 + 512;
	uint64_t *pd = pdpt + 512;

	pml4[0] = (ABI_BOOT_PT_GPA + 0x1000) | PTE_TABLE;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (ABI_BOOT_PT_GPA + 0x2000 + i * 0x1000) | PTE_TABLE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		pd[i] = i << 21 | PTE_LEAF_2M;
}

static void segments_set(struct kvm_sregs *s, bool long_mode)
{
	struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 0x08, .type = 11,
		.present = 1, .s = 1, .g = 1,
		.l = long_mode, .db = !long_mode,
	};
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 0x10, .type = 3,
		.present = 1, .s = 1, .g = 1, .db = 1,
	};

	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	/* VM-entry wants a busy TSS even where nobody uses it. */
	s->tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
}

static int regs_set(struct vcpu *v, uint64_t rip, uint64_t rdi, uint64_t rbx,
		    struct error *e)
{
	struct kvm_regs regs = {
		.rip = rip, .rdi = rdi, .rbx = rbx, .rflags = 2,
	};

	return KVM_IOCTL(v->fd, KVM_SET_REGS, &regs, e);
}

static void long_mode_set(struct kvm_sregs *s)
{
	segments_set(s, true);
	s->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG;
	s->cr3 = ABI_BOOT_PT_GPA;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
}

int entry_long_mode(struct vcpu *v, uint8_t *ram, uint64_t entry_gpa,
		    uint64_t mailbox_gpa, struct error *e)
{
	struct kvm_sregs s;
	int rc = KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, e);

	if (rc < 0)
		return rc;
	page_tables_write(ram);
	long_mode_set(&s);
	rc = KVM_IOCTL(v->fd, KVM_SET_SREGS, &s, e);
	if (rc < 0)
		return rc;
	return regs_set(v, entry_gpa, mailbox_gpa, 0, e);
}

int entry_secondary(struct vcpu *v, uint64_t entry_gpa, uint64_t area_gpa,
		    struct error *e)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs s;
	int rc = KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, e);

	if (rc < 0)
		return rc;
	long_mode_set(&s);
	rc = KVM_IOCTL(v->fd, KVM_SET_SREGS, &s, e);
	if (rc < 0)
		return rc;
	/* With an interrupt controller in the kernel it waits for a SIPI. */
	if (v->vm->config.irqchip || v->vm->config.irqchip_split) {
		rc = KVM_IOCTL(v->fd, KVM_SET_MP_STATE, &state, e);
		if (rc < 0)
			return rc;
	}
	return regs_set(v, entry_gpa, area_gpa, 0, e);
}

int entry_pvh(struct vcpu *v, uint8_t *ram, uint64_t entry_gpa,
	      const char *cmdline, struct error *e)
{
	struct {
		uint32_t magic, version, flags, nr_modules;
		uint64_t modlist, cmdline, rsdp;
	} info = { .magic = PVH_MAGIC, .cmdline = ABI_CMDLINE_GPA };
	struct kvm_sregs s;
	size_t bytes = strlen(cmdline) + 1;
	int rc;

	if (bytes > 4096)
		return error_set(e, -E2BIG, "command line of %zu bytes: at "
				 "most 4,095", bytes - 1);
	rc = KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, e);
	if (rc < 0)
		return rc;
	memcpy(ram + ABI_START_INFO_GPA, &info, sizeof(info));
	memcpy(ram + ABI_CMDLINE_GPA, cmdline, bytes);
	segments_set(&s, false);
	s.cr0 = CR0_PE | CR0_ET;
	s.cr4 = 0;
	s.efer = 0;
	rc = KVM_IOCTL(v->fd, KVM_SET_SREGS, &s, e);
	if (rc < 0)
		return rc;
	return regs_set(v, entry_gpa, 0, ABI_START_INFO_GPA, e);
}
