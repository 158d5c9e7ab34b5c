/*
 * One figure: script and data first, for anybody to redraw, then what gnuplot
 * makes of them, if it is there and does it whole.
 */
#include "reports/plot_figure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int figure_write(struct stage *s, const char *name, const char *suffix,
		 const struct text *content, struct error *e)
{
	struct text path = { 0 };
	int ret;

	text_format(&path, "plots/%s%s", name, suffix);
	ret = path.failed ? error_set(e, -ENOMEM, "%s: out of memory", name) :
	      stage_write(s, text_string(&path), content, e);
	text_free(&path);
	return ret;
}

/* Files that gnuplot leaves. */
static const char *const drawn_suffixes[] = {
	".svg", ".png", "-narrow.svg", "-1col.pdf", "-2col.pdf",
};

enum { DRAWN = sizeof(drawn_suffixes) / sizeof(drawn_suffixes[0]) };

static int expect_drawn(struct stage *s, const struct figure *f)
{
	struct text path = { 0 };
	int ret = 0;

	for (size_t i = 0; i < DRAWN && !ret; i++) {
		text_clear(&path);
		text_format(&path, "plots/%s%s", f->name, drawn_suffixes[i]);
		ret = path.failed ? -ENOMEM : stage_expect(s, text_string(&path));
	}
	text_free(&path);
	return ret;
}

static bool ends_with(const struct text *t, const char *tail, size_t length)
{
	return t->length >= length &&
	       !memcmp(t->data + t->length - length, tail, length);
}

/* gnuplot does not notice a full disk: look whether the file has its end. */
static bool read_whole(const struct stage *s, const char *name,
		       const char *suffix, const char *tail, size_t length,
		       struct text *content)
{
	struct text path = { 0 };
	bool whole;

	text_format(&path, "plots/%s%s", name, suffix);
	whole = stage_read(s, text_string(&path), content) == 0;
	while (whole && content->length && content->data[content->length - 1] == '\n')
		content->data[--content->length] = '\0';
	text_free(&path);
	return whole && ends_with(content, tail, length);
}

/* Reads what gnuplot drew, and writes it as it is published. */
static int svg_take(struct making *k, struct figure *f, const char *suffix,
		    int *width, int *height)
{
	struct text drawn = { 0 }, finished = { 0 };
	int ret = -EIO;

	if (read_whole(k->stage, f->name, suffix, "</svg>", 6, &drawn) &&
	    svg_finish(&drawn, text_string(&f->alt), &finished, width, height))
		ret = figure_write(k->stage, f->name, suffix, &finished, k->e) ?
				   -ENOSPC : 0;
	text_free(&drawn);
	text_free(&finished);
	return ret;
}

static int figure_take(struct making *k, struct figure *f)
{
	int ret = svg_take(k, f, ".svg", &f->width, &f->height);

	if (!ret)
		ret = svg_take(k, f, "-narrow.svg", &f->narrow_width,
			       &f->narrow_height);
	return ret;
}

static void file_discard(const struct figure *f, struct stage *s,
			 const char *suffix)
{
	struct text path = { 0 };

	text_format(&path, "plots/%s%s", f->name, suffix);
	stage_discard(s, text_string(&path));
	text_free(&path);
}

/* What a failed gnuplot left may be half a picture. */
static void figure_discard(const struct figure *f, struct stage *s)
{
	for (size_t i = 0; i < DRAWN; i++)
		file_discard(f, s, drawn_suffixes[i]);
}

static void plots_miss(struct plots *p, const char *name, const char *suffix,
		       int ret, const struct text *why)
{
	if (p->problem.length && ret == -ENOENT)
		return;		/* said once, it holds for all */
	if (p->problem.length)
		text_add(&p->problem, " ");
	if (ret == -ENOENT)
		text_format(&p->problem, "The plots are missing: %s. Install it "
			    "(apt install gnuplot-nox, or dnf install gnuplot-minimal) "
			    "and make the report again; the tables below are complete.",
			    text_string(why));
	else
		text_format(&p->problem, "The plot plots/%s%s is missing: %s. The "
			    "tables below are complete; plots/ has the .gp and .dat "
			    "that it is drawn from.", name, suffix, text_string(why));
}

