/*
 * Plots: figures, drawn by gnuplot from files that are left for others.
 *
 * plots_make() writes script and data of each figure into the stage, lets
 * gnuplot draw them and takes the SVG back for the page. Lack or failure of
 * gnuplot is no error of the report: `problem` says so in one line and the
 * figure stays undrawn. Only a disk that cannot be written fails.
 */
#ifndef VMGAUGE_REPORTS_PLOT_H
#define VMGAUGE_REPORTS_PLOT_H

#include "error.h"
#include "reports/model.h"
#include "reports/page.h"
#include "reports/stage.h"
#include "reports/svg.h"

enum {
	GROUPS_MOST = 6,	/* pictures of the same thing, one to a group */
	KINDS_MOST = 4,		/* or to a kind of curve; see scaling.h */
};

struct plots {
	struct figure decomposition, walk, curve;
	struct figure memory_faults, memory_dirty, memory_overcommit;
	struct figure scale[KINDS_MOST], efficiency[KINDS_MOST];
	struct figure disk_throughput, disk_price;
	struct figure history;
	struct figure comparison[GROUPS_MOST];
	struct figure latencies[FAMILY_COUNT][GROUPS_MOST];
	struct figure tails[FAMILY_COUNT][GROUPS_MOST];
	struct figure topology[GROUPS_MOST];
	struct figure detect[GROUPS_MOST];	/* of a target each */
	bool paper;		/* as PDF, too */
	struct text problem;	/* "" where all were drawn */
};

int plots_make(struct plots *p, const struct model *m, bool paper,
	       struct stage *s, struct error *e);
void plots_free(struct plots *p);

/*
 * What each figure's file gives: false = nothing to draw. Those of a family or
 * a group of runs find it in the figure.
 */
bool plot_latencies(const struct model *m, struct figure *f,
		    struct text *script, struct text *data);
bool plot_tails(const struct model *m, struct figure *f, struct text *script,
		struct text *data);
bool plot_topology(const struct model *m, struct figure *f,
		   struct text *script, struct text *data);
bool plot_comparison(const struct model *m, struct figure *f,
		     struct text *script, struct text *data);
bool plot_walk(const struct model *m, struct figure *f, struct text *script,
	       struct text *data);
bool plot_curve(const struct model *m, struct figure *f, struct text *script,
		struct text *data);
bool plot_memory_faults(const struct model *m, struct figure *f,
			struct text *script, struct text *data);
bool plot_memory_dirty(const struct model *m, struct figure *f,
		       struct text *script, struct text *data);
bool plot_memory_overcommit(const struct model *m, struct figure *f,
			    struct text *script, struct text *data);
bool plot_detect(const struct model *m, struct figure *f, struct text *script,
		 struct text *data);
bool plot_decomposition(const struct model *m, struct figure *f,
			struct text *script, struct text *data);

bool plot_history(const struct model *m, struct figure *f, struct text *script,
		  struct text *data);

/*
 * Runs gnuplot on NAME.gp in the stage's plots/ with a time limit. 0, or
 * -errno with the reason in `why`: -ENOENT where it is not installed.
 */
int gnuplot_run(const struct stage *s, const char *name, struct text *why);

/* The canvas, in pixels of an SVG. */
struct canvas {
	const char *suffix;	/* "" or "-narrow" */
	bool narrow;		/* names above the marks, for a phone */
	int width, height;
	int left, right, top, bottom;	/* margins */
};

enum { FONT_PIXELS = 12, LEGEND_LINE_PIXELS = 19, NAME_LENGTH = 44 };

/* The file that all figures load: colours, encoding, separators, the frame. */
void canvas_style(struct text *style);
/* Each colour of the script by its name in that file. */
void canvas_colours(struct text *script);
/*
 * The same figure for paper: two PDFs, NAME-1col.pdf of 85 mm and NAME-2col.pdf
 * of 178 mm, with letters as letters.
 */
void canvas_paper(const struct text *script, const char *name,
		  struct text *paper);
/* Words across the picture of a host whose times mean nothing. */
void canvas_software(struct text *script, const struct canvas *c,
		     const struct run *run);

/* What all figures begin with. */
void canvas_prologue(struct text *script, const char *name);
/* Terminal, SVG file, margins, one row per unit downwards, frame. */
void canvas_begin(struct text *script, const struct canvas *c, const char *name,
		  size_t rows);
/* The same drawing once more, as NAME.png. */
void canvas_png(struct text *script, const struct canvas *c, const char *name);
/* The plot element that writes the names of rows (index 0 of the data). */
void canvas_names(struct text *script, const struct canvas *c, const char *name,
		  const char *x);
/* A name as it stands in data: plain, and cut where it is too long. */
void canvas_name(struct text *data, const char *name);
/*
 * " Each point is a median over n = 3 to 11 instances", of which the points
 * that are drawn have `least` to `most`: nothing where least > most. To be
 * gone on with, and ended, by who calls. Was there any?
 */
bool canvas_instances(double least, double most, struct text *caption);
/* Pixels that a text takes, about. */
int canvas_text_pixels(const char *s);

/* Logarithmic, from low to high; `name` writes a tick's, plain and short. */
void canvas_decades(struct text *script, const struct canvas *c, double low,
		    double high, void (*name)(double x, struct text *out));
/* A tick's name: 100, 1,000, 10M. */
void canvas_cycles(double cycles, struct text *out);

/* A legend whose entries flow and wrap. */
struct legend {
	struct text *script;	/* NULL: only lay out */
	const struct canvas *canvas;
	int x, y;		/* of the next entry; start with {0, first line} */
};

void legend_add(struct legend *l, int point, double size, size_t colour,
		const char *label);

#endif
