/*
 * Values of options; see value.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "value.h"

#define SECONDS_MOST	86400

int value_whole(const char *name, const char *value, unsigned long min,
		unsigned long max, unsigned long *to, struct error *e)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(value, &end, 0);
	if (*end || *value < '0' || *value > '9' || errno || v < min || v > max)
		return error_set(e, -EINVAL, "%s '%.40s': give a whole number "
				 "from %lu to %lu", name, value, min, max);
	*to = v;
	return 0;
}

/* The number that a text begins with; NAN where it does not. */
static double number_begin(const char *value, char **end)
{
	double v = strtod(value, end);

	return *end == value ? (double)NAN : v;
}

int value_number(const char *name, const char *value, double min, double max,
		 double *to, struct error *e)
{
	char *end;
	double v = number_begin(value, &end);

	if (*end || !(v >= min && v <= max))
		return error_set(e, -EINVAL, "%s '%.40s': give a number from "
				 "%.15g to %.15g", name, value, min, max);
	*to = v;
	return 0;
}

int value_percent(const char *name, const char *value, double most, double *to,
		  struct error *e)
{
	char *end;
	double v = number_begin(value, &end);

	end += *end == '%';
	if (*end || !(v > 0 && v <= most))
		return error_set(e, -EINVAL, "%s '%.40s': give a percentage "
				 "above 0, at most %g", name, value, most);
	*to = v / 100;
	return 0;
}

int value_seconds(const char *name, const char *value, double *to,
		  struct error *e)
{
	char *end;
	double v = number_begin(value, &end);

	if (*end || !(v > 0 && v <= SECONDS_MOST))
		return error_set(e, -EINVAL, "%s '%.40s': give seconds, more "
				 "than 0 and at most %d", name, value,
				 SECONDS_MOST);
	*to = v;
	return 0;
}
