/*
 * A soak as a picture: a panel a vital, over time.
 */
#include <errno.h>
#include <math.h>

#include "history/plot_files.h"
#include "soak/soak.h"

enum { PANEL_PIXELS = 150, WIDTH = 900 };

/* A block a vital: hours, value, and whether it is warm-up. */
static void data_put(struct text *data, const struct soak *k)
{
	for (int v = 0; v < VITALS; v++) {
		unsigned int part = 0;

		/* One point that is never drawn: no block is empty. */
		text_add(data, "0 NaN 0\n");
		for (size_t i = 0; i < k->beats; i++) {
			const struct soak_beat *b = &k->beat[i];

			if (!isfinite(b->value[v]))
				continue;
			if (part && b->part != part)
				text_add(data, "\n");	/* a gap in the line */
			part = b->part;
			text_format(data, "%.6g %.10g %d\n", b->t_s / 60,
				    b->value[v], b->warm);
		}
		text_add(data, "\n\n");
	}
}

static void script_put(struct text *script, const struct soak *k)
{
	text_format(script, "set encoding utf8\n"
		    "set terminal svg size %d,%d dynamic font \"sans,11\" "
		    "background \"#ffffff\"\nset output \"history.svg\"\n"
		    "set multiplot layout %d,1\nset lmargin 12\n"
		    "set rmargin 3\nset tmargin 2\nset bmargin 2\n"
		    "set border 3\nset tics nomirror out\n"
		    "set grid y lc rgb \"#e3e3e3\"\nset format y \"%%.6g\"\n"
		    "set offsets 0, 0, graph 0.1, graph 0.1\n"
		    "set xrange [0:%.6g]\nset xlabel\n", WIDTH,
		    VITALS * PANEL_PIXELS, VITALS, k->duration_s / 60);
	for (int v = 0; v < VITALS; v++) {
		struct soak_trend t = soak_trend(k, v);

		text_format(script, "set title \"%s (%s) over minutes",
			    vital_kinds[v].title, vital_kinds[v].unit);
		if (isfinite(t.per_hour))
			text_format(script, ": %+.3g an hour, 99 %% interval "
				    "%+.3g to %+.3g", t.per_hour, t.ci.low,
				    t.ci.high);
		/* Scaled by what is known: a vital that is not has no range. */
		text_format(script, "\" noenhanced\nset yrange [%s]\n"
			    "plot \"history.dat\" index %d using 1:2 with lines "
			    "lc rgb \"#c6d5ea\" notitle, \"\" index %d using "
			    "1:($3 > 0 ? NaN : $2) with points pt 7 ps 0.3 lc "
			    "rgb \"#1f4e8c\" notitle, \"\" index %d using "
			    "1:($3 > 0 ? $2 : NaN) with points pt 6 ps 0.4 lc "
			    "rgb \"#8a8a8a\" notitle\n",
			    isfinite(t.first) ? "*:*" : "0:1", v, v, v);
	}
	text_add(script, "unset multiplot\nunset output\n");
}

int soak_picture(const struct soak *k, const char *path, struct error *e)
{
	struct text script = { 0 }, data = { 0 };
	int rc;

	data_put(&data, k);
	script_put(&script, k);
	rc = script.failed || data.failed ?
	     error_set(e, -ENOMEM, "out of memory") :
	     plot_draw(&script, &data, path, e);
	text_free(&script);
	text_free(&data);
	return rc;
}
