/*
 * What detect says of distributions that are known: the same one is told from
 * itself no more often than promised, a shifted one has the area and needs the
 * samples that theory gives, and what is hidden is gone.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "detect/detect.h"
#include "kvm/hide.h"
#include "kvm/vm.h"
#include "measure/attack.h"
#include "measure/rng.h"

enum { CLUSTERS = 10, EACH = 40, ALL = CLUSTERS * EACH };

struct made {
	double value[ALL];
	unsigned int count[CLUSTERS];
	struct roc_side side;
};

/* Normal about `mean`, each cluster about a middle of its own. */
static void make(struct made *m, struct rng *r, double mean, double apart)
{
	for (int i = 0; i < CLUSTERS; i++) {
		double middle = mean + apart * rng_normal(r);

		m->count[i] = EACH;
		for (int k = 0; k < EACH; k++)
			m->value[i * EACH + k] = middle + rng_normal(r);
	}
	m->side = (struct roc_side){ m->value, m->count, CLUSTERS };
}

/* Through a function: an analyser does not see what a struct points at. */
static void fill(double *value, unsigned int *count, unsigned int n,
		 double first, double step)
{
	for (unsigned int i = 0; i < n; i++) {
		value[i] = first + i * step;
		count[i] = 1;
	}
}

static double normal_below(double x)
{
	return erfc(-x / M_SQRT2) / 2;
}

static void same_is_a_coin(void **state)
{
	const double apart[] = { 0, 0.5, 2 };
	enum { TRIALS = 400 };
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	for (size_t a = 0; a < 3; a++) {
		struct made x, y;
		struct interval ci;
		int covered = 0;
		double auc, sum = 0;

		for (int i = 0; i < TRIALS; i++) {
			make(&x, &r, 0, apart[a]);
			make(&y, &r, 0, apart[a]);
			assert_int_equal(roc_auc(&x.side, &y.side, 0.95, &auc,
						 &ci), 0);
			assert_true(ci.low <= auc && auc <= ci.high);
			covered += ci.low <= 0.5 && 0.5 <= ci.high;
			sum += auc;
		}
		/* Four standard errors of 95 % of so many. */
		assert_in_range(covered, TRIALS * 0.95 - 18, TRIALS);
		assert_true(fabs(sum / TRIALS - 0.5) < 0.02);
	}
}

/* The same without clusters is what must not be done: it is far too sure. */
static void clusters_count(void **state)
{
	unsigned int ones[ALL];
	double unused[ALL];
	int naive = 0, honest = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 2);
	fill(unused, ones, ALL, 0, 0);
	for (int i = 0; i < 50; i++) {
		struct made x, y;
		struct interval ci;
		double auc;

		make(&x, &r, 0, 2);
		make(&y, &r, 0, 2);
		roc_auc(&x.side, &y.side, 0.95, &auc, &ci);
		honest += ci.low > 0.5 || ci.high < 0.5;
		roc_auc(&(struct roc_side){ x.value, ones, ALL },
			&(struct roc_side){ y.value, ones, ALL }, 0.95, &auc, &ci);
		naive += ci.low > 0.5 || ci.high < 0.5;
	}
	assert_true(naive > 30);
	assert_true(honest < 8);
}

static void shifted_is_known(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (double shift = -3; shift <= 3; shift += 0.5) {
		double want = normal_below(shift / M_SQRT2), auc;
		struct made x, y;
		struct interval ci;

		make(&x, &r, shift, 0);
		make(&y, &r, 0, 0);
		assert_int_equal(roc_auc(&x.side, &y.side, 0.999, &auc, &ci), 0);
		assert_true(fabs(auc - want) < 0.06);
		assert_true(ci.low <= want && want <= ci.high);
	}
}

