/*
 * From the model to figures: which there are, and in which order.
 */
#include "reports/plot.h"

#include <assert.h>
#include <stdio.h>

#include "reports/disks.h"
#include "reports/family.h"
#include "reports/plot_figure.h"
#include "reports/scaling.h"

static void make_families(struct making *k, size_t group)
{
	struct plots *p = k->plots;

	for (int i = 0; i < FAMILY_COUNT; i++) {
		struct figure *all = &p->latencies[i][group];
		struct figure *tails = &p->tails[i][group];

		all->family = tails->family = (enum family)i;
		all->group = tails->group = group;
		figure_make(k, all, families[i].id, "", plot_latencies);
		figure_make(k, tails, families[i].id, "-tails", plot_tails);
	}
}

/* A kind of curve each, with names of their own. */
static void make_scaling(struct making *k)
{
	static_assert((int)SCALE_KINDS == (int)KINDS_MOST, "a figure to a kind");

	for (unsigned int i = 0; i < SCALE_KINDS; i++) {
		struct figure *curve = &k->plots->scale[i];
		struct figure *used = &k->plots->efficiency[i];
		char name[sizeof(curve->name)];

		curve->family = used->family = FAMILY_SCALE;
		curve->kind = used->kind = i;
		snprintf(name, sizeof(name), "scale-%s", scale_kinds[i].id);
		figure_make(k, curve, name, "", plot_scale);
		figure_make(k, used, name, "-efficiency", plot_efficiency);
	}
}

int plots_make(struct plots *p, const struct model *m, bool paper,
	       struct stage *s, struct error *e)
{
	struct making k = { .plots = p, .m = m, .stage = s, .e = e };
	struct text style = { 0 };

	*p = (struct plots){ .paper = paper };
	canvas_style(&style);
	k.ret = figure_write(s, "style", ".gp", &style, e);
	text_free(&style);
	for (size_t g = 0; g < GROUPS_MOST; g++) {
		p->comparison[g].family = FAMILY_COUNT;
		p->comparison[g].group = p->topology[g].group = g;
		figure_make(&k, &p->comparison[g], "comparison", "", plot_comparison);
		make_families(&k, g);
		figure_make(&k, &p->topology[g], "topology", "", plot_topology);
		p->detect[g].group = g;
		figure_make(&k, &p->detect[g], "detect", "", plot_detect);
	}
	figure_make(&k, &p->walk, "walk", "", plot_walk);
	figure_make(&k, &p->curve, "curve", "", plot_curve);
	figure_make(&k, &p->memory_faults, "memory-faults", "", plot_memory_faults);
	figure_make(&k, &p->memory_dirty, "memory-dirty", "", plot_memory_dirty);
	figure_make(&k, &p->memory_overcommit, "memory-overcommit", "",
		    plot_memory_overcommit);
	make_scaling(&k);
	p->disk_throughput.family = p->disk_price.family = FAMILY_IO;
	figure_make(&k, &p->disk_throughput, "io", "-throughput",
		    plot_disk_throughput);
	figure_make(&k, &p->disk_price, "io", "-price", plot_disk_price);
	figure_make(&k, &p->decomposition, "decomposition", "", plot_decomposition);
	figure_make(&k, &p->history, "history", "", plot_history);
	return k.ret;
}

static void figure_free(struct figure *f)
{
	text_free(&f->alt);
	text_free(&f->caption);
}

void plots_free(struct plots *p)
{
	for (size_t g = 0; g < GROUPS_MOST; g++) {
		figure_free(&p->comparison[g]);
		figure_free(&p->topology[g]);
		figure_free(&p->detect[g]);
		for (int i = 0; i < FAMILY_COUNT; i++) {
			figure_free(&p->latencies[i][g]);
			figure_free(&p->tails[i][g]);
		}
	}
	figure_free(&p->walk);
	figure_free(&p->curve);
	figure_free(&p->memory_faults);
	figure_free(&p->memory_dirty);
	figure_free(&p->memory_overcommit);
	for (size_t i = 0; i < KINDS_MOST; i++) {
		figure_free(&p->scale[i]);
		figure_free(&p->efficiency[i]);
	}
	figure_free(&p->disk_throughput);
	figure_free(&p->disk_price);
	figure_free(&p->decomposition);
	figure_free(&p->history);
	text_free(&p->problem);
}
