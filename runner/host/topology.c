/*
 * Pinning and binding by hwloc; see topology.h.
 *
 * A vCPU thread that migrates, or whose memory is on another node, measures
 * the scheduler. The machine is read once into a flat table of allowed PUs
 * in hwloc's depth-first order, which is the compact order already.
 */
#define _GNU_SOURCE 1		/* for cpu_set_t */
#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/topology.h"
#include "host/topology_pu.h"

static const char *const policy_names[] = {
	[TOPOLOGY_COMPACT] = "compact",
	[TOPOLOGY_SCATTER] = "scatter",
	[TOPOLOGY_ONE_PER_CORE] = "one-per-core",
	[TOPOLOGY_PER_NODE] = "per-node",
	[TOPOLOGY_SMT] = "smt",
};

#define POLICIES (sizeof(policy_names) / sizeof(policy_names[0]))

const char *topology_policy_name(enum topology_policy policy)
{
	return (size_t)policy < POLICIES ? policy_names[policy] : "unknown";
}

int topology_policy_parse(const char *name, enum topology_policy *policy,
			  struct error *e)
{
	for (size_t i = 0; i < POLICIES; i++) {
		if (!strcmp(policy_names[i], name)) {
			*policy = (enum topology_policy)i;
			return 0;
		}
	}
	return error_set(e, -EINVAL, "placement policy \"%s\" is not known: "
			 "compact, scatter, one-per-core, per-node or smt", name);
}

static hwloc_obj_t node_of(hwloc_topology_t hwloc, unsigned pu)
{
	hwloc_obj_t node = NULL;

	while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE,
						  node))) {
		if (hwloc_bitmap_isset(node->cpuset, pu))
			return node;
	}
	return NULL;
}

/* Virtual machines may come without package or core objects. */
static unsigned ancestor_index(hwloc_topology_t hwloc, hwloc_obj_t pu,
			       hwloc_obj_type_t type, unsigned missing)
{
	hwloc_obj_t o = hwloc_get_ancestor_obj_by_type(hwloc, type, pu);

	return o ? o->logical_index : missing;
}

static void pus_read(struct topology *t, hwloc_const_cpuset_t allowed)
{
	hwloc_obj_t pu = NULL;

	while ((pu = hwloc_get_next_obj_by_type(t->hwloc, HWLOC_OBJ_PU, pu))) {
		struct topology_pu *p = &t->pus[t->pu_count];
		hwloc_obj_t node = node_of(t->hwloc, pu->os_index);

		if (!hwloc_bitmap_isset(allowed, pu->os_index))
			continue;
		p->os_index = pu->os_index;
		p->package = ancestor_index(t->hwloc, pu, HWLOC_OBJ_PACKAGE, 0);
		p->core = ancestor_index(t->hwloc, pu, HWLOC_OBJ_CORE,
					 pu->logical_index);
		p->node = node ? (int)node->os_index : -1;
		t->pu_count++;
	}
}

static int pus_load(struct topology *t, struct error *e)
{
	int total = hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_PU);
	hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
	int rc = 0;

	if (total > 0)
		t->pus = calloc((size_t)total, sizeof(*t->pus));
	if (!allowed || !t->pus) {
		rc = error_set(e, -ENOMEM, "no memory for the CPU topology");
		goto out;
	}
	if (hwloc_get_cpubind(t->hwloc, allowed, HWLOC_CPUBIND_PROCESS) &&
	    hwloc_get_cpubind(t->hwloc, allowed, HWLOC_CPUBIND_THREAD)) {
		rc = error_set(e, -errno, "cannot read the allowed CPUs: %s",
			       strerror(errno));
		goto out;
	}
	pus_read(t, allowed);
	if (!t->pu_count)
		rc = error_set(e, -ENODEV, "no CPU is allowed to this process");
	topology_rank(t);
out:
	hwloc_bitmap_free(allowed);
	return rc;
}

int topology_open(struct topology *t, struct error *e)
{
	int rc;

	memset(t, 0, sizeof(*t));
	if (hwloc_topology_init(&t->hwloc)) {
		t->hwloc = NULL;
		return error_set(e, -ENOMEM, "hwloc does not start");
	}
	/* Other threads of ours may be pinned: hwloc must not move this one. */
	if (hwloc_topology_set_flags(t->hwloc,
			HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING) ||
	    hwloc_topology_load(t->hwloc)) {
		rc = error_set(e, -EIO, "hwloc cannot read the topology of this machine: %s",
			       strerror(errno));
		goto out;
	}
	rc = pus_load(t, e);
out:
	if (rc)
		topology_close(t);
	return rc;
}