static void apart_and_equal(void **state)
{
	unsigned int ones[CLUSTERS];
	double low[CLUSTERS], high[CLUSTERS], auc;
	struct interval ci;
	struct roc_side x = { high, ones, CLUSTERS }, y = { low, ones, CLUSTERS };

	(void)state;
	fill(low, ones, CLUSTERS, 0, 1);
	fill(high, ones, CLUSTERS, 100, 1);
	/* Never wrong in ten and ten is not certain: but far from a coin. */
	assert_int_equal(roc_auc(&x, &y, 0.95, &auc, &ci), 0);
	assert_true(auc == 1 && ci.high == 1 && ci.low > 0.6 && ci.low < 0.95);
	assert_int_equal(roc_auc(&y, &x, 0.95, &auc, &ci), 0);
	assert_true(auc == 0 && ci.low == 0 && ci.high < 0.4 && ci.high > 0.05);
	assert_int_equal(roc_auc(&x, &x, 0.95, &auc, &ci), 0);
	assert_true(auc == 0.5 && ci.low < 0.5 && ci.high > 0.5);
	fill(low, ones, CLUSTERS, 7, 0);
	assert_int_equal(roc_auc(&y, &y, 0.95, &auc, &ci), 0);
	assert_true(auc == 0.5 && ci.low < 0.4 && ci.high > 0.6);
	/* What is no number, and what is too little, is not judged. */
	x.clusters = 1;
	assert_int_equal(roc_auc(&x, &y, 0.95, &auc, &ci), -ERANGE);
	x.clusters = CLUSTERS;
	fill(high, ones, CLUSTERS, NAN, 0);
	assert_int_equal(roc_auc(&x, &y, 0.95, &auc, &ci), -EINVAL);
	assert_int_equal(roc_auc(&y, &y, 1, &auc, &ci), -EINVAL);
}

/* Trapezoids under the curve are the area, whichever way it is walked. */
static void curve_has_its_area(void **state)
{
	struct roc_point p[DETECT_CURVE];
	struct made x, y;
	struct interval ci;
	struct rng r;
	double auc;

	(void)state;
	rng_seed(&r, 4);
	for (int less = 0; less < 2; less++) {
		double area = 0;
		int n;

		make(&x, &r, less ? -1 : 1, 0.2);
		make(&y, &r, 0, 0.2);
		assert_int_equal(roc_auc(&x.side, &y.side, 0.95, &auc, &ci), 0);
		n = roc_curve(&x.side, &y.side, less, p, DETECT_CURVE);
		assert_in_range(n, 8, DETECT_CURVE);
		assert_true(p[0].false_rate == 0 && p[0].true_rate == 0);
		assert_true(p[n - 1].false_rate == 1 && p[n - 1].true_rate == 1);
		for (int i = 1; i < n; i++) {
			assert_true(p[i].false_rate >= p[i - 1].false_rate);
			assert_true(p[i].true_rate >= p[i - 1].true_rate);
			area += (p[i].false_rate - p[i - 1].false_rate) *
				(p[i].true_rate + p[i - 1].true_rate) / 2;
		}
		assert_true(fabs(area - (less ? 1 - auc : auc)) < 0.01);
	}
}

/* By Pascal's rule, not by logarithms. */
static double tail(unsigned long n, double p, unsigned long from)
{
	double q[512] = { 1 }, sum = 0;

	for (unsigned long i = 1; i <= n; i++)
		for (unsigned long k = i + 1; k-- > 0;)
			q[k] = q[k] * (1 - p) + (k ? q[k - 1] * p : 0);
	for (unsigned long k = from; k <= n; k++)
		sum += q[k];
	return sum;
}

static bool is_enough(unsigned long n, double p1, double p0)
{
	for (unsigned long c = 0; c <= n; c++)
		if (tail(n, p0, c) <= 0.01 && 1 - tail(n, p1, c) <= 0.01)
			return true;
	return false;
}

static void samples_are_the_fewest(void **state)
{
	static const double rates[][2] = {
		{ 0.999, 0.001 }, { 0.99, 0.02 }, { 0.9, 0.1 }, { 0.7, 0.3 },
		{ 0.3, 0.001 }, { 0.999, 0.7 }, { 0.6, 0.4 },
	};
	unsigned long from, n;

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		double p1 = rates[i][0], p0 = rates[i][1];

		n = attack_samples(p1, p0, 0.01, &from);
		assert_in_range(n, 1, ATTACK_EXACT);
		assert_true(tail(n, p0, from) <= 0.01 + 1e-9);
		assert_true(1 - tail(n, p1, from) <= 0.01 + 1e-9);
		for (unsigned long k = n > 6 ? n - 6 : 1; k < n; k++)
			assert_false(is_enough(k, p1, p0));
	}
	assert_int_equal(attack_samples(0.999, 0.001, 0.01, &from), 1);
	/* A coin, and worse, tells with no number of samples. */
	assert_int_equal(attack_samples(0.5, 0.5, 0.01, &from), 0);
	assert_int_equal(attack_samples(0.4, 0.5, 0.01, &from), 0);
	assert_int_equal(attack_samples(0.50001, 0.5, 0.01, &from), 0);
	/* (2 * 2.3263 * 0.4999 / 0.02)^2 */
	n = attack_samples(0.51, 0.49, 0.01, &from);
	assert_in_range(n, 13500, 13550);
	assert_int_equal(from, 0);
	/* Exact and approximate meet. */
	n = attack_samples(0.56, 0.44, 0.01, &from);
	assert_in_range(n, 340, 400);
	assert_in_range(attack_samples(0.555, 0.445, 0.01, &from), 401, 470);
}

