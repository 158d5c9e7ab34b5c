/*
 * One slice of a live comparison: a process of vmgauge bench and its document.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare/child.h"
#include "compare/live_part.h"
#include "result/doc.h"

#define SEED_MOST	(1ull << 48)	/* what --seed takes */
#define FEW_ITEMS	4
#define DECILE		0.1
#define CONTROL_RATIO	10	/* of a control the empty operation is all */
#define GRACE_S		10		/* past the limit, for a slice to end */

/* Whether `bench` is a word of the command. */
static bool has_verb(const char *command)
{
	const char *at = command;

	while ((at = strstr(at, "bench"))) {
		bool begins = at == command || at[-1] == ' ' || at[-1] == '\t';

		at += strlen("bench");
		if (begins && (!*at || *at == ' ' || *at == '\t'))
			return true;
	}
	return false;
}

int slice_run(struct live *l, int side, const char *const *items,
	      double budget_s, uint64_t seed, json_t **doc, struct error *e)
{
	const char *command = l->o->command[side];
	const char *path = l->directory, **argv;
	char file[4200], budget[32], seeds[32];
	struct set one = { 0 };
	size_t n = 0, count = 0;
	int rc;

	while (items[count])
		count++;
	argv = calloc(count + 12, sizeof(*argv));
	if (!argv)
		return error_set(e, -ENOMEM, "out of memory");
	snprintf(file, sizeof(file), "%s/slice.json", path);
	snprintf(budget, sizeof(budget), "%.3f", budget_s);
	snprintf(seeds, sizeof(seeds), "%llu",
		 (unsigned long long)(seed % (SEED_MOST - 1) + 1));
	if (!has_verb(command))
		argv[n++] = "bench";
	for (size_t i = 0; i < count; i++)
		argv[n++] = items[i];
	argv[n++] = "--instances";
	argv[n++] = count && count <= FEW_ITEMS ? "7" : "3";
	argv[n++] = "--budget";
	argv[n++] = budget;
	argv[n++] = "--seed";
	argv[n++] = seeds;
	argv[n++] = "-o";
	argv[n++] = file;
	path = file;
	*doc = NULL;
	rc = child_run(command, argv, fmax(0, l->o->limit_s -
		       live_elapsed_s(l)) + GRACE_S, l->o->interrupted, e);
	if (!rc)
		rc = set_open(&one, side ? "NEW" : "BASE", &path, 1, e);
	if (!rc)
		*doc = json_incref(one.doc[0]);
	unlink(file);
	set_close(&one);
	free(argv);
	return rc;
}

int slice_keep(struct live *l, int side, json_t *doc, struct error *e)
{
	struct set *s = side ? &l->c->fresh : &l->c->base;
	json_t **docs = realloc(s->doc, (s->count + 1) * sizeof(*docs));
	const char *command = l->o->command[side];
	char **paths, *copy = malloc(strlen(command) + 16);

	if (docs)
		s->doc = docs;
	paths = realloc(s->path, (s->count + 1) * sizeof(*paths));
	if (paths)
		s->path = paths;
	if (!docs || !paths || !copy) {
		free(copy);
		json_decref(doc);
		return error_set(e, -ENOMEM, "out of memory");
	}
	/* Messages name it; it must not be mistaken for a file. */
	sprintf(copy, "%s of '%s'", s->name, command);
	s->path[s->count] = copy;
	s->doc[s->count++] = doc;
	return 0;
}

static struct live_row *row_of(struct live *l, const json_t *result)
{
	char *key = result_key(result,
			       !(l->c->options.across & ACROSS_TARGETS));
	const json_t *at = key ? json_object_get(l->index, key) : NULL;

	free(key);
	return at ? &l->row[json_integer_value(at)] : NULL;
}

static double median_of(const json_t *array)
{
	double *v = calloc(json_array_size(array) + 1, sizeof(*v)), median = NAN;
	json_t *x;
	size_t i;

	json_array_foreach((json_t *)array, i, x)
		if (v)
			v[i] = json_number_value(x);
	if (v && stats_median(v, json_array_size(array), &median))
		median = NAN;
	free(v);
	return median;
}

/*
 * The blocks of instance i, less its empty operation, in the unit of its
 * estimate. A control has nothing taken off.
 */
static size_t blocks_add(const json_t *result, size_t i, double *to)
{
	const json_t *blocks = json_array_get(json_object_get(result,
							      "samples"), i);
	double estimate = json_number_value(json_array_get(json_object_get(
		result, "instances"), i));
	double empty = median_of(json_array_get(document_value(result,
		"overhead.samples"), i)), middle = median_of(blocks);
	json_t *x;
	size_t k;

	if (!(middle - empty > middle / CONTROL_RATIO))
		empty = 0;
	json_array_foreach((json_t *)blocks, k, x)
		to[k] = estimate * (json_number_value(x) - empty) /
			(middle - empty);
	return json_array_size(blocks);
}

/* The lower decile of all blocks; NAN if there is none above 0. */
static double undisturbed(const json_t *result)
{
	const json_t *samples = json_object_get(result, "samples"), *x;
	size_t most = 0, n = 0, i;
	double *v, low = NAN;

	json_array_foreach((json_t *)samples, i, x)
		most += json_array_size(x);
	v = calloc(most + 1, sizeof(*v));
	for (i = 0; v && i < json_array_size(samples); i++)
		n += blocks_add(result, i, v + n);
	if (!v || stats_sort(v, n) || stats_quantile(v, n, DECILE, &low))
		low = NAN;
	free(v);
	return low > 0 ? low : NAN;
}

static int value_add(struct row_side *s, double v)
{
	double *more = realloc(s->value, (s->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	s->value = more;
	s->value[s->count++] = v;
	s->runs = s->count;
	return 0;
}

int slice_file(struct live *l, int side, unsigned int half, json_t *doc,
	       struct error *e)
{
	const json_t *result;
	bool keep = false;
	int rc = 0;
	size_t i;

	json_array_foreach(json_object_get(doc, "results"), i, result) {
		struct live_row *r = row_of(l, result);
		struct row_side *s = !r ? NULL : side ? &r->row->fresh
						      : &r->row->base;
		int severity = doc_verdict_severity(document_text(result,
								  "verdict"));

		if (!s || r->decided)
			continue;
		if (!severity) {
			double v = undisturbed(result);

			s->attest |= result_attest(result);
			if (isfinite(v))
				rc |= value_add(s, v);
			r->slice[side][half] = log(v);
		} else if (severity > 2 && severity > s->severity) {
			s->result = result;
			s->severity = severity;
			r->decided = keep = true;
		}
	}
	if (keep && !rc)
		return slice_keep(l, side, doc, e);
	json_decref(doc);
	return rc ? error_set(e, -ENOMEM, "out of memory") : 0;
}
