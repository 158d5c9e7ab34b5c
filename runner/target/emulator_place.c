/*
 * Where an emulator's threads run; see emulator.h.
 *
 * A child begins where its parent's main thread is, on one CPU, and whatever
 * it starts would stay there with it: every emulator and every thread of each
 * on a single CPU of the host. What emulates may go anywhere. A vCPU of KVM's
 * has the CPU that the built-in VMM's would have, and what serves it runs on
 * others, as there: so that the two are compared on equal terms.
 */
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/emulator.h"

struct emulator_place emulator_place(const struct target_context *ctx,
				     bool vcpu_alone)
{
	return (struct emulator_place){
		.topology = ctx->pin ? ctx->topology : NULL,
		.vcpu_alone = vcpu_alone, .vcpu_pu = ctx->pu,
	};
}

/* The vCPU is among those that start there, and what starts it moves away. */
cpu_set_t *emulator_place_first(const struct emulator_place *place,
				size_t *bytes)
{
	if (!place->topology)
		return NULL;
	if (place->vcpu_alone)
		return topology_one_cpu(place->vcpu_pu, bytes);
	return topology_cpu_set(place->topology, TOPOLOGY_NO_PU, bytes);
}

void emulator_place_others(const struct emulator *em)
{
	const struct emulator_place *place = &em->place;
	struct dirent *entry;
	cpu_set_t *cpus;
	char path[40];
	size_t bytes;
	DIR *tasks;

	if (!place->topology || !place->vcpu_alone)
		return;
	cpus = topology_cpu_set(place->topology, place->vcpu_pu, &bytes);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)em->pid);
	tasks = opendir(path);
	while (cpus && tasks && (entry = readdir(tasks)))
		if (entry->d_name[0] != '.' &&
		    !emulator_is_vcpu(em->pid, entry->d_name))
			sched_setaffinity((pid_t)strtol(entry->d_name, NULL, 10),
					  bytes, cpus);
	if (tasks)
		closedir(tasks);
	CPU_FREE(cpus);
}