static void attack_is_carried_out(void **state)
{
	struct attack a;
	struct made x, y;
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (int less = 0; less < 2; less++) {
		make(&x, &r, less ? -2 : 2, 0);
		make(&y, &r, 0, 0);
		assert_int_equal(attack_plan(&x.side, &y.side, less, 0.01, &a), 0);
		/* The best threshold lies in the middle. */
		assert_true(fabs(fabs(a.threshold[0]) - 1) < 0.5);
		assert_true(fabs(a.true_rate - normal_below(1)) < 0.06);
		assert_true(fabs(a.false_rate - normal_below(-1)) < 0.06);
		assert_in_range(a.samples, 7, 16);
		assert_true(a.decisions >= 40);
		assert_true(a.right >= a.decisions * 0.95);
	}
	/* Fitted on what it is judged by, noise would look like a tell. */
	make(&x, &r, 0, 0);
	make(&y, &r, 0, 0);
	assert_int_equal(attack_plan(&x.side, &y.side, false, 0.01, &a), 0);
	assert_true(fabs(a.true_rate - a.false_rate) < 0.08);
	x.side.clusters = 1;
	assert_int_equal(attack_plan(&x.side, &y.side, false, 0.01, &a), -ERANGE);
}

static void taken_fill(struct taken *t, double *value, double v, double last)
{
	memset(t, 0, sizeof(*t));
	t->state = TAKEN_SAMPLES;
	t->value = value;
	t->runs = 3;
	t->samples = 3;
	for (int i = 0; i < 3; i++) {
		t->count[i] = 1;
		value[i] = i < 2 ? v : last;
	}
}

static void values_are_exact(void **state)
{
	double v[3][3];
	struct taken target, a, b;
	const struct taken *native[] = { &a, &b };
	struct comparison_of c;

	(void)state;
	taken_fill(&target, v[0], 1, 1);
	taken_fill(&a, v[1], 0, 0);
	taken_fill(&b, v[2], 0, 0);
	assert_int_equal(series_compare(&target, native, 2, true, 1, &c), 0);
	assert_true(c.made && c.exact && c.told == TOLD_YES && c.auc == 1);
	assert_int_equal(c.samples, 1);
	taken_fill(&target, v[0], 0, 0);
	assert_int_equal(series_compare(&target, native, 2, true, 1, &c), 0);
	assert_true(c.made && c.exact && c.told == TOLD_NO && c.auc == 0.5);
	assert_int_equal(c.samples, 0);
	/* One that varies is not exact any more, and three runs tell nothing. */
	taken_fill(&target, v[0], 0, 1);
	assert_int_equal(series_compare(&target, native, 2, true, 1, &c), 0);
	assert_true(c.made && !c.exact && c.told == TOLD_NO);
	/* A guest that is lost is told; one that sometimes is, is unclear. */
	target.state = TAKEN_HUNG;
	snprintf(target.reason, sizeof(target.reason), "no answer");
	assert_int_equal(series_compare(&target, native, 2, true, 1, &c), 0);
	assert_true(c.told == TOLD_UNCLEAR && !strcmp(c.why, "no answer"));
	target.runs = 0;
	assert_int_equal(series_compare(&target, native, 2, true, 1, &c), 0);
	assert_true(c.told == TOLD_YES);
	/* Without a native counterpart there is no comparison, and a reason. */
	b.state = TAKEN_SKIPPED;
	snprintf(b.reason, sizeof(b.reason), "needs CPL0");
	assert_int_equal(series_compare(&target, native, 2, true, 1, &c), 0);
	assert_true(!c.made && !strcmp(c.why, "needs CPL0"));
}

static void taken_make(struct taken *t, struct made *m)
{
	t->state = TAKEN_SAMPLES;
	t->value = m->value;
	t->runs = CLUSTERS;
	t->samples = ALL;
	memcpy(t->count, m->count, sizeof(m->count));
}

