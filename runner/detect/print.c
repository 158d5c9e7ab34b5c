/*
 * A table for each target: how well, and with how many samples, each way
 * tells it.
 */
#include <stdio.h>
#include <string.h>

#include "detect/detect.h"
#include "kvm/hide.h"

static const char *auc_words(const struct comparison_of *c, char to[40])
{
	if (!c->made)
		snprintf(to, 40, "not applicable");
	else if (c->exact)
		snprintf(to, 40, "%.3f exact", c->auc);
	else
		snprintf(to, 40, "%.3f [%.3f, %.3f]", c->auc, c->ci.low,
			 c->ci.high);
	return to;
}

static const char *samples_words(const struct comparison_of *c, char to[24])
{
	if (!c->made)
		snprintf(to, 24, "-");
	else if (c->told == TOLD_UNCLEAR)
		snprintf(to, 24, "unclear");
	else if (c->told == TOLD_NO)
		snprintf(to, 24, "cannot tell");
	else if (!c->samples)
		snprintf(to, 24, "over 10^9");
	else
		snprintf(to, 24, "%lu", c->samples);
	return to;
}

static void outcome_print(FILE *out, const struct way *w,
			  const struct outcome *o)
{
	char auc[40], native[24], manual[24];

	fprintf(out, "  %-22s %11s %11s", auc_words(&o->native, auc),
		samples_words(&o->native, native), w->kind == WAY_VALUE ?
		samples_words(&o->manual, manual) : "-");
}

/* Without the folder that all of them have in common. */
static const char *short_name(const char *name)
{
	return strchr(name, '/') + 1;
}

static void head_print(FILE *out, const struct detect *d,
		       const struct place *p)
{
	const struct session *s = &p->session;

	fprintf(out, "%s: %s\n", p->label, s->unavailable[0] ?
		"not available" : s->backend.title);
	if (s->unavailable[0])
		fprintf(out, "  %s\n", s->unavailable);
	if (!s->backend.times_meaningful && !s->unavailable[0])
		fprintf(out, "  times mean nothing here: an emulator plays the "
			"CPU\n");
	for (unsigned int i = 0; i < 2; i++)
		if (d->options.hide & 1u << i)
			fprintf(out, "  --hide %s: %s%s\n", hide_name(1u << i),
				p->hide & 1u << i ? "" : "cannot: ",
				p->hide_note[i]);
	fprintf(out, "\n%-32s CPL  %-22s %11s %11s", "way",
		"AUC against native", "samples", "by manual");
	if (p->hidden)
		fprintf(out, "  %-22s %11s %11s", "hidden: AUC", "samples",
			"by manual");
	fprintf(out, "  %s\n", "native control");
}

static void reason_print(FILE *out, const struct detect *d,
			 const struct place *p, unsigned int i)
{
	const struct taken *t = &p->plain[i];
	const struct comparison_of *c = &p->outcome[0][i].native;
	const char *name = short_name(d->name[i]);

	if (t->state == TAKEN_SKIPPED) {
		fprintf(out, "  %s: not applicable: %s\n", name, t->reason);
		return;
	}
	if (t->state != TAKEN_SAMPLES) {
		fprintf(out, "  %s: %s%s\n", name, t->state == TAKEN_FAILED ?
			"error: " : "told, and the guest is lost: ", t->reason);
		return;
	}
	if (!t->seen[0] && !c->why)
		return;
	fprintf(out, "  %s at CPL%u:", name, d->ring[i]);
	if (t->seen[0])
		fprintf(out, " %s%s%s", t->seen, p->hidden ? "; hidden: " : "",
			p->hidden ? p->hidden[i].seen : "");
	if (c->why)
		fprintf(out, "%s%s%s%s", t->seen[0] ? " (" : " ", c->made ? "" :
			"no native counterpart: ", c->why, t->seen[0] ? ")" : "");
	fprintf(out, "\n");
}

static void evidence_print(FILE *out, const struct detect *d,
			   const struct place *p, unsigned int i)
{
	for (unsigned int h = 0; h < 2; h++) {
		const struct attack *a = &p->outcome[h][i].native.attack;

		if ((h && !p->hidden) || !a->true_rate)
			continue;
		fprintf(out, "  %s%s: threshold %.6g: true rate %.4f, false rate "
			"%.4f", short_name(d->name[i]), h ? " (hidden)" : "",
			a->threshold[0], a->true_rate, a->false_rate);
		if (a->decisions)
			fprintf(out, "; carried out: %u of %u decisions right",
				a->right, a->decisions);
		fprintf(out, "\n");
	}
}

static void place_print(FILE *out, const struct detect *d,
			const struct place *p, bool verbose)
{
	char auc[40];

	head_print(out, d, p);
	for (unsigned int i = 0; i < d->ways; i++) {
		const struct comparison_of *c = &d->control[i];

		fprintf(out, "%-32s %3u", short_name(d->name[i]),
			d->ring[i]);
		outcome_print(out, d->way[i], &p->outcome[0][i]);
		if (p->hidden)
			outcome_print(out, d->way[i], &p->outcome[1][i]);
		fprintf(out, "  %s%s\n", c->made ? auc_words(c, auc) : "-",
			c->told == TOLD_YES ? " FAILED" : "");
	}
	fprintf(out, "\n");
	for (unsigned int i = 0; i < d->ways; i++) {
		reason_print(out, d, p, i);
		if (verbose)
			evidence_print(out, d, p, i);
	}
}

void detect_print(FILE *out, const struct detect *d, bool verbose)
{
	for (unsigned int k = 0; k < d->places; k++) {
		place_print(out, d, &d->place[k], verbose);
		fprintf(out, "\n");
	}
	if (d->native_is_guest)
		fprintf(out, "This machine is itself a guest%s%s: native is "
			"another VM, not a real machine. What tells by the "
			"manual tells from a real one.\n",
			d->native_hypervisor[0] ? " of " : "",
			d->native_hypervisor);
	if (!detect_rounds_suffice(d))
		fprintf(out, "%u rounds are too few for a sampled way to tell "
			"anything: give --rounds %d\n", d->options.rounds,
			DETECT_ROUNDS);
	fprintf(out, "samples: for 99 %% confidence; seed %llu, %u rounds, "
		"%.1f s\n", (unsigned long long)d->options.seed,
		d->options.rounds, d->elapsed_s);
}
