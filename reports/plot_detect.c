/*
 * ROC curves of the ways that take samples, on one target: colour and mark are
 * the way's, the line is solid as the target is and dashed with something
 * hidden. What is exact has no curve to speak of, and stands in the table.
 */
#include <math.h>
#include <string.h>

#include "reports/detectability.h"
#include "reports/kind.h"
#include "reports/plot.h"

enum { LINES_MOST = 32 };

struct line {
	json_t *row, *curve;
	size_t way;			/* among those that are drawn */
	bool hidden;
};

struct chart {
	struct detected d;
	const struct figure *f;
	struct line line[LINES_MOST];
	size_t lines, ways;
};

static const struct shape shapes[] = {
	{ 7, 6, 0.7 }, { 5, 4, 0.6 }, { 9, 8, 0.8 }, { 11, 10, 0.8 },
	{ 13, 12, 0.8 },
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static void chart_take(struct chart *t, json_t *row)
{
	size_t before = t->lines;

	for (int hidden = 0; hidden < 2; hidden++) {
		json_t *c = detected_comparison(row, hidden ? "hidden.native" :
						"plain.native");

		if (!c || json_is_true(json_object_get(c, "exact")) ||
		    json_array_size(json_object_get(c, "curve")) < 2 ||
		    t->lines == LINES_MOST)
			continue;
		t->line[t->lines++] = (struct line){
			row, json_object_get(c, "curve"), t->ways, hidden };
	}
	t->ways += t->lines > before;
}

static void write_data(const struct chart *t, struct text *data)
{
	for (size_t i = 0; i < t->lines; i++) {
		json_t *point;
		size_t k;

		text_format(data, "%s# index %zu: false rate, true rate: ",
			    i ? "\n\n" : "", i);
		text_plain(data, detected_name(t->line[i].row));
		text_add(data, t->line[i].hidden ? ", hidden\n" : "\n");
		json_array_foreach(t->line[i].curve, k, point)
			text_format(data, "%.5f\t%.5f\n",
				    json_number_value(json_array_get(point, 0)),
				    json_number_value(json_array_get(point, 1)));
	}
}

static size_t way_colour(const struct line *l)
{
	return COLOUR_RUN_0 + l->way % COLOUR_RUNS;
}

static const struct shape *way_shape(const struct line *l)
{
	return &shapes[(l->way + l->way / COLOUR_RUNS) % SHAPES];
}

static void write_legend(const struct chart *t, struct legend *l)
{
	for (size_t i = 0; i < t->lines; i++) {
		const struct line *line = &t->line[i];
		const struct shape *shape = way_shape(line);
		double ring = field_double(line->row, "ring");
		struct text label = { 0 };

		if (i && t->line[i - 1].way == line->way)
			continue;
		text_format(&label, "%s, CPL%d", detected_name(line->row),
			    isnan(ring) ? -1 : (int)ring);
		legend_add(l, shape->filled, shape->size * 1.15,
			   way_colour(line), text_string(&label));
		text_free(&label);
	}
	if (t->d.hidden)
		legend_add(l, 6, 0.7, COLOUR_REFERENCE, "hollow: hidden");
}

static void write_axes(const struct canvas *c, struct text *script)
{
	text_format(script, "set xrange [0:1]\nset yrange [0:1]\n"
		    "set xtics nomirror scale 0 (0, 0.25, 0.5, 0.75, 1)\n"
		    "set ytics nomirror scale 0 (0, 0.25, 0.5, 0.75, 1) textcolor "
		    "rgb '#%06x'\nset grid xtics ytics linetype 1 linewidth 1 "
		    "linecolor rgb '#%06x'\n", colours[COLOUR_INK].rgb,
		    colours[COLOUR_GRID].rgb);
	text_format(script, "set arrow from 0,0 to 1,1 nohead dashtype (2,4) "
		    "linewidth 1 linecolor rgb '#%06x'\n",
		    colours[COLOUR_REFERENCE].rgb);
	text_format(script, "set label 'false rate: native taken for the target' at "
		    "graph 0.5, screen %.5f center textcolor rgb '#%06x'\n",
		    12.0 / c->height, colours[COLOUR_INK].rgb);
	text_format(script, "set label 'true rate' at screen %.5f, screen %.5f left "
		    "textcolor rgb '#%06x'\n", 6.0 / c->width,
		    1 - (c->top - 12.0) / c->height, colours[COLOUR_INK].rgb);
}

static void write_canvas(const struct chart *t, bool narrow,
			 struct text *script)
{
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 620, .bottom = 52,
			    .left = 44, .right = narrow ? 12 : 34 };
	struct legend l = { .canvas = &c, .y = 12 };

	write_legend(t, &l);
	c.top = l.y + 40;
	c.height = c.top + c.bottom + c.width - c.left - c.right;
	canvas_begin(script, &c, t->f->name, 1);
	write_axes(&c, script);
	if (t->d.times_meaningful == KNOWN_NOT)
		text_format(script, "set label 'times mean nothing here' at graph 0.5, "
			    "graph 0.5 center front font ',%d' textcolor rgb '#%06x'\n",
			    narrow ? 16 : 26, colours[COLOUR_AXIS].rgb);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(t, &l);
	for (size_t i = 0; i < t->lines; i++) {
		const struct line *line = &t->line[i];
		const struct shape *shape = way_shape(line);

		text_format(script, "%s '%s.dat' index %zu using 1:2 with linespoints "
			    "pointtype %d pointsize %.2f pointinterval 5 dashtype %s "
			    "linewidth 1.6 linecolor rgb '#%06x'", i ?
			    ", \\\n    " : "plot", t->f->name, i, line->hidden ?
			    shape->hollow : shape->filled, shape->size,
			    line->hidden ? "(8,5)" : "solid",
			    colours[way_colour(line)].rgb);
	}
	text_add(script, "\n");
	if (!narrow)
		canvas_png(script, &c, t->f->name);
}

static void write_words(const struct chart *t, struct figure *f)
{
	text_format(&f->alt, "ROC curves of %zu ways to tell %s from this machine by "
		    "samples: true rate over false rate, from one corner to the other. "
		    "The table below has the area under each.", t->ways, t->d.label);
	text_format(&f->caption, "%s. Each curve is a way, walked by its threshold; the "
		    "diagonal is a coin. ", t->d.label);
	if (t->d.hidden)
		text_add(&f->caption, "Hollow marks: with what the VMM can hide. ");
	if (t->d.times_meaningful == KNOWN_NOT)
		text_add(&f->caption, "Times mean nothing here: an emulator plays the "
			 "CPU. ");
	text_add(&f->caption, "Ways whose values never vary have no curve.");
}

bool plot_detect(const struct model *m, struct figure *f, struct text *script,
		 struct text *data)
{
	struct chart t = { .f = f };
	json_t *row;
	size_t i;

	if (!detected_at(m, f->group, &t.d))
		return false;
	json_array_foreach(field_at(t.d.target, "ways"), i, row)
		chart_take(&t, row);
	if (!t.lines)
		return false;
	write_data(&t, data);
	canvas_prologue(script, f->name);
	write_canvas(&t, false, script);
	write_canvas(&t, true, script);
	text_add(script, "set output\n");
	write_words(&t, f);
	return true;
}
