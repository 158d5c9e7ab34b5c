/*
 * The same items on several targets: a side for each target, a match for each
 * item at each ring.
 *
 * A side is a target on a host. Several documents make one side only where
 * they are known to be of the same host and program, and where no item is in
 * two of them: nothing is averaged, nothing is chosen.
 */
#ifndef VMGAUGE_REPORTS_COMPARISON_H
#define VMGAUGE_REPORTS_COMPARISON_H

#include "reports/kind.h"
#include "reports/meaning.h"
#include "reports/model.h"

struct side {
	const struct kind *kind;
	const char *target;		/* NULL = unnamed */
	const struct run *run;		/* its first: tells the host */
	char *label;			/* owned; unlike any other side's */
	const struct item **items;	/* owned; sorted for its own use */
	size_t n;
	size_t twin;			/* how many of its target before it */
	size_t native;			/* the side of the same host that has
					   no virtualisation; NO_SIDE */
};

#define NO_SIDE ((size_t)-1)

enum {
	SIDES_MOST = 24,	/* more than a table can be read with */
	TEXT_SIDES_MOST = 6,	/* than one in a text: what is told there of more
				   targets leads to the pages */
};

/* The unit of time in which a match can be read, or its cycles. */
struct scale {
	const char *unit;		/* "ns", "ms per byte", "cycles" */
	double by;			/* of ns, or of cycles */
	bool in_ns;
};

struct match {
	const struct item *any;		/* any side's: name, ring, rule */
	const struct item **items;	/* [sides], NULL = none */
	char *anchor;			/* owned: no other match has it */
	size_t shown;			/* sides with a number */
	size_t drawn;			/* those with a time above zero */
	bool chosen;			/* for the overview */
	double least_ns;		/* of what is drawn; the order there */
	struct scale scale;
};

struct comparison {
	struct side *sides;
	size_t n, most;			/* sides, and how many there may be */
	struct match *benches, *probes;	/* by family, then by name */
	size_t bench_count, probe_count;
	size_t left_out;		/* targets beyond `most` */
	size_t golden;			/* the side whose verdicts are the
					   real CPU's, or NO_SIDE */
};

/* A ratio and what it can be at least and at most; NaN = unknown. */
struct ratio {
	double value, low, high;
	double level;			/* confidence, at least */
};

/*
 * Sets m->all, which leaves no side out, and m->comparison, for tables of a
 * column to each side, where there are two targets or more. 0 or -ENOMEM.
 */
int comparison_read(struct model *m);
/* NULL is allowed. */
void comparison_free(struct comparison *c);

/* The part of comparison_read() that makes sides of documents. */
int comparison_sides(struct comparison *c, const struct model *m);
/* The part of it that chooses matches for the overview. */
void comparison_choose(struct comparison *c);

/* Of the match's item on that side. */
enum meaning match_meaning(const struct comparison *c, const struct match *x,
			   size_t side);
/* To the native side of the same host; all NaN where there is none. */
struct ratio match_ratio(const struct comparison *c, const struct match *x,
			 size_t side);
/* A number of `it` in the match's unit: its median or an end of its interval. */
double match_scaled(const struct match *x, const struct item *it, double cycles);
/* The same in ns; the item has a time. */
double item_ns(const struct item *it, double cycles);
/* Of two sides: the second is what the first is held against. NaN where their
   hosts are not of one group, or one has no number that means something. */
struct ratio match_ratio_to(const struct comparison *c, const struct match *x,
			    size_t side, size_t base);
/* Is there a time that a logarithmic axis can hold? */
bool match_drawn(const struct comparison *c, const struct match *x, size_t side);
/* What ran without virtualisation on that side's CPU, or NULL. */
const struct item *match_golden(const struct comparison *c,
				const struct match *x, size_t side);
/* "memory/chase_64m, ring 3". Appends. */
void match_name(const struct match *x, struct text *out);
/* "msr_writes_fault": the operation without the subject that it begins with. */
const char *match_probe(const struct match *x);
/* Did it pass wherever it ran, or run nowhere? */
bool match_sound(const struct comparison *c, const struct match *x);
/* Are both of one probe, at different rings? Such stand next to each other. */
bool match_same_probe(const struct match *a, const struct match *b);
/* "exit" of exit/cpuid, the subject of a probe. Appends. */
void match_group(const struct match *x, struct text *out);

#endif
