/*
 * One drawing, two lives: on white paper, and on a dark screen. gnuplot knows
 * only the first, and says everything three times.
 */
#include "reports/svg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/svg_small.h"
#include "reports/svg_terse.h"

/*
 * Told apart in any common kind of colour vision and, by lightness, in grey.
 * No two may be equal: the role is recognised by the value.
 */
const struct colour colours[COLOUR_COUNT] = {
	[COLOUR_INK] = { "ink", 0x1f2329, 0xe6e9ed },
	[COLOUR_AXIS] = { "axis", 0x8b949e, 0x77818d },
	[COLOUR_GRID] = { "grid", 0xd8dee4, 0x2d343d },
	[COLOUR_REFERENCE] = { "reference", 0x57606a, 0xa2acb8 },
	[COLOUR_PAPER] = { "paper", 0xfefefe, 0x14181d },
	[COLOUR_RUN_0] = { "run-0", 0x0069a8, 0x62b3ec },
	[COLOUR_RUN_1] = { "run-1", 0xc44e00, 0xff9350 },
	[COLOUR_RUN_2] = { "run-2", 0x007a5a, 0x3cc79b },
	[COLOUR_RUN_3] = { "run-3", 0x9c4580, 0xe29bc4 },
	[COLOUR_RUN_4] = { "run-4", 0x8a6d00, 0xdcc04a },
	[COLOUR_RUN_5] = { "run-5", 0x444c56, 0xc3cad2 },
	[COLOUR_RUN_2_DARK] = { "run-2-dark", 0x00402f, 0x9be8cd },
	[COLOUR_RUN_2_LIGHT] = { "run-2-light", 0x3aa37f, 0x1f9470 },
	[COLOUR_PART_0] = { "part-0", 0x00548c, 0x2f86c6 },
	[COLOUR_PART_1] = { "part-1", 0x6cb4e4, 0x8fcbf2 },
	[COLOUR_PART_2] = { "part-2", 0xe69f00, 0xe9ae2b },
	[COLOUR_PART_3] = { "part-3", 0x63c2a0, 0x7fd3b4 },
	[COLOUR_PART_4] = { "part-4", 0x00664a, 0x1d9a73 },
	/* One hue that darkens: ink can be read on each. */
	[COLOUR_HEAT_0] = { "heat-0", 0xd3e4f2, 0x1f2a36 },
	[COLOUR_HEAT_1] = { "heat-1", 0xb4d0e8, 0x1f3a52 },
	[COLOUR_HEAT_2] = { "heat-2", 0x92bade, 0x1f4a6e },
	[COLOUR_HEAT_3] = { "heat-3", 0x74a7d5, 0x235989 },
	[COLOUR_HEAT_4] = { "heat-4", 0x5a98cc, 0x29689d },
};

/* At "rgb( 1, 2, 3)" or "#010203": its value; 0 if it is no colour. */
static size_t read_colour(const char *s, unsigned int *rgb)
{
	unsigned int r, g, b;
	int used = 0;

	/* sscanf() looks for the string's end, at each call: it is far away. */
	if (*s != 'r' && *s != '#')
		return 0;
	if (sscanf(s, "rgb( %3u , %3u , %3u )%n", &r, &g, &b, &used) == 3 && used) {
		*rgb = (r & 255) << 16 | (g & 255) << 8 | (b & 255);
		return (size_t)used;
	}
	if (sscanf(s, "#%6x%n", rgb, &used) == 1 && used == 7)
		return (size_t)used;
	return 0;
}

static bool colour_known(unsigned int rgb)
{
	for (size_t i = 0; i < COLOUR_COUNT; i++)
		if (colours[i].rgb == rgb)
			return true;
	return false;
}

