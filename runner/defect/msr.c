/*
 * MSRs that KVM leaves to user space, which answers for it, and wrongly.
 *
 * What is not spoilt is done by KVM after all, as the host's own access; that
 * is more liberal than a guest's, which an idle run shows.
 */
#include <errno.h>

#include "abi.h"
#include "defect/part.h"
#include "kvm/ioctl.h"

#define RANGES_MAX	KVM_MSR_FILTER_MAX_RANGES

static bool is_msr(enum defect_on on)
{
	return on == ON_RDMSR || on == ON_WRMSR;
}

int defects_msr_filter(struct vm *vm, uint32_t also, struct error *e)
{
	const struct defects *d = vm->config.defects;
	uint8_t deny = 0;
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_USER_SPACE_MSR };
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
	};
	unsigned int n = 0;
	int rc;

	for (unsigned int i = 0; i < d->count; i++)
		if (is_msr(d->planted[i]->on))
			filter.ranges[n++] = (struct kvm_msr_filter_range){
				.flags = KVM_MSR_FILTER_READ |
					 KVM_MSR_FILTER_WRITE,
				.base = d->planted[i]->msr, .nmsrs = 1,
				.bitmap = &deny,
			};
	if (n || also)
		cap.args[0] |= KVM_MSR_EXIT_REASON_FILTER;
	if (also)
		filter.ranges[n++] = (struct kvm_msr_filter_range){
			.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			.base = also, .nmsrs = 1, .bitmap = &deny,
		};
	if (defects_any(d, ON_NO_MSR))
		cap.args[0] |= KVM_MSR_EXIT_REASON_UNKNOWN |
			       KVM_MSR_EXIT_REASON_INVAL;
	if (!cap.args[0])
		return 0;
	if (!vm->sys->msr_filter)
		return error_set(e, -EOPNOTSUPP, "this kernel's KVM has no "
				 "userspace MSR filter (Linux 5.10)");
	rc = KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, e);
	return rc < 0 || !n ? rc :
	       KVM_IOCTL(vm->fd, KVM_X86_SET_MSR_FILTER, &filter, e);
}

/* KVM's own doing; false when it refuses. */
static bool msr_plain(struct vcpu *v, bool write)
{
	struct kvm_run *run = v->run;
	union {
		struct kvm_msrs list;
		uint8_t room[sizeof(struct kvm_msrs) +
			     sizeof(struct kvm_msr_entry)];
	} m = { .list = { .nmsrs = 1 } };

	m.list.entries[0].index = run->msr.index;
	m.list.entries[0].data = run->msr.data;
	if ((write ? KVM_IOCTL(v->fd, KVM_SET_MSRS, &m.list, NULL) :
		     KVM_IOCTL(v->fd, KVM_GET_MSRS, &m.list, NULL)) != 1)
		return false;
	run->msr.data = m.list.entries[0].data;
	return true;
}

/* What KVM refused by itself, and so would a guest. */
static void unknown_answer(struct vcpu *v, bool write)
{
	unsigned int i = 0;
	const struct defect *d = defects_next(v, ON_NO_MSR, &i);

	v->run->msr.error = !d || defects_idle(v);
	if (!write)
		v->run->msr.data = 0;
	if (!v->run->msr.error)
		defects_count(v->vm->config.defects, d, true);
}

bool msr_bend(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	bool write = run->exit_reason == KVM_EXIT_X86_WRMSR, lost = false;
	struct defect_now now = {
		.data = (uint8_t *)&run->msr.data, .bytes = 8,
	};
	const struct defect *d;

	if (run->msr.index == ABI_MSR_USER)
		return false;
	if (run->msr.reason != KVM_MSR_EXIT_REASON_FILTER) {
		unknown_answer(v, write);
		return true;
	}
	run->msr.error = 0;
	for (unsigned int i = 0; write &&
	     (d = defects_next(v, ON_WRMSR, &i)); ) {
		if (d->msr != run->msr.index || defects_idle(v))
			continue;
		lost |= d->act == ACT_LOSE || d->act == ACT_REFUSE;
		run->msr.error |= d->act == ACT_REFUSE;
		defect_act(v, d, &now);
	}
	if (!lost)
		run->msr.error = !msr_plain(v, write);
	for (unsigned int i = 0; !write &&
	     (d = defects_next(v, ON_RDMSR, &i)); ) {
		if (d->msr != run->msr.index || defects_idle(v))
			continue;
		run->msr.error |= d->act == ACT_REFUSE;
		defect_act(v, d, &now);
	}
	return true;
}