/* A whole run of made-up samples, through the judge. */
static void control_guards(void **state)
{
	static const struct way way = { .kind = WAY_TIME };
	struct detect *d = calloc(1, sizeof(*d));
	struct made m[3];
	struct taken t[3] = { { 0 } };
	struct outcome o = { { 0 }, { 0 } };
	struct comparison_of control = { 0 };
	struct rng r;
	struct error e;

	(void)state;
	assert_non_null(d);
	rng_seed(&r, 6);
	d->options.rounds = CLUSTERS;
	d->ways = d->places = 1;
	d->way[0] = &way;
	d->control = &control;
	d->native.plain = &t[0];
	d->native.hidden = &t[1];
	d->place[0].plain = &t[2];
	d->place[0].outcome[0] = &o;
	for (int spoilt = 0; spoilt < 2; spoilt++) {
		for (int i = 0; i < 3; i++) {
			make(&m[i], &r, i == 2 ? 5 : i == 1 ? 3 * spoilt : 0, 0);
			taken_make(&t[i], &m[i]);
		}
		assert_int_equal(detect_judge(d, &e), 0);
		assert_int_equal(control.told, spoilt ? TOLD_YES : TOLD_NO);
		assert_int_equal(o.native.told, spoilt ? TOLD_UNCLEAR :
				 TOLD_YES);
		assert_int_equal(detect_told(d), !spoilt);
		assert_int_equal(o.native.samples != 0, !spoilt);
	}
	assert_true(detect_rounds_suffice(d));
	d->options.rounds = 2;
	assert_false(detect_rounds_suffice(d));
	free(d);
}

/* A target that has a guest which answers, hangs, or lies. */
static struct {
	unsigned int runs, hangs;
	bool lies;
} guest;

static int fake_create(struct target_context *ctx, const struct run_request *r,
		       void **vm, struct error *e)
{
	(void)ctx;
	(void)r;
	(void)e;
	*vm = &guest;
	return 0;
}

static int fake_run(void *vm, const struct run_request *r,
		    struct observation *seen, struct error *e)
{
	struct abi_mailbox *mb = &seen->mailbox;

	(void)vm;
	(void)r;
	(void)e;
	if (guest.runs++ < guest.hangs) {
		seen->end = RUN_HANG;
		strcpy(seen->end_reason, "no answer");
		return 0;
	}
	mb->verdict = ABI_PASS;
	mb->stamps_done = guest.lies ? ~0u : 5;
	for (unsigned int i = 0; i < WAY_SAMPLES; i++)
		mb->stamp[i] = (struct abi_block){ 7, 7 + i };
	return 0;
}

static void fake_destroy(void *vm)
{
	(void)vm;
}

static const struct target fake_target = {
	.name = "fake", .create = fake_create, .run = fake_run,
	.destroy = fake_destroy,
};

static void take(struct taken *t, unsigned int rounds, unsigned int hangs,
		 bool lies)
{
	static const struct way way = { .kind = WAY_TIME };
	static double room[3][DETECT_ROUNDS_MAX * WAY_SAMPLES];
	struct detect *d = calloc(1, sizeof(*d));
	struct taken unused[2] = { { .state = TAKEN_SKIPPED },
				   { .state = TAKEN_SKIPPED } };
	struct error e;

	assert_non_null(d);
	memset(t, 0, sizeof(*t));
	t->value = room[0];
	d->ways = d->places = 1;
	d->way[0] = &way;
	d->options.rounds = rounds;
	rng_seed(&d->rng, 7);
	d->native.plain = &unused[0];
	d->native.hidden = &unused[1];
	d->native.session.target = d->place[0].session.target = &fake_target;
	d->native.session.ctx.pu_count = d->place[0].session.ctx.pu_count = 2;
	d->place[0].plain = t;
	guest.runs = 0;
	guest.hangs = hangs;
	guest.lies = lies;
	assert_int_equal(detect_run(d, &e), 0);
	free(d);
}

static void guests_are_not_believed(void **state)
{
	struct taken t;

	(void)state;
	take(&t, 4, 0, false);
	assert_int_equal(t.state, TAKEN_SAMPLES);
	assert_int_equal(t.samples, 20);
	assert_true(t.value[4] == 4 && t.count[3] == 5);
	/* One that does not come back costs two deadlines, and no more. */
	take(&t, 8, 99, false);
	assert_int_equal(t.state, TAKEN_HUNG);
	assert_int_equal(guest.runs, 2);
	assert_string_equal(t.reason, "no answer");
	/* Once is a busy host. */
	take(&t, 8, 1, false);
	assert_int_equal(t.state, TAKEN_SAMPLES);
	assert_int_equal(t.runs, 7);
	/* More samples than there is room for are not taken. */
	take(&t, DETECT_ROUNDS_MAX, 0, true);
	assert_int_equal(t.samples, DETECT_ROUNDS_MAX * WAY_SAMPLES);
}

