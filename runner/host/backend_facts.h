/*
 * Inside backend*.c: what was read, before it is judged.
 */
#ifndef VMGAUGE_HOST_BACKEND_FACTS_H
#define VMGAUGE_HOST_BACKEND_FACTS_H

#include "host/backend.h"

struct backend_facts {
	bool device;		/* /dev/kvm is there */
	bool vmx, svm;		/* flags in /proc/cpuinfo */
	bool kvm_intel, kvm_amd, kvm_pvm;	/* modules, maybe built in */
	char other_module[32];	/* any further kvm_* module; "" for none */
	int ept, npt;		/* parameters: 1, 0, -1 unknown */
};

/* Reads the facts and leaves a line of evidence for each. */
void backend_facts_read(struct backend_facts *facts, struct backend_info *info,
			const char *root);

/* "QEMU TCG", "Bochs" or NULL: the emulator that this host runs in. */
const char *backend_emulator(struct backend_info *info, const char *root,
			     const struct cpu_identity *identity);

void backend_evidence(struct backend_info *info, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
