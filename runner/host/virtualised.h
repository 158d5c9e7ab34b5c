/*
 * Is this host itself a guest, whose, and how one can tell.
 *
 * Times taken under a foreign hypervisor compare hypervisor stacks, never
 * hardware, so a report must know.
 */
#ifndef VMGAUGE_HOST_VIRTUALISED_H
#define VMGAUGE_HOST_VIRTUALISED_H

#include <jansson.h>
#include <stdbool.h>

#include "host/identity.h"

#define VIRTUALISED_EVIDENCE_MAX 8

struct virtualised {
	bool is_guest;
	char hypervisor[64];	/* "KVM", "Hyper-V"; "" when unknown */
	char evidence[VIRTUALISED_EVIDENCE_MAX][128];
	unsigned evidence_count;
};

/* Judges /sys and /proc below `root` and the identity. Cannot fail. */
void virtualised_detect(struct virtualised *v, const char *root,
			const struct cpu_identity *identity);

/* "virtualised" of the result document. NULL when out of memory. */
json_t *virtualised_json(const struct virtualised *v);

#endif