static void hypervisor_is_hidden(void **state)
{
	static const uint32_t leaf[] = { 0, 1, 7, 0x40000000, 0x40000001,
					 0x40000100, 0x80000000 };
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) +
				      7 * sizeof(c->entries[0]));
	unsigned int hide;
	struct error e;

	(void)state;
	assert_non_null(c);
	c->nent = 7;
	for (int i = 0; i < 7; i++) {
		c->entries[i].function = leaf[i];
		c->entries[i].ecx = ~0u;
	}
	hide_cpuid(HIDE_TSC, c);
	assert_int_equal(c->nent, 7);
	hide_cpuid(HIDE_HYPERVISOR, c);
	assert_int_equal(c->nent, 4);
	assert_int_equal(c->entries[0].ecx, ~0u);
	assert_int_equal(c->entries[1].ecx, ~0u >> 1);
	assert_int_equal(c->entries[3].function, 0x80000000);
	free(c);
	assert_int_equal(hide_parse("tsc,hypervisor", &hide, &e), 0);
	assert_int_equal(hide, HIDE_TSC | HIDE_HYPERVISOR);
	assert_int_equal(hide_parse("tsc,smm", &hide, &e), -EINVAL);
	assert_non_null(strstr(e.text, "'smm'"));
	assert_int_equal(hide_parse(",", &hide, &e), -EINVAL);
}

/* A KVM that scales, or not, and may refuse. */
static struct {
	bool scales, refuses;
	int khz;
	unsigned int enforced;
} fake;

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	if (fd != -99)
		return __real_ioctl(fd, request, arg);
	switch (request) {
	case KVM_CHECK_EXTENSION:
		return (uintptr_t)arg != KVM_CAP_TSC_CONTROL || fake.scales;
	case KVM_GET_TSC_KHZ:
		return fake.khz;
	case KVM_SET_TSC_KHZ:
		if (fake.refuses) {
			errno = EINVAL;
			return -1;
		}
		fake.khz = (int)(uintptr_t)arg;
		return 0;
	case KVM_ENABLE_CAP:
		fake.enforced = ((struct kvm_enable_cap *)arg)->cap;
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

static void tsc_is_scaled(void **state)
{
	struct kvm_system sys = { .fd = -99 };
	struct vm vm = { .sys = &sys };
	struct vcpu v = { .vm = &vm, .fd = -99 };
	struct error e;

	(void)state;
	assert_int_equal(hide_usable(&sys, HIDE_TSC, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "KVM_CAP_TSC_CONTROL"));
	fake.scales = true;
	assert_int_equal(hide_usable(&sys, HIDE_TSC, &e), 0);
	fake.khz = 2400000;
	assert_int_equal(hide_vcpu(HIDE_TSC, &v, &e), 0);
	assert_int_equal(fake.khz, 2400000 / HIDE_TSC_PART);
	assert_int_equal(fake.enforced, 0);
	assert_int_equal(hide_vcpu(HIDE_HYPERVISOR, &v, &e), 0);
	assert_int_equal(fake.enforced, KVM_CAP_ENFORCE_PV_FEATURE_CPUID);
	assert_int_equal(fake.khz, 2400000 / HIDE_TSC_PART);
	fake.refuses = true;
	assert_int_equal(hide_vcpu(HIDE_TSC, &v, &e), -EINVAL);
	assert_non_null(strstr(e.text, "KVM_SET_TSC_KHZ"));
	fake.khz = 0;
	assert_int_equal(hide_vcpu(HIDE_TSC, &v, &e), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_is_a_coin),
		cmocka_unit_test(clusters_count),
		cmocka_unit_test(shifted_is_known),
		cmocka_unit_test(apart_and_equal),
		cmocka_unit_test(curve_has_its_area),
		cmocka_unit_test(samples_are_the_fewest),
		cmocka_unit_test(attack_is_carried_out),
		cmocka_unit_test(values_are_exact),
		cmocka_unit_test(control_guards),
		cmocka_unit_test(guests_are_not_believed),
		cmocka_unit_test(hypervisor_is_hidden),
		cmocka_unit_test(tsc_is_scaled),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("detect", tests, NULL, NULL);
}
