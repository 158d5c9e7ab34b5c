/*
 * A contained process sees, signals and traces what is inside, nothing else.
 *
 * The runner is the process outside: its ID is known, it is alive, and all
 * that is asked of it here would do it no harm.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "item_host.h"
#include "suite.h"

#define CITE_PID	"Linux, pid_namespaces(7)"
#define INSIDE_MOST	4	/* an engine's init, the payload, and room */

/* Processes that /proc shows; 0 when there is no /proc. */
__host unsigned int processes_seen(void)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	unsigned int n = 0;

	while (d && (entry = readdir(d)))
		n += isdigit((unsigned char)entry->d_name[0]) != 0;
	if (d)
		closedir(d);
	return n;
}

PROBE_PROCESS(outside_has_no_process_ids,
	.rule = "A process ID of outside means nothing inside, and /proc shows none",
	.cite = CITE_PID "; Linux, proc(5)",
	.control = "without a PID namespace (without=pid) it fails")
{
	errno = 0;
	host_check(h, "kill(the runner's ID, 0) fails", (uint64_t)-1,
		   (uint64_t)kill(h->outside->pid, 0));
	host_check(h, "... with ESRCH", ESRCH, (uint64_t)errno);
	host_check(h, "more processes in /proc than can be inside", 0,
		   processes_seen() > INSIDE_MOST);
}

PROBE_PROCESS(signals_stay_inside,
	.rule = "A signal to everybody reaches nobody outside",
	.cite = CITE_PID "; Linux, kill(2)",
	.control = "without a PID namespace (without=pid) it fails")
{
	/* Signal 0 and SIGCONT do nothing to whom they reach. */
	errno = 0;
	host_check(h, "kill(-1, 0) finds somebody", (uint64_t)-1,
		   (uint64_t)kill(-1, 0));
	host_check(h, "... but fails with ESRCH", ESRCH, (uint64_t)errno);
	errno = 0;
	host_check(h, "SIGCONT to the runner fails", (uint64_t)-1,
		   (uint64_t)kill(h->outside->pid, SIGCONT));
}

__host bool refused(int err)
{
	return err == ESRCH || err == EPERM || err == EACCES || err == ENOSYS;
}

PROBE_PROCESS(tracing_does_not_reach_outside,
	.rule = "PTRACE_SEIZE and process_vm_readv() refuse a process outside",
	.cite = "Linux, ptrace(2), process_vm_readv(2), pid_namespaces(7)",
	.control = "without a container (container:none, as root) it fails")
{
	uint64_t word;
	struct iovec here = { &word, sizeof(word) };
	struct iovec there = { (void *)0x1000, sizeof(word) };

	errno = 0;
	ptrace(PTRACE_SEIZE, h->outside->pid, NULL, NULL);
	host_check(h, "PTRACE_SEIZE is refused", 1, refused(errno));
	errno = 0;
	syscall(SYS_process_vm_readv, h->outside->pid, &here, 1, &there, 1, 0);
	host_check(h, "process_vm_readv() is refused", 1, refused(errno));
}
