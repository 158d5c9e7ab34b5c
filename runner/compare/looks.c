/*
 * Alpha spending; see looks.h.
 */
#include <math.h>

#include "compare/looks.h"
#include "compare/spread.h"

static const double fraction[LOOKS] = { 0.5, 0.75, 1 };

static double spent(double t, double alpha)
{
	return erfc(student_two_sided(alpha, INFINITY) / sqrt(t) / M_SQRT2);
}

void looks_declare(struct looks *l, size_t rounds, double alpha)
{
	double before = 0;

	for (size_t k = 0; k < LOOKS; k++) {
		double now = k + 1 < LOOKS ? spent(fraction[k], alpha) : alpha;

		l->round[k] = (size_t)ceil(fraction[k] * (double)rounds);
		l->alpha[k] = now - before;
		before = now;
	}
	l->taken = 0;
}

double look_take(struct looks *l, size_t rounds, int last)
{
	double alpha = 0;

	while (l->taken < LOOKS && (last || l->round[l->taken] <= rounds))
		alpha += l->alpha[l->taken++];
	return alpha;
}
