/*
 * Curves of one kind over the number of vCPUs, of one run. Beyond the host's
 * CPUs the ground is shaded: there they take turns. The dashed line is the
 * law that was fitted, the thick grey one what perfect scaling would be.
 */
#include <math.h>

#include "measure/usl.h"
#include "reports/number.h"
#include "reports/plot_lines.h"
#include "reports/scaling_chart.h"

enum { LAW_STEPS = 24 };

/* Index 0: perfect; then two blocks to each series: its points, its law. */
static void write_perfect(const struct scaling_chart *t, struct text *data)
{
	text_add(data, "# index 0: vCPUs, perfect scaling\nNaN\tNaN\n");
	for (int power = 0; t->upwards != TIME && exp2(power) < t->most; power++)
		text_format(data, "%g\t%g\n", exp2(power),
			    t->upwards == EFFICIENCY ? 1 :
			    fmin(exp2(power), t->cpus));
	if (t->upwards != TIME)
		text_format(data, "%g\t%g\n", t->most, t->upwards == EFFICIENCY ?
			    1 : fmin(t->most, t->cpus));
}

static void write_series(const struct scaling_chart *t, const json_t *series,
			 struct text *data)
{
	const json_t *usl = json_object_get(series, "usl"), *point;
	const struct usl law = {
		.lambda = 1, .sigma = field_double(usl, "sigma"),
		.kappa = field_double(usl, "kappa"),
	};
	double to = fmin(t->cpus, t->most);
	size_t k;

	scaling_name(t->all, series, data);
	text_add(data, ": vCPUs, value, its interval\nNaN\tNaN\tNaN\tNaN\n");
	json_array_foreach(json_object_get(series, "points"), k, point) {
		struct mark m = mark_of(t, series, point);

		if (isnan(m.value))
			continue;
		text_format(data, "%g\t%.7g", field_double(point, "vcpus"),
			    m.value);
		if (isnan(m.low) || isnan(m.high))
			text_add(data, "\tNaN\tNaN\n");
		else
			text_format(data, "\t%.7g\t%.7g\n", m.low, m.high);
	}
	text_add(data, "\n\n# its law\nNaN\tNaN\n");
	for (int s = 0; json_is_object(usl) && s <= LAW_STEPS; s++) {
		double n = pow(to, (double)s / LAW_STEPS);

		text_format(data, "%.5g\t%.7g\n", n, usl_at(&law, n) /
			    (t->upwards == EFFICIENCY ? n : 1));
	}
}

static void write_data(const struct scaling_chart *t, struct text *data)
{
	write_perfect(t, data);
	for (size_t i = 0; i < t->n; i++) {
		text_format(data, "\n\n# index %zu: ", 2 * i + 1);
		write_series(t, t->series[i], data);
	}
}

static void write_behind(const void *chart, struct text *script)
{
	const struct scaling_chart *t = chart;

	if (t->most > t->cpus)
		text_format(script, "set object 1 rectangle from first %g, graph 0 "
			    "to graph 1, graph 1 behind fillstyle solid noborder "
			    "fillcolor rgb '#%06x'\n"
			    "set label 'more vCPUs than CPUs: in turns' at first "
			    "%g, graph 0.96 left offset 0.6,0 font ',11' textcolor "
			    "rgb '#%06x'\n", t->cpus, colours[COLOUR_GRID].rgb,
			    t->cpus, colours[COLOUR_INK].rgb);
	if (t->upwards != TIME)
		text_format(script, "set label 'perfect scaling' at first %g, first "
			    "%g right offset 0,0.55 font ',11' textcolor rgb "
			    "'#%06x'\n", t->most, t->upwards == EFFICIENCY ? 1 :
			    fmin(t->most, t->cpus), colours[COLOUR_INK].rgb);
}

static void write_legend(const void *chart, struct legend *l)
{
	const struct scaling_chart *t = chart;
	struct text label = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		struct shape shape;
		size_t colour;

		lines_style(i, &colour, &shape);
		text_clear(&label);
		scaling_name(t->all, t->series[i], &label);
		lines_legend(l, colour, &shape, text_string(&label));
	}
	text_free(&label);
}

static void write_lines(const void *chart, const char *name,
			struct text *script)
{
	const struct scaling_chart *t = chart;

