/*
 * A table is read by comparing lengths before digits: one style of number for
 * the whole report, with the precision that a cycle counter can support.
 */
#include "reports/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DASH "\u2013"
#define EM_DASH "\u2014"

static int number_places(double x)
{
	x = fabs(x);
	return x >= 99.95 ? 0 : x >= 9.995 ? 1 : x >= 0.9995 ? 2 : 3;
}

static struct number number_fixed(double x, int places)
{
	struct number plain, out;
	size_t length, point, used = 0;

	if (isnan(x)) {
		strcpy(out.s, EM_DASH);
		return out;
	}
	if (fabs(x) >= 1e15) {
		snprintf(out.s, sizeof(out.s), "%.3e", x);
		return out;
	}
	snprintf(plain.s, sizeof(plain.s), "%.*f", places, fabs(x));
	length = strlen(plain.s);
	point = strcspn(plain.s, ".");
	/* "-0.000" says something that is not so. */
	if (x < 0 && strspn(plain.s, "0.") != length)
		used += (size_t)sprintf(out.s, "\u2212");
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && i < point && (point - i) % 3 == 0)
			out.s[used++] = ',';
		out.s[used++] = plain.s[i];
	}
	out.s[used] = '\0';
	return out;
}

struct number number(double x)
{
	if (x == 0)
		return number_fixed(x, 0);
	return number_fixed(x, number_places(x));
}

struct number number_tidy(double x)
{
	return number_fixed(x, fabs(x - round(x)) < 1e-9 ? 0 : number_places(x));
}

struct number number_count(size_t n)
{
	return number_fixed((double)n, 0);
}

struct number number_range(double low, double high)
{
	struct number out, a, b;
	int places = number_places(fmax(fabs(low), fabs(high)));

	if (isnan(low) || isnan(high))
		return number_fixed(NAN, 0);
	a = number_fixed(low, places);
	b = number_fixed(high, places);
	snprintf(out.s, sizeof(out.s), "%.28s " DASH " %.28s", a.s, b.s);
	return out;
}

struct number number_percent(double share)
{
	struct number out;
	int whole = fabs(share * 100 - round(share * 100)) < 0.005;

	if (isnan(share))
		return number_fixed(share, 0);
	snprintf(out.s, sizeof(out.s), "%.*f\u00a0%%", whole ? 0 : 1,
		 share * 100);
	return out;
}

struct number number_bytes(double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	struct number out, n;
	size_t unit = 0;

	if (isnan(bytes))
		return number_fixed(bytes, 0);
	while (bytes >= 1024 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	n = number_fixed(bytes, unit == 0 || bytes >= 100 ? 0 : 1);
	snprintf(out.s, sizeof(out.s), "%.40s\u00a0%s", n.s, units[unit]);
	return out;
}

struct number number_date(const char *iso)
{
	struct number out;
	int y, mo, d, h, mi, s, used = 0;

	if (!iso)
		return number_fixed(NAN, 0);
	if (sscanf(iso, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &y, &mo, &d, &h, &mi, &s,
		   &used) == 6 && used == 20 && iso[used] == '\0')
		snprintf(out.s, sizeof(out.s), "%04d-%02d-%02d %02d:%02d UTC",
			 y % 10000, mo % 100, d % 100, h % 100, mi % 100);
	else
		snprintf(out.s, sizeof(out.s), "%.40s", iso);
	return out;
}
