/*
 * Counting by libpfm4 and perf, with what remains where they are refused;
 * see counters.h.
 *
 * Each group is read by one read(2), so that a reading between two batches
 * costs as little as the kernel allows.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/counters.h"
#include "host/counter_names.h"
#include "host/sysfile.h"

static int perf_open(struct perf_event_attr *attr, int group_fd)
{
	long fd = syscall(SYS_perf_event_open, attr, 0, -1, group_fd,
			  PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

__attribute__((format(printf, 2, 3)))
static void note_add(struct counters *c, const char *fmt, ...)
{
	size_t used = strlen(c->note);
	va_list ap;

	if (used && used + 2 < sizeof(c->note)) {
		memcpy(c->note + used, "; ", 3);
		used += 2;
	}
	va_start(ap, fmt);
	vsnprintf(c->note + used, sizeof(c->note) - used, fmt, ap);
	va_end(ap);
}

/* Why perf said no, with the mend where there is one. */
static void note_refusal(struct counters *c, const char *missing,
			 enum counter_event event, int err)
{
	const char *name = strerrorname_np(-err);
	long long paranoid;

	if ((err == -EACCES || err == -EPERM) &&
	    !sysfile_number("", "/proc/sys/kernel/perf_event_paranoid",
			    &paranoid) && paranoid > 1)
		note_add(c, "%s: %s: %s (kernel.perf_event_paranoid is %lld: "
			 "run as root or set it to 1)", missing,
			 counter_event_name(event), name, paranoid);
	else
		note_add(c, "%s: %s: %s", missing, counter_event_name(event),
			 name ? name : "unknown error");
}

static int group_add(struct counters *c, enum counter_group group,
		     enum counter_event event, counter_opener *opener)
{
	struct perf_event_attr attr;
	unsigned n = c->members[group];
	int fd = counter_encode(event, &attr);

	if (fd < 0)
		return fd;
	attr.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
			   PERF_FORMAT_TOTAL_TIME_RUNNING;
	attr.exclude_host = group == COUNTER_GROUP_GUEST;
	attr.exclude_guest = group == COUNTER_GROUP_HOST;
	fd = opener(&attr, n ? c->fd[group][c->order[group][0]] : -1);
	if (fd < 0)
		return fd;
	c->fd[group][event] = fd;
	c->order[group][n] = event;
	c->members[group] = n + 1;
	return 0;
}

static void software_open(struct counters *c, counter_opener *opener)
{
	for (int i = COUNTER_CONTEXT_SWITCHES; i <= COUNTER_PAGE_FAULTS; i++) {
		int rc = group_add(c, COUNTER_GROUP_SOFTWARE,
				   (enum counter_event)i, opener);

		if (!rc)
			continue;
		note_refusal(c, "no perf", (enum counter_event)i, rc);
		if (c->members[COUNTER_GROUP_SOFTWARE])
			continue;
		note_add(c, "getrusage() counts context switches and faults");
		c->rusage = true;
		return;
	}
}

/*
 * Cycles decide whether there is a PMU. A guest's PMU often lacks the cache
 * events, which costs those alone.
 */
static void pmu_open(struct counters *c, counter_opener *opener)
{
	for (int i = COUNTER_CYCLES; i <= COUNTER_CACHE_MISSES; i++) {
		enum counter_event event = (enum counter_event)i;
		int host = group_add(c, COUNTER_GROUP_HOST, event, opener);
		int guest;

		if (host && event == COUNTER_CYCLES) {
			note_refusal(c, "no PMU", event, host);
			return;
		}
		c->pmu = true;
		if (host) {
			note_refusal(c, "not counted", event, host);
			continue;
		}
		guest = group_add(c, COUNTER_GROUP_GUEST, event, opener);
		if (guest)
			note_refusal(c, "no guest part", event, guest);
	}
}

int counters_open_with(struct counters *c, counter_opener *opener,
		       struct error *e)
{
	struct rusage usage;

	memset(c, 0, sizeof(*c));
	for (int g = 0; g < COUNTER_GROUPS; g++) {
		for (int i = 0; i < COUNTER_EVENTS; i++)
			c->fd[g][i] = -1;
	}
	software_open(c, opener);
	if (c->rusage && getrusage(RUSAGE_THREAD, &usage))
		return error_set(e, -errno, "nothing counts here: getrusage(RUSAGE_THREAD): %s",
				 strerror(errno));
	if (!c->rusage)
		pmu_open(c, opener);
	return 0;
}

int counters_open(struct counters *c, struct error *e)
{
	return counters_open_with(c, perf_open, e);
}

void counters_close(struct counters *c)
{
	for (int g = 0; g < COUNTER_GROUPS; g++) {
		for (int i = 0; i < COUNTER_EVENTS; i++) {
			if (c->fd[g][i] >= 0)
				close(c->fd[g][i]);
			c->fd[g][i] = -1;
		}
		c->members[g] = 0;
	}
}

static int rusage_read(struct counter_values *values)
{
	uint64_t *count = values->count[COUNTER_GROUP_SOFTWARE];
	struct rusage u;

	if (getrusage(RUSAGE_THREAD, &u))
		return -errno;
	count[COUNTER_CONTEXT_SWITCHES] = (uint64_t)(u.ru_nvcsw + u.ru_nivcsw);
	count[COUNTER_PAGE_FAULTS] = (uint64_t)(u.ru_minflt + u.ru_majflt);
	return 0;
}

static int group_read(const struct counters *c, enum counter_group group,
		      struct counter_values *values)
{
	struct {
		uint64_t nr, enabled_ns, running_ns, count[COUNTER_EVENTS];
	} raw;
	unsigned n = c->members[group];
	size_t want = (3 + n) * sizeof(uint64_t);
	ssize_t got = read(c->fd[group][c->order[group][0]], &raw, sizeof(raw));

	if (got < 0)
		return -errno;
	if ((size_t)got != want || raw.nr != n)
		return -EIO;
	for (unsigned i = 0; i < n; i++)
		values->count[group][c->order[group][i]] = raw.count[i];
	values->enabled_ns[group] = raw.enabled_ns;
	values->running_ns[group] = raw.running_ns;
	return 0;
}

int counters_read(const struct counters *c, struct counter_values *values)
{
	int rc = 0;

	memset(values, 0, sizeof(*values));
	if (c->rusage)
		return rusage_read(values);
	for (int g = 0; !rc && g < COUNTER_GROUPS; g++) {
		if (c->members[g])
			rc = group_read(c, (enum counter_group)g, values);
	}
	return rc;
}