	text_format(script, "plot '%s.dat' index 0 using 1:2 with lines linewidth 3 "
		    "linecolor rgb '#%06x'", name, colours[COLOUR_REFERENCE].rgb);
	for (size_t i = 0; i < t->n; i++) {
		struct shape shape;
		size_t colour;

		lines_style(i, &colour, &shape);
		text_format(script, ", \\\n     '' index %zu using 1:2:3:4 with "
			    "yerrorbars linewidth 1 pointtype 0 linecolor rgb "
			    "'#%06x', \\\n     '' index %zu using 1:2 with linespoints "
			    "linewidth 1.5 pointtype %d pointsize %.2f linecolor rgb "
			    "'#%06x'", 2 * i + 1, colours[colour].rgb, 2 * i + 1,
			    shape.filled, shape.size, colours[colour].rgb);
		if (json_is_object(json_object_get(t->series[i], "usl")))
			text_format(script, ", \\\n     '' index %zu using 1:2 with "
				    "lines linewidth 1.25 dashtype (6,4) linecolor "
				    "rgb '#%06x'", 2 * i + 2, colours[colour].rgb);
	}
	text_add(script, "\n");
}

static void write_words(const struct scaling_chart *t, struct figure *f)
{
	static const struct {
		const char *alt, *caption;
	} words[] = {
		[THROUGHPUT] = { "throughput", "Throughput of all together over "
				 "that of one, both logarithmic," },
		[EFFICIENCY] = { "efficiency", "Efficiency, throughput for each CPU "
				 "that is used over that of one vCPU," },
		[TIME] = { "the time of one operation", "The time of one operation "
			   "by how many vCPUs there are, both logarithmic," },
	};

	text_format(&f->alt, "%s. Line plot of %s over 1 to %s vCPUs: %s "
		    "operations. The tables have the numbers.",
		    scale_kinds[t->kind].title, words[t->upwards].alt,
		    number_tidy(t->most).s, number_count(t->n).s);
	text_format(&f->caption, "%s on %s CPUs of %s.",
		    words[t->upwards].caption, number_tidy(t->cpus).s,
		    t->run->label);
	if (canvas_instances(t->least_n, t->most_n, &f->caption))
		text_add(&f->caption, ".");
	if (t->intervals)
		text_add(&f->caption, " Bars: the interval, where there are blocks "
			 "enough for one.");
	if (t->fits)
		text_add(&f->caption, " Without marks: the Universal Scalability Law as "
			 "fitted.");
	else if (t->upwards == THROUGHPUT)
		text_add(&f->caption, " No law is fitted: it takes four counts that "
			 "do not exceed the CPUs.");
	if (t->most > t->cpus)
		text_add(&f->caption, " Shaded: more vCPUs than CPUs.");
	if (t->left_out)
		text_format(&f->caption, " %s more operations stand in the tables "
			    "alone.", number_count(t->left_out).s);
}

static bool draw(const struct model *m, enum upwards upwards,
		 struct figure *f, struct text *script, struct text *data)
{
	static const char *const labels[] = {
		[THROUGHPUT] = "throughput, times that of one, by vCPUs",
		[EFFICIENCY] = "efficiency, by vCPUs",
		[TIME] = "time of one operation in ns, by vCPUs",
	};
	struct scaling_chart t = { .kind = (enum scale_kind)f->kind,
				   .upwards = upwards };
	bool any = scaling_chart_open(&t, m);
	const struct lines_plot p = {
		.label = labels[upwards], .run = t.run, .most = t.most,
		.low = t.low, .high = t.high, .linear = upwards == EFFICIENCY,
		.format = upwards == TIME ? "%.0s%c" : "%g", .height = 320,
		.legend = write_legend, .behind = write_behind,
		.lines = write_lines,
	};

	if (any) {
		write_data(&t, data);
		lines_draw(&p, &t, f->name, script);
		write_words(&t, f);
	}
	json_decref(t.all);
	return any;
}

bool plot_scale(const struct model *m, struct figure *f, struct text *script,
		struct text *data)
{
	return draw(m, f->kind == SCALE_ASKED ? TIME : THROUGHPUT, f, script,
		    data);
}

/* Where all want one thing, efficiency says nothing that throughput did not. */
bool plot_efficiency(const struct model *m, struct figure *f,
		     struct text *script, struct text *data)
{
	return (f->kind == SCALE_OWN || f->kind == SCALE_MEMORY) &&
	       draw(m, EFFICIENCY, f, script, data);
}
