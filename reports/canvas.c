/*
 * The look that the figures share: no box, pale lines, names beside the marks
 * (above them on a phone), one legend that wraps. Every figure is drawn for a
 * desk and for a phone from the same data.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/number.h"
#include "reports/plot.h"

#define FONT "sans-serif,12"

void canvas_style(struct text *style)
{
	text_add(style, "# What all plots of this report share; each loads it.\n"
		 "# The colours are told apart in any common kind of colour vision;\n"
		 "# in grey the shapes tell the same. A target has one colour.\n"
		 "set encoding utf8\nset errorbars 0\n"
		 "set datafile separator \"\\t\"\n"
		 "set datafile commentschars '#'\n"
		 "set datafile missing 'NaN'\n"
		 "unset key\nunset ytics\n\n"
		 "# A PNG has a palette, so that it is small. A font's size is in\n"
		 "# pixels to svg, and in points, 4/3 as large, elsewhere.\n"
		 "png = strstrt(GPVAL_TERMINALS, ' png ') ? \\\n"
		 "\t\"png notruecolor font 'sans,12' fontscale 0.75\" : \\\n"
		 "\t\"pngcairo font '" FONT "' fontscale 0.75\"\n\n");
	for (size_t i = 0; i < COLOUR_COUNT; i++) {
		size_t start = style->length;

		text_format(style, "colour_%s", colours[i].role);
		for (size_t k = start; k < style->length; k++)
			if (style->data[k] == '-')
				style->data[k] = '_';
		text_format(style, " = '#%06x'\n", colours[i].rgb);
	}
}

static const char *colour_role_at(const char *s)
{
	char quoted[16];

	for (size_t i = 0; i < COLOUR_COUNT; i++) {
		snprintf(quoted, sizeof(quoted), "'#%06x'", colours[i].rgb);
		if (!strncmp(s, quoted, strlen(quoted)))
			return colours[i].role;
	}
	return NULL;
}

void canvas_colours(struct text *script)
{
	enum { QUOTED = sizeof("'#123456'") - 1 };
	struct text named = { 0 };
	const char *s = text_string(script);

	while (*s) {
		const char *next = strstr(s, "'#"), *role;

		if (!next) {
			text_add(&named, s);
			break;
		}
		text_bytes(&named, s, (size_t)(next - s));
		role = colour_role_at(next);
		if (!role) {
			text_bytes(&named, next, 1);
			s = next + 1;
			continue;
		}
		text_add(&named, "colour_");
		for (; *role; role++)
			text_bytes(&named, *role == '-' ? "_" : role, 1);
		s = next + QUOTED;
	}
	named.failed |= script->failed;
	text_free(script);
	*script = named;
}

void canvas_prologue(struct text *script, const char *name)
{
	text_format(script,
		    "# Draws %s.svg, %s-narrow.svg and %s.png from %s.dat:\n"
		    "#\tgnuplot %s.gp\n"
		    "load 'style.gp'\n\n", name, name, name, name, name);
}

void canvas_software(struct text *script, const struct canvas *c,
		     const struct run *run)
{
	if (!run_is_software(run))
		return;
	text_format(script, "set label 'times mean nothing here' at graph 0.5, "
		    "graph 0.5 center front font ',%d' textcolor rgb '#%06x'\n",
		    c->narrow ? 16 : 26, colours[COLOUR_AXIS].rgb);
}

void canvas_begin(struct text *script, const struct canvas *c, const char *name,
		  size_t rows)
{
	double w = c->width, h = c->height;
	char id[40];

	/* Ids inside the drawing: letters, digits and '_' alone. */
	snprintf(id, sizeof(id), "%s", name);
	for (char *s = id; *s; s++)
		*s = *s == '-' ? '_' : *s;
	text_format(script,
		    "set terminal svg size %d,%d font '%s' noenhanced "
		    "background '#%06x' name '%s%s'\n"
		    "set output '%s%s.svg'\n"
		    "unset label\nunset arrow\n"
		    "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
		    "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
		    c->width, c->height, FONT, colours[COLOUR_PAPER].rgb, id,
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

void canvas_png(struct text *script, const struct canvas *c, const char *name)
{
	text_format(script,
		    "\nset terminal @png size %d,%d noenhanced background '#%06x'\n"
		    "set output '%s%s.png'\nreplot\nset output\n\n",
		    c->width, c->height, colours[COLOUR_PAPER].rgb, name, c->suffix);
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

/*
 * What a name can do without is the unit, which its table has, and the sizes of
 * pages, which are in the operation's own name: its end says the ring.
 */
static void add_without_words(struct text *data, const char *name)
{
	static const char *const words[] = { " (per ", " (guest_page=", " (host_page=" };
	struct text t = { 0 };

	while (*name) {
		const char *end = NULL;

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!strncmp(name, words[i], strlen(words[i])))
				end = strchr(name, ')');
		if (end)
			name = end + 1;
		else
			text_bytes(&t, name++, 1);
	}
	text_plain(data, text_string(&t));
	text_free(&t);
}

void canvas_name(struct text *data, const char *name)
{
	size_t start = data->length;

	if (strlen(name) > NAME_LENGTH)
		add_without_words(data, name);
	else
		text_plain(data, name);
	if (!data->failed && data->length - start > NAME_LENGTH) {
		data->length = start + NAME_LENGTH - 3;
		text_add(data, "...");
	}
}

bool canvas_instances(double least, double most, struct text *caption)
{
	if (!(least <= most))
		return false;
	text_format(caption, " Each point is a median over n = %s",
		    number_tidy(least).s);
	if (most > least)
		text_format(caption, " to %s", number_tidy(most).s);
	text_format(caption, " instance%s", most > 1 ? "s" : "");
	return true;
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
