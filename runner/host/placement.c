/*
 * Which PU comes first: the policies of topology.h, and the description of
 * the outcome.
 *
 * Every policy is one sort key over the allowed PUs: see policy_key[].
 */
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

#include "host/topology.h"
#include "host/topology_pu.h"

const struct topology_pu *topology_find(const struct topology *t, unsigned pu)
{
	for (unsigned i = 0; i < t->pu_count; i++) {
		if (t->pus[i].os_index == pu)
			return &t->pus[i];
	}
	return NULL;
}

unsigned topology_pu_count(const struct topology *t)
{
	return t->pu_count;
}

static void rank_one(const struct topology *t, struct topology_pu *p)
{
	const struct topology_pu *zero = topology_find(t, 0);
	unsigned last_core = ~0u;

	p->rank_in_core = 0;
	p->core_rank = 0;
	p->alone = true;
	p->housekeeping = zero && zero->core == p->core;
	for (unsigned i = 0; i < t->pu_count; i++) {
		const struct topology_pu *q = &t->pus[i];

		if (q->core == p->core && q != p) {
			bool before = p->os_index == 0 ||
				      (q < p && q->os_index != 0);

			p->rank_in_core += before;
			p->alone = false;
		}
		/* The table is depth-first: a core's PUs are neighbours. */
		if (q->package == p->package && q->core < p->core &&
		    q->core != last_core) {
			last_core = q->core;
			p->core_rank++;
		}
	}
}

static int order(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int compact_key(const void *x, const void *y)
{
	const struct topology_pu *a = x, *b = y;
	int o = order(a->housekeeping, b->housekeeping);

	o = o ? o : order(a->package, b->package);
	o = o ? o : order(a->core, b->core);
	return o ? o : order(a->rank_in_core, b->rank_in_core);
}

/* After all have their ranks in cores. */
static void rank_in_node(const struct topology *t, struct topology_pu *p)
{
	p->rank_in_node = 0;
	for (unsigned i = 0; i < t->pu_count; i++)
		p->rank_in_node += t->pus[i].node == p->node &&
				   compact_key(&t->pus[i], p) < 0;
}

void topology_rank(struct topology *t)
{
	for (unsigned i = 0; i < t->pu_count; i++)
		rank_one(t, &t->pus[i]);
	for (unsigned i = 0; i < t->pu_count; i++)
		rank_in_node(t, &t->pus[i]);
}

static int scatter_key(const void *x, const void *y)
{
	const struct topology_pu *a = x, *b = y;
	int o = order(a->rank_in_core, b->rank_in_core);

	o = o ? o : order(a->housekeeping, b->housekeeping);
	o = o ? o : order(a->core_rank, b->core_rank);
	return o ? o : order(a->package, b->package);
}

static int per_node_key(const void *x, const void *y)
{
	const struct topology_pu *a = x, *b = y;
	int o = order(a->rank_in_node, b->rank_in_node);

	o = o ? o : order(a->housekeeping, b->housekeeping);
	return o ? o : (a->node > b->node) - (a->node < b->node);
}

static int smt_key(const void *x, const void *y)
{
	const struct topology_pu *a = x, *b = y;
	int o = order(a->alone, b->alone);

	return o ? o : compact_key(a, b);
}

static int (*const policy_key[])(const void *, const void *) = {
	[TOPOLOGY_COMPACT] = compact_key,
	[TOPOLOGY_SCATTER] = scatter_key,
	[TOPOLOGY_ONE_PER_CORE] = compact_key,
	[TOPOLOGY_PER_NODE] = per_node_key,
	[TOPOLOGY_SMT] = smt_key,
};

unsigned topology_list(const struct topology *t, enum topology_policy policy,
		       unsigned *pus, unsigned capacity)
{
	struct topology_pu *sorted = calloc(t->pu_count + 1, sizeof(*sorted));
	unsigned n = 0;

	if (!sorted)
		return 0;
	if (t->pu_count)
		memcpy(sorted, t->pus, t->pu_count * sizeof(*sorted));
	qsort(sorted, t->pu_count, sizeof(*sorted),
	      policy_key[policy]);
	for (unsigned i = 0; i < t->pu_count && n < capacity; i++) {
		if (policy == TOPOLOGY_ONE_PER_CORE && sorted[i].rank_in_core)
			continue;
		pus[n++] = sorted[i].os_index;
	}
	free(sorted);
	return n;
}

/* 2: on a core of its own, 1: on a PU of its own, 0: shared. */
static unsigned distance(const struct topology *t, const struct topology_pu *p,
			 const unsigned *pus, unsigned count)
{
	unsigned least = 2;

	for (unsigned i = 0; i < count; i++) {
		const struct topology_pu *q = topology_find(t, pus[i]);

		if (!q || q->core != p->core)
			continue;
		if (q == p)
			return 0;
		least = 1;
	}
	return least;
}

unsigned topology_bystander(const struct topology *t, const unsigned *pus,
			    unsigned count)
{
	unsigned best = 0, best_distance = 0;

	for (unsigned i = 0; i < t->pu_count; i++) {
		const struct topology_pu *p = &t->pus[i];
		unsigned d = distance(t, p, pus, count);

		if (!i || d > best_distance ||
		    (d == best_distance && compact_key(p, &t->pus[best]) > 0)) {
			best = i;
			best_distance = d;
		}
	}
	return t->pu_count ? t->pus[best].os_index : 0;
}

unsigned topology_workers(const struct topology *t, unsigned pu,
			  unsigned *pus, unsigned capacity)
{
	unsigned taken[TOPOLOGY_WORKERS_MAX + 1] = { pu }, n = 0;

	if (capacity > TOPOLOGY_WORKERS_MAX)
		capacity = TOPOLOGY_WORKERS_MAX;
	while (n < capacity) {
		unsigned next = topology_bystander(t, taken, n + 1);
		bool again = false;

		for (unsigned i = 0; i <= n; i++)
			again |= taken[i] == next;
		if (again && n)
			break;
		taken[n + 1] = pus[n] = next;
		n++;
	}
	return n;
}

static json_t *numbers(const unsigned *values, unsigned count)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(list, json_integer(values[i]));
	return list;
}

static json_t *allowed_json(const struct topology *t)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < t->pu_count; i++)
		json_array_append_new(list, json_integer(t->pus[i].os_index));
	return list;
}

json_t *topology_json(const struct topology *t, enum topology_policy policy,
		      const unsigned *pus, unsigned count)
{
	int cores = hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_CORE);
	int all = hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_PU);
	int node = count ? topology_node(t, pus[0]) : -1;

	return json_pack("{s:i, s:i, s:i, s:i, s:b, s:o, s:o, s:s, s:o}",
		"packages",
		hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_PACKAGE),
		"cores", cores,
		"pus", all,
		"numa_nodes",
		hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_NUMANODE),
		"smt", cores > 0 && all > cores,
		"allowed", allowed_json(t),
		"pinned_to", numbers(pus, count),
		"policy", topology_policy_name(policy),
		"memory_node", node < 0 ? json_null() : json_integer(node));
}
