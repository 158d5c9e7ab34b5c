/*
 * Results for people in a terminal that can show more than text: the columns
 * that fit, and medians with their intervals as dots on one logarithmic axis.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "table.h"

enum { NAME, RING, CYCLES, INTERVAL, SPREAD, NS, PLOT, EXITS };

static const struct grid_column column[] = {
	[NAME]	   = { .head = "bench" },
	[RING]	   = { .head = "ring", .right = true, .leave = 1 },
	[CYCLES]   = { .head = "cycles", .right = true },
	[INTERVAL] = { .head = "interval", .leave = 2 },
	[SPREAD]   = { .head = "+-", .right = true, .instead = INTERVAL + 1 },
	[NS]	   = { .head = "ns", .right = true, .leave = 3 },
	[PLOT]	   = { .head = "log axis", .plot = true, .leave = 4 },
	[EXITS]	   = { .head = "exits" },
};

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static double number(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

/* Only what is wrong and what is missing has a color: the rest is as ever. */
static enum paint verdict_paint(const char *verdict)
{
	if (!strcmp(verdict, "pass"))
		return PAINT_NONE;
	return strcmp(verdict, "skip") && strcmp(verdict, "tell") ? PAINT_BAD
								  : PAINT_DIM;
}

/* The half of an interval that reaches farther, of its median. */
static void spread_put(struct grid *g, double low, double median, double high)
{
	double v = 100 * fmax(high - median, median - low) / fabs(median);

	if (isfinite(v))
		grid_put(g, PAINT_NONE, "%.*f %%", v < 10 ? 1 : 0, v);
	else
		grid_put(g, PAINT_NONE, "-");
}

static void numbers_put(struct grid *g, const json_t *r)
{
	const json_t *ci = json_object_get(r, "ci");
	double median = number(r, "median"), low = number(ci, "low");
	double high = number(ci, "high");
	bool cycles = !strcmp(text(r, "unit"), "cycles");
	bool odd = !strcmp(table_attested(r), "not attested");
	char to[32], to2[32];

	grid_put(g, PAINT_NONE, "%s", table_median(to, sizeof(to), r));
	if (json_is_object(ci))
		grid_put(g, PAINT_NONE, "[%s, %s]",
			 table_figure(to, sizeof(to), low),
			 table_figure(to2, sizeof(to2), high));
	else
		grid_put(g, PAINT_NONE, "no interval");
	spread_put(g, low, median, high);
	grid_put(g, PAINT_NONE, "%s", table_ns(to, sizeof(to), r));
	if (cycles && median > 0)
		grid_dot(g, odd ? PAINT_ODD : PAINT_GOOD, log(low),
			  log(median), log(high));
	else
		grid_dot(g, PAINT_NONE, NAN, NAN, NAN);
	grid_put(g, odd || *table_flag(r) ? PAINT_ODD : PAINT_NONE, "%s%s",
		 table_attested(r), table_flag(r));
}

static void evidence_put(struct grid *g, const json_t *r)
{
	char *all = NULL, *line, *next;
	size_t bytes = 0;
	FILE *to = open_memstream(&all, &bytes);

	if (!to) {
		g->failed = true;
		return;
	}
	table_evidence(to, r);
	if (fclose(to))
		g->failed = true;
	for (line = all; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		grid_line(g, PAINT_DIM, "%s", line + strspn(line, " "));
	}
	free(all);
}

static void row_put(struct grid *g, const json_t *r)
{
	const char *verdict = text(r, "verdict");
	char id[TABLE_ID_MAX];

	table_id(id, sizeof(id), r);
	grid_put(g, PAINT_NONE, "%s", id);
	grid_put(g, PAINT_NONE, "%d", (int)json_integer_value(json_object_get(
		 json_object_get(r, "params"), "ring")));
	if (!strcmp(verdict, "pass"))
		numbers_put(g, r);
	else
		grid_rest(g, verdict_paint(verdict), "%s: %s", verdict,
			  text(r, "reason"));
}

void table_terminal(FILE *out, const struct session *s,
		    const struct terminal *terminal)
{
	struct text t = { 0 };
	unsigned int rows = 0;
	struct grid g;

	grid_open(&g, terminal, column, sizeof(column) / sizeof(column[0]));
	for (unsigned int i = 0; i < s->series_count; i++) {
		if (!s->series[i].item->bench || !s->series[i].result)
			continue;
		rows++;
		row_put(&g, s->series[i].result);
		if (s->options.verbose)
			evidence_put(&g, s->series[i].result);
	}
	if (rows && grid_print(&g, &t)) {
		fputs("vmgauge: out of memory for the table\n", stderr);
	} else if (rows) {
		paint_begin(&t, terminal, PAINT_DIM);
		text_wrap(&t, "cycles of the TSC for one operation, the empty "
			  "loop subtracted; median over VM instances with its "
			  "exact order-statistic interval (vmgauge explain "
			  "ITEM tells how to read a row)", 0, terminal->width);
		paint_end(&t, terminal, PAINT_DIM);
		text_add(&t, "\n");
		fputs(text_string(&t), out);
	}
	text_free(&t);
	grid_close(&g);
}
