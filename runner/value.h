/*
 * Values of options, for all verbs: what may stand there is in the message.
 *
 * Each gives 0, or -EINVAL with "NAME 'VALUE': give ..." and leaves *to alone.
 */
#ifndef VMGAUGE_VALUE_H
#define VMGAUGE_VALUE_H

#include "error.h"

/* A whole number from min to max, in C's notation (0x for hexadecimal). */
int value_whole(const char *name, const char *value, unsigned long min,
		unsigned long max, unsigned long *to, struct error *e);

/* A number from min to max. */
int value_number(const char *name, const char *value, double min, double max,
		 double *to, struct error *e);

/* "2%" or "2" gives 0.02; above 0, at most `most` percent. */
int value_percent(const char *name, const char *value, double most, double *to,
		  struct error *e);

/* More than 0, at most a day. */
int value_seconds(const char *name, const char *value, double *to,
		  struct error *e);

#endif
