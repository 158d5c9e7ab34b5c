/*
 * Walks the linker sections; see registry.h.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry.h"

extern const struct bench *const __start_benches[], *const __stop_benches[];
extern const struct probe *const __start_probes[], *const __stop_probes[];

static int item_compare(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name,
		      ((const struct item *)b)->name);
}

static int item_name(struct item *item, const char *prefix, const char *name,
		     struct error *e)
{
	int n = snprintf(item->name, sizeof(item->name), "%s/%s", prefix,
			 name);

	if (n < 0 || (size_t)n >= sizeof(item->name))
		return error_set(e, -ENAMETOOLONG, "item %s/%s: its name has "
				 "more than %zu characters", prefix, name,
				 sizeof(item->name) - 1);
	return 0;
}

static int items_collect(struct registry *r, struct error *e)
{
	int rc = 0;

	for (const struct bench *const *b = __start_benches;
	     b < __stop_benches && !rc; b++) {
		struct item *item = &r->item[r->count++];

		item->bench = *b;
		rc = item_name(item, (*b)->prefix, (*b)->name, e);
	}
	for (const struct probe *const *p = __start_probes;
	     p < __stop_probes && !rc; p++) {
		struct item *item = &r->item[r->count++];

		item->probe = *p;
		rc = item_name(item, (*p)->prefix, (*p)->name, e);
	}
	return rc;
}

int registry_open(struct registry *r, struct error *e)
{
	size_t max = (size_t)(__stop_benches - __start_benches) +
		     (size_t)(__stop_probes - __start_probes);
	int rc;

	r->count = 0;
	r->item = calloc(max ? max : 1, sizeof(*r->item));
	if (!r->item)
		return error_set(e, -ENOMEM, "out of memory for the registry");
	rc = items_collect(r, e);
	if (rc)
		goto fail;
	qsort(r->item, r->count, sizeof(*r->item), item_compare);
	for (size_t i = 1; i < r->count; i++) {
		if (strcmp(r->item[i - 1].name, r->item[i].name))
			continue;
		rc = error_set(e, -EEXIST, "two items are called %s: rename "
			       "one", r->item[i].name);
		goto fail;
	}
	return 0;
fail:
	registry_close(r);
	return rc;
}

void registry_close(struct registry *r)
{
	free(r->item);
	r->item = NULL;
	r->count = 0;
}

static bool glob_matches(const char *glob, const char *name)
{
	const char *last = strrchr(name, '/');
	size_t n = strlen(glob);

	if (!fnmatch(glob, name, 0) || !fnmatch(glob, last + 1, 0))
		return true;
	while (n && glob[n - 1] == '/')
		n--;
	return n && !strncmp(glob, name, n) && name[n] == '/';
}

/* Levenshtein's distance, bounded by the lengths that names have. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[ABI_NAME_MAX + 1];
	size_t n = strnlen(b, ABI_NAME_MAX);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 0; i < ABI_NAME_MAX && a[i]; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i + 1;
		for (size_t j = 0; j < n; j++) {
			unsigned int up = row[j + 1];
			unsigned int best = diagonal + (a[i] != b[j]);

			if (up + 1 < best)
				best = up + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			diagonal = up;
			row[j + 1] = best;
		}
	}
	return row[n];
}

static const char *name_end(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* Appends the three nearest names to a message. */
static void suggest(const struct registry *r, unsigned int kinds,
		    const char *glob, char *text, size_t bytes)
{
	const struct item *best[3] = { NULL };
	unsigned int best_distance[3] = { ~0u, ~0u, ~0u };

	for (size_t i = 0; i < r->count; i++) {
		const struct item *item = &r->item[i];
		unsigned int d = distance(name_end(glob),
					  name_end(item->name));

		if (!(kinds & (item->bench ? REGISTRY_BENCHES
					   : REGISTRY_PROBES)))
			continue;
		for (int k = 0; k < 3; k++) {
			if (d >= best_distance[k])
				continue;
			for (int j = 2; j > k; j--) {
				best[j] = best[j - 1];
				best_distance[j] = best_distance[j - 1];
			}
			best[k] = item;
			best_distance[k] = d;
			break;
		}
	}
	text[0] = '\0';
	for (int k = 0; k < 3 && best[k]; k++) {
		size_t at = strlen(text);

		snprintf(text + at, bytes - at, "%s%s", k ? ", " : "",
			 best[k]->name);
	}
}

int registry_select(struct registry *r, unsigned int kinds,
		    const char *const *globs, struct error *e)
{
	char near[3 * ABI_NAME_MAX + 8];

	for (size_t i = 0; i < r->count; i++)
		r->item[i].selected = !globs || !globs[0];
	for (size_t g = 0; globs && globs[g]; g++) {
		size_t matched = 0;

		for (size_t i = 0; i < r->count; i++) {
			struct item *item = &r->item[i];
			unsigned int kind = item->bench ? REGISTRY_BENCHES
							: REGISTRY_PROBES;

			if (!(kind & kinds) ||
			    !glob_matches(globs[g], item->name))
				continue;
			item->selected = true;
			matched++;
		}
		if (matched)
			continue;
		suggest(r, kinds, globs[g], near, sizeof(near));
		return error_set(e, -ENOENT, "nothing matches '%s'; near "
				 "names: %s (vmgauge list shows all)",
				 globs[g], near);
	}
	for (size_t i = 0; i < r->count; i++)
		if (!(kinds & (r->item[i].bench ? REGISTRY_BENCHES
						: REGISTRY_PROBES)))
			r->item[i].selected = false;
	return 0;
}

unsigned int item_rings(const struct item *item)
{
	unsigned int rings = item->bench ? item->bench->rings
					 : item->probe->rings;

	return rings ? rings : RING0;
}
