/*
 * gnuplot writes a transformation, a size and a colour for each mark, and a
 * group for each word. A report has thousands of them: a mark becomes a place
 * where a symbol of that size and colour stands, a word one element, a line
 * that runs along an axis one number, and a group that says nothing is gone.
 */
#include "reports/svg_small.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/svg.h"

enum { SYMBOLS_MOST = 64, NUMBER = 16, DEPTH_MOST = 64 };

struct symbol {
	char what[64];		/* "gpPt6)4.05'#1f2329" */
};

struct small {
	struct symbol symbol[SYMBOLS_MOST];
	size_t symbols;
	bool left_out[DEPTH_MOST];	/* the groups around what is read */
	size_t depth;
	struct text *out;
};

/* Which symbol; defined where it is new. SYMBOLS_MOST: there is no room. */
static size_t symbol_of(struct small *k, const char *point, const char *scale,
			const char *colour)
{
	char what[64];
	size_t i = 0;

	snprintf(what, sizeof(what), "%s)%s'%s", point, scale, colour);
	while (i < k->symbols && strcmp(k->symbol[i].what, what))
		i++;
	if (i < k->symbols || i == SYMBOLS_MOST)
		return i;
	memcpy(k->symbol[k->symbols++].what, what, sizeof(what));
	text_format(k->out, "<defs><g id='k%zu' color=\"%s\" transform='scale(%s)'>"
		    "<use href='#%s'/></g></defs>", i, colour, scale, point);
	return i;
}

/* A mark; 0 if it is none. */
static size_t add_mark(struct small *k, const char *s)
{
	char point[NUMBER], x[NUMBER], y[NUMBER], scale[NUMBER], colour[NUMBER];
	int used = 0;
	size_t i;

	if (sscanf(s, "<use href='#%15[gpPt0-9]' transform='translate(%15[0-9.-],"
		   "%15[0-9.-])scale(%15[0-9.])' color='%15[#0-9a-f]'/>%n", point, x,
		   y, scale, colour, &used) != 5 || !used)
		return 0;
	i = symbol_of(k, point, scale, colour);
	if (i == SYMBOLS_MOST)
		return 0;
	text_format(k->out, "<use href='#k%zu' x='%s' y='%s'/>", i, x, y);
	return (size_t)used;
}

/* A word in a group of its own, and where it stands in it. */
static size_t read_word(const char *s, char x[NUMBER], char y[NUMBER],
			char fill[NUMBER], char size[NUMBER], char anchor[NUMBER])
{
	static const char open[] = "><text>";
	int used = 0, more = 0;

	*size = '\0';
	if (sscanf(s, "<g transform=\"translate(%15[0-9.-],%15[0-9.-])\" stroke=\"none\" "
		   "fill=\"%15[#0-9a-f]\"%n", x, y, fill, &used) != 3 || !used)
		return 0;
	if (sscanf(s + used, " font-size=\"%15[0-9.]\"%n", size, &more) == 1)
		used += more;
	more = 0;
	if (sscanf(s + used, " text-anchor=\"%15[a-z]\"%n", anchor, &more) != 1 ||
	    !more || strncmp(s + used + more, open, strlen(open)))
		return 0;
	return (size_t)(used + more) + strlen(open);
}

static size_t add_word(struct small *k, const char *s)
{
	static const char close[] = "</text></g>";
	char x[NUMBER], y[NUMBER], fill[NUMBER], size[NUMBER], anchor[NUMBER];
	char ink[NUMBER];
	size_t begin = read_word(s, x, y, fill, size, anchor);
	size_t length = begin ? strcspn(s + begin, "<") : 0;

	if (!begin || strncmp(s + begin + length, close, strlen(close)))
		return 0;
	snprintf(ink, sizeof(ink), "#%06x", colours[COLOUR_INK].rgb);
	text_format(k->out, "<text x='%s' y='%s'", x, y);
	if (*size)
		text_format(k->out, " font-size='%s'", size);
	if (!strcmp(fill, ink))
		text_format(k->out, " class='%c'>", *anchor);
	else
		text_format(k->out, " text-anchor='%s' fill=\"%s\">", anchor, fill);
	text_bytes(k->out, s + begin, length);
	text_add(k->out, "</text>");
	return begin + length + strlen(close);
}

