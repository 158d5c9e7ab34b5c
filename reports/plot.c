/*
 * From the model to figures: script and data first, for anybody to redraw,
 * then what gnuplot makes of them, if it is there and does it whole.
 */
#include "reports/plot.h"

#include <errno.h>
#include <string.h>

typedef bool (*describe_fn)(const struct model *m, struct figure *f,
			    struct text *script, struct text *data);

static int write_named(struct stage *s, const char *name, const char *suffix,
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

static bool figure_take(struct figure *f, const struct stage *s)
{
	static const char png_end[] = "IEND\xae\x42\x60\x82";
	struct text wide = { 0 }, narrow = { 0 }, png = { 0 }, prefix = { 0 };
	const char *alt = text_string(&f->alt);
	bool ok;

	text_format(&prefix, "%s-narrow", f->name);
	ok = read_whole(s, f->name, ".svg", "</svg>", 6, &wide) &&
	     read_whole(s, f->name, "-narrow.svg", "</svg>", 6, &narrow) &&
	     read_whole(s, f->name, ".png", png_end, sizeof(png_end) - 1, &png) &&
	     svg_inline(&wide, f->name, alt, &f->wide) &&
	     svg_inline(&narrow, text_string(&prefix), alt, &f->narrow);
	text_free(&prefix);
	text_free(&wide);
	text_free(&narrow);
	text_free(&png);
	return ok;
}

/* What a failed gnuplot left may be half a picture. */
static void figure_discard(const struct figure *f, struct stage *s)
{
	static const char *const suffixes[] = { ".svg", "-narrow.svg", ".png" };
	struct text path = { 0 };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		text_clear(&path);
		text_format(&path, "plots/%s%s", f->name, suffixes[i]);
		stage_discard(s, text_string(&path));
	}
	text_free(&path);
}

static void plots_miss(struct plots *p, const char *name, int ret,
		       const struct text *why)
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
		text_format(&p->problem, "The plot plots/%s.svg is missing: %s. The "
			    "tables below are complete; plots/%s.gp and .dat are what "
			    "it is drawn from.", name, text_string(why), name);
}

static int figure_make(struct plots *p, struct figure *f, const char *name,
		       describe_fn describe, const struct model *m,
		       struct stage *s, struct error *e)
{
	struct text script = { 0 }, data = { 0 }, why = { 0 };
	int ret = 0, drawn;

	f->name = name;
	if (!describe(m, f, &script, &data))
		goto out;
	ret = write_named(s, name, ".gp", &script, e);
	if (!ret)
		ret = write_named(s, name, ".dat", &data, e);
	if (ret)
		goto out;
	drawn = gnuplot_run(s, name, &why);
	if (!drawn && !figure_take(f, s)) {
		drawn = -EIO;
		text_add(&why, "gnuplot left an incomplete file");
	}
	f->drawn = drawn == 0;
	if (drawn) {
		figure_discard(f, s);
		plots_miss(p, name, drawn, &why);
	}
out:
	text_free(&script);
	text_free(&data);
	text_free(&why);
	return ret;
}

int plots_make(struct plots *p, const struct model *m, struct stage *s,
	       struct error *e)
{
	const struct {
		struct figure *figure;
		const char *name;
		describe_fn describe;
	} all[] = {
		{ &p->comparison, "comparison", plot_comparison },
		{ &p->exits, "exits", plot_exits },
		{ &p->operations, "operations", plot_operations },
		{ &p->walk, "walk", plot_walk },
		{ &p->curve, "curve", plot_curve },
		{ &p->decomposition, "decomposition", plot_decomposition },
	};
	int ret = 0;

	*p = (struct plots){ 0 };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !ret; i++)
		ret = figure_make(p, all[i].figure, all[i].name,
				  all[i].describe, m, s, e);
	return ret;
}

static void figure_free(struct figure *f)
{
	text_free(&f->alt);
	text_free(&f->caption);
	text_free(&f->wide);
	text_free(&f->narrow);
}

void plots_free(struct plots *p)
{
	figure_free(&p->comparison);
	figure_free(&p->exits);
	figure_free(&p->operations);
	figure_free(&p->walk);
	figure_free(&p->curve);
	figure_free(&p->decomposition);
	text_free(&p->problem);
}
