/*
 * Moderated variances and Student's t; see spread.h. The special functions
 * are the textbook's: recurrence and asymptotic series for psi, Lentz's
 * continued fraction for the incomplete beta, bisection for inverses.
 */
#include <math.h>

#include "compare/spread.h"

#define FEWEST_ROWS	3

static double digamma(double x)
{
	double sum = 0, r;

	while (x < 8) {
		sum -= 1 / x;
		x++;
	}
	r = 1 / (x * x);
	return sum + log(x) - 0.5 / x -
	       r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r / 240)));
}

static double trigamma(double x)
{
	double sum = 0, r;

	while (x < 8) {
		sum += 1 / (x * x);
		x++;
	}
	r = 1 / (x * x);
	return sum + 1 / x + r / 2 +
	       r / x * (1.0 / 6 - r * (1.0 / 30 - r * (1.0 / 42 - r / 30)));
}

/* trigamma falls from infinity to 0. */
static double trigamma_inverse(double y)
{
	double low = 1e-8, high = 1e8;

	for (int i = 0; i < 200; i++) {
		double middle = sqrt(low * high);

		if (trigamma(middle) > y)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A spread of exactly nothing is a rounded one: it has a logarithm, too. */
static double variance_least(const struct spread *rows, size_t n)
{
	double sum = 0, count = 0;

	for (size_t i = 0; i < n; i++) {
		if (rows[i].df > 0) {
			sum += rows[i].sd * rows[i].sd;
			count++;
		}
	}
	return count ? fmax(sum / count * 1e-6, 1e-18) : 1e-18;
}

struct spread spread_prior(const struct spread *rows, size_t n)
{
	double least = variance_least(rows, n);
	double sum = 0, squares = 0, chance = 0, count = 0, mean, beyond, df;

	for (size_t i = 0; i < n; i++) {
		double half = rows[i].df / 2, e;

		if (!(half > 0))
			continue;
		e = log(fmax(rows[i].sd * rows[i].sd, least)) -
		    digamma(half) + log(half);
		sum += e;
		squares += e * e;
		chance += trigamma(half);
		count++;
	}
	if (count < FEWEST_ROWS)
		return (struct spread){ 0, 0 };
	mean = sum / count;
	beyond = (squares - count * mean * mean) / (count - 1) -
		 chance / count;
	if (beyond <= 0)
		return (struct spread){ exp(mean / 2), INFINITY };
	df = 2 * trigamma_inverse(beyond);
	return (struct spread){
		exp((mean + digamma(df / 2) - log(df / 2)) / 2), df,
	};
}

struct spread spread_pool(struct spread a, struct spread b)
{
	double df = a.df + b.df;

	if (!(df > 0))
		return (struct spread){ 0, 0 };
	if (isinf(df))
		return isinf(a.df) ? a : b;
	return (struct spread){
		sqrt((a.df * a.sd * a.sd + b.df * b.sd * b.sd) / df), df,
	};
}

struct spread spread_moderate(struct spread row, struct spread prior)
{
	return spread_pool(row, prior);
}

static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), h;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	h = d;
	for (int m = 1; m <= 500; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x /
			     ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		step = d * c;
		h *= step;
		if (fabs(step - 1) < 1e-14)
			break;
	}
	return h;
}

static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* I_x(a, b) */
static double beta_regular(double a, double b, double x)
{
	double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) +
			   a * log(x) + b * log1p(-x));

	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* P(|T| > t) */
static double student_tail(double t, double df)
{
	if (t <= 0)
		return 1;
	if (df > 1e6)
		return erfc(t / M_SQRT2);
	return beta_regular(df / 2, 0.5, df / (df + t * t));
}

double student_two_sided(double p, double df)
{
	double low = 0, high = 1;

	while (student_tail(high, df) > p && high < 1e15)
		high *= 2;
	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (student_tail(middle, df) > p)
			low = middle;
		else
			high = middle;
	}
	return high;
}
