/*
 * What the samples of two machines say of them; see detect.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detect.h"

/* Whether all are one value, which *v then is. */
static bool is_constant(const struct roc_side *s, double *v)
{
	size_t n = roc_samples(s);

	*v = n ? s->value[0] : NAN;
	for (size_t i = 1; i < n; i++)
		if (s->value[i] != *v)
			return false;
	return n;
}

static void exact_put(struct comparison_of *to, bool told, const char *why)
{
	*to = (struct comparison_of){
		.made = true, .exact = true, .why = why,
		.auc = told ? 1 : 0.5, .told = told ? TOLD_YES : TOLD_NO,
		.samples = told, .points = told ? 3 : 2,
		.curve = { { 0, 0 }, { !told, 1 }, { 1, 1 } },
	};
	to->ci = (struct interval){ to->auc, to->auc, 1 };
}

/* The larger half of the scale: which side is the smaller one stands apart. */
static void fold(struct comparison_of *to, double auc, struct interval ci)
{
	to->less = auc < 0.5;
	to->auc = to->less ? 1 - auc : auc;
	to->ci = !to->less ? ci :
		 (struct interval){ 1 - ci.high, 1 - ci.low, ci.level };
}

static int sampled_compare(const struct roc_side *x, const struct roc_side *y,
			   unsigned int family, struct comparison_of *to)
{
	struct interval ci, strict;
	double auc;
	int rc = roc_auc(x, y, DETECT_LEVEL, &auc, &ci);

	if (!rc)
		rc = roc_auc(x, y, 1 - DETECT_FALSE_ALARMS / fmax(family, 1),
			     &auc, &strict);
	if (rc == -ERANGE) {
		to->why = "too few runs gave samples";
		return 0;
	}
	if (rc)
		return rc;
	to->made = true;
	fold(to, auc, ci);
	to->told = strict.low > 0.5 || strict.high < 0.5 ? TOLD_YES : TOLD_NO;
	rc = attack_plan(x, y, to->less, DETECT_ERROR, &to->attack);
	if (rc)
		return rc;
	if (to->told == TOLD_YES)
		to->samples = to->attack.samples;
	rc = roc_curve(x, y, to->less, to->curve, DETECT_CURVE);
	if (rc < 0)
		return rc;
	to->points = (unsigned int)rc;
	return 0;
}

/* Why there is nothing to compare, or that a guest never came back. */
static bool has_samples(const struct taken *target, struct comparison_of *to)
{
	if (target->state == TAKEN_HUNG || target->state == TAKEN_CRASHED) {
		exact_put(to, true, target->reason);
		if (target->runs)	/* it did not always */
			to->told = TOLD_UNCLEAR;
		return false;
	}
	to->why = target->reason;
	return target->state == TAKEN_SAMPLES && target->samples;
}

int series_compare(const struct taken *target,
		   const struct taken *const *native, unsigned int natives,
		   bool is_value, unsigned int family, struct comparison_of *to)
{
	unsigned int count[2 * DETECT_ROUNDS_MAX], clusters = 0;
	struct roc_side x = { target->value, target->count, target->runs };
	struct roc_side y = { NULL, count, 0 };
	size_t n = 0;
	double *value, vx, vy;
	int rc = 0;

	*to = (struct comparison_of){ 0 };
	for (unsigned int i = 0; i < natives; i++) {
		if (native[i]->state != TAKEN_SAMPLES || !native[i]->samples) {
			to->why = native[i]->reason;
			return 0;
		}
		n += native[i]->samples;
	}
	if (!has_samples(target, to))
		return 0;
	value = malloc(n * sizeof(*value));
	if (!value)
		return -ENOMEM;
	n = 0;
	for (unsigned int i = 0; i < natives; i++) {
		memcpy(value + n, native[i]->value,
		       native[i]->samples * sizeof(*value));
		n += native[i]->samples;
		for (unsigned int k = 0; k < native[i]->runs; k++)
			count[clusters++] = native[i]->count[k];
	}
	y.value = value;
	y.clusters = clusters;
	to->why = NULL;
	if (is_value && is_constant(&x, &vx) && is_constant(&y, &vy))
		exact_put(to, vx != vy, NULL);
	else
		rc = sampled_compare(&x, &y, family, to);
	free(value);
	return rc;
}

/*
 * Against a machine that always gives 0. Where the target only sometimes does
 * not, one sample that is none settles it.
 */
