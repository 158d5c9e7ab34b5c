/*
 * Where threads and memory go: CPUs by policy, pinning, NUMA binding (hwloc).
 *
 * A PU is what Linux calls a CPU; PUs are named by their OS index. Only PUs
 * that this process was allowed to use at topology_open() are ever named.
 * Linux keeps its housekeeping on CPU 0, so every list names CPU 0's core
 * after its equals: entry 0 is the default PU for a single vCPU, and it is
 * CPU 0 only where there is no other.
 */
#ifndef VMGAUGE_HOST_TOPOLOGY_H
#define VMGAUGE_HOST_TOPOLOGY_H

#include <jansson.h>
#include <sched.h>
#include <stddef.h>

#include "arena.h"
#include "error.h"

enum topology_policy {
	TOPOLOGY_COMPACT,	/* fill a core, then a package, then the next */
	TOPOLOGY_SCATTER,	/* spread over packages, then cores, then threads */
	TOPOLOGY_ONE_PER_CORE,	/* compact, but one PU of each core */
	TOPOLOGY_PER_NODE,	/* NUMA nodes in turn, compact in each */
	TOPOLOGY_SMT,		/* compact, but cores with siblings first */
};

struct hwloc_topology;
struct topology_pu;

/* Belongs to the caller; contents are private. */
struct topology {
	struct hwloc_topology *hwloc;
	struct topology_pu *pus;
	unsigned pu_count;
};

/* By option: "compact", "one-per-core" ... Parsing returns 0 or -EINVAL. */
const char *topology_policy_name(enum topology_policy policy);
int topology_policy_parse(const char *name, enum topology_policy *policy,
			  struct error *e);

/* 0 or -errno; topology_close() is safe after a failure and on zeroes. */
int topology_open(struct topology *t, struct error *e);
void topology_close(struct topology *t);

/* How many PUs this process may use. */
unsigned topology_pu_count(const struct topology *t);

/* Writes up to `capacity` PUs in the policy's order; returns how many. */
unsigned topology_list(const struct topology *t, enum topology_policy policy,
		       unsigned *pus, unsigned capacity);

/*
 * The PU for the main thread while vCPUs run on `pus`: the last of the
 * compact list that shares no core with any of them, else no PU with any,
 * else (nothing is free) just the last.
 */
unsigned topology_bystander(const struct topology *t, const unsigned *pus,
			    unsigned count);

/*
 * The PUs for up to `capacity` threads that work for a vCPU on `pu`: the
 * bystander, then as far from it and from each other as there is room, none of
 * them twice or the vCPU's own, unless there is no other. How many: at least
 * one.
 */
#define TOPOLOGY_WORKERS_MAX	16u

unsigned topology_workers(const struct topology *t, unsigned pu,
			  unsigned *pus, unsigned capacity);

/* Moves the calling thread to one PU, or back to all that are allowed. */
int topology_pin(const struct topology *t, unsigned pu, struct error *e);
int topology_unpin(const struct topology *t, struct error *e);

/*
 * For sched_setaffinity(): all that are allowed, without one PU unless it is
 * the only one; or one. For CPU_FREE(); NULL when out of memory.
 */
#define TOPOLOGY_NO_PU	(~0u)

cpu_set_t *topology_one_cpu(unsigned pu, size_t *bytes);
cpu_set_t *topology_cpu_set(const struct topology *t, unsigned but,
			    size_t *bytes);

/* The OS index of a PU's NUMA node, -1 when there is none. */
int topology_node(const struct topology *t, unsigned pu);

/*
 * Binds memory to the PU's NUMA node: a range (before it is touched), or all
 * that the calling thread touches first from now on. On a machine of one
 * node both do nothing and succeed.
 */
int topology_bind_range(const struct topology *t, void *start,
			size_t size_bytes, unsigned pu, struct error *e);
int topology_bind_thread(const struct topology *t, unsigned pu,
			 struct error *e);

/* topology_nodes.c: NUMA nodes with memory that this process may use. */
unsigned topology_memory_nodes(const struct topology *t);

/*
 * The pages of a range, before they are touched, on the PU's own node, on the
 * farthest other one, or on all in turn. -ENODEV when there is none such.
 */
int topology_place_range(const struct topology *t, void *start,
			 size_t size_bytes, unsigned pu, enum arena_node where,
			 struct error *e);
/* ... and whether the kernel did so, once they are: 0, or -EXDEV. */
int topology_check_range(const struct topology *t, const void *start,
			 size_t size_bytes, unsigned pu, enum arena_node where,
			 struct error *e);

/*
 * "topology" of the result document: packages, cores, pus, numa_nodes (of
 * the whole machine), smt, allowed (PUs), and where the vCPUs are:
 * pinned_to, policy, memory_node (null with count 0). NULL when out of memory.
 */
json_t *topology_json(const struct topology *t, enum topology_policy policy,
		      const unsigned *pus, unsigned count);

#endif
