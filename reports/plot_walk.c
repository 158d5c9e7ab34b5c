/*
 * The walk matrix as a heat map: one hue that darkens, so that it is read in
 * grey and in any colour vision, and the number in each box, so that it is
 * read without any. What is not proven stays empty: a colour would claim it.
 */
#include <math.h>

#include "reports/memory.h"
#include "reports/number.h"
#include "reports/plot_axes.h"

enum { HEAD_ROWS = 1, PANEL_ROWS = HEAD_ROWS + MEMORY_PAGES };

struct heat {
	const struct memory *mem;
	double low, high;		/* of the scale */
	size_t filled, unproven, empty;
};

static bool is_filled(const struct walk_cell *c)
{
	return c->meaning == MEANS_NUMBER && c->value > 0;
}

static void heat_measure(struct heat *t)
{
	t->low = INFINITY;
	for (size_t i = 0; i < t->mem->walks; i++)
		for (int g = 0; g < MEMORY_PAGES; g++)
			for (int h = 0; h < WALK_COLUMNS; h++) {
				const struct walk_cell *c =
					&t->mem->walk[i].cell[g][h];

				if (!is_filled(c)) {
					bool valued = memory_valued(c->meaning);

					t->unproven += valued;
					t->empty += !valued;
					continue;
				}
				t->filled++;
				t->low = fmin(t->low, c->value);
				t->high = fmax(t->high, c->value);
			}
	if (!t->filled)
		t->low = t->high = 1;
	/* Noise does not get all the colours there are. */
	t->high = fmax(t->high, t->low * 2);
}

static double step_low(const struct heat *t, int step)
{
	return t->low * pow(t->high / t->low, (double)step / COLOUR_HEATS);
}

static int heat_step(const struct heat *t, double value)
{
	int step = COLOUR_HEATS - 1;

	while (step > 0 && value < step_low(t, step))
		step--;
	return step;
}

static void write_cell(const struct heat *t, size_t panel, int g, int h,
		       struct text *data)
{
	const struct walk_cell *c = &t->mem->walk[panel].cell[g][h];
	bool valued = memory_valued(c->meaning);

	text_format(data, "%d\t%zu\t%d\t", h,
		    panel * PANEL_ROWS + HEAD_ROWS + (size_t)g, is_filled(c) ?
		    heat_step(t, c->value) : valued ? -1 : -2);
	if (valued)
		text_format(data, "%s %s", number(c->value).s, t->mem->walk_unit);
	else
		text_add(data, meaning_word(c->meaning));
	/* A picture has no room for bounds: it says what they do not deny. */
	if (c->ratio.low > 1 || c->ratio.high < 1)
		text_format(data, " \u00d7%s", number(c->ratio.value).s);
	text_add(data, "\t");
	if (valued && c->meaning != MEANS_NUMBER)
		text_add(data, meaning_word(c->meaning));
	else if (valued && !isnan(c->low) && !isnan(c->high))
		text_add(data, number_range(c->low, c->high).s);
	text_add(data, "\t");
	if (!isnan(c->refs))
		text_format(data, "\u2264 %s refs", number_tidy(c->refs).s);
	text_add(data, "\n");
}

static void write_data(const void *chart, struct text *data)
{
	const struct heat *t = chart;
	static const char *const column[WALK_COLUMNS] = {
		"host 4 KiB", "2 MiB THP", "2 MiB huge", "1 GiB huge",
	};

	text_add(data, "# index 0: row, guest page\n");
	for (size_t i = 0; i < t->mem->walks; i++)
		for (int g = 0; g < MEMORY_PAGES; g++)
			text_format(data, "%zu\t%s%s\n",
				    i * PANEL_ROWS + HEAD_ROWS + (size_t)g,
				    g ? "" : "guest ", memory_page((enum pages)g));
	text_add(data, "\n\n# index 1: column, row, host page\n");
	for (size_t i = 0; i < t->mem->walks; i++)
		for (int h = 0; h < WALK_COLUMNS; h++)
			text_format(data, "%d\t%zu\t%s\n", h, i * PANEL_ROWS,
				    column[h]);
	text_add(data, "\n\n# index 2: column, row, step of colour (-1 not attested, "
		 "-2 no number), number, note, bound\n");
	for (size_t i = 0; i < t->mem->walks; i++)
		for (int g = 0; g < MEMORY_PAGES; g++)
			for (int h = 0; h < WALK_COLUMNS; h++)
				write_cell(t, i, g, h, data);
	text_add(data, "\n\n# index 3: row, source\n");
	for (size_t i = 0; i < t->mem->walks; i++) {
		const struct memory_source *s =
			&t->mem->source[t->mem->walk[i].source];

		text_format(data, "%zu\t", i * PANEL_ROWS);
		if (t->mem->sources > 1)
			canvas_name(data, s->label);
		text_add(data, "\n");
	}
}

static void write_legend(const struct heat *t, struct legend *l)
{
	struct text label = { 0 };

	for (int i = 0; t->filled && i < COLOUR_HEATS; i++) {
		text_clear(&label);
		text_format(&label, "%s to %s%s%s", number(step_low(t, i)).s,
			    number(step_low(t, i + 1)).s,
			    i == COLOUR_HEATS - 1 ? " " : "",
			    i == COLOUR_HEATS - 1 ? t->mem->walk_unit : "");
		legend_add(l, 5, 1.5, COLOUR_HEAT_0 + (size_t)i,
			   text_string(&label));
	}
	if (t->unproven)
		legend_add(l, 4, 1.3, COLOUR_REFERENCE, "not attested");
	text_free(&label);
}

