/*
 * The environment that every document carries: what the numbers depend on.
 *
 * Everything is read below `root`, so that a test can be any machine. What
 * cannot be read is null in the result, never guessed.
 */
#ifndef VMGAUGE_HOST_ENV_H
#define VMGAUGE_HOST_ENV_H

#include <jansson.h>
#include <stdint.h>

#include "error.h"
#include "host/backend.h"
#include "host/identity.h"
#include "host/topology.h"

/*
 * What is known already; zeroes are right for everything but kvm_fd (-1).
 * Nothing is kept after the call.
 */
struct env_request {
	const char *root;			/* NULL: "", this machine */
	const struct cpu_identity *identity;	/* NULL: executes CPUID */
	const struct backend_info *backend;	/* NULL: detects it */
	const struct topology *topology;	/* NULL: "topology" is null */
	enum topology_policy policy;
	const unsigned *vcpu_pus;		/* where the vCPUs are pinned */
	unsigned vcpu_pu_count;
	int kvm_fd;				/* -1: opens /dev/kvm if it can */
	uint32_t tsc_khz;			/* 0: CPUID, else 20 ms of timing */
};

/*
 * The "env" object of the result document; the caller owns it. NULL with the
 * text in `e` only when out of memory.
 */
json_t *env_collect(const struct env_request *request, struct error *e);

/* Times this machine's TSC against the monotonic clock: 20 ms. */
uint32_t env_tsc_khz(void);

#endif
