/*
 * Lines over a count that doubles; see plot_lines.h.
 */
#include <math.h>

#include "reports/plot_lines.h"

enum { NARROW_HEIGHT = 260 };

static const struct shape shapes[] = {
	{ 7, 6, 0.62 }, { 5, 4, 0.56 }, { 9, 8, 0.72 },
	{ 11, 10, 0.72 }, { 13, 12, 0.72 }, { 15, 14, 0.66 },
};

/* Hollow when they begin again. */
struct shape lines_shape(size_t n)
{
	enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };
	struct shape shape = shapes[n % SHAPES];

	if (n / SHAPES % 2)
		shape.filled = shape.hollow;
	return shape;
}

void lines_style(size_t i, size_t *colour, struct shape *shape)
{
	*colour = COLOUR_RUN_0 + i % COLOUR_RUNS;
	*shape = lines_shape(i);
}

void lines_legend(struct legend *l, size_t colour, const struct shape *shape,
		  const char *label)
{
	legend_add(l, shape->filled, shape->size * 1.15, colour, label);
}

/* 1, 2 and 5 of each decade where there are few of them. */
static void write_tics(const struct lines_plot *p, struct text *script)
{
	int first = (int)floor(log10(p->low)), last = (int)floor(log10(p->high));
	bool fine = p->high < 1000 * p->low;
	const char *comma = "";

	text_format(script, "set ytics nomirror scale 0 %s",
		    p->linear ? "autofreq" : "(");
	for (int power = first; !p->linear && power <= last; power++)
		for (int k = 1; k < 10; k += k == 2 ? 3 : k == 5 ? 5 : 1) {
			if (k > 1 && !fine)
				continue;
			text_format(script, "%s%g", comma, k * pow(10, power));
			comma = ", ";
		}
	text_format(script, "%s textcolor rgb '#%06x'\n", p->linear ? "" : ")",
		    colours[COLOUR_INK].rgb);
}

static void write_axes(const struct lines_plot *p, struct text *script)
{
	text_format(script, "set logscale x 2\nset xrange [0.85:%g]\n"
		    "set xtics nomirror (", p->most * 1.18);
	for (int power = 0; exp2(power) <= p->most; power++)
		text_format(script, "%s'%g' %g", power ? ", " : "", exp2(power),
			    exp2(power));
	text_format(script, ")\nset yrange [%.6g:%.6g]\n%s\nset format y '%s'\n"
		    "set grid noxtics ytics linetype 1 linewidth 1 "
		    "linecolor rgb '#%06x'\nunset object\n", p->low, p->high,
		    p->linear ? "unset logscale y" : "set logscale y 10",
		    p->format, colours[COLOUR_GRID].rgb);
	write_tics(p, script);
}

static void write_canvas(const struct lines_plot *p, const void *t,
			 const char *name, bool narrow, struct text *script)
{
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52,
			    .left = narrow ? 44 : 62, .right = narrow ? 12 : 26 };
	struct legend l = { .canvas = &c, .y = 12 };

	p->legend(t, &l);
	c.top = l.y + 26;
	c.height = c.top + c.bottom + (narrow ? NARROW_HEIGHT : p->height);
	canvas_begin(script, &c, name, 1);
	write_axes(p, script);
	if (p->behind)
		p->behind(t, script);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	p->legend(t, &l);
	text_format(script, "set label '%s' at graph 0.5, screen %.5f center "
		    "textcolor rgb '#%06x'\n", p->label, 12.0 / c.height,
		    colours[COLOUR_INK].rgb);
	canvas_software(script, &c, p->run);
	p->lines(t, name, script);
	if (!narrow)
		canvas_png(script, &c, name);
}

void lines_draw(const struct lines_plot *p, const void *t, const char *name,
		struct text *script)
{
	canvas_prologue(script, name);
	write_canvas(p, t, name, false, script);
	write_canvas(p, t, name, true, script);
	text_add(script, "set output\n");
}
