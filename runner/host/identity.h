/*
 * What the CPU says of itself in CPUID, as a value.
 *
 * Everything that judges the host (backend.h, env.h, disturb.h) takes one of
 * these instead of executing CPUID, so that a test can be any machine.
 * Strings are NUL-terminated and "" when the leaf does not exist.
 */
#ifndef VMGAUGE_HOST_IDENTITY_H
#define VMGAUGE_HOST_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_identity {
	char vendor[13];		/* "GenuineIntel", "AuthenticAMD" */
	char brand[49];			/* leaves 0x80000002..4 */
	bool hypervisor_bit;		/* CPUID.1:ECX[31] */
	char hypervisor_vendor[13];	/* leaf 0x40000000: "KVMKVMKVM" */
	bool invariant_tsc;		/* CPUID.80000007h:EDX[8] */
	uint32_t tsc_khz;		/* leaf 0x15; 0 when it does not tell */
};

/* Executes CPUID on the CPU of the calling thread. Cannot fail. */
void identity_read(struct cpu_identity *identity);

/*
 * The name people use for a hypervisor's CPUID signature ("KVMKVMKVM" is
 * "KVM"), the signature itself when it is not known, NULL for "".
 * The string lives as long as the argument.
 */
const char *identity_hypervisor_name(const char *signature);

#endif
