/*
 * The progress line: what runs, how far, how long still.
 *
 * The time left is a guess from what runs took so far. Benches are planned to
 * fill the budget and no more, so the budget bounds it; before anything has
 * run, and while intervals are being narrowed (--precision), it is the guess.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "session.h"
#include "terminal.h"

#define ENOUGH	8	/* runs that make a mean worth telling */

static double left_s(const struct session *s)
{
	double budget, mean, spent;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	spent = (double)t.tv_sec + (double)t.tv_nsec / 1e9 - s->began_s;
	budget = fmax(s->options.budget_s - spent, 0);
	if (s->done < ENOUGH || s->options.precision > 0)
		return budget;
	mean = spent / s->done * (s->total - s->done);
	return budget > 0 ? fmin(mean, budget) : mean;
}

/* A line that does not fit would wrap, and stay: it is cut. */
static void line_show(const struct terminal *t, const char *line)
{
	fprintf(stderr, "\r%.*s\033[K", (int)t->width - 1, line);
	fflush(stderr);
}

void session_progress(struct session *s, const struct series *series)
{
	struct terminal t;
	char line[ABI_NAME_MAX + 128], vcpus[24] = "";
	double left;

	if (s->quiet)
		return;
	terminal_look(&t, STDERR_FILENO);
	if (!t.rich)
		return;
	if (!series) {
		line_show(&t, "");
		return;
	}
	if (series->vcpus > 1)
		snprintf(vcpus, sizeof(vcpus), " x%u", series->vcpus);
	left = left_s(s);
	snprintf(line, sizeof(line), "[%u/%u] about %.0f %s left: %s%s ring %u",
		 s->done + 1, s->total, left < 100 ? left : left / 60,
		 left < 100 ? "s" : "min", series->item->name, vcpus,
		 series->ring);
	line_show(&t, line);
}
