/*
 * Numbers as a reader wants them: thousands separated, as many digits as mean
 * something, and a dash where nothing is known.
 *
 * The functions return a small struct by value so that number(x).s can stand
 * in an argument list. NaN is "unknown" throughout. They expect the C numeric
 * locale (report_write() sets it for its thread).
 */
#ifndef VMGAUGE_REPORTS_NUMBER_H
#define VMGAUGE_REPORTS_NUMBER_H

#include <stddef.h>

struct number {
	char s[64];
};

/* 0.482, 9.53, 61.4, 1,234: three or four significant digits */
struct number number(double x);
/* Without decimals where there is nothing behind the point: 1, 0.020, 220 */
struct number number_tidy(double x);
/* 12,345 */
struct number number_count(size_t n);
/* 1,200 – 1,260 with one precision for both ends */
struct number number_range(double low, double high);
/* A share in percent, "98.8 %" of 0.988 */
struct number number_percent(double share);
/* 16.0 GiB */
struct number number_bytes(double bytes);
/* An ISO 8601 instant as "2026-11-22 13:05 UTC"; other text unchanged */
struct number number_date(const char *iso);

#endif
