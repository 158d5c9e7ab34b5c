/*
 * The families of benches: what each is called, where its page is, and what
 * it has to show beside the numbers that all have. A family that gets plots or
 * tables of its own names them here, and nowhere else.
 */
#ifndef VMGAUGE_REPORTS_FAMILY_H
#define VMGAUGE_REPORTS_FAMILY_H

#include <stdbool.h>

#include "reports/page.h"

struct plots;

struct family_page {
	const char *prefix;		/* of ids, with its slash; NULL: all others */
	const char *file;		/* of the page */
	const char *id;			/* of the section, and of its figures */
	const char *title, *brief;
	const char *lead;		/* what such a number is */
	/* Its own part, before the list of all operations: was there any? */
	bool (*special)(struct page *p, const struct model *m,
			const struct plots *plots);
};

extern const struct family_page families[FAMILY_COUNT];

/* `id` may be NULL. */
enum family family_of(const char *id);

#endif
