/*
 * What a VMM can hide, by the ioctls that KVM has for it; see hide.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kvm/hide.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"

#define CPUID_1_ECX_HYPERVISOR	(1u << 31)

static const struct {
	unsigned int bit;
	const char *name;
} hides[] = {
	{ HIDE_HYPERVISOR, "hypervisor" }, { HIDE_TSC, "tsc" },
};

#define HIDES (sizeof(hides) / sizeof(hides[0]))

int hide_parse(const char *names, unsigned int *to, struct error *e)
{
	char list[80], *rest = NULL;

	*to = 0;
	snprintf(list, sizeof(list), "%s", names);
	for (char *word = strtok_r(list, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		size_t i = 0;

		while (i < HIDES && strcmp(word, hides[i].name))
			i++;
		if (i == HIDES)
			return error_set(e, -EINVAL, "--hide '%.60s': give "
					 "hypervisor, tsc, or both by comma",
					 word);
		*to |= hides[i].bit;
	}
	if (*to)
		return 0;
	return error_set(e, -EINVAL, "--hide '%.60s': give hypervisor, tsc, or "
			 "both by comma", names);
}

const char *hide_name(unsigned int bit)
{
	for (size_t i = 0; i < HIDES; i++)
		if (hides[i].bit == bit)
			return hides[i].name;
	return "?";
}

static bool has(const struct kvm_system *sys, unsigned long capability)
{
	return kvm_call_raw(sys->fd, KVM_CHECK_EXTENSION, capability) > 0;
}

int hide_usable(const struct kvm_system *sys, unsigned int bit,
		struct error *text)
{
	if (bit == HIDE_HYPERVISOR)
		return error_set(text, 0, "no hypervisor bit, no leaves "
				 "4XXXXXXXH%s", has(sys,
				 KVM_CAP_ENFORCE_PV_FEATURE_CPUID) ?
				 ", their MSRs raise #GP" :
				 "; their MSRs stay: this KVM cannot refuse "
				 "them (Linux 5.10 can)");
	if (has(sys, KVM_CAP_TSC_CONTROL))
		return error_set(text, 0, "the TSC runs at 1/%d of the host's",
				 HIDE_TSC_PART);
	return error_set(text, -ENOTSUP, "this KVM cannot scale the TSC "
			 "(KVM_CAP_TSC_CONTROL): the CPU has no TSC scaling; "
			 "and no KVM can take each exit's time off it");
}

void hide_cpuid(unsigned int hide, struct kvm_cpuid2 *cpuid)
{
	uint32_t kept = 0;

	if (!(hide & HIDE_HYPERVISOR))
		return;
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function >> 28 == 4)
			continue;
		if (entry->function == 1)
			entry->ecx &= ~CPUID_1_ECX_HYPERVISOR;
		cpuid->entries[kept++] = *entry;
	}
	cpuid->nent = kept;
}

/* The rate is the vCPU's own, as it was made: that of the host. */
static int tsc_scale(struct vcpu *v, struct error *e)
{
	int khz = kvm_call_raw(v->fd, KVM_GET_TSC_KHZ, 0);

	if (khz <= 0)
		return error_set(e, -ENOTSUP, "KVM does not know the rate of the "
				 "TSC: --hide tsc cannot scale it");
	return KVM_IOCTL_INT(v->fd, KVM_SET_TSC_KHZ, khz / HIDE_TSC_PART, e);
}

int hide_vcpu(unsigned int hide, struct vcpu *v, struct error *e)
{
	struct kvm_enable_cap enforce = {
		.cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args = { 1 },
	};
	int rc = 0;

	if ((hide & HIDE_HYPERVISOR) && has(v->vm->sys, enforce.cap))
		rc = KVM_IOCTL(v->fd, KVM_ENABLE_CAP, &enforce, e);
	if (rc >= 0 && (hide & HIDE_TSC))
		rc = tsc_scale(v, e);
	return rc < 0 ? rc : 0;
}