/* What gnuplot writes, and what says the same. */
static const struct { const char *from, *to; } edits[] = {
	{ " stroke-linecap=\"butt\"", "" },
	{ " stroke-linejoin=\"miter\"", "" },
	{ " stroke-width=\"1.00\"", "" },
	{ " font-family=\"sans-serif\"", "" },
	{ " font-size=\"12.00\"", "" },
	{ " class=\"gridline\"", "" },
	/* What all groups say, their parent says once; the paper has no frame. */
	{ "<g id=\"gnuplot_canvas\"", "<g font-family=\"sans-serif\" font-size=\"12\" "
	  "fill=\"none\" color=\"#1f2329\" stroke=\"currentColor\"" },
	{ "<g fill=\"none\" color=\"black\" stroke=\"currentColor\"", "<g" },
	{ "<rect x=\"0\" y=\"0\"", "<rect stroke=\"none\"" },
	{ "xlink:href", "href" },
	{ ") scale(", ")scale(" },
	{ "\"black\"", "\"#1f2329\"" },
	{ "'black'", "'#1f2329'" },
};

static const char blank[] = " \n\t";

/*
 * Of a coordinate a tenth of a pixel is enough. Small numbers are none: they
 * are sizes, widths, shares.
 */
static size_t add_coordinate(const char *s, struct text *out)
{
	unsigned int whole, hundredths;
	size_t digits = strspn(s, "0123456789");
	const char *part = s + digits + 1;

	if (digits < 2 || digits > 5 || s[digits] != '.' ||
	    strspn(part, "0123456789") != 2)
		return 0;
	whole = (unsigned int)strtoul(s, NULL, 10);
	hundredths = 100 * whole + 10 * (unsigned int)(part[0] - '0') +
		     (unsigned int)(part[1] - '0') + 5;
	text_format(out, "%u", hundredths / 100);
	if (hundredths / 10 % 10)
		text_format(out, ".%u", hundredths / 10 % 10);
	return digits + 3;
}

/* Blanks between elements, and before the end of an attribute, say nothing. */
static size_t add_blank(const char *s, bool in_tag, struct text *out)
{
	size_t length = strspn(s, blank);

	if (!length)
		return 0;
	if (in_tag && s[length] != '\'' && s[length] != '"')
		text_add(out, " ");
	else if (!in_tag && s[length] != '<')
		text_bytes(out, s, length);
	return length;
}

static size_t add_edited(const char *s, bool in_tag, struct text *out)
{
	unsigned int rgb;
	size_t length = read_colour(s, &rgb);

	if (!in_tag)
		return add_blank(s, false, out);

	if (length && (*s != '#' || colour_known(rgb))) {
		text_format(out, "#%06x", rgb);
		return length;
	}
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		length = strlen(edits[i].from);
		if (strncmp(s, edits[i].from, length))
			continue;
		text_add(out, edits[i].to);
		return length;
	}
	length = add_blank(s, true, out);
	return length ? length : add_coordinate(s, out);
}

static size_t skip_element(const char *s, const char *open, const char *close)
{
	const char *end;

	if (strncmp(s, open, strlen(open)))
		return 0;
	end = strstr(s, close);
	return end ? (size_t)(end - s) + strlen(close) : 0;
}

/* A group around nothing. */
static size_t skip_empty(const char *s)
{
	const char *end = strncmp(s, "<g ", 3) ? NULL : strchr(s, '>');

	if (!end)
		return 0;
	end++;
	end += strspn(end, " \n\t");
	return strncmp(end, "</g>", 4) ? 0 : (size_t)(end - s) + 4;
}

/*
 * Is that symbol drawn, or one that is made of it? gnuplot defines all that it
 * knows, each after those that it is made of.
 */
static bool symbol_used(const char *definition, const char *id, size_t length)
{
	const char *end = strstr(definition, "</defs>");
	char use[32];

	snprintf(use, sizeof(use), "href='#%.*s'", (int)length, id);
	if (!end || strstr(end, use))
		return true;
	for (const char *s = strstr(definition, use); s && s < end;
	     s = strstr(s + 1, use)) {
		const char *other = s + strlen(use);

		if (strncmp(other, " id='", 5) ||
		    symbol_used(other, other + 5, strcspn(other + 5, "'")))
			return true;
	}
	return false;
}

