/*
 * Throughput and its price over the number of requests under way: a line to
 * each load and target that has more than one depth. Both axes are
 * logarithmic; where the line of throughput goes flat, something is full.
 */
#include <math.h>
#include <string.h>

#include "reports/disks.h"
#include "reports/number.h"
#include "reports/plot_lines.h"

enum { LINES_MOST = 18, DEPTHS_LEAST = 2, DEPTHS_MANY = 3 };

struct line {
	size_t first;			/* of the disks' points */
	size_t load;			/* which, counted from 0 */
};

struct chart {
	struct disks disks;
	const struct run *run;		/* of the first line */
	struct line line[LINES_MOST];
	size_t n, left_out, loads;
	bool price;			/* or throughput */
	double most;			/* depth */
	double low, high;		/* of what is drawn */
};

static double value_of(const struct chart *t, const struct disk_point *p)
{
	double v = t->price ? p->device_ns : p->per_s;

	return v > 0 ? v : NAN;
}

/* The i-th point of a line; its points do not stand side by side. */
static bool in_line(const struct chart *t, const struct line *l, size_t i)
{
	return disks_same_line(&t->disks.point[l->first], &t->disks.point[i]);
}

static bool is_first(const struct chart *t, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (disks_same_line(&t->disks.point[i], &t->disks.point[at]))
			return false;
	return true;
}

static bool draws_software(const struct model *m, const struct disk_point *p)
{
	return m->software && !m->software_only && run_is_software(p->side->run);
}

/* A process is set against the guest that polls. */
static bool beside(const struct disk_point *process,
		   const struct disk_point *guest)
{
	return !process->completion && !process->fio &&
	       !strcmp(disks_how(guest), "driver polls");
}

static void line_add(struct chart *t, size_t first)
{
	const struct disk_point *p = &t->disks.point[first];
	struct line *l = &t->line[t->n];
	bool known = false;

	if (t->n == LINES_MOST) {
		t->left_out++;
		return;
	}
	*l = (struct line){ .first = first, .load = t->loads };
	for (size_t i = 0; i < t->n && !known; i++) {
		const struct disk_point *other =
			&t->disks.point[t->line[i].first];

		known = disks_same_load(other, p) &&
			(!strcmp(disks_how(other), disks_how(p)) ||
			 beside(other, p) || beside(p, other));
		if (known)
			l->load = t->line[i].load;
	}
	t->loads += !known;
	t->n++;
	for (size_t i = 0; i < t->disks.n; i++) {
		double v = value_of(t, &t->disks.point[i]);

		if (!in_line(t, l, i) || isnan(v))
			continue;
		t->most = fmax(t->most, t->disks.point[i].depth);
		t->low = fmin(t->low, v);
		t->high = fmax(t->high, v);
	}
}

/* Depths of the line that begins there; 0 where none does. */
static size_t depths_at(const struct chart *t, const struct model *m, size_t at)
{
	const struct line l = { .first = at };
	size_t n = 0;

	if (!is_first(t, at) || draws_software(m, &t->disks.point[at]))
		return 0;
	for (size_t i = at; i < t->disks.n; i++)
		n += in_line(t, &l, i) &&
		     !isnan(value_of(t, &t->disks.point[i]));
	return n;
}

/* Where there are lines with a course, those of two points are left out. */
static bool chart_open(struct chart *t, const struct model *m)
{
	size_t least = DEPTHS_LEAST;

	t->low = INFINITY;
	if (disks_read(&t->disks, m))
		return false;
	for (size_t i = 0; i < t->disks.n; i++)
		if (depths_at(t, m, i) >= DEPTHS_MANY)
			least = DEPTHS_MANY;
	for (size_t i = 0; i < t->disks.n; i++)
		if (depths_at(t, m, i) >= least)
			line_add(t, i);
	if (t->n)
		t->run = t->disks.point[t->line[0].first].side->run;
	t->low /= 1.6;
	t->high *= 1.6;
	return t->n > 0;
}

/* One target: a colour to each load. Several: each has its colour. */
static void line_style(const struct chart *t, const struct line *l,
		       size_t *colour, struct shape *shape)
{
	if (t->disks.sides > 1) {
		*colour = t->disks.point[l->first].side->kind->colour;
		*shape = lines_shape(l->load);
		return;
	}
	lines_style(l->load, colour, shape);
}

static void line_name(const struct chart *t, const struct line *l,
		      struct text *out)
{
	const struct disk_point *p = &t->disks.point[l->first];

