/*
 * Throughput and efficiency over the number of vCPUs, of one run. Beyond the
 * host's CPUs the ground is shaded: there they take turns. The dashed line is
 * the law that was fitted, the grey one what perfect scaling would be.
 */
#include <math.h>

#include "measure/usl.h"
#include "reports/kind.h"
#include "reports/number.h"
#include "reports/plot.h"
#include "reports/scaling.h"

enum { SERIES_MOST = 18, LAW_STEPS = 24 };

struct chart {
	json_t *all;			/* owned */
	const struct run *run;
	const json_t *series[SERIES_MOST];
	size_t n, left_out, fits;
	const char *key;		/* "relative" or "efficiency" */
	double most, cpus;		/* counts */
	double low, high;		/* of what is drawn */
};

static double value_at(const struct chart *t, const json_t *point)
{
	double v = field_double(point, t->key);

	return v > 0 ? v : NAN;
}

/* Is there a line to be drawn? Where one works for all there is none. */
static size_t take(struct chart *t, const json_t *series)
{
	const json_t *point;
	size_t i, drawn = 0;

	json_array_foreach(json_object_get(series, "points"), i, point)
		drawn += !isnan(value_at(t, point)) &&
			 !isnan(field_double(point, "efficiency"));
	return drawn;
}

static bool chart_open(struct chart *t, const struct model *m)
{
	const json_t *series, *point;
	size_t i, k;

	t->run = scaling_run(m);
	if (!t->run)
		return false;
	t->all = scaling_of(t->run);
	t->low = INFINITY;
	json_array_foreach(t->all, i, series) {
		if (take(t, series) < 2)
			continue;
		if (t->n == SERIES_MOST) {
			t->left_out++;
			continue;
		}
		t->series[t->n++] = series;
		t->fits += json_is_object(json_object_get(series, "usl"));
		t->cpus = fmax(t->cpus, field_double(series, "cpus"));
		json_array_foreach(json_object_get(series, "points"), k, point) {
			double v = value_at(t, point);

			t->most = fmax(t->most, field_double(point, "vcpus"));
			if (isnan(v))
				continue;
			t->low = fmin(t->low, v);
			t->high = fmax(t->high, v);
		}
	}
	if (t->n && t->key[0] == 'r') {
		t->high = fmax(t->high, fmin(t->cpus, t->most));
		/* Room for the words above the line of perfect scaling. */
		t->high *= fmax(1.5, pow(t->high / t->low, 0.08));
		t->low /= 1.5;
	} else if (t->n) {
		t->high = fmin(fmax(t->high, 1) * 1.12, 4);
		t->low = 0;
	}
	return t->n > 0;
}

static void series_style(size_t i, size_t *colour, struct shape *shape)
{
	static const struct shape shapes[] = {
		{ 7, 6, 0.62 }, { 5, 4, 0.56 }, { 9, 8, 0.72 },
	};

	*colour = COLOUR_RUN_0 + i % COLOUR_RUNS;
	*shape = shapes[i / COLOUR_RUNS % 3];
}

/* Index 0: perfect; then two blocks to each series: its points, its law. */
static void write_data(const struct chart *t, struct text *data)
{
	const json_t *point;
	size_t k;

	text_add(data, "# index 0: vCPUs, perfect scaling\n");
	for (int power = 0; exp2(power) < t->most; power++)
		text_format(data, "%g\t%g\n", exp2(power), t->key[0] == 'e' ?
			    1 : fmin(exp2(power), t->cpus));
	text_format(data, "%g\t%g\n", t->most, t->key[0] == 'e' ? 1 :
		    fmin(t->most, t->cpus));
	for (size_t i = 0; i < t->n; i++) {
		const json_t *usl = json_object_get(t->series[i], "usl");
		const struct usl law = {
			.lambda = 1, .sigma = field_double(usl, "sigma"),
			.kappa = field_double(usl, "kappa"),
		};
		double to = fmin(t->cpus, t->most);

		text_format(data, "\n\n# index %zu: ", 2 * i + 1);
		scaling_name(t->all, t->series[i], data);
		text_add(data, "\nNaN\tNaN\n");
		json_array_foreach(json_object_get(t->series[i], "points"), k,
				   point)
			if (!isnan(value_at(t, point)))
				text_format(data, "%g\t%.7g\n",
					    field_double(point, "vcpus"),
					    value_at(t, point));
		text_format(data, "\n\n# index %zu: its law\nNaN\tNaN\n", 2 * i + 2);
		for (int s = 0; json_is_object(usl) && s <= LAW_STEPS; s++) {
			double n = pow(to, (double)s / LAW_STEPS);

			text_format(data, "%.5g\t%.7g\n", n, usl_at(&law, n) /
				    (t->key[0] == 'e' ? n : 1));
		}
	}
}

