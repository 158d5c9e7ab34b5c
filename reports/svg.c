/*
 * One drawing, two lives: as a file it stands on white paper, inside the page
 * it takes the page's colours. gnuplot knows only the first.
 */
#include "reports/svg.h"

#include <stdio.h>
#include <string.h>

/*
 * Told apart in any common kind of colour vision and, by lightness, in grey.
 * No two may be equal: the role is recognised by the value.
 */
const struct colour colours[COLOUR_COUNT] = {
	[COLOUR_INK] = { "ink", 0x1f2329 },
	[COLOUR_AXIS] = { "axis", 0x8b949e },
	[COLOUR_GRID] = { "grid", 0xd8dee4 },
	[COLOUR_REFERENCE] = { "reference", 0x57606a },
	[COLOUR_PAPER] = { "paper", 0xfefefe },
	[COLOUR_RUN_0] = { "run-0", 0x0069a8 },
	[COLOUR_RUN_1] = { "run-1", 0xc44e00 },
	[COLOUR_RUN_2] = { "run-2", 0x007a5a },
	[COLOUR_RUN_3] = { "run-3", 0x9c4580 },
	[COLOUR_RUN_4] = { "run-4", 0x8a6d00 },
	[COLOUR_RUN_5] = { "run-5", 0x444c56 },
	[COLOUR_PART_0] = { "part-0", 0x00548c },
	[COLOUR_PART_1] = { "part-1", 0x6cb4e4 },
	[COLOUR_PART_2] = { "part-2", 0xe69f00 },
	[COLOUR_PART_3] = { "part-3", 0x63c2a0 },
	[COLOUR_PART_4] = { "part-4", 0x00664a },
	/* One hue that darkens: ink can be read on each. */
	[COLOUR_HEAT_0] = { "heat-0", 0xd3e4f2 },
	[COLOUR_HEAT_1] = { "heat-1", 0xb4d0e8 },
	[COLOUR_HEAT_2] = { "heat-2", 0x92bade },
	[COLOUR_HEAT_3] = { "heat-3", 0x74a7d5 },
	[COLOUR_HEAT_4] = { "heat-4", 0x5a98cc },
};

static const char *colour_role(unsigned int rgb)
{
	for (size_t i = 0; i < COLOUR_COUNT; i++)
		if (colours[i].rgb == rgb)
			return colours[i].role;
	return NULL;
}

/* At "rgb( 1, 2, 3)": writes what takes its place; 0 if it is no colour. */
static size_t add_colour(const char *s, struct text *out)
{
	unsigned int r, g, b;
	const char *role;
	int used = 0;

	if (sscanf(s, "rgb( %3u , %3u , %3u )%n", &r, &g, &b, &used) != 3 || !used)
		return 0;
	role = colour_role((r & 255) << 16 | (g & 255) << 8 | (b & 255));
	if (role)
		text_format(out, "var(--plot-%s)", role);
	else
		text_bytes(out, s, (size_t)used);
	return (size_t)used;
}

/* What gnuplot writes, and what stands there in the page. */
static const struct {
	const char *from, *to;
	bool prefixed;		/* an id or a reference to one */
} edits[] = {
	{ "id='", "id='", true },
	{ "id=\"", "id=\"", true },
	{ "href='#", "href='#", true },
	{ "url(#", "url(#", true },
	{ "\"black\"", "\"currentColor\"", false },
	{ "\"#fefefe\"", "\"none\"", false },
	{ "\"#FEFEFE\"", "\"var(--plot-paper)\"", false },
	{ "'#FEFEFE'", "'var(--plot-paper)'", false },
};

static size_t add_edited(const char *s, const char *prefix, struct text *out)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		size_t length = strlen(edits[i].from);

		if (strncmp(s, edits[i].from, length))
			continue;
		text_add(out, edits[i].to);
		if (edits[i].prefixed)
			text_format(out, "%s-", prefix);
		return length;
	}
	return 0;
}

static size_t skip_element(const char *s, const char *open, const char *close)
{
	const char *end;

	if (strncmp(s, open, strlen(open)))
		return 0;
	end = strstr(s, close);
	return end ? (size_t)(end - s) + strlen(close) : 0;
}

bool svg_inline(const struct text *svg, const char *prefix, const char *label,
		struct text *out)
{
	const char *s = strstr(text_string(svg), "<svg");
	const char *box = s ? strstr(s, "viewBox=\"") : NULL;
	const char *end = s ? strstr(s, "</svg>") : NULL;
	const char *body = box ? strchr(box, '>') : NULL;
	size_t length;

	if (!body || !end || body > end)
		return false;
	box += strlen("viewBox=\"");
	text_format(out, "<svg viewBox=\"%.*s\" role=\"img\" aria-label=\"",
		    (int)strspn(box, "0123456789. "), box);
	text_html(out, label);
	text_add(out, "\">");
	for (s = body + 1; s < end; s += length) {
		length = skip_element(s, "<title>", "</title>");
		if (!length)
			length = skip_element(s, "<desc>", "</desc>");
		if (!length)
			length = add_colour(s, out);
		if (!length)
			length = add_edited(s, prefix, out);
		if (!length) {
			length = 1;
			text_bytes(out, s, 1);
		}
	}
	text_add(out, "</svg>");
	return true;
}
