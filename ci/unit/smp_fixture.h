/*
 * The built-in VMM opened for many vCPUs. There are never more CPUs than a
 * test's context says, and all names of CPUs are real ones, whatever this
 * machine has.
 */
#ifndef VMGAUGE_UNIT_SMP_FIXTURE_H
#define VMGAUGE_UNIT_SMP_FIXTURE_H

#include <string.h>

#include "registry.h"
#include "target/target.h"

static struct target_context ctx;
static struct registry registry;
static struct topology topology;
static unsigned int pus[64];

/* cmocka's skip() prints "not ok", which prove counts as a failure. */
static inline bool no_kvm(void)
{
	if (!ctx.state)
		print_message("# not tried: no usable /dev/kvm\n");
	return !ctx.state;
}

static inline const struct bench *bench_named(const char *name)
{
	for (size_t i = 0; i < registry.count; i++)
		if (!strcmp(registry.item[i].name, name))
			return registry.item[i].bench;
	fail_msg("there is no bench %s", name);
	return NULL;
}

static inline int open_all(void **state)
{
	struct error e;

	(void)state;
	if (topology_open(&topology, &e) || registry_open(&registry, &e))
		return -1;
	ctx.topology = &topology;
	ctx.options = "";
	ctx.pu_count = topology_list(&topology, TOPOLOGY_COMPACT, pus, 64);
	for (unsigned int i = ctx.pu_count; i < 64; i++)
		pus[i] = pus[i % ctx.pu_count];
	ctx.pus = pus;
	ctx.pu = pus[0];
	if (target_kvm.open(&ctx, &e))
		print_message("# %s\n", e.text);
	return 0;
}

static inline int close_all(void **state)
{
	(void)state;
	target_kvm.close(&ctx);
	registry_close(&registry);
	topology_close(&topology);
	return 0;
}

#endif