	text_clear(out);
	if (t->disks.sides > 1)
		text_format(out, "%s: ", p->side->label);
	disks_load_name(p, out);
	if (p->completion || p->fio)
		text_format(out, ", %s", disks_how(p));
}

/* A block to each line. */
static void write_data(const struct chart *t, struct text *data)
{
	struct text name = { 0 };

	for (size_t k = 0; k < t->n; k++) {
		line_name(t, &t->line[k], &name);
		text_format(data, "%s# index %zu: depth, %s of ", k ? "\n\n" : "",
			    k, t->price ? "device's CPU time in ns" :
			    "requests a second");
		text_add(data, text_string(&name));
		text_add(data, "\nNaN\tNaN\n");
		for (size_t i = 0; i < t->disks.n; i++) {
			const struct disk_point *p = &t->disks.point[i];

			if (in_line(t, &t->line[k], i) &&
			    !isnan(value_of(t, p)))
				text_format(data, "%g\t%.7g\n", p->depth,
					    value_of(t, p));
		}
	}
	text_free(&name);
}

static void write_legend(const void *chart, struct legend *l)
{
	const struct chart *t = chart;
	struct text label = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		struct shape shape;
		size_t colour;

		line_style(t, &t->line[i], &colour, &shape);
		line_name(t, &t->line[i], &label);
		lines_legend(l, colour, &shape, text_string(&label));
	}
	text_free(&label);
}

static void write_lines(const void *chart, const char *name,
			struct text *script)
{
	const struct chart *t = chart;

	for (size_t i = 0; i < t->n; i++) {
		struct shape shape;
		size_t colour;

		line_style(t, &t->line[i], &colour, &shape);
		text_format(script, "%s '%s.dat' index %zu using 1:2 with linespoints "
			    "linewidth 1.5 pointtype %d pointsize %.2f linecolor rgb "
			    "'#%06x'", i ? ", \\\n    " : "plot", name, i,
			    shape.filled, shape.size, colours[colour].rgb);
	}
	text_add(script, "\n");
}

/* Of how many instances the points that are drawn are medians. */
static void add_instances(const struct chart *t, struct text *out)
{
	double least = INFINITY, most = 0;

	for (size_t l = 0; l < t->n; l++)
		for (size_t i = 0; i < t->disks.n; i++) {
			double n = t->disks.point[i].item->instances;

			if (!in_line(t, &t->line[l], i) || isnan(n) ||
			    isnan(value_of(t, &t->disks.point[i])))
				continue;
			least = fmin(least, n);
			most = fmax(most, n);
		}
	if (canvas_instances(least, most, out))
		text_add(out, "; its interval stands with its samples, to which the "
			 "table leads.");
}

static void write_words(const struct chart *t, struct figure *f)
{
	text_format(&f->alt, "Line plot of %s over 1 to %s requests under way: %s "
		    "lines. The table has the numbers.", t->price ?
		    "the device\u2019s CPU time of a request" :
		    "requests a second", number_tidy(t->most).s,
		    number_count(t->n).s);
	text_add(&f->caption, t->price ?
		 "What a request takes of the device\u2019s CPU time, system calls "
		 "and the kernel\u2019s own threads included, by the requests under "
		 "way. Both axes are logarithmic." :
		 "Throughput by the requests under way; both axes are logarithmic. "
		 "Where a line goes flat, more of them are only waiting longer.");
	add_instances(t, &f->caption);
	if (t->left_out)
		text_format(&f->caption, " %s more lines stand in the table alone.",
			    number_count(t->left_out).s);
}

static bool draw(const struct model *m, bool price, struct figure *f,
		 struct text *script, struct text *data)
{
	struct chart t = { .price = price };
	bool any = chart_open(&t, m);
	const struct lines_plot p = {
		.label = price ? "device CPU in ns, by requests under way" :
				 "requests a second, by requests under way",
		.run = t.run, .most = t.most, .low = t.low, .high = t.high,
		.format = "%.0s%c", .height = 320,
		.legend = write_legend, .lines = write_lines,
	};

	if (any) {
		write_data(&t, data);
		lines_draw(&p, &t, f->name, script);
		write_words(&t, f);
	}
	disks_free(&t.disks);
	return any;
}

bool plot_disk_throughput(const struct model *m, struct figure *f,
			  struct text *script, struct text *data)
{
	return draw(m, false, f, script, data);
}

bool plot_disk_price(const struct model *m, struct figure *f,
		     struct text *script, struct text *data)
{
	return draw(m, true, f, script, data);
}
