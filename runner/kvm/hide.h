/*
 * Options of the built-in VMM that take away what gives a VM away, as other
 * VMMs have them; what they are worth is for `vmgauge detect` to measure.
 *
 *	hypervisor	CPUID leaf 1 without the hypervisor bit, no leaves
 *			4XXXXXXXH; and, where KVM can (Linux 5.10), the MSRs
 *			that those leaves would offer raise #GP
 *	tsc		the guest's TSC runs at 1/HIDE_TSC_PART of the host's,
 *			so that exits take fewer cycles: needs the CPU's TSC
 *			scaling
 *
 * What KVM cannot do: take each exit's time off the TSC. CPUID is answered
 * inside of KVM, so the VMM does not hear of it, and KVM has no such option.
 */
#ifndef VMGAUGE_KVM_HIDE_H
#define VMGAUGE_KVM_HIDE_H

#include <linux/kvm.h>

#include "error.h"

#define HIDE_TSC_PART	8

enum hide { HIDE_HYPERVISOR = 1 << 0, HIDE_TSC = 1 << 1 };

struct kvm_system;
struct vcpu;

/* "hypervisor,tsc" to bits. -EINVAL names what there is not. */
int hide_parse(const char *names, unsigned int *to, struct error *e);
/* Of one bit. */
const char *hide_name(unsigned int bit);
/* What it does here, for people; or why this KVM cannot: -ENOTSUP. */
int hide_usable(const struct kvm_system *sys, unsigned int bit,
		struct error *text);

/* Before KVM is told of a vCPU's CPUID: `cpuid` becomes smaller. */
void hide_cpuid(unsigned int hide, struct kvm_cpuid2 *cpuid);
/* After it was told. 0 or -errno. */
int hide_vcpu(unsigned int hide, struct vcpu *v, struct error *e);

#endif
