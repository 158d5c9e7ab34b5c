/*
 * Inside disturb*.c: one function per thing that disturbs, in two tables.
 */
#ifndef VMGAUGE_HOST_DISTURB_CHECKS_H
#define VMGAUGE_HOST_DISTURB_CHECKS_H

#include "host/disturb.h"

/* What the checks may look at. */
struct disturb_host {
	const char *root;
	const struct cpu_identity *identity;
	const struct backend_info *backend;
};

/* True when detected; *d is then filled whole, by disturb_say(). */
typedef bool disturb_check(const struct disturb_host *host,
			   struct disturbance *d);

/* Always true, so that a check ends with it. */
bool disturb_say(struct disturbance *d, enum disturb_severity severity,
		 const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Does the file hold a number above nought? */
bool disturb_is_on(const struct disturb_host *host, const char *path);

/* Ending with NULL. */
extern disturb_check *const disturb_cpu_checks[];
extern disturb_check *const disturb_kernel_checks[];

#endif
