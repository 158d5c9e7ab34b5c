/*
 * The comparison as a whole; see compare.h.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/floor_table.h"

static void exclude(struct gate_row *g, const char *reason)
{
	g->excluded = true;
	snprintf(g->reason, sizeof(g->reason), "%s", reason);
}

static bool text_differs(const struct compare_row *r, const char *key)
{
	return strcmp(document_text(r->base.result, key),
		      document_text(r->fresh.result, key));
}

/*
 * A number whose exits do not add up is not what its name says: it is held
 * against one that is only where different things are compared on purpose.
 */
static void attest_judge(const struct compare *c, struct compare_row *r)
{
	bool told = c->options.across & (ACROSS_HOSTS | ACROSS_KERNELS |
					 ACROSS_TARGETS);
	bool base = r->base.attest & ATTEST_NO;
	bool fresh = r->fresh.attest & ATTEST_NO;

	if (base && fresh)
		r->note = "neither is attested";
	else if (base || fresh)
		r->note = base ? "not attested in BASE" : "not attested in NEW";
	else if (r->base.attest != r->fresh.attest)
		r->note = r->base.attest & ATTEST_YES ?
			  "nothing to attest in NEW" : "nothing to attest in BASE";
	if (r->note && base == fresh && base)
		return;
	if (r->note && !told)
		exclude(r->gate, r->note);
}

void row_prepare(const struct compare *c, struct compare_row *r)
{
	struct gate_row *g = r->gate;

	*g = (struct gate_row){
		.base = { r->base.value, r->base.count, r->base.end,
			  r->base.runs },
		.fresh = { r->fresh.value, r->fresh.count, r->fresh.end,
			   r->fresh.runs },
		.higher_better = !strcmp(document_text(r->fresh.result,
						       "better"), "higher"),
	};
	if (text_differs(r, "unit") || text_differs(r, "per"))
		exclude(g, "the units differ");
	else if (text_differs(r, "better"))
		exclude(g, "what is better differs");
	else if (g->base.n > RANK_MOST || g->fresh.n > RANK_MOST)
		exclude(g, "more than 500 instances: compare fewer documents");
	else if (!(r->base.median > 0) || !(r->fresh.median > 0))
		exclude(g, "it costs no more than an empty operation");
	else
		attest_judge(c, r);
}

/* Numbers of both sides, wherever both passed. */
int rows_gate(struct compare *c, struct error *e)
{
	struct floor_table table = { 0 };
	struct spread *learned;
	int rc;

	c->gate = calloc(c->count + 1, sizeof(*c->gate));
	learned = calloc(c->count + 1, sizeof(*learned));
	if (!c->gate || !learned) {
		rc = error_set(e, -ENOMEM, "out of memory");
		goto out;
	}
	rc = c->options.floor ? floor_load(&table, c->options.floor,
					   c->base.doc[0], e) : 0;
	if (rc)
		goto out;
	for (size_t i = 0; i < c->count && !c->options.verdicts_only; i++) {
		struct compare_row *r = &c->row[i];

		if (r->base.severity || r->fresh.severity ||
		    !r->base.count || !r->fresh.count)
			continue;
		if (c->options.floor)
			learned[c->gate_count] = floor_find(&table,
							    r->base.result);
		r->gate = &c->gate[c->gate_count++];
		row_prepare(c, r);
	}
	rc = gate_measure(c->gate, c->gate_count, e);
	if (rc)
		goto out;
	if (floors_set(c->gate, c->gate_count, c->options.alpha,
		       c->options.threshold, c->options.floor ? learned : NULL,
		       table.prior, &c->found))
		rc = error_set(e, -ENOMEM, "out of memory");
	else
		rc = gate_judge(c->gate, c->gate_count, c->options.alpha, e);
out:
	floor_close(&table);
	free(learned);
	return rc;
}

/* A gate that sees nothing must not say that nothing is wrong. */
int compare_blind(const struct compare *c, struct error *e)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->row[i].fresh.severity != 2)
			return 0;
	error_set(e, -ENODATA, "%s skipped all %zu items that %s has, the "
		  "first because: %.200s: nothing can be compared",
		  c->fresh.path[0], c->count, c->base.path[0],
		  document_text(c->row[0].fresh.result, "reason"));
	/* the reason is foreign text, and goes to a terminal */
	for (char *s = e->text; *s; s++)
		*s = (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s;
	return -ENODATA;
}

/* What all rows have in common is the host's, or a change that all feel. */
static void common_note(struct compare *c)
{
	double *ratio = calloc(c->gate_count + 1, sizeof(*ratio)), median;
	size_t n = 0;

	for (size_t i = 0; ratio && i < c->gate_count; i++)
		if (isfinite(c->gate[i].shift.ratio))
			ratio[n++] = c->gate[i].shift.ratio;
	if (n >= 10 && !stats_median(ratio, n, &median) &&
	    fabs(median - 1) > 0.02)
		line_add(c->notes, "half of all rows moved by %+.1f %% or "
			 "more: a change that all feel, or another state of "
			 "the host", 100 * (median - 1));
	free(ratio);
}

static void floor_note(struct compare *c)
{
	if (!c->gate_count || c->found.host.df > 0)
		return;
	line_add(c->notes, "one run a side and no --floor: what a whole run "
		 "has in common is not known here, so a host that changes "
		 "between runs as a whole can raise a "
		 "false alarm");
}

int compare_match(struct compare *c, struct error *e)
{
	int rc;

	c->only_base = json_array();
	c->only_fresh = json_array();
	c->notes = json_array();
	c->claims = json_array();
	if (!c->only_base || !c->only_fresh || !c->notes || !c->claims)
		return error_set(e, -ENOMEM, "out of memory");
	rc = hosts_compare(c, e);
	return rc ? rc : rows_match(c, e);
}

int compare_open(struct compare *c, struct error *e)
{
	int rc = compare_match(c, e);

	if (!rc)
		rc = rows_gate(c, e);
	if (rc)
		return rc;
	changes_compare(c);
	common_note(c);
	floor_note(c);
	return compare_blind(c, e);
}

void compare_close(struct compare *c)
{
	rows_free(c);
	free(c->gate);
	c->gate = NULL;
	json_decref(c->only_base);
	json_decref(c->only_fresh);
	json_decref(c->notes);
	json_decref(c->claims);
	json_decref(c->live);
}
