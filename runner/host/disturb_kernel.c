/*
 * What disturbs from the kernel's side: other work, its own housekeeping,
 * and its debugging aids; see disturb.h.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/disturb_checks.h"
#include "host/sysfile.h"

#define BUSY_LOAD 1.0
#define SOME_LOAD 0.5
#define LOW_MEMORY_KIB (512 * 1024)

static bool load(const struct disturb_host *host, struct disturbance *d)
{
	char text[128];
	double one;

	if (sysfile_read(host->root, "/proc/loadavg", text, sizeof(text)) <= 0)
		return false;
	one = strtod(text, NULL);
	return one >= SOME_LOAD &&
	       disturb_say(d, one >= BUSY_LOAD ? DISTURB_WARN : DISTURB_NOTE,
			   "stop other work and wait a minute",
			   "load average %.2f: other work is running", one);
}

/* The bandwidth limit of the cgroup (v2) that this process is in. */
static bool cpu_quota(const struct disturb_host *host, struct disturbance *d)
{
	char text[1024], group[512];
	long quota_us, period_us;

	sysfile_read(host->root, "/proc/self/cgroup", text, sizeof(text));
	if (sysfile_value(text, "0:", group, sizeof(group)) ||
	    sysfile_readf(host->root, text, sizeof(text),
			  "/sys/fs/cgroup%s/cpu.max", group) <= 0 ||
	    sscanf(text, "%ld %ld", &quota_us, &period_us) != 2)
		return false;
	return disturb_say(d, DISTURB_WARN,
			   "run outside the container, or set its cpu.max to max",
			   "the cgroup may use the CPU for %ld of %ld us only",
			   quota_us, period_us);
}

/* Either file may say "", or "(null)" in some kernels. */
static bool cpu_list_empty(const struct disturb_host *host, const char *path)
{
	char text[256];

	return sysfile_read(host->root, path, text, sizeof(text)) >= 0 &&
	       !isdigit((unsigned char)text[0]);
}

static bool not_isolated(const struct disturb_host *host,
			 struct disturbance *d)
{
	return cpu_list_empty(host, "/sys/devices/system/cpu/isolated") &&
	       disturb_say(d, DISTURB_NOTE,
			   "boot with isolcpus=, nohz_full= and rcu_nocbs= for the vCPU's CPU",
			   "no CPU is isolated: ticks and other tasks interrupt the vCPU");
}

static bool ticking(const struct disturb_host *host, struct disturbance *d)
{
	return !cpu_list_empty(host, "/sys/devices/system/cpu/isolated") &&
	       cpu_list_empty(host, "/sys/devices/system/cpu/nohz_full") &&
	       disturb_say(d, DISTURB_NOTE, "boot with nohz_full= as well",
			   "isolated CPUs still take the timer tick");
}

static bool thp(const struct disturb_host *host, struct disturbance *d)
{
	char text[32];

	return !sysfile_choice(host->root,
			       "/sys/kernel/mm/transparent_hugepage/enabled",
			       text, sizeof(text)) &&
	       !strcmp(text, "always") &&
	       disturb_say(d, DISTURB_NOTE,
			   "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
			   "THP is always on: khugepaged changes page sizes as it goes");
}

static bool perf_paranoid(const struct disturb_host *host,
			  struct disturbance *d)
{
	long long n;

	return !sysfile_number(host->root,
			       "/proc/sys/kernel/perf_event_paranoid", &n) &&
	       n > 1 && geteuid() != 0 &&
	       disturb_say(d, DISTURB_NOTE,
			   "sysctl kernel.perf_event_paranoid=1, or run as root",
			   "kernel.perf_event_paranoid=%lld: no hardware counters",
			   n);
}

static bool ksm(const struct disturb_host *host, struct disturbance *d)
{
	long long n;

	return !sysfile_number(host->root, "/sys/kernel/mm/ksm/run", &n) &&
	       n == 1 &&
	       disturb_say(d, DISTURB_WARN, "echo 2 > /sys/kernel/mm/ksm/run",
			   "KSM merges pages while the guest runs");
}

static bool nmi_watchdog(const struct disturb_host *host,
			 struct disturbance *d)
{
	return disturb_is_on(host, "/proc/sys/kernel/nmi_watchdog") &&
	       disturb_say(d, DISTURB_NOTE, "sysctl kernel.nmi_watchdog=0",
			   "the NMI watchdog takes a counter and interrupts");
}

static bool numa_balancing(const struct disturb_host *host,
			   struct disturbance *d)
{
	return disturb_is_on(host, "/proc/sys/kernel/numa_balancing") &&
	       disturb_say(d, DISTURB_WARN, "sysctl kernel.numa_balancing=0",
			   "NUMA balancing unmaps guest memory to sample it");
}

static bool process_runs(const char *root, const char *comm)
{
	int fd = sysfile_open(root, "/proc", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool found = false;
	struct dirent *e;
	char text[64];

	if (!dir && fd >= 0)
		close(fd);
	while (dir && !found && (e = readdir(dir))) {
		if (isdigit((unsigned char)e->d_name[0]) &&
		    sysfile_readf(root, text, sizeof(text), "/proc/%s/comm",
				  e->d_name) > 0)
			found = !strcmp(text, comm);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool irqbalance(const struct disturb_host *host, struct disturbance *d)
{
	return process_runs(host->root, "irqbalance") &&
	       disturb_say(d, DISTURB_NOTE, "systemctl stop irqbalance",
			   "irqbalance moves interrupts between CPUs");
}

static long long meminfo_kib(const struct disturb_host *host, const char *key)
{
	char text[4096], value[64];

	sysfile_read(host->root, "/proc/meminfo", text, sizeof(text));
	if (sysfile_value(text, key, value, sizeof(value)))
		return -1;
	return strtoll(value, NULL, 10);
}

static bool swapping(const struct disturb_host *host, struct disturbance *d)
{
	long long used = meminfo_kib(host, "SwapTotal") -
			 meminfo_kib(host, "SwapFree");

	return used > 0 &&
	       disturb_say(d, DISTURB_NOTE, "swapoff -a",
			   "%lld KiB of swap are in use", used);
}

static bool low_memory(const struct disturb_host *host, struct disturbance *d)
{
	long long kib = meminfo_kib(host, "MemAvailable");

	return kib >= 0 && kib < LOW_MEMORY_KIB &&
	       disturb_say(d, DISTURB_WARN, "stop what holds memory",
			   "only %lld MiB of memory are available",
			   kib / 1024);
}

/* /proc/lockdep exists only where locks are checked, which is everywhere. */
static bool debug_kernel(const struct disturb_host *host,
			 struct disturbance *d)
{
	const char *why = NULL;
	char release[128];

	sysfile_read(host->root, "/proc/sys/kernel/osrelease", release,
		     sizeof(release));
	if (strstr(release, "debug"))
		why = release;
	else if (sysfile_exists(host->root, "/proc/lockdep"))
		why = "lock checking, /proc/lockdep";
	return why &&
	       disturb_say(d, DISTURB_WARN, "boot a production kernel",
			   "the kernel is built for debugging (%s)", why);
}

disturb_check *const disturb_kernel_checks[] = {
	debug_kernel, cpu_quota, load, ksm, numa_balancing, low_memory,
	swapping, not_isolated, ticking, thp, nmi_watchdog, irqbalance,
	perf_paranoid, NULL,
};
