/*
 * The list of what disturbs; see disturb.h. The checks themselves stand in
 * disturb_cpu.c and disturb_kernel.c.
 */
#include <stdarg.h>
#include <stdio.h>

#include "host/disturb.h"
#include "host/disturb_checks.h"
#include "host/sysfile.h"

bool disturb_say(struct disturbance *d, enum disturb_severity severity,
		 const char *mend, const char *fmt, ...)
{
	va_list ap;

	d->severity = severity;
	snprintf(d->mend, sizeof(d->mend), "%s", mend);
	va_start(ap, fmt);
	vsnprintf(d->what, sizeof(d->what), fmt, ap);
	va_end(ap);
	return true;
}

bool disturb_is_on(const struct disturb_host *host, const char *path)
{
	long long n;

	return !sysfile_number(host->root, path, &n) && n > 0;
}

static unsigned table_walk(disturb_check *const *checks,
			   const struct disturb_host *host,
			   struct disturbance *list, unsigned n)
{
	for (; *checks && n < DISTURB_MAX; checks++)
		n += (*checks)(host, &list[n]);
	return n;
}

/* The worst first, otherwise as found: an insertion sort is stable. */
static void worst_first(struct disturbance *list, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct disturbance d = list[i];
		unsigned at = i;

		for (; at && list[at - 1].severity < d.severity; at--)
			list[at] = list[at - 1];
		list[at] = d;
	}
}

unsigned disturb_list(const char *root, const struct cpu_identity *identity,
		      const struct backend_info *backend,
		      struct disturbance *list)
{
	const struct disturb_host host = { root, identity, backend };
	unsigned n = table_walk(disturb_cpu_checks, &host, list, 0);

	n = table_walk(disturb_kernel_checks, &host, list, n);
	worst_first(list, n);
	return n;
}

const char *disturb_severity_name(enum disturb_severity severity)
{
	return severity == DISTURB_WARN ? "warn" : "note";
}

json_t *disturb_json(const struct disturbance *list, unsigned count)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:s}",
			"what", list[i].what, "mend", list[i].mend,
			"severity", disturb_severity_name(list[i].severity)));
	return all;
}
