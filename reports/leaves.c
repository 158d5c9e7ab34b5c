/*
 * Two hosts are never quite the same, and a table of everything hides the one
 * line that matters. So all leaves are laid side by side first.
 */
#include "reports/leaves.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct found {
	char *path, *value;
	size_t run;
};

struct finding {
	struct found *found;
	size_t n, capacity;
	bool failed;
};

static void find(struct finding *f, const char *path, const json_t *value,
		 size_t run)
{
	struct text t = { 0 };

	if (f->n == f->capacity) {
		size_t capacity = f->capacity ? 2 * f->capacity : 256;
		struct found *more = realloc(f->found, capacity * sizeof(*more));

		if (!more) {
			f->failed = true;
			return;
		}
		f->found = more;
		f->capacity = capacity;
	}
	if (!json_is_object(value))
		environment_leaf(value, path, &t);
	text_add(&t, t.length ? NULL : "none");
	f->found[f->n] = (struct found){ strdup(path), t.data, run };
	f->failed |= !f->found[f->n].path || t.failed;
	f->n++;
}

/* Depth is bounded: jansson has read it, with its own limit of 2,048. */
static void find_all(struct finding *f, const json_t *object,
		     const char *prefix, size_t run)
{
	json_t *o = (json_t *)object, *value;
	struct text path = { 0 };
	const char *key;

	json_object_foreach(o, key, value) {
		if (!*prefix && !strcmp(key, "disturbances"))
			continue;	/* has a table of its own */
		text_clear(&path);
		text_format(&path, "%s%s%s", prefix, *prefix ? "." : "", key);
		if (json_is_object(value) && json_object_size(value))
			find_all(f, value, text_string(&path), run);
		else
			find(f, text_string(&path), value, run);
	}
	f->failed |= path.failed;
	text_free(&path);
}

static int found_order(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->run > y->run) - (x->run < y->run);
}

static int leaves_make(struct leaves *l, struct finding *f)
{
	struct leaf *leaf = NULL;

	qsort(f->found, f->n, sizeof(*f->found), found_order);
	l->leaf = calloc(f->n + 1, sizeof(*l->leaf));
	if (!l->leaf)
		return -ENOMEM;
	for (size_t i = 0; i < f->n; i++) {
		struct found *x = &f->found[i];

		if (!leaf || strcmp(leaf->path, x->path)) {
			leaf = &l->leaf[l->n++];
			leaf->path = x->path;
			x->path = NULL;
			leaf->value = calloc(l->runs, sizeof(*leaf->value));
			if (!leaf->value)
				return -ENOMEM;
		}
		if (!leaf->value[x->run]) {
			leaf->value[x->run] = x->value;
			x->value = NULL;
		}
	}
	return 0;
}

static bool leaf_differs(const struct leaf *leaf, size_t runs)
{
	for (size_t r = 1; r < runs; r++) {
		const char *a = leaf->value[0], *b = leaf->value[r];

		if (a != b && (!a || !b || strcmp(a, b)))
			return true;
	}
	return false;
}

int leaves_read(struct leaves *l, const struct model *m)
{
	struct finding f = { 0 };
	int ret;

	*l = (struct leaves){ .runs = m->n };
	for (size_t r = 0; r < m->n; r++)
		find_all(&f, m->runs[r].env, "", r);
	ret = f.failed ? -ENOMEM : 0;
	if (!ret && f.n)
		ret = leaves_make(l, &f);
	for (size_t i = 0; i < f.n; i++) {
		free(f.found[i].path);
		free(f.found[i].value);
	}
	free(f.found);
	for (size_t i = 0; !ret && i < l->n; i++)
		l->leaf[i].differs = leaf_differs(&l->leaf[i], l->runs);
	return ret;
}

void leaves_free(struct leaves *l)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t r = 0; l->leaf[i].value && r < l->runs; r++)
			free(l->leaf[i].value[r]);
		free(l->leaf[i].value);
		free(l->leaf[i].path);
	}
	free(l->leaf);
	*l = (struct leaves){ 0 };
}
