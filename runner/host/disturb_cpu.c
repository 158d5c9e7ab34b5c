/*
 * What disturbs from the CPU's side: its clocks, its threads, and whether it
 * is a CPU at all; see disturb.h.
 */
#include <stdio.h>
#include <string.h>

#include "host/disturb_checks.h"
#include "host/sysfile.h"
#include "host/virtualised.h"

#define CPU "/sys/devices/system/cpu"
#define IDLE CPU "/cpu0/cpuidle/state%d/"

/* Waking from a state this slow shows in every interrupt that is measured. */
#define DEEP_LATENCY_US 20

static bool software_host(const struct disturb_host *host,
			  struct disturbance *d)
{
	return host->backend->software_host &&
	       disturb_say(d, DISTURB_WARN,
			   "measure on a real machine; verdicts and exit counts hold here",
			   "the CPU is emulated by %s: times mean nothing",
			   host->backend->software_host);
}

static bool guest_host(const struct disturb_host *host, struct disturbance *d)
{
	struct virtualised v;

	virtualised_detect(&v, host->root, host->identity);
	return v.is_guest && !host->backend->software_host &&
	       disturb_say(d, DISTURB_WARN,
			   "measure on bare metal to compare hardware",
			   "this host is itself a guest%s%s",
			   v.hypervisor[0] ? " of " : "", v.hypervisor);
}

/* The ninth word of the first line of /proc/stat, in ticks. */
static bool steal(const struct disturb_host *host, struct disturbance *d)
{
	unsigned long long ticks;
	char text[512];

	if (sysfile_read(host->root, "/proc/stat", text, sizeof(text)) <= 0 ||
	    sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		return false;
	return ticks &&
	       disturb_say(d, DISTURB_NOTE,
			   "use a host whose CPUs are not shared",
			   "the hypervisor below has taken CPU time away (%llu ticks of steal)",
			   ticks);
}

static bool smt(const struct disturb_host *host, struct disturbance *d)
{
	return disturb_is_on(host, CPU "/smt/active") &&
	       disturb_say(d, DISTURB_NOTE, "echo off > " CPU "/smt/control",
			   "SMT siblings share the core");
}

/* The governor of the first policy that is not at full speed. */
static bool governor(const struct disturb_host *host, struct disturbance *d)
{
	char text[64], path[64];

	for (int i = 0;; i++) {
		snprintf(path, sizeof(path), CPU "/cpu%d", i);
		if (!sysfile_exists(host->root, path))
			return false;
		/* Offline CPUs have none. */
		if (sysfile_readf(host->root, text, sizeof(text), CPU
				  "/cpu%d/cpufreq/scaling_governor", i) <= 0 ||
		    !strcmp(text, "performance"))
			continue;
		return disturb_say(d, DISTURB_WARN,
				   "cpupower frequency-set -g performance",
				   "CPU %d has the frequency governor %s", i,
				   text);
	}
}

static bool turbo(const struct disturb_host *host, struct disturbance *d)
{
	long long n;

	if (!sysfile_number(host->root, CPU "/intel_pstate/no_turbo", &n))
		return n == 0 &&
		       disturb_say(d, DISTURB_NOTE,
				   "echo 1 > " CPU "/intel_pstate/no_turbo",
				   "turbo is on: the clock depends on heat and neighbours");
	return disturb_is_on(host, CPU "/cpufreq/boost") &&
	       disturb_say(d, DISTURB_NOTE, "echo 0 > " CPU "/cpufreq/boost",
			   "boost is on: the clock depends on heat and neighbours");
}

static bool deep_cstates(const struct disturb_host *host,
			 struct disturbance *d)
{
	char path[128], name[64];
	long long latency_us, disabled;
	bool found = false;

	for (int i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), IDLE "latency", i);
		if (sysfile_number(host->root, path, &latency_us))
			break;
		snprintf(path, sizeof(path), IDLE "disable", i);
		if (sysfile_number(host->root, path, &disabled))
			disabled = 0;
		if (disabled || latency_us <= DEEP_LATENCY_US)
			continue;
		sysfile_readf(host->root, name, sizeof(name), IDLE "name", i);
		/* The deepest is the one to name. */
		found = disturb_say(d, DISTURB_NOTE,
				    "cpupower idle-set -D 20",
				    "idle state %s takes %lld us to leave",
				    name, latency_us);
	}
	return found;
}

static bool throttled(const struct disturb_host *host, struct disturbance *d)
{
	return disturb_is_on(host, CPU "/cpu0/thermal_throttle/core_throttle_count") &&
	       disturb_say(d, DISTURB_NOTE, "improve the cooling",
			   "the CPU has been throttled by heat since boot");
}

static bool clocksource(const struct disturb_host *host,
			struct disturbance *d)
{
	char text[64];

	return sysfile_read(host->root, "/sys/devices/system/clocksource/"
			    "clocksource0/current_clocksource", text,
			    sizeof(text)) > 0 &&
	       strcmp(text, "tsc") &&
	       disturb_say(d, DISTURB_NOTE,
			   "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource",
			   "the clock source is %s, not tsc", text);
}

static bool variant_tsc(const struct disturb_host *host,
			struct disturbance *d)
{
	return !host->identity->invariant_tsc &&
	       disturb_say(d, DISTURB_WARN,
			   "fix the clock: one governor, no turbo, no deep idle states",
			   "the TSC is not invariant: cycles are not time");
}

disturb_check *const disturb_cpu_checks[] = {
	software_host, guest_host, variant_tsc, governor, turbo, deep_cstates,
	smt, throttled, steal, clocksource, NULL,
};
