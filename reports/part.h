/*
 * The parts of a site: on which page each stands, of which runs it tells.
 */
#ifndef VMGAUGE_REPORTS_PART_H
#define VMGAUGE_REPORTS_PART_H

#include "reports/family.h"
#include "reports/section.h"

/* What stands together is on one page: those of the same file. */
struct part {
	const char *file, *page, *brief;	/* a family knows its own */
	struct section head;
	void (*write)(struct page *p, const struct model *m,
		      const struct plots *plots);	/* NULL: a family */
	bool (*applies)(const struct model *m, enum family family);
	enum family family;
};

enum { PARTS_MOST = 40 };

extern const struct part parts[];
extern const size_t part_count;

const char *part_file(const struct part *part);
/* The title of the page; its short name among the links of all pages. */
const char *part_page(const struct part *part);
const char *part_brief(const struct part *part);
struct section part_head(const struct part *part);
/* Is there anything of it in these runs? */
bool part_applies(const struct part *part, const struct model *m);
void part_write(const struct part *part, struct page *p, const struct model *m,
		const struct plots *plots);

#endif
