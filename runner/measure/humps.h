/*
 * Two humps are two results: a median between them is a number that nothing
 * ever took.
 */
#ifndef VMGAUGE_MEASURE_HUMPS_H
#define VMGAUGE_MEASURE_HUMPS_H

#include <stdbool.h>
#include <stddef.h>

#define HUMPS_LEAST	40	/* fewer values show no humps */

/* One of two: the median of its values, and their share of all. */
struct hump {
	double value, share;
};

/*
 * Whether ascending values fall into two humps, the lower first: split where
 * the squares around two means are least, each side has a tenth of the values
 * or more, and of what lies between the sides' medians the middle half holds
 * less than a twentieth of all. One hump of any shape, a flat one too, holds
 * a fifth or more there. false for fewer than HUMPS_LEAST.
 */
bool humps_find(const double *sorted, size_t n, struct hump hump[2]);

#endif