/* A bar is a polygon to gnuplot. */
static size_t add_bar(struct small *k, const char *s)
{
	char fill[NUMBER], x[4][NUMBER], y[4][NUMBER];
	int used = 0;

	if (sscanf(s, "<polygon fill ='%15[#0-9a-f]' points ='%15[0-9.],%15[0-9.] "
		   "%15[0-9.],%15[0-9.] %15[0-9.],%15[0-9.] %15[0-9.],%15[0-9.]'/>%n",
		   fill, x[0], y[0], x[1], y[1], x[2], y[2], x[3], y[3],
		   &used) != 9 || !used || strcmp(y[0], y[1]) ||
	    strcmp(x[1], x[2]) || strcmp(y[2], y[3]) || strcmp(x[3], x[0]))
		return 0;
	text_format(k->out, "<path fill=\"%s\" stroke='none' d='M%s,%sH%sV%sH%sz'/>",
		    fill, x[0], y[0], x[1], y[2], x[0]);
	return (size_t)used;
}

/* One step of a path, "L 12.3,45" or "M12.3,45 "; NULL: it is another. */
static const char *read_step(const char *s, char *step, char x[NUMBER],
			     char y[NUMBER])
{
	int used = 0;

	if (sscanf(s, " %1[ML]%15[0-9.-],%15[0-9.-]%n", step, x, y, &used) != 3 ||
	    !used)
		return NULL;
	return s + used;
}

/* What a path is made of, up to its closing quote: d='M1,2 L1,3'. */
static size_t add_path(struct small *k, const char *s)
{
	static const char begin[] = " d='";
	char x[NUMBER] = "", y[NUMBER] = "", nx[NUMBER], ny[NUMBER], step[2];
	const char *at, *next;
	size_t start = k->out->length, moved;
	bool drawn = true;		/* since it moved there */

	if (strncmp(s, begin, strlen(begin)))
		return 0;
	text_add(k->out, begin);
	moved = k->out->length;
	for (at = s + strlen(begin); *at && *at != '\''; at = next) {
		next = at + 1;
		if (*at == 'Z' || *at == 'z') {
			text_add(k->out, "z");
			drawn = true;
			continue;
		}
		next = read_step(at, step, nx, ny);
		if (!next)
			break;
		/* An interval of no length: it moves there, and away. */
		if (*step == 'M' && !drawn)
			k->out->length = moved;
		if (*step == 'M')
			moved = k->out->length;
		drawn = *step == 'L';
		if (*step == 'L' && !strcmp(x, nx))
			text_format(k->out, "V%s", ny);
		else if (*step == 'L' && !strcmp(y, ny))
			text_format(k->out, "H%s", nx);
		else
			text_format(k->out, "%s%s,%s", step, nx, ny);
		memcpy(x, nx, sizeof(x));
		memcpy(y, ny, sizeof(y));
		next += strspn(next, " ");
	}
	if (*at != '\'') {		/* an arc */
		k->out->length = start;
		return 0;
	}
	if (!drawn)
		k->out->length = moved;
	return (size_t)(at - s);
}

/* A group that says nothing of what is in it: both of its ends. */
static size_t skip_group(struct small *k, const char *s)
{
	size_t length = strcspn(s, ">") + 1;
	int plain = 0;

	if (!strncmp(s, "</g>", 4)) {
		k->depth -= k->depth > 0;
		return k->depth < DEPTH_MOST && k->left_out[k->depth] ? length : 0;
	}
	if (strncmp(s, "<g", 2) || !strchr("> ", s[2]) || !s[length - 1])
		return 0;
	if (s[2] != '>')
		sscanf(s, "<g id=\"%*[A-Za-z0-9_]\" >%n", &plain);
	if (k->depth++ >= DEPTH_MOST)
		return 0;
	k->left_out[k->depth - 1] = s[2] == '>' || plain > 0;
	return k->left_out[k->depth - 1] ? length : 0;
}

void svg_small(const struct text *body, struct text *out)
{
	struct small *k = calloc(1, sizeof(*k));
	size_t length;

	if (!k) {
		out->failed = true;
		return;
	}
	k->out = out;
	for (const char *s = text_string(body); *s; s += length) {
		length = *s == '<' ? add_mark(k, s) : *s == ' ' ? add_path(k, s) : 0;
		if (!length && *s == '<')
			length = add_word(k, s);
		if (!length && *s == '<')
			length = add_bar(k, s);
		if (!length && *s == '<')
			length = skip_group(k, s);
		if (!length) {
			length = 1 + strcspn(s + 1, "< ");
			text_bytes(out, s, length);
		}
	}
	free(k);
}

void svg_small_style(struct text *out, unsigned int ink)
{
	text_format(out, ".s,.m,.e{fill:#%06x}", ink);
}