static size_t skip_symbol(const char *s)
{
	const char *end = *s == '<' ? strchr(s, '>') : NULL;
	const char *id = end && end[-1] == '/' ? strstr(s, " id='gp") : NULL;

	if (!id || id > end)
		return 0;
	id += strlen(" id='");
	return symbol_used(end, id, strcspn(id, "'")) ? 0 : (size_t)(end - s) + 1;
}

static size_t skip_useless(const char *s)
{
	static const struct { const char *open, *close; } useless[] = {
		{ "<title>", "</title>" }, { "<desc>", "</desc>" },
		{ "<filter ", "</filter>" },
	};
	size_t length = skip_empty(s);

	if (!length)
		length = skip_symbol(s);
	for (size_t i = 0; !length && i < sizeof(useless) / sizeof(useless[0]); i++)
		length = skip_element(s, useless[i].open, useless[i].close);
	return length;
}

static bool colour_used(const struct text *drawing, const char *what,
			unsigned int rgb)
{
	char value[32];

	snprintf(value, sizeof(value), " %s=\"#%06x\"", what, rgb);
	if (strstr(text_string(drawing), value))
		return true;
	snprintf(value, sizeof(value), " %s='#%06x'", what, rgb);
	return strstr(text_string(drawing), value);
}

/* The same drawing on a dark screen: each colour that occurs in it. */
static void add_style(const struct text *drawing, struct text *out)
{
	text_add(out, "<style>text{stroke:none}.m{text-anchor:middle}"
		 ".e{text-anchor:end}");
	svg_small_style(out, colours[COLOUR_INK].rgb);
	text_add(out, "@media screen and (prefers-color-scheme:dark){");
	svg_small_style(out, colours[COLOUR_INK].dark);
	for (size_t i = 0; i < COLOUR_COUNT; i++) {
		static const char *const what[] = { "fill", "stroke", "color" };

		for (size_t k = 0; k < 3; k++)
			if (colour_used(drawing, what[k], colours[i].rgb))
				text_format(out, "[%s=\"#%06x\"]{%s:#%06x}", what[k],
					    colours[i].rgb, what[k], colours[i].dark);
	}
	text_add(out, "}</style>");
}

bool svg_finish(const struct text *svg, const char *label, struct text *out,
		int *width, int *height)
{
	const char *s = strstr(text_string(svg), "<svg");
	const char *box = s ? strstr(s, "viewBox=\"") : NULL;
	const char *end = s ? strstr(s, "</svg>") : NULL;
	const char *from = box ? strchr(box, '>') : NULL;
	struct text body = { 0 }, small = { 0 }, terse = { 0 };
	bool in_tag = false;
	size_t length;

	if (!from || !end || from > end ||
	    sscanf(box, "viewBox=\"%*d %*d %6d %6d", width, height) != 2)
		return false;
	for (s = from + 1; s < end; s += length) {
		length = skip_useless(s);
		if (!length)
			length = add_edited(s, in_tag || *s == '<', &body);
		if (!length) {
			length = 1;
			text_bytes(&body, s, 1);
		}
		/* What was taken at once is within a tag, or a whole element. */
		in_tag = s[length - 1] == '>' ? false : in_tag || *s == '<';
	}
	text_format(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
		    "width=\"%d\" "
		    "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\"><title>",
		    *width, *height, *width, *height);
	text_html(out, label);
	text_add(out, "</title>");
	svg_small(&body, &small);
	svg_terse(&small, &terse);
	add_style(&small, out);
	text_add(out, text_string(&terse));
	text_add(out, "</svg>\n");
	out->failed |= body.failed || small.failed || terse.failed;
	text_free(&body);
	text_free(&small);
	text_free(&terse);
	return true;
}
