/*
 * What the counters are called and how their difference is told; see
 * counters.h. Not counted is NaN here and null in JSON, never nought.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <perfmon/pfmlib_perf_event.h>
#include <pthread.h>
#include <string.h>

#include "host/counter_names.h"
#include "host/counters.h"

static const struct {
	const char *name;	/* as perf(1) and the result document say */
	const char *pfm;	/* as libpfm4 says */
} events[] = {
	[COUNTER_CYCLES] = { "cycles", "perf::PERF_COUNT_HW_CPU_CYCLES" },
	[COUNTER_INSTRUCTIONS] = {
		"instructions", "perf::PERF_COUNT_HW_INSTRUCTIONS" },
	[COUNTER_CACHE_MISSES] = {
		"cache-misses", "perf::PERF_COUNT_HW_CACHE_MISSES" },
	[COUNTER_CONTEXT_SWITCHES] = {
		"context-switches", "perf::PERF_COUNT_SW_CONTEXT_SWITCHES" },
	[COUNTER_CPU_MIGRATIONS] = {
		"cpu-migrations", "perf::PERF_COUNT_SW_CPU_MIGRATIONS" },
	[COUNTER_PAGE_FAULTS] = {
		"page-faults", "perf::PERF_COUNT_SW_PAGE_FAULTS" },
};

static int pfm_status;

static void pfm_start(void)
{
	pfm_status = pfm_initialize();
}

int counter_encode(enum counter_event event, struct perf_event_attr *attr)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pfm_perf_encode_arg_t arg = { .attr = attr, .size = sizeof(arg) };

	memset(attr, 0, sizeof(*attr));
	attr->size = sizeof(*attr);
	if (pthread_once(&once, pfm_start) || pfm_status != PFM_SUCCESS)
		return -ENOSYS;
	if (pfm_get_os_event_encoding(events[event].pfm,
				      PFM_PLM0 | PFM_PLM3 | PFM_PLMH,
				      PFM_OS_PERF_EVENT, &arg) != PFM_SUCCESS)
		return -ENOENT;
	attr->exclude_kernel = 0;
	attr->exclude_user = 0;
	attr->exclude_hv = 0;
	attr->disabled = 0;
	return 0;
}

const char *counter_event_name(enum counter_event event)
{
	return events[event].name;
}

const char *counters_source(const struct counters *c)
{
	return c->pmu ? "pmu" : "software";
}

static bool is_counted(const struct counters *c, int group, int event)
{
	if (c->rusage)
		return group == COUNTER_GROUP_SOFTWARE &&
		       (event == COUNTER_CONTEXT_SWITCHES ||
			event == COUNTER_PAGE_FAULTS);
	return c->fd[group][event] >= 0;
}

/* Perf's own estimate for a group that had the PMU part of the time. */
static double group_scale(const struct counter_values *before,
			  const struct counter_values *after, int group,
			  bool *multiplexed)
{
	uint64_t enabled = after->enabled_ns[group] - before->enabled_ns[group];
	uint64_t running = after->running_ns[group] - before->running_ns[group];

	if (running == enabled)
		return 1.0;
	*multiplexed = true;
	return running ? (double)enabled / (double)running : NAN;
}

void counters_subtract(const struct counters *c,
		       const struct counter_values *before,
		       const struct counter_values *after,
		       struct counter_delta *delta)
{
	delta->multiplexed = false;
	for (int i = 0; i < COUNTER_EVENTS; i++)
		delta->host[i] = delta->guest[i] = NAN;
	for (int g = 0; g < COUNTER_GROUPS; g++) {
		double *part = g == COUNTER_GROUP_GUEST ? delta->guest
							: delta->host;
		double scale = group_scale(before, after, g,
					   &delta->multiplexed);

		for (int i = 0; i < COUNTER_EVENTS; i++) {
			if (is_counted(c, g, i))
				part[i] = scale * (double)(after->count[g][i] -
							   before->count[g][i]);
		}
	}
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *counters_json(const struct counters *c,
		      const struct counter_delta *delta, double operations)
{
	json_t *list = json_object();

	for (int i = 0; i < COUNTER_EVENTS; i++) {
		double host = delta->host[i] / operations;
		double guest = delta->guest[i] / operations;

		json_object_set_new(list, events[i].name,
				    json_pack("{s:o, s:o}",
					      "host", number(host),
					      "guest", number(guest)));
	}
	return json_pack("{s:s, s:s?, s:b, s:o}", "source", counters_source(c),
			 "note", c->note[0] ? c->note : NULL,
			 "multiplexed", delta->multiplexed, "events", list);
}
