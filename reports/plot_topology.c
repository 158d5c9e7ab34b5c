/*
 * Which hardware threads of a host ran the guest. The numbers are the operating
 * system's; which of them share a core the document does not say, so neither
 * does the picture.
 */
#include <math.h>
#include <string.h>

#include "reports/number.h"
#include "reports/plot.h"
#include "reports/topology.h"

static bool same_topology(const struct run *a, const struct run *b)
{
	const json_t *x = field_at(a->env, "topology");
	const json_t *y = field_at(b->env, "topology");

	return a->host && b->host && !strcmp(a->host, b->host) && x && y &&
	       json_equal(x, y);
}

const struct run *topology_at(const struct model *m, size_t i, size_t *runs)
{
	const struct run *found = NULL;

	for (size_t r = 0; r < m->n && !found; r++) {
		bool again = false;

		for (size_t k = 0; k < r; k++)
			again |= same_topology(&m->runs[k], &m->runs[r]);
		if (!again && field_at(m->runs[r].env, "topology") && i-- == 0)
			found = &m->runs[r];
	}
	for (size_t r = 0; runs && found && r < m->n; r++)
		*runs += same_topology(found, &m->runs[r]);
	return found;
}

static void add_count(const json_t *t, const char *key, const char *one,
		      const char *many, struct text *out)
{
	double n = field_double(t, key);

	if (!isnan(n))
		text_format(out, "%s%s %s", out->length ? ", " : "",
			    number_tidy(n).s, n == 1 ? one : many);
}

static void add_numbers(const json_t *array, struct text *out)
{
	for (size_t i = 0; i < json_array_size(array) && i < 64; i++)
		text_format(out, "%s%s", i ? ", " : " ", number_tidy(
			    field_double(json_array_get(array, i), "")).s);
}

void topology_words(const struct run *run, struct text *out)
{
	const json_t *t = field_at(run->env, "topology");
	const json_t *pinned = field_at(t, "pinned_to");
	double node = field_double(t, "memory_node");
	struct text counts = { 0 };

	add_count(t, "packages", "package", "packages", &counts);
	add_count(t, "cores", "core", "cores", &counts);
	add_count(t, "pus", "hardware thread", "hardware threads", &counts);
	add_count(t, "numa_nodes", "NUMA node", "NUMA nodes", &counts);
	text_add(out, text_string(&counts));
	text_free(&counts);
	if (json_array_size(pinned)) {
		text_add(out, "; vCPUs pinned to hardware thread");
		add_numbers(pinned, out);
	} else {
		text_add(out, "; vCPUs not pinned");
	}
	if (field_text(t, "policy"))
		text_format(out, " (policy %.24s)", field_text(t, "policy"));
	if (!isnan(node))
		text_format(out, ", memory bound to node %s", number_tidy(node).s);
}

static bool is_in(const json_t *array, size_t pu)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (field_double(json_array_get(array, i), "") == (double)pu)
			return true;
	return false;
}

/* 2: ran the guest, 1: was allowed to, 0: was not */
static void write_data(const json_t *t, size_t pus, struct text *data)
{
	text_add(data, "# hardware thread, 2 = ran the guest, 1 = allowed, 0 = "
		 "not allowed\n");
	for (size_t i = 0; i < pus; i++)
		text_format(data, "%zu\t%d\n", i, is_in(field_at(t, "pinned_to"), i) ?
			    2 : !field_at(t, "allowed") ||
			    is_in(field_at(t, "allowed"), i));
}

static void write_canvas(const struct figure *f, size_t pus, bool narrow,
			 struct text *script)
{
	size_t most = narrow ? 8 : 32, across = pus < most ? pus : most;
	size_t rows = (pus + across - 1) / across;
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 34,
			    .left = 20, .right = 20 };
	struct legend l = { .script = script, .canvas = &c, .y = 12 };
	static const struct { int point; size_t colour; } marks[] = {
		{ 4, COLOUR_AXIS }, { 4, COLOUR_RUN_0 }, { 5, COLOUR_RUN_0 },
	};

	c.top = 46;
	c.height = c.top + c.bottom + 38 * (int)rows;
	canvas_begin(script, &c, f->name, rows);
	legend_add(&l, 5, 1.2, COLOUR_RUN_0, "ran the guest");
	legend_add(&l, 4, 1.2, COLOUR_RUN_0, "allowed");
	legend_add(&l, 4, 1.2, COLOUR_AXIS, "not allowed");
	text_format(script, "across = %zu\nset xrange [-0.7:%.1f]\nunset xtics\n"
		    "unset border\nset label 'hardware threads, by the operating "
		    "system''s number' at graph 0.5, screen %.5f center textcolor rgb "
		    "'#%06x'\nplot ", across, (double)(across < 8 ? 8 : across) - 0.3,
		    12.0 / c.height, colours[COLOUR_INK].rgb);
	for (int k = 0; k < 3; k++)
		text_format(script, "%s'%s.dat' using ($2==%d ? int($1)%%across : NaN)"
			    ":(int($1)/across) with points pointtype %d pointsize 2.6 "
			    "linewidth 1.5 linecolor rgb '#%06x'", k ? ", \\\n     " : "",
			    f->name, k, marks[k].point,
			    colours[marks[k].colour].rgb);
	for (int ran = 0; ran < 2; ran++)
		text_format(script, ", \\\n     '%s.dat' using ($2%s2 ? int($1)%%across : "
			    "NaN):(int($1)/across):(sprintf('%%d', int($1))) with labels "
			    "center font ',%d' textcolor rgb '#%06x'", f->name,
			    ran ? "==" : "<", 10,
			    colours[ran ? COLOUR_PAPER : COLOUR_INK].rgb);
	text_add(script, "\n");
	if (!narrow)
		canvas_png(script, &c, f->name);
}

bool plot_topology(const struct model *m, struct figure *f,
		   struct text *script, struct text *data)
{
	const struct run *run = topology_at(m, f->group, NULL);
	const json_t *t = run ? field_at(run->env, "topology") : NULL;
	double pus = field_double(t, "pus");

	if (!(pus >= 1 && pus <= TOPOLOGY_PUS_MOST))
		return false;
	write_data(t, (size_t)pus, data);
	canvas_prologue(script, f->name);
	write_canvas(f, (size_t)pus, false, script);
	write_canvas(f, (size_t)pus, true, script);
	text_add(script, "set output\n");
	text_format(&f->alt, "Hardware threads of %.64s: ",
		    run->host ? run->host : "an unnamed host");
	topology_words(run, &f->alt);
	text_add(&f->alt, ".");
	/* What it shows is in the table below; twice is no clearer. */
	text_format(&f->caption, "The hardware threads of %.64s, and those that ran the "
		    "guest. n is one host; nothing here is estimated, so there is no "
		    "interval.", run->host ? run->host : "an unnamed host");
	return true;
}
