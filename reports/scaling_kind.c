/*
 * Curves by what they could lose time with: nothing but CPUs, the host's
 * memory, each other, or an answer that all others owe.
 */
#include <string.h>

#include "reports/scaling.h"

const struct scale_words scale_kinds[SCALE_KINDS] = {
	[SCALE_OWN] = {
		"own", "Work of its own",
		"Every vCPU, or every VM, does what needs nobody else: it computes, "
		"exits, waits for its timer. Up to the CPUs that there are, what "
		"is missing to perfect scaling is the hypervisor\u2019s.",
	},
	[SCALE_MEMORY] = {
		"memory", "Memory of its own",
		"Every vCPU, or every VM, touches pages that nobody else uses. What "
		"they have in common is the host\u2019s: its allocator, the locks of "
		"one address space and of one VM\u2019s page tables.",
	},
	[SCALE_SHARED] = {
		"shared", "One thing for all",
		"All vCPUs want the same line, lock or barrier: throughput may only "
		"fall. How far it falls is the machine\u2019s up to the number of "
		"CPUs; beyond, whoever holds a lock may have no CPU.",
	},
	[SCALE_ASKED] = {
		"asked", "One asks, the others answer",
		"One vCPU needs an answer of all others, or of its partner: what "
		"grows with their number is the time of one operation.",
	},
};

/* What is not here is of SCALE_OWN, unless one works for all. */
static const struct {
	const char *name;	/* without "scale/" and "vms_" */
	enum scale_kind kind;
} kinds[] = {
	{ "fault_", SCALE_MEMORY },
	{ "dirty_first_write", SCALE_MEMORY },
	{ "atomic_contended", SCALE_SHARED },
	{ "false_sharing_none", SCALE_OWN },	/* before its namesake */
	{ "false_sharing", SCALE_SHARED },
	{ "spinlock_", SCALE_SHARED },
	{ "barrier", SCALE_SHARED },
};

enum scale_kind scaling_kind(const json_t *series)
{
	const char *name = field_text(series, "id");
	const char *roles = field_text(series, "roles");

	if (roles && strcmp(roles, "all"))
		return SCALE_ASKED;
	if (!name)
		return SCALE_OWN;
	if (!strncmp(name, "scale/", 6))
		name += 6;
	if (!strncmp(name, "vms_", 4))
		name += 4;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(name, kinds[i].name, strlen(kinds[i].name)))
			return kinds[i].kind;
	return SCALE_OWN;
}

double scaling_workers(const json_t *series, const json_t *point)
{
	const char *roles = field_text(series, "roles");
	double n = field_double(point, "vcpus");

	return !roles || !strcmp(roles, "all") ? n :
	       !strcmp(roles, "pairs") ? n / 2 : 1;
}

const struct item *scaling_item(const struct run *run, const json_t *series,
				const json_t *point)
{
	const char *id = field_text(series, "id");
	const char *target = field_text(series, "target");
	double ring = field_double(series, "params.ring");
	double n = field_double(point, "vcpus");

	for (size_t i = 0; id && target && i < run->n; i++) {
		const struct item *it = &run->items[i];

		if (it->is_bench && it->measured && it->id && it->target &&
		    !strcmp(it->id, id) && !strcmp(it->target, target) &&
		    it->ring == (int)ring &&
		    field_double(it->json, "params.vcpus") == n)
			return it;
	}
	return NULL;
}
