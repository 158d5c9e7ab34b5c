/*
 * What a store holds, for people: its documents, and its series with the runs
 * that changed them.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/write.h"
#include "history/list.h"

static void documents_plain(const struct history *h, struct text *t)
{
	text_format(t, "%-20s  %-32s  %-16s  %7s  %s\n", "started", "run",
		    "host", "results", "vmgauge");
	for (size_t i = 0; i < h->documents; i++) {
		const struct history_document *d = h->in_order[i];
		struct text cell = { 0 };

		text_visible(&cell, d->started);
		text_format(t, "%-20s  ", text_string(&cell));
		text_clear(&cell);
		text_visible(&cell, d->run);
		text_format(t, "%-32s  ", text_string(&cell));
		text_clear(&cell);
		text_visible(&cell, d->host->fingerprint);
		text_format(t, "%-16s  %7zu%s", text_string(&cell), d->results,
			    *d->version || !d->complete ? "  " : "");
		text_visible(t, d->version);
		text_format(t, "%s\n", d->complete ? "" : " (not finished)");
		t->failed |= cell.failed;
		text_free(&cell);
	}
}

int history_list(struct history *h, const struct terminal *terminal,
		 struct text *t)
{
	if (terminal->rich)
		documents_terminal(h, t, terminal);
	else
		documents_plain(h, t);
	text_host_changes(t, h);
	text_format(t, "%zu results of %zu hosts in ", h->documents, h->hosts);
	text_visible(t, h->store->path);
	text_add(t, "\n");
	return t->failed ? -ENOMEM : 0;
}

struct show {
	struct text *t;
	const struct terminal *terminal;
	uint64_t seed;
	bool points;
};

/* What else was new in the run that brought a change. */
static void coincidence_put(struct text *t, const struct history_document *a,
			    const struct history_document *b)
{
	if (strcmp(a->image, b->image))
		text_add(t, "; the guest image is another, too");
	if (a->host != b->host) {
		text_add(t, "; ");
		text_host_difference(t, a->host, b->host);
	}
}

void stretch_change(struct text *t, const struct trend *s,
		    const struct stretch *x)
{
	const struct point *first = &s->point[x->from];

	if (!x->from)
		return;
	text_change(t, x->ratio);
	text_format(t, " %s (p %.3f)", !isfinite(x->ratio) ? "changed" :
		    stretch_worse(s, x) ? "worse" : x->ratio == 1 ?
		    "another spread" : "better", x->p);
	coincidence_put(t, first[-1].document, first->document);
}

void series_heading(struct text *t, const struct trend *s, size_t changes)
{
	text_format(t, "%s, ", s->name);
	text_visible(t, s->unit);
	text_format(t, ", %s is better, host ", s->higher ? "more" : "less");
	text_visible(t, s->host->fingerprint);
	text_format(t, ": %zu results, %zu change points", s->count, changes);
}

static void stretch_put(struct text *t, const struct trend *s,
			const struct stretch *x)
{
	const struct point *first = &s->point[x->from];
	struct text cell = { 0 };

	text_visible(&cell, first->document->started);
	text_format(t, "  %-20s  ", text_string(&cell));
	text_clear(&cell);
	text_visible(&cell, first->document->run);
	text_format(t, "%-32s  %5zu  ", text_string(&cell), x->to - x->from);
	text_clear(&cell);
	text_figure(&cell, x->median);
	text_format(t, "%10s%s", text_string(&cell), x->from ? "  " : "");
	t->failed |= cell.failed;
	text_free(&cell);
	stretch_change(t, s, x);
	text_add(t, "\n");
}

static void points_put(struct text *t, const struct trend *s)
{
	for (size_t i = 0; i < s->count; i++) {
		text_add(t, "    ");
		text_visible(t, s->point[i].document->started);
		text_add(t, "  ");
		text_visible(t, s->point[i].document->run);
		text_add(t, "  ");
		text_figure(t, s->point[i].median);
		text_add(t, "  [");
		text_figure(t, s->point[i].low);
		text_add(t, ", ");
		text_figure(t, s->point[i].high);
		text_add(t, "]\n");
	}
}

static int series_put(void *opaque, const struct trend *s, struct error *e)
{
	const struct show *show = opaque;
	struct text *t = show->t;
	struct stretch *stretch;
	size_t count;

	if (series_cut(s, show->seed, &stretch, &count))
		return error_set(e, -ENOMEM, "out of memory");
	if (show->terminal->rich) {
		series_terminal(t, show->terminal, s, stretch, count);
	} else {
		series_heading(t, s, count - 1);
		text_add(t, "\n");
		for (size_t i = 0; i < count; i++)
			stretch_put(t, s, &stretch[i]);
	}
	if (show->points)
		points_put(t, s);
	free(stretch);
	return t->failed ? error_set(e, -ENOMEM, "out of memory") : 0;
}

int history_show(struct history *h, const struct selection *want,
		 uint64_t seed, bool points, const struct terminal *terminal,
		 struct text *t, struct error *e)
{
	struct show show = { .t = t, .terminal = terminal, .seed = seed,
			     .points = points };
	int rc = history_walk(h, want, series_put, &show, e);

	if (!rc)
		text_host_changes(t, h);
	return rc;
}