static void write_axes(const struct chart *t, struct text *script)
{
	text_format(script, "set logscale x 2\nset xrange [0.85:%g]\n"
		    "set xtics nomirror (", t->most * 1.18);
	for (int power = 0; exp2(power) <= t->most; power++)
		text_format(script, "%s'%g' %g", power ? ", " : "", exp2(power),
			    exp2(power));
	text_add(script, ")\n");
	if (t->key[0] == 'r')
		text_add(script, "set logscale y 10\n");
	else
		text_add(script, "unset logscale y\n");
	text_format(script, "set yrange [%.6g:%.6g]\n"
		    "set ytics nomirror scale 0 textcolor rgb '#%06x' autofreq\n"
		    "set format y '%%g'\n"
		    "set grid noxtics ytics linetype 1 linewidth 1 "
		    "linecolor rgb '#%06x'\n", t->low, t->high,
		    colours[COLOUR_INK].rgb, colours[COLOUR_GRID].rgb);
	text_add(script, "unset object\n");
	if (t->most > t->cpus)
		text_format(script, "set object 1 rectangle from first %g, graph 0 "
			    "to graph 1, graph 1 behind fillstyle solid noborder "
			    "fillcolor rgb '#%06x'\n"
			    "set label 'more vCPUs than CPUs: in turns' at first "
			    "%g, graph 0.97 left offset 0.6,0 font ',11' textcolor "
			    "rgb '#%06x'\n", t->cpus, colours[COLOUR_GRID].rgb,
			    t->cpus, colours[COLOUR_INK].rgb);
}

static void write_legend(const struct chart *t, struct legend *l)
{
	struct text label = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		struct shape shape;
		size_t colour;

		series_style(i, &colour, &shape);
		text_clear(&label);
		scaling_name(t->all, t->series[i], &label);
		legend_add(l, shape.filled, shape.size * 1.15, colour,
			   text_string(&label));
	}
	text_free(&label);
}

static void write_lines(const struct chart *t, const char *name,
			struct text *script)
{
	text_format(script, "plot '%s.dat' index 0 using 1:2 with lines linewidth 1.5 "
		    "linecolor rgb '#%06x'", name, colours[COLOUR_REFERENCE].rgb);
	for (size_t i = 0; i < t->n; i++) {
		struct shape shape;
		size_t colour;

		series_style(i, &colour, &shape);
		text_format(script, ", \\\n     '' index %zu using 1:2 with linespoints "
			    "linewidth 1.5 pointtype %d pointsize %.2f linecolor rgb "
			    "'#%06x'", 2 * i + 1, shape.filled, shape.size,
			    colours[colour].rgb);
		if (json_is_object(json_object_get(t->series[i], "usl")))
			text_format(script, ", \\\n     '' index %zu using 1:2 with "
				    "lines linewidth 1.25 dashtype (6,4) linecolor "
				    "rgb '#%06x'", 2 * i + 2, colours[colour].rgb);
	}
	text_add(script, "\n");
}

static void write_canvas(const struct chart *t, const char *name, bool narrow,
			 struct text *script)
{
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52,
			    .left = narrow ? 44 : 62, .right = narrow ? 12 : 26 };
	struct legend l = { .canvas = &c, .y = 12 };

	write_legend(t, &l);
	c.top = l.y + 26;
	c.height = c.top + c.bottom + (narrow ? 260 : 360);
	canvas_begin(script, &c, name, 1);
	write_axes(t, script);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(t, &l);
	text_format(script, "set label '%s' at graph 0.5, screen %.5f center "
		    "textcolor rgb '#%06x'\n", t->key[0] == 'r' ?
		    "throughput, times that of one, by vCPUs" :
		    "efficiency, by vCPUs", 12.0 / c.height,
		    colours[COLOUR_INK].rgb);
	canvas_software(script, &c, t->run);
	write_lines(t, name, script);
	if (!narrow)
		canvas_png(script, &c, name);
}

static void write_words(const struct chart *t, struct figure *f)
{
	bool rate = t->key[0] == 'r';

	text_format(&f->alt, "Line plot of %s over 1 to %s vCPUs: %s operations. The "
		    "tables have the numbers.", rate ? "throughput" : "efficiency",
		    number_tidy(t->most).s, number_count(t->n).s);
	text_format(&f->caption, "%s on %s CPUs of %s. The grey line is perfect "
		    "scaling.", rate ? "Throughput of all vCPUs together over that of "
		    "one, both logarithmic," : "Efficiency: throughput for each CPU "
		    "that is used, over that of one vCPU,",
		    number_tidy(t->cpus).s, t->run->label);
	if (t->fits)
		text_add(&f->caption, " Dashed: the Universal Scalability Law as "
			 "fitted.");
	else
		text_add(&f->caption, " No law is fitted: it takes four counts that "
			 "do not exceed the CPUs.");
	if (t->most > t->cpus)
		text_add(&f->caption, " Shaded: more vCPUs than CPUs.");
	if (t->left_out)
		text_format(&f->caption, " %s more operations stand in the tables "
			    "alone.", number_count(t->left_out).s);
}

static bool draw(const struct model *m, const char *key, struct figure *f,
		 struct text *script, struct text *data)
{
	struct chart t = { .key = key };
	bool any = chart_open(&t, m);

	if (any) {
		write_data(&t, data);
		canvas_prologue(script, f->name);
		write_canvas(&t, f->name, false, script);
		write_canvas(&t, f->name, true, script);
		text_add(script, "set output\n");
		write_words(&t, f);
	}
	json_decref(t.all);
	return any;
}

bool plot_scale(const struct model *m, struct figure *f, struct text *script,
		struct text *data)
{
	return draw(m, "relative", f, script, data);
}

bool plot_efficiency(const struct model *m, struct figure *f,
		     struct text *script, struct text *data)
{
	return draw(m, "efficiency", f, script, data);
}
