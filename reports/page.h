/*
 * A page, whatever it is written in. The sections are written once against
 * these operations; html.c and markdown.c are the two ways to say them, so the
 * twins cannot drift apart.
 *
 * Every string given here is plain text, from anywhere: the operations escape
 * it. NULL reads as an em dash in a cell and as nothing elsewhere.
 */
#ifndef VMGAUGE_REPORTS_PAGE_H
#define VMGAUGE_REPORTS_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/model.h"
#include "reports/text.h"

struct page;

struct column {
	const char *title;
	bool numeric;
};

/* A measurement beside others; or, without a value, the word for why not. */
struct measure {
	const char *value, *interval, *ratio;
	const char *word;	/* two or three words, or NULL; the full story
				   must stand elsewhere */
	const char *note;	/* or here, for a pointer; or NULL */
	const char *href;	/* to the samples, or NULL; made by anchor.c */
	bool faint;
	bool tainted;		/* blocks of it were contaminated */
};

/* A verdict beside others. */
struct judged {
	enum verdict verdict;
	bool known;		/* the failure was expected */
	bool differs;		/* from the golden verdict */
	const char *href;	/* to the verdict in full, or NULL */
};

enum cell_style { CELL_TEXT, CELL_CODE, CELL_WRAP };

/* A drawn plot: plots/NAME.svg, -narrow.svg for a phone, .png, .gp, .dat. */
struct figure {
	char name[40];
	enum family family;		/* what it is about, where it is */
	size_t group;			/* about one of several */
	unsigned int kind;		/* of what is drawn, where there are kinds */
	bool drawn, png, paper;		/* png: that, too; paper: PDFs, too */
	struct text alt, caption;
	int width, height;		/* of NAME.svg, in pixels */
	int narrow_width, narrow_height;	/* of NAME-narrow.svg */
};

struct section {
	const char *id, *title, *brief;	/* brief: in the contents */
};

/* Another page of the site. */
struct site_link {
	const char *file, *brief;
	bool current;
};

struct page_head {
	const char *site, *title, *subtitle;
	const char *warning;		/* what holds of the whole page, or NULL */
	const struct site_link *links;
	size_t link_count;
	const struct section *sections;
	size_t section_count;
};

struct page_ops {
	bool paged;			/* a site; or one file for everything */
	void (*begin)(struct page *p, const struct page_head *h);
	void (*end)(struct page *p, const char *colophon);
	void (*section)(struct page *p, const struct section *s);
	void (*heading)(struct page *p, const char *title);
	void (*lead)(struct page *p, const char *s);
	void (*paragraph)(struct page *p, const char *s);
	/* Something the reader must not miss. */
	void (*warning)(struct page *p, const char *s);
	/* A list with a heading of its own, set apart from the text. */
	void (*caveats_begin)(struct page *p, const char *title);
	void (*caveats_end)(struct page *p);
	void (*list_begin)(struct page *p);
	void (*list_item)(struct page *p, const char *s);
	/* `href` is this program's own, never a document's. */
	void (*list_link)(struct page *p, const char *s, const char *href,
			  const char *after);
	void (*list_end)(struct page *p);
	/* The few numbers that the page is opened for. */
	void (*cards_begin)(struct page *p);
	void (*card)(struct page *p, const char *value, const char *unit,
		     const char *label);
	void (*cards_end)(struct page *p);
	void (*table_begin)(struct page *p, const char *caption,
			    const struct column *columns, size_t n);
	/* The same for a column per target: kept narrow, may be many. */
	void (*compared_begin)(struct page *p, const char *caption,
			       const struct column *columns, size_t n);
	/* The next row, heading or entry can be linked to; the row is of classes. */
	void (*mark)(struct page *p, const char *id, const char *classes);
	/* The place that a link may lead to, where nothing else marks it. */
	void (*anchor)(struct page *p, const char *id);
	/* Choose which rows of the section's tables are seen. */
	void (*filter)(struct page *p);
	/* Faint rows are there for completeness, not to be read first. */
	void (*row)(struct page *p, bool faint);
	/* A heading over the rows that follow. */
	void (*group)(struct page *p, const char *title);
	void (*cell)(struct page *p, enum cell_style style, const char *s);
	void (*cell_link)(struct page *p, enum cell_style style, const char *s,
			  const char *href);
	void (*cell_verdict)(struct page *p, enum verdict v);
	void (*cell_shares)(struct page *p, const size_t counts[VERDICT_COUNT]);
	void (*cell_measure)(struct page *p, const struct measure *m);
	void (*cell_judged)(struct page *p, const struct judged *j);
	void (*table_end)(struct page *p);
	/* One judged item: a line to read, then its fields. */
	void (*entry_begin)(struct page *p, enum verdict v, const char *title);
	void (*field)(struct page *p, const char *name, enum cell_style style,
		      const char *s);
	/* Which part of the entry the fields that follow are of. */
	void (*entry_part)(struct page *p, const char *title);
	/* A check that failed: what was wanted and what came; none is NULL. */
	void (*check)(struct page *p, const char *name, const char *what,
		      const char *want, const char *got);
	void (*entry_end)(struct page *p);
	/* After fields that stand in no entry. */
	void (*fields_end)(struct page *p);
	void (*details_begin)(struct page *p, const char *title);
	void (*details_end)(struct page *p);
	/* A command or a dump: monospaced, lines kept. */
	void (*block)(struct page *p, const char *s);
	void (*figure)(struct page *p, const struct figure *f);
};

struct page {
	const struct page_ops *ops;
	struct text out;
	/* the table that is being written */
	const struct column *columns;
	size_t column_count, column, tables;
	bool in_row, in_fields, in_section;
	bool brief;			/* leave out what is folded: of a text */
	size_t fold;			/* where that begins */
	const char *id, *classes;	/* of the next row or entry */
};

extern const struct page_ops html_ops, markdown_ops;

#endif
