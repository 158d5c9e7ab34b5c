/*
 * A contained process shares neither memory by key nor the host's name.
 */
#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "item_host.h"
#include "suite.h"

PROBE_PROCESS(shared_memory_outside_is_not_found,
	.rule = "The key of a segment outside finds no segment inside",
	.cite = "Linux, ipc_namespaces(7), shmget(2)",
	.control = "without an IPC namespace (without=ipc) it fails")
{
	errno = 0;
	host_check(h, "shmget(the runner's key) fails", (uint64_t)-1,
		   (uint64_t)shmget(h->outside->shm_key, 0, 0));
	host_check(h, "... with ENOENT", ENOENT, (uint64_t)errno);
}

PROBE_PROCESS(host_name_is_its_own,
	.rule = "The host's name is not seen inside, and cannot be set",
	.cite = "Linux, uts_namespaces(7), sethostname(2)",
	.control = "without a UTS namespace (without=uts) it fails")
{
	char name[65] = "";

	gethostname(name, sizeof(name) - 1);
	host_check(h, "the name inside is the one outside", 0,
		   !strcmp(name, h->outside->hostname));
	/* To what it is already: harmless where it is allowed. */
	errno = 0;
	host_check(h, "sethostname() fails", (uint64_t)-1,
		   (uint64_t)sethostname(name, strlen(name)));
}