/* For what shows no SVG: the page does without. */
static void png_take(struct making *k, struct figure *f)
{
	static const char tail[] = "IEND\xae\x42\x60\x82";
	struct text drawn = { 0 }, why = { 0 };

	f->png = read_whole(k->stage, f->name, ".png", tail, sizeof(tail) - 1,
			    &drawn);
	if (!f->png) {
		file_discard(f, k->stage, ".png");
		text_add(&why, "gnuplot left no whole PNG");
		plots_miss(k->plots, f->name, ".png", -EIO, &why);
	}
	text_free(&drawn);
	text_free(&why);
}

/* PDFs are an extra, where asked for: the rest does not depend on them. */
static int figure_print(struct making *k, struct figure *f,
			const struct text *script)
{
	static const struct { const char *suffix, *tail; } files[] = {
		{ "-2col.pdf", "%%EOF" }, { "-1col.pdf", "%%EOF" },
	};
	struct text paper = { 0 }, name = { 0 }, why = { 0 }, drawn = { 0 };
	int ret;

	canvas_paper(script, f->name, &paper);
	ret = figure_write(k->stage, f->name, "-paper.gp", &paper, k->e);
	text_format(&name, "%s-paper", f->name);
	if (!ret && !gnuplot_run(k->stage, text_string(&name), &why)) {
		f->paper = true;
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			text_clear(&drawn);
			f->paper &= read_whole(k->stage, f->name, files[i].suffix,
					       files[i].tail,
					       strlen(files[i].tail), &drawn);
		}
	}
	if (!ret && !f->paper) {
		text_add(&why, why.length ? "" : "gnuplot left an incomplete file");
		plots_miss(k->plots, f->name, "-1col.pdf", -EIO, &why);
	}
	text_free(&paper);
	text_free(&name);
	text_free(&why);
	text_free(&drawn);
	return ret;
}

static int figure_draw(struct making *k, struct figure *f, struct text *script,
		       const struct text *data)
{
	struct text why = { 0 };
	int ret, drawn;

	canvas_colours(script);
	ret = figure_write(k->stage, f->name, ".gp", script, k->e);
	if (!ret)
		ret = figure_write(k->stage, f->name, ".dat", data, k->e);
	if (!ret && expect_drawn(k->stage, f))
		ret = error_set(k->e, -ENOMEM, "%s: out of memory", f->name);
	if (ret)
		return ret;
	drawn = gnuplot_run(k->stage, f->name, &why);
	if (!drawn) {
		drawn = figure_take(k, f);
		if (drawn == -ENOSPC)
			ret = drawn;	/* the error is said already */
		text_add(&why, drawn ? "gnuplot left an incomplete file" : NULL);
	}
	f->drawn = drawn == 0;
	if (drawn) {
		figure_discard(f, k->stage);
		plots_miss(k->plots, f->name, ".svg", drawn, &why);
	} else {
		png_take(k, f);
		if (k->plots->paper)
			ret = figure_print(k, f, script);
	}
	text_free(&why);
	return ret;
}

void figure_make(struct making *k, struct figure *f, const char *name,
		 const char *kind, describe_fn describe)
{
	struct text script = { 0 }, data = { 0 };

	if (k->ret)
		return;
	snprintf(f->name, sizeof(f->name), "%s%s", name, kind);
	if (f->group)
		snprintf(f->name, sizeof(f->name), "%s%s-%zu", name, kind,
			 f->group + 1);
	if (describe(k->m, f, &script, &data))
		k->ret = figure_draw(k, f, &script, &data);
	text_free(&script);
	text_free(&data);
}
