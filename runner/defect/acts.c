/*
 * Defects that are more than a changed word.
 */
#include <asm/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "defect/part.h"
#include "defect/table.h"
#include "kvm/ioctl.h"

#define PAGE		4096ull
#define USED_BYTES	(4 * PAGE)
#define LONG_AGO_CYCLES	(1ull << 32)
#define MXCSR_MASKS	0x1f80u		/* no exception in the host's thread */
#define FCW_MASKS	0x3fu

/* What the host's own thread had, before a guest's was left in it. */
static _Thread_local struct {
	bool gs, mxcsr, fcw, trap;
	uint32_t mxcsr_was;
	uint16_t fcw_was;
	sigset_t mask_was;
} left;

void host_restore(void)
{
	const struct timespec now = { 0 };
	sigset_t set;

	if (left.gs)
		syscall(SYS_arch_prctl, ARCH_SET_GS, 0);
	if (left.mxcsr)
		_mm_setcsr(left.mxcsr_was);
	if (left.fcw)
		__asm__ volatile("fldcw %0" :: "m"(left.fcw_was));
	if (left.trap) {
		sigemptyset(&set);
		sigaddset(&set, SIGTRAP);
		sigtimedwait(&set, NULL, &now);	/* nobody's any more */
		pthread_sigmask(SIG_SETMASK, &left.mask_was, NULL);
	}
	left.gs = left.mxcsr = left.fcw = left.trap = false;
}

void gs_base_leave(struct vcpu *v, struct defect_now *now)
{
	struct kvm_sregs s;

	(void)now;
	if (KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, NULL) >= 0)
		left.gs = !syscall(SYS_arch_prctl, ARCH_SET_GS, s.gs.base);
}

void mxcsr_leave(struct vcpu *v, struct defect_now *now)
{
	struct kvm_xsave f;		/* KVM_GET_FPU has no MXCSR */

	(void)now;
	if (left.mxcsr || KVM_IOCTL(v->fd, KVM_GET_XSAVE, &f, NULL) < 0)
		return;
	left.mxcsr = true;
	left.mxcsr_was = _mm_getcsr();
	_mm_setcsr((f.region[6] & 0xffff) | MXCSR_MASKS);
}

void fcw_leave(struct vcpu *v, struct defect_now *now)
{
	struct kvm_fpu f;
	uint16_t fcw;

	(void)now;
	if (left.fcw || KVM_IOCTL(v->fd, KVM_GET_FPU, &f, NULL) < 0)
		return;
	left.fcw = true;
	fcw = f.fcw | FCW_MASKS;
	__asm__ volatile("fnstcw %0\n\tfldcw %1" : "=m"(left.fcw_was)
			 : "m"(fcw));
}

/* Pending, so that it arrives where the host looks for it. */
void trap_leave(struct vcpu *v, struct defect_now *now)
{
	struct kvm_debugregs d;
	sigset_t set;

	(void)now;
	if (left.trap || KVM_IOCTL(v->fd, KVM_GET_DEBUGREGS, &d, NULL) < 0 ||
	    !(d.dr7 & 0xff))
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGTRAP);
	left.trap = !pthread_sigmask(SIG_BLOCK, &set, &left.mask_was);
	raise(SIGTRAP);
}

/* EDX:EAX are what the instruction gave. */
static void tsc_give(struct vcpu *v, uint64_t tsc)
{
	const struct defect_change low = {
		PLACE_GPR, GPR_RAX, ~0ull, (uint32_t)tsc,
	};
	const struct defect_change high = {
		PLACE_GPR, GPR_RDX, ~0ull, tsc >> 32,
	};

	state_change(v, &low);
	state_change(v, &high);
}

void time_turn_back(struct vcpu *v, struct defect_now *now)
{
	struct kvm_regs r;

	(void)now;
	v->defect->turn = !v->defect->turn;
	if (v->defect->turn || KVM_IOCTL(v->fd, KVM_GET_REGS, &r, NULL) < 0)
		return;
	tsc_give(v, (r.rdx << 32 | (uint32_t)r.rax) - LONG_AGO_CYCLES);
}

void time_stand(struct vcpu *v, struct defect_now *now)
{
	(void)now;
	tsc_give(v, LONG_AGO_CYCLES);
}

void write_one_more(struct vcpu *v, struct defect_now *now)
{
	struct kvm_regs r;
	uint8_t *at;

	(void)now;
	if (KVM_IOCTL(v->fd, KVM_GET_REGS, &r, NULL) < 0)
		return;
	at = vm_memory_at(v->vm, r.rdi, 1);
	if (at)
		*at ^= 0xff;
}

void canary_touch(struct vcpu *v, struct defect_now *now)
{
	struct slot *s = &v->vm->slot[0];

	if (now->unclaimed)
		s->hva[s->bytes + 1] ^= 1;
}

/* The classic: the address is within what is mapped, but not the guest's. */
static uint8_t *behind_ram(struct vcpu *v, const struct defect_now *now)
{
	struct slot *s = &v->vm->slot[0];

	if (now->at < s->bytes || now->at + now->bytes > s->bytes + PAGE)
		return NULL;
	return s->hva + now->at;
}

void ram_overrun(struct vcpu *v, struct defect_now *now)
{
	uint8_t *at = behind_ram(v, now);

	if (at && now->data)
		memcpy(at, now->data, now->bytes);
}

void memory_show(struct vcpu *v, struct defect_now *now)
{
	struct slot *s = &v->vm->slot[0];

	if (now->unclaimed && now->data)
		memcpy(now->data, s->hva + s->bytes, now->bytes);
}

bool slot_one_page_more(struct kvm_userspace_memory_region *region, bool *told)
{
	(void)told;
	if (!region->memory_size)
		return false;
	region->memory_size += PAGE;
	return true;
}

bool slot_writable(struct kvm_userspace_memory_region *region, bool *told)
{
	bool was = region->flags & KVM_MEM_READONLY;

	(void)told;
	region->flags &= ~(uint32_t)KVM_MEM_READONLY;
	return was;
}

/* Its last pages, before anybody uses them. */
bool slot_used_before(struct kvm_userspace_memory_region *region, bool *told)
{
	uint8_t *hva = (uint8_t *)(uintptr_t)region->userspace_addr;
	uint64_t bytes = region->memory_size < USED_BYTES ?
			 region->memory_size : USED_BYTES;

	(void)told;
	memset(hva + region->memory_size - bytes, 0x5e, bytes);
	return bytes;
}

bool slot_stays(struct kvm_userspace_memory_region *region, bool *told)
{
	*told = region->memory_size;
	return !*told;
}
