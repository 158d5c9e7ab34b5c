/*
 * The course of a live comparison; see live.h.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compare/live_part.h"

#define SLICE_S		0.1	/* of measuring in a slice, and more ... */
#define SLICE_ITEM_S	0.03	/* ... for each item in it */

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double live_elapsed_s(const struct live *l)
{
	return now_s() - l->began_s;
}

static int directory_make(struct live *l, struct error *e)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(l->directory, sizeof(l->directory), "%s/vmgauge-live-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	if (mkdtemp(l->directory))
		return 0;
	error_set(e, -errno, "cannot make %s: %s: set TMPDIR to a directory "
		  "that can be written", l->directory, strerror(errno));
	l->directory[0] = '\0';
	return -EACCES;
}

/* With what a slice that was killed left half-written in it. */
static void directory_remove(struct live *l)
{
	DIR *d = opendir(l->directory);
	struct dirent *f;

	while (d && (f = readdir(d)))
		if (strcmp(f->d_name, ".") && strcmp(f->d_name, ".."))
			unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
	rmdir(l->directory);
}

/* One slice of each side, which is not counted: what is there to compare? */
static int warm_up(struct live *l, struct error *e)
{
	int rc = 0;

	l->c->base.name = "BASE";
	l->c->fresh.name = "NEW";

	for (int side = 0; side < 2 && !rc; side++) {
		json_t *doc;

		rc = slice_run(l, side, l->o->item, SLICE_S,
			       rng_next(&l->rng), &doc, e);
		if (!rc)
			rc = slice_keep(l, side, doc, e);
	}
	return rc ? rc : compare_match(l->c, e);
}

static int row_begin(struct live *l, struct compare_row *row, struct error *e)
{
	struct live_row *r = &l->row[l->rows];
	char *key = result_key(row->base.result,
			       !(l->c->options.across & ACROSS_TARGETS));
	int rc = key ? json_object_set_new(l->index, key,
					   json_integer((json_int_t)l->rows))
		     : -1;

	free(key);
	if (rc)
		return error_set(e, -ENOMEM, "out of memory");
	r->row = row;
	r->gate.floor = log1p(l->c->options.threshold);
	r->gate.higher_better = !strcmp(document_text(row->fresh.result,
						      "better"), "higher");
	for (unsigned int k = 0; k < SLICES; k++)
		r->slice[k / 2][k % 2] = NAN;
	/* What the warm-up measured is not counted. */
	row->base.count = row->fresh.count = 0;
	l->rows++;
	return 0;
}

/* What passed on both sides, and may be held against each other. */
static int rows_begin(struct live *l, struct error *e)
{
	struct compare *c = l->c;
	int rc = 0;

	l->row = calloc(c->count + 1, sizeof(*l->row));
	l->index = json_object();
	c->gate = calloc(c->count + 1, sizeof(*c->gate));
	if (!l->row || !l->index || !c->gate)
		return error_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < c->count && !rc; i++) {
		struct compare_row *r = &c->row[i];
		struct gate_row judged = { 0 };

		if (r->base.severity || r->fresh.severity || !r->base.count ||
		    !r->fresh.count || c->options.verdicts_only)
			continue;
		r->gate = &judged;
		row_prepare(c, r);
		r->gate = NULL;
		if (judged.excluded) {
			r->gate = &c->gate[c->gate_count++];
			*r->gate = judged;
			continue;
		}
		rc = row_begin(l, r, e);
	}
	return rc;
}

/* The items that have a row to be decided; a NULL-terminated array. */
static const char **items_left(const struct live *l, size_t *count)
{
	const char **item = calloc(l->rows + 1, sizeof(*item));

	*count = 0;
	for (size_t i = 0; item && i < l->rows; i++) {
		const char *id = document_text(l->row[i].row->base.result,
					       "id");
		size_t k = 0;

		while (k < *count && strcmp(item[k], id))
			k++;
		if (!l->row[i].decided && k == *count)
			item[(*count)++] = id;
	}
	return item;
}

static int round_run(struct live *l, struct error *e)
{
	int first = (int)(rng_next(&l->rng) >> 63), rc = 0;
	size_t count;
	const char **item = items_left(l, &count);

	if (!item)
		return error_set(e, -ENOMEM, "out of memory");
	for (unsigned int k = 0; k < SLICES && !rc; k++) {
		int side = first ^ (k == 1 || k == 2);
		json_t *doc;

		rc = slice_run(l, side, item,
			       SLICE_S + SLICE_ITEM_S * (double)count,
			       rng_next(&l->rng), &doc, e);
		if (!rc)
			rc = slice_file(l, side, k / 2, doc, e);
	}
	free(item);
	if (!rc)
		round_close(l);
	return rc;
}

