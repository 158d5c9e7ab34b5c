/*
 * The guest's half of the registry: an item is found by its name.
 *
 * Host and guest sort nothing alike and share no index. The last part of the
 * name is compared first, since that is where names differ.
 */
#include "item.h"
#include "way.h"

extern const struct bench *const __start_benches[], *const __stop_benches[];
extern const struct probe *const __start_probes[], *const __stop_probes[];
extern const struct way *const __start_ways[], *const __stop_ways[];

static const char *name_of(const char *item)
{
	const char *name = item;

	for (const char *s = item; *s; s++)
		if (*s == '/')
			name = s + 1;
	return name;
}

/* The text before `name` is "PREFIX/". */
static bool prefix_matches(const char *item, const char *name,
			   const char *prefix)
{
	while (*prefix && *item == *prefix) {
		item++;
		prefix++;
	}
	return !*prefix && *item == '/' && item + 1 == name;
}

const struct bench *bench_find(const char *item)
{
	const char *name = name_of(item);

	for (const struct bench *const *b = __start_benches;
	     b < __stop_benches; b++)
		if (text_equal((*b)->name, name) &&
		    prefix_matches(item, name, (*b)->prefix))
			return *b;
	return NULL;
}

const struct probe *probe_find(const char *item)
{
	const char *name = name_of(item);

	for (const struct probe *const *p = __start_probes;
	     p < __stop_probes; p++)
		if (text_equal((*p)->name, name) &&
		    prefix_matches(item, name, (*p)->prefix))
			return *p;
	for (const struct way *const *w = __start_ways; w < __stop_ways; w++)
		if (text_equal((*w)->probe.name, name) &&
		    prefix_matches(item, name, (*w)->probe.prefix))
			return &(*w)->probe;
	return NULL;
}
