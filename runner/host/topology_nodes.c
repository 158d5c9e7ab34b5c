/*
 * Memory on a node of choice, seen from the CPU that will use it.
 */
#include <errno.h>
#include <hwloc.h>
#include <string.h>

#include "host/topology.h"

static hwloc_obj_t node_of(hwloc_topology_t hwloc, unsigned pu)
{
	hwloc_obj_t node = NULL;

	while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE,
						  node)))
		if (hwloc_bitmap_isset(node->cpuset, pu))
			return node;
	return NULL;
}

/* By the firmware's distances (SLIT); 1 where it gives none. */
static double distance(hwloc_topology_t hwloc, hwloc_obj_t from, hwloc_obj_t to)
{
	struct hwloc_distances_s *d;
	hwloc_uint64_t there, back;
	double value = 1;
	unsigned count = 1;

	if (hwloc_distances_get_by_type(hwloc, HWLOC_OBJ_NUMANODE, &count, &d,
					0, 0) || !count)
		return value;
	if (!hwloc_distances_obj_pair_values(d, from, to, &there, &back))
		value = (double)there;
	hwloc_distances_release(hwloc, d);
	return value;
}

/* Nodes without memory, or outside of the process's cpuset, do not count. */
static bool node_usable(hwloc_topology_t hwloc, hwloc_obj_t node)
{
	return node->attr->numanode.local_memory &&
	       hwloc_bitmap_isset(hwloc_topology_get_allowed_nodeset(hwloc),
				  node->os_index);
}

static hwloc_obj_t node_remote(hwloc_topology_t hwloc, hwloc_obj_t local)
{
	hwloc_obj_t node = NULL, best = NULL;

	while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE,
						  node)))
		if (node != local && node_usable(hwloc, node) &&
		    (!best || distance(hwloc, local, node) >
			      distance(hwloc, local, best)))
			best = node;
	return best;
}

unsigned topology_memory_nodes(const struct topology *t)
{
	hwloc_obj_t node = NULL;
	unsigned n = 0;

	while ((node = hwloc_get_next_obj_by_type(t->hwloc, HWLOC_OBJ_NUMANODE,
						  node)))
		n += node_usable(t->hwloc, node);
	return n;
}

/* NULL: there is no such node. */
static hwloc_const_nodeset_t nodes_of(const struct topology *t, unsigned pu,
				      enum arena_node where, struct error *e)
{
	hwloc_obj_t node = node_of(t->hwloc, pu);

	if (where == NODE_INTERLEAVE)
		return hwloc_topology_get_allowed_nodeset(t->hwloc);
	if (where == NODE_REMOTE && node)
		node = node_remote(t->hwloc, node);
	if (node)
		return node->nodeset;
	error_set(e, -ENODEV, "CPU %u has no %s NUMA node", pu,
		  where == NODE_REMOTE ? "remote" : "local");
	return NULL;
}

int topology_place_range(const struct topology *t, void *start,
			 size_t size_bytes, unsigned pu, enum arena_node where,
			 struct error *e)
{
	hwloc_const_nodeset_t set;

	if (where == NODE_ANY)
		return 0;
	set = nodes_of(t, pu, where, e);
	if (!set)
		return -ENODEV;
	if (hwloc_set_area_membind(t->hwloc, start, size_bytes, set,
				   where == NODE_INTERLEAVE ?
				   HWLOC_MEMBIND_INTERLEAVE : HWLOC_MEMBIND_BIND,
				   HWLOC_MEMBIND_BYNODESET |
				   HWLOC_MEMBIND_STRICT))
		return error_set(e, -errno, "memory cannot be placed on its "
				 "NUMA node: %s", strerror(errno));
	return 0;
}

int topology_check_range(const struct topology *t, const void *start,
			 size_t size_bytes, unsigned pu, enum arena_node where,
			 struct error *e)
{
	hwloc_const_nodeset_t wanted;
	hwloc_nodeset_t found;
	int rc = 0;

	if (where == NODE_ANY)
		return 0;
	wanted = nodes_of(t, pu, where, e);
	if (!wanted)
		return -ENODEV;
	found = hwloc_bitmap_alloc();
	if (!found)
		return error_set(e, -ENOMEM, "no memory for a set of nodes");
	if (hwloc_get_area_memlocation(t->hwloc, start, size_bytes, found,
				       HWLOC_MEMBIND_BYNODESET))
		rc = error_set(e, -errno, "where memory lies cannot be read: %s",
			       strerror(errno));
	else if (!hwloc_bitmap_isequal(found, wanted))
		rc = error_set(e, -EXDEV, "memory is not on the NUMA node that "
			       "it was bound to");
	hwloc_bitmap_free(found);
	return rc;
}