/* The first round tells how many fit, before anybody knows what they say. */
static void plan(struct live *l, double round_s)
{
	double left = l->o->limit_s - live_elapsed_s(l);
	double more = left > 0 ? floor(left / round_s) : 0;

	l->planned = more >= PAIRED_MOST ? PAIRED_MOST : 1 + (size_t)more;
	looks_declare(&l->looks, l->planned, l->c->options.alpha);
}

static void progress(const struct live *l)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kround %zu of %zu, %.0f s", l->rounds,
			l->planned, live_elapsed_s(l));
}

static int rounds_run(struct live *l, struct error *e)
{
	double alpha = 0, took;
	bool last = false;
	int rc = 0;

	l->ended = "there was nothing to measure";
	while (!rc && !last && !rows_decided(l)) {
		took = live_elapsed_s(l);
		rc = round_run(l, e);
		took = live_elapsed_s(l) - took;
		if (rc)
			break;
		if (l->rounds == 1)
			plan(l, took);
		progress(l);
		last = l->rounds >= l->planned ||
		       live_elapsed_s(l) + took > l->o->limit_s;
		alpha = look_take(&l->looks, l->rounds, last);
		if (alpha > 0)
			rc = rows_look(l, alpha, e);
		l->ended = rows_decided(l) ? "every row was decided"
					   : "the time was over";
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	if (!rc && last)
		rows_explain(l, alpha);
	return rc;
}

/* Live rows become rows of the comparison, as the writers know them. */
static void rows_end(struct live *l)
{
	struct compare *c = l->c;

	for (size_t i = 0; i < l->rows; i++) {
		struct live_row *r = &l->row[i];
		struct compare_row *row = r->row;
		struct gate_row *g = &c->gate[c->gate_count], verdict = r->gate;

		row->base.median = side_median(&row->base);
		row->fresh.median = side_median(&row->fresh);
		if (row->base.severity || row->fresh.severity ||
		    !row->base.count || !row->fresh.count)
			continue;
		row->gate = g;
		c->gate_count++;
		row_prepare(c, row);
		if (g->excluded)
			continue;
		verdict.base = g->base;
		verdict.fresh = g->fresh;
		*g = verdict;
	}
}

static int live_describe(struct live *l, struct error *e)
{
	const struct looks *k = &l->looks;
	struct compare *c = l->c;
	double elapsed = live_elapsed_s(l);

	if (l->rounds)
		line_add(c->notes, "live: %zu rounds of ABBA or BAAB by lot in "
			 "%.0f s (limit %.0f s); looks declared after %zu, %zu "
			 "and %zu rounds, alpha spent by O'Brien-Fleming; "
			 "ended because %s", l->rounds, elapsed, l->o->limit_s,
			 k->round[0], k->round[1], k->round[2], l->ended);
	c->live = json_pack("{s:[o, o], s:I, s:I, s:[I, I, I], s:[f, f, f], "
			    "s:i, s:s, s:f, s:f, s:I, s:s}", "commands",
		json_string(l->o->command[0]) ?: json_string("?"),
		json_string(l->o->command[1]) ?: json_string("?"),
		"rounds", (json_int_t)l->rounds,
		"rounds_planned", (json_int_t)l->planned,
		"looks", (json_int_t)k->round[0], (json_int_t)k->round[1],
		(json_int_t)k->round[2], "alpha", k->alpha[0], k->alpha[1],
		k->alpha[2], "looks_taken", (int)k->taken, "spending",
		"O'Brien-Fleming", "limit_s", l->o->limit_s, "elapsed_s",
		elapsed, "seed", (json_int_t)l->o->seed, "ended", l->ended);
	return c->live ? 0 : error_set(e, -ENOMEM, "out of memory");
}

int compare_live(struct compare *c, const struct live_options *o,
		 struct error *e)
{
	struct live l = { .c = c, .o = o, .began_s = now_s(), .ended = "" };
	int rc;

	rng_seed(&l.rng, o->seed);
	rc = directory_make(&l, e);
	if (!rc)
		rc = warm_up(&l, e);
	if (!rc)
		rc = compare_blind(c, e);
	if (!rc)
		rc = rows_begin(&l, e);
	if (!rc)
		rc = rounds_run(&l, e);
	if (!rc) {
		rows_end(&l);
		changes_compare(c);
		rc = live_describe(&l, e);
	}
	if (l.directory[0])
		directory_remove(&l);
	paired_free(&l.paired);
	json_decref(l.index);
	free(l.row);
	return rc;
}
