/*
 * The progress line: what runs, how far, how long still.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "session.h"

void session_progress(struct session *s, const struct series *series)
{
	struct timespec t;
	double spent, left;

	if (s->quiet || !isatty(STDERR_FILENO))
		return;
	if (!series) {
		fputs("\r\033[K", stderr);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	spent = (double)t.tv_sec + (double)t.tv_nsec / 1e9 - s->began_s;
	left = s->done ? spent / s->done * (s->total - s->done) : 0;
	fprintf(stderr, "\r[%u/%u] %.48s ring %u, about %.0f s left\033[K",
		s->done, s->total, series->item->name, series->ring, left);
	fflush(stderr);
}