static void manual_compare(const struct taken *target, struct comparison_of *to)
{
	double odd = 0, n = (double)target->samples;

	*to = (struct comparison_of){ 0 };
	if (!has_samples(target, to))
		return;
	for (size_t i = 0; i < target->samples; i++)
		odd += target->value[i] != 0;
	exact_put(to, odd > 0, NULL);
	if (odd == 0 || odd == n)
		return;
	to->auc = 0.5 + odd / n / 2;
	to->ci = (struct interval){ to->auc, to->auc, 0 };
	to->samples = attack_samples(odd / n, 0, DETECT_ERROR,
				     &to->attack.from);
	to->attack.true_rate = odd / n;
	to->curve[1].true_rate = odd / n;
}

/* How many intervals there will be, each with its chance of a false alarm. */
static unsigned int family_count(const struct detect *d)
{
	unsigned int sampled = 0, series = 1;

	for (unsigned int i = 0; i < d->ways; i++)
		sampled += d->way[i]->kind != WAY_VALUE;
	for (unsigned int k = 0; k < d->places; k++)
		series += d->place[k].hidden ? 2 : 1;
	return sampled * series;
}

/* One sample to a cluster. */
static void samples_fill(double *value, unsigned int *count, double v)
{
	for (unsigned int i = 0; i < 2 * DETECT_ROUNDS_MAX; i++) {
		value[i] = v;
		count[i] = 1;
	}
}

/* Whether so few rounds could tell what is never taken for the other. */
bool detect_rounds_suffice(const struct detect *d)
{
	double one[2 * DETECT_ROUNDS_MAX], other[2 * DETECT_ROUNDS_MAX], auc;
	unsigned int each[2 * DETECT_ROUNDS_MAX];
	const struct roc_side x = { one, each, d->options.rounds };
	const struct roc_side y = { other, each, 2 * d->options.rounds };
	double family = fmax(family_count(d), 1);
	struct interval ci;

	samples_fill(one, each, 0);
	samples_fill(other, each, 1);
	return !roc_auc(&x, &y, 1 - DETECT_FALSE_ALARMS / family, &auc, &ci) &&
	       ci.high < 0.5;
}

static int way_judge(struct detect *d, unsigned int i, unsigned int family)
{
	const struct taken *both[] = { &d->native.plain[i], &d->native.hidden[i] };
	struct comparison_of *control = &d->control[i];
	bool is_value = d->way[i]->kind == WAY_VALUE;
	int rc = series_compare(both[0], &both[1], 1, is_value, family, control);

	for (unsigned int k = 0; k < d->places && !rc; k++)
		for (unsigned int h = 0; h < 2 && !rc; h++) {
			struct place *p = &d->place[k];
			const struct taken *t = h ? p->hidden : p->plain;
			struct outcome *o = &p->outcome[h][i];

			if (!t)
				continue;
			rc = series_compare(&t[i], both, 2, is_value, family,
					    &o->native);
			if (control->told == TOLD_YES && o->native.made) {
				o->native.told = TOLD_UNCLEAR;
				o->native.samples = 0;
				o->native.why = "the control failed: native "
					"is told from native on this machine";
			}
			if (is_value)
				manual_compare(&t[i], &o->manual);
		}
	return rc;
}

int detect_judge(struct detect *d, struct error *e)
{
	unsigned int family = family_count(d);
	int rc = 0;

	for (unsigned int i = 0; i < d->ways && !rc; i++)
		rc = way_judge(d, i, family);
	return rc ? error_set(e, rc, "the samples cannot be judged: %s",
			      strerror(-rc)) : 0;
}

bool detect_told(const struct detect *d)
{
	for (unsigned int k = 0; k < d->places; k++)
		for (unsigned int i = 0; i < d->ways; i++) {
			const struct place *p = &d->place[k];
			const struct outcome *o = &p->outcome[!!p->hidden][i];

			if (o->native.told == TOLD_YES ||
			    o->manual.told == TOLD_YES)
				return true;
		}
	return false;
}

bool detect_skipped(const struct detect *d)
{
	for (unsigned int k = 0; k < d->places; k++)
		for (unsigned int i = 0; i < d->ways; i++)
			if (d->place[k].plain[i].state != TAKEN_SKIPPED &&
			    d->place[k].plain[i].state != TAKEN_NOTHING)
				return false;
	return true;
}
