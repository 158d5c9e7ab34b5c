/*
 * The look that the figures share: no box, pale lines, names beside the marks
 * (above them on a phone), one legend that wraps. Every figure is drawn for a
 * desk and for a phone from the same data.
 */
#include <math.h>
#include <string.h>

#include "reports/number.h"
#include "reports/plot.h"

#define FONT "sans-serif,12"

void canvas_prologue(struct text *script, const char *name)
{
	text_format(script,
		    "# Draws %s.svg, %s.png and %s-narrow.svg from %s.dat:\n"
		    "#\tgnuplot %s.gp\n"
		    "set encoding utf8\nset errorbars 0\n"
		    "set datafile separator \"\\t\"\n"
		    "set datafile commentschars '#'\n"
		    "set datafile missing 'NaN'\n"
		    "unset key\nunset ytics\n\n",
		    name, name, name, name, name);
}

void canvas_begin(struct text *script, const struct canvas *c, const char *name,
		  size_t rows)
{
	double w = c->width, h = c->height;

	text_format(script,
		    "set terminal svg size %d,%d font '%s' noenhanced "
		    "background '#%06x' name '%s%s'\n"
		    "set output '%s%s.svg'\n"
		    "unset label\nunset arrow\n"
		    "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
		    "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
		    c->width, c->height, FONT, colours[COLOUR_PAPER].rgb, name,
		    c->narrow ? "_narrow" : "", name, c->suffix, c->left / w, 1 - c->right / w,
		    1 - c->top / h, c->bottom / h);
	text_format(script,
		    "set yrange [%.1f:%.1f]\n"
		    "set border 1 linecolor rgb '#%06x'\n"
		    "set xtics nomirror textcolor rgb '#%06x'\n"
		    "set grid xtics noytics linetype 1 linewidth 1 "
		    "linecolor rgb '#%06x'\n",
		    (double)rows - 0.5, c->narrow ? -0.9 : -0.6,
		    colours[COLOUR_AXIS].rgb, colours[COLOUR_INK].rgb,
		    colours[COLOUR_GRID].rgb);
}

/* A font's size is in pixels to svg and in points, 4/3 as large, to cairo. */
void canvas_png(struct text *script, const struct canvas *c, const char *name)
{
	text_format(script,
		    "\nset terminal pngcairo size %d,%d font '%s' fontscale 1.5 "
		    "linewidth 2 pointscale 2 noenhanced background '#%06x'\n"
		    "set output '%s%s.png'\nreplot\nset output\n\n",
		    2 * c->width, 2 * c->height, FONT, colours[COLOUR_PAPER].rgb,
		    name, c->suffix);
}

void canvas_names(struct text *script, const struct canvas *c, const char *name,
		  const char *x)
{
	text_format(script,
		    "plot '%s.dat' index 0 using (%s):($1%s):2 with labels %s "
		    "noenhanced textcolor rgb '#%06x'", name, x,
		    c->narrow ? "-0.34" : "",
		    c->narrow ? "left" : "right offset character -1,0",
		    colours[COLOUR_INK].rgb);
}

void canvas_cycles(double cycles, struct text *out)
{
	if (cycles >= 1e9)
		text_format(out, "%gG", cycles / 1e9);
	else if (cycles >= 1e6)
		text_format(out, "%gM", cycles / 1e6);
	else
		text_add(out, number_tidy(cycles).s);
}

/* Named are as many as have room: 1, 2, 5, or 1, or the 1 of some decades. */
void canvas_decades(struct text *script, const struct canvas *c, double low,
		    double high, void (*name)(double x, struct text *out))
{
	int first = (int)floor(log10(low)), last = (int)floor(log10(high));
	double decades = log10(high / low);
	double room = (c->width - c->left - c->right) / decades;
	int step = room >= 60 ? 1 : room >= 30 ? 2 : 3;
	bool fine = decades < 1.48;

	text_format(script, "set logscale x\nset xrange [%.6g:%.6g]\nset xtics (",
		    low, high);
	for (int power = first; power <= last; power++)
		for (int k = 1; k < 10; k++) {
			bool named = (k == 1 && power % step == 0) ||
				     (fine && (k == 2 || k == 5));
			double x = k * pow(10, power);

			text_add(script, power == first && k == 1 ? "'" : ", '");
			if (named)
				name(x, script);
			text_format(script, "' %.6g %d", x, !named);
		}
	text_add(script, ")\n");
}

void canvas_name(struct text *data, const char *name)
{
	size_t start = data->length;

	text_plain(data, name);
	if (!data->failed && data->length - start > NAME_LENGTH) {
		data->length = start + NAME_LENGTH - 3;
		text_add(data, "...");
	}
}

int canvas_text_pixels(const char *s)
{
	size_t length = strlen(s) > NAME_LENGTH ? NAME_LENGTH : strlen(s);

	return (int)length * FONT_PIXELS * 11 / 20;
}

void legend_add(struct legend *l, int point, double size, size_t colour,
		const char *label)
{
	double w = l->canvas->width, h = l->canvas->height;
	int pixels = (int)strlen(label) * FONT_PIXELS * 11 / 20 + 40;

	if (l->x > 0 && l->x + pixels > l->canvas->width - 8) {
		l->x = 0;
		l->y += LEGEND_LINE_PIXELS;
	}
	if (l->script) {
		text_format(l->script, "set label at screen %.5f,%.5f point "
			    "pointtype %d pointsize %.2f linecolor rgb '#%06x'\n",
			    (l->x + 12) / w, 1 - l->y / h, point, size,
			    colours[colour].rgb);
		text_format(l->script, "set label '");
		text_plain(l->script, label);
		text_format(l->script, "' at screen %.5f,%.5f left "
			    "noenhanced textcolor rgb '#%06x'\n", (l->x + 22) / w,
			    1 - l->y / h, colours[COLOUR_INK].rgb);
	}
	l->x += pixels;
}