void topology_close(struct topology *t)
{
	if (t->hwloc)
		hwloc_topology_destroy(t->hwloc);
	free(t->pus);
	memset(t, 0, sizeof(*t));
}

/*
 * Not by hwloc_set_cpubind(), which writes to the mask that it allocates
 * though there be no memory for it: many vCPUs' threads do this at once.
 */
static cpu_set_t *cpu_set_new(unsigned last, size_t *bytes)
{
	cpu_set_t *set = CPU_ALLOC(last + 1);

	*bytes = CPU_ALLOC_SIZE(last + 1);
	if (set)
		CPU_ZERO_S(*bytes, set);
	return set;
}

cpu_set_t *topology_one_cpu(unsigned pu, size_t *bytes)
{
	cpu_set_t *set = cpu_set_new(pu, bytes);

	if (set)
		CPU_SET_S(pu, *bytes, set);
	return set;
}

cpu_set_t *topology_cpu_set(const struct topology *t, unsigned but,
			    size_t *bytes)
{
	unsigned last = 0;
	cpu_set_t *set;

	for (unsigned i = 0; i < t->pu_count; i++)
		if (t->pus[i].os_index > last)
			last = t->pus[i].os_index;
	set = cpu_set_new(last, bytes);
	for (unsigned i = 0; set && i < t->pu_count; i++)
		if (t->pus[i].os_index != but || t->pu_count == 1)
			CPU_SET_S(t->pus[i].os_index, *bytes, set);
	return set;
}

/* Takes over the set. */
static int thread_bind(cpu_set_t *set, size_t bytes, const char *what,
		       struct error *e)
{
	int rc = 0;

	if (!set)
		return error_set(e, -ENOMEM, "no memory to pin a thread");
	if (sched_setaffinity(0, bytes, set))
		rc = error_set(e, -errno, "cannot pin the thread to %s: %s",
			       what, strerror(errno));
	CPU_FREE(set);
	return rc;
}

int topology_pin(const struct topology *t, unsigned pu, struct error *e)
{
	cpu_set_t *set;
	size_t bytes;
	char what[32];

	if (!topology_find(t, pu))
		return error_set(e, -EINVAL, "CPU %u is not among those allowed to this process",
				 pu);
	set = topology_one_cpu(pu, &bytes);
	snprintf(what, sizeof(what), "CPU %u", pu);
	return thread_bind(set, bytes, what, e);
}

int topology_unpin(const struct topology *t, struct error *e)
{
	size_t bytes;
	cpu_set_t *set = topology_cpu_set(t, TOPOLOGY_NO_PU, &bytes);

	return thread_bind(set, bytes, "the allowed CPUs", e);
}

/* The node to bind to; NULL when a bind would change nothing. */
static hwloc_obj_t bind_node(const struct topology *t, unsigned pu)
{
	if (hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_NUMANODE) < 2)
		return NULL;
	return node_of(t->hwloc, pu);
}

int topology_bind_range(const struct topology *t, void *start,
			size_t size_bytes, unsigned pu, struct error *e)
{
	hwloc_obj_t node = bind_node(t, pu);

	if (node && hwloc_set_area_membind(t->hwloc, start, size_bytes,
					   node->nodeset, HWLOC_MEMBIND_BIND,
					   HWLOC_MEMBIND_BYNODESET))
		return error_set(e, -errno, "cannot bind guest memory to NUMA node %u: %s",
				 node->os_index, strerror(errno));
	return 0;
}

int topology_bind_thread(const struct topology *t, unsigned pu,
			 struct error *e)
{
	hwloc_obj_t node = bind_node(t, pu);

	if (node && hwloc_set_membind(t->hwloc, node->nodeset,
				      HWLOC_MEMBIND_BIND,
				      HWLOC_MEMBIND_THREAD |
				      HWLOC_MEMBIND_BYNODESET))
		return error_set(e, -errno, "cannot bind the thread's memory to NUMA node %u: %s",
				 node->os_index, strerror(errno));
	return 0;
}

int topology_node(const struct topology *t, unsigned pu)
{
	hwloc_obj_t node = node_of(t->hwloc, pu);

	return node ? (int)node->os_index : -1;
}