static void write_boxes(struct text *script)
{
	for (int step = -2; step < COLOUR_HEATS; step++) {
		size_t edge = step == -1 ? COLOUR_REFERENCE : COLOUR_GRID;

		text_format(script, ", \\\n     '' index 2 using ($3==%d ? $1 : NaN):2:"
			    "(0.47):(0.45) with boxxyerror fillstyle %s "
			    "linecolor rgb '#%06x' linewidth %s", step,
			    step < 0 ? "empty" : "solid 1 noborder",
			    colours[step < 0 ? edge :
				    COLOUR_HEAT_0 + (size_t)step].rgb,
			    step == -1 ? "1.5" : "1");
	}
}

static void write_labels(struct text *script, const struct canvas *c)
{
	static const struct { int field; const char *shift; size_t colour; } line[] = {
		{ 4, "-0.26", COLOUR_INK }, { 5, "", COLOUR_INK },
		{ 6, "+0.27", COLOUR_INK },
	};

	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		text_format(script, ", \\\n     '' index 2 using 1:($2%s):%d with labels "
			    "noenhanced font ',%d' textcolor rgb '#%06x'",
			    line[i].shift, line[i].field, c->narrow ? 10 : 12,
			    colours[line[i].colour].rgb);
	text_format(script, ", \\\n     '' index 1 using 1:($2+0.3):3 with labels "
		    "noenhanced font ',%d' textcolor rgb '#%06x', \\\n"
		    "     '' index 3 using (-0.47):($1-0.2):2 with labels left "
		    "noenhanced textcolor rgb '#%06x'\n", c->narrow ? 10 : 12,
		    colours[COLOUR_REFERENCE].rgb, colours[COLOUR_INK].rgb);
}

static void write_canvas(const void *chart, bool narrow, struct text *script)
{
	const struct heat *t = chart;
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 8,
			    .left = narrow ? 44 : 96, .right = narrow ? 2 : 30 };
	struct legend l = { .canvas = &c, .y = 14 };
	size_t rows = t->mem->walks * PANEL_ROWS;

	write_legend(t, &l);
	c.top = l.y + 14;
	c.height = c.top + c.bottom + 52 * (int)rows;
	canvas_begin(script, &c, "walk", rows);
	l = (struct legend){ .script = script, .canvas = &c, .y = 14 };
	write_legend(t, &l);
	text_format(script, "unset border\nunset xtics\nunset grid\n"
		    "set yrange [%.1f:-0.5]\nset xrange [-0.5:%.1f]\n",
		    (double)rows - 0.5, WALK_COLUMNS - 0.5);
	/* Two words beside the first box do not fit a phone. */
	text_format(script, "plot 'walk.dat' index 0 using (-0.5):1:(%s) with labels "
		    "right offset character -0.3,0 noenhanced font ',%d' textcolor rgb '#%06x'",
		    narrow ? "strcol(2)[strlen(strcol(2))-4:]" : "strcol(2)",
		    narrow ? 10 : 12, colours[COLOUR_INK].rgb);
	write_boxes(script);
	write_labels(script, &c);
	if (!narrow)
		canvas_png(script, &c, "walk");
}

static void write_words(const void *chart, struct figure *f)
{
	const struct heat *t = chart;

	text_format(&f->alt, "Heat map of the time of a load by page size of the guest "
		    "(rows) and of the host (columns): ");
	if (t->filled)
		text_format(&f->alt, "%s attested numbers",
			    number_count(t->filled).s);
	else
		text_add(&f->alt, "no attested number");
	text_format(&f->alt, ", %s not attested, %s boxes without a number. The table "
		    "has them all.", number_count(t->unproven).s,
		    number_count(t->empty).s);
	text_format(&f->caption, "A dependent load over 64\u00a0MiB at ring 3, in %s, by "
		    "page size of the guest (down) and of the host (across): the "
		    "darker, the slower, in logarithmic steps. \u201c\u2264 refs\u201d "
		    "is the most memory references that a walk may take; between "
		    "is the interval of the number. ",
		    t->mem->walk_unit);
	if (t->unproven)
		text_add(&f->caption, "A box with an edge and no colour is not "
			 "attested. ");
	if (t->empty)
		text_add(&f->caption, "A box without a number has its reason below "
			 "the table. ");
	if (t->mem->walks > 1)
		text_add(&f->caption, "\u00d7 is the ratio to a process on the same "
			 "pages of the same host, where its bounds do not contain 1; "
			 "the table has the others. ");
}

static const struct memory_drawing drawing = {
	write_data, write_canvas, write_words,
};

bool plot_walk(const struct model *m, struct figure *f, struct text *script,
	       struct text *data)
{
	struct memory mem;
	struct heat t = { .mem = &mem };
	bool any;

	if (memory_read(&mem, m))
		data->failed = true;
	any = mem.cells_valued > 0;
	if (any) {
		heat_measure(&t);
		memory_draw(&drawing, &t, f, script, data);
	}
	memory_free(&mem);
	return any;
}
