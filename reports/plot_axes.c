/*
 * The axes of plots of memory: sizes in powers of two, latencies in decades.
 */
#include "reports/plot_axes.h"

#include <math.h>

#include "reports/number.h"

/* "16 KiB", or "16K" where there is little room. */
void curve_size(double bytes, bool brief, struct text *out)
{
	static const char *const units[] = { "", "K", "M", "G", "T", "P" };
	size_t unit = 0;

	while (bytes >= 1024 && unit < 5) {
		bytes /= 1024;
		unit++;
	}
	text_format(out, "%.3g%s%s%s", bytes, brief ? "" : " ", units[unit],
		    brief ? "" : unit ? "iB" : "B");
}

void curve_sizes(struct text *script, const struct canvas *c, double least,
		 double most)
{
	double room = (c->width - c->left - c->right) / log2(most / least);
	int step = 1, first = (int)ceil(log2(least));
	const char *comma = "";

	while (room * step < (c->narrow ? 34 : 58))
		step++;
	text_format(script, "set logscale x 2\nset xrange [%.10g:%.10g]\nset xtics (",
		    least, most);
	for (int power = first; power <= log2(most); power++) {
		bool named = (power - first) % step == 0;

		text_format(script, "%s'", comma);
		if (named)
			curve_size(exp2(power), c->narrow, script);
		text_format(script, "' %.10g %d", exp2(power), !named);
		comma = ", ";
	}
	text_add(script, ")\n");
}

void curve_latencies(struct text *script, double low, double high)
{
	int first = (int)floor(log10(low)), last = (int)floor(log10(high));
	bool fine = log10(high / low) < 4;
	const char *comma = "";

	text_format(script, "set yrange [%.6g:%.6g]\nset logscale y 10\n"
		    "set ytics nomirror scale 0 (", low, high);
	for (int power = first; power <= last; power++)
		for (int k = 1; k < 10; k++) {
			double y = k * pow(10, power);

			if (k != 1 && !(fine && (k == 2 || k == 5)))
				continue;
			text_format(script, "%s'", comma);
			canvas_cycles(y, script);
			text_format(script, "' %.6g", y);
			comma = ", ";
		}
	text_format(script, ") textcolor rgb '#%06x'\nset grid noxtics ytics "
		    "linetype 1 linewidth 1 linecolor rgb '#%06x'\n",
		    colours[COLOUR_INK].rgb, colours[COLOUR_GRID].rgb);
}

void memory_draw(const struct memory_drawing *d, const void *t,
		 struct figure *f, struct text *script, struct text *data)
{
	d->data(t, data);
	canvas_prologue(script, f->name);
	d->canvas(t, false, script);
	d->canvas(t, true, script);
	text_add(script, "set output\n");
	d->words(t, f);
}
