/*
 * Which runs a result is judged by, and the judgement; see gate.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history/gate.h"
#include "history/gate_rows.h"

/* The last of the documents that fit, or NULL. */
static const struct history_document *
newest_find(const struct history *h, const char *run, const char *host)
{
	for (size_t i = h->documents; i--;) {
		const struct history_document *d = h->in_order[i];

		if (run ? !strcmp(run, d->run) :
		    !host || !strncmp(host, d->host->fingerprint, strlen(host)))
			return d;
	}
	return NULL;
}

static bool image_fits(const struct history *h,
		       const struct history_document *d,
		       const struct history_document *newest)
{
	return h->across & ACROSS_BUILDS || !strcmp(d->image, newest->image);
}

/* What is missing: the host's past, or only that of this guest image? */
static int past_none(const struct history *h,
		     const struct history_document *newest, size_t others,
		     size_t elsewhere, struct error *e)
{
	struct text run = { 0 };

	text_visible(&run, newest->run);
	if (others)
		error_set(e, -ENODATA, "%s: %.80s is the first of its guest "
			  "image (%.12s), %zu earlier runs of this host are of "
			  "others: add more runs, or allow --across builds",
			  h->store->path, text_string(&run), newest->image,
			  others);
	else if (elsewhere)
		error_set(e, -ENODATA, "%s: %.80s is the first of host %.16s, "
			  "%zu earlier runs have other fingerprints: add more "
			  "runs, or allow --across kernels where that is the "
			  "change", h->store->path, text_string(&run),
			  newest->host->fingerprint, elsewhere);
	else
		error_set(e, -ENODATA, "%s: %.80s has no past there: add more "
			  "runs of its host", h->store->path,
			  text_string(&run));
	text_free(&run);
	return -ENODATA;
}

static int past_find(struct history_gate *g, const struct history *h,
		     struct error *e)
{
	const struct history_document *newest = g->newest;
	size_t others = 0, elsewhere = 0, n = 0;

	g->past = calloc(GATE_LOOK_BACK, sizeof(*g->past));
	if (!g->past)
		return error_set(e, -ENOMEM, "out of memory");
	for (size_t i = newest->order; i-- && n < GATE_LOOK_BACK;) {
		const struct history_document *d = h->in_order[i];

		if (d->host->group != newest->host->group)
			elsewhere++;
		else if (!image_fits(h, d, newest))
			others++;
		else
			g->past[GATE_LOOK_BACK - ++n] = d;
	}
	memmove(g->past, g->past + GATE_LOOK_BACK - n, n * sizeof(*g->past));
	g->pasts = n;
	return n ? 0 : past_none(h, newest, others, elsewhere, e);
}

static int newest_set(struct history_gate *g, const struct history *h,
		      const char *run, const char *host, struct error *e)
{
	g->newest = newest_find(h, run, host);
	if (!g->newest && !h->documents)
		return error_set(e, -ENOENT, "%s: empty: begin with 'vmgauge "
				 "history add RESULT...'", h->store->path);
	if (!g->newest)
		return error_set(e, -ENOENT, "%s: no run of that %s: %.80s: "
				 "'vmgauge history list' has what there is",
				 h->store->path, run ? "name" : "host",
				 run ? run : host);
	if (g->newest->host->known)
		return 0;
	return error_set(e, -EINVAL, "%s: %.80s does not say on which host it "
			 "was measured: nothing can be compared with it",
			 h->store->path, g->newest->run);
}

static int sides_note(struct history_gate *g, struct error *e)
{
	struct compare *c = &g->compare;
	const struct history_document *last = g->past[g->pasts - 1];

	c->notes = json_array();
	c->claims = json_array();
	c->only_base = json_array();
	c->only_fresh = json_array();
	g->kept = json_array();
	if (!c->notes || !c->claims || !c->only_base || !c->only_fresh ||
	    !g->kept)
		return error_set(e, -ENOMEM, "out of memory");
	line_add(c->notes, "NEW is %.100s of %.20s, BASE its past: %zu runs "
		 "from %.20s to %.20s, of each bench those since its last "
		 "change point, at most %d", g->newest->run,
		 g->newest->started, g->pasts, g->past[0]->started,
		 last->started, GATE_RUNS);
	if (!g->newest->complete)
		line_add(c->notes, "NEW is of a run that was not finished");
	if (!g->newest->times && !(c->options.across & ACROSS_SOFTWARE)) {
		c->options.verdicts_only = true;
		line_add(c->notes, "times mean nothing on this target: verdicts "
			 "alone are compared, unless --across software is "
			 "allowed");
	}
	return 0;
}

int history_gate_open(struct history_gate *g, struct history *h,
		      const char *run, const char *host, uint64_t seed,
		      struct error *e)
{
	int rc = newest_set(g, h, run, host, e);

	if (!rc)
		rc = past_find(g, h, e);
	if (!rc)
		rc = sides_note(g, e);
	if (!rc)
		rc = gate_sides(g, e);
	if (!rc)
		rc = gate_rows(g, h, seed, e);
	if (!rc)
		rc = rows_gate(&g->compare, e);
	if (rc)
		return rc;
	changes_compare(&g->compare);
	if (!g->compare.count)
		return error_set(e, -ENODATA, "%s: no item of %.80s was ever "
				 "run before on this host: add more runs",
				 h->store->path, g->newest->run);
	return 0;
}

static void side_drop(struct set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		json_decref(s->doc[i]);
		free(s->path[i]);
	}
	free(s->doc);
	free(s->path);
}

void history_gate_close(struct history_gate *g)
{
	compare_close(&g->compare);
	side_drop(&g->compare.base);
	side_drop(&g->compare.fresh);
	json_decref(g->kept);
	free(g->past);
	*g = (struct history_gate){ 0 };
}
