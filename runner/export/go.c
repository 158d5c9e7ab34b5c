/*
 * Go's benchmark text (the "Go Benchmark Data Format"), which benchstat reads:
 * "key: value" lines, then "BenchmarkName iterations value unit ...".
 *
 * One line an instance, not one a bench: benchstat makes its own interval of
 * them. Parameters are the "/key=value" parts of a name.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare/set.h"
#include "export/escape.h"
#include "export/export.h"

static void key_put(struct text *t, const char *key, const char *value)
{
	struct text visible = { 0 };

	text_visible(&visible, value);
	for (size_t i = 0; i < visible.length; i++)
		visible.data[i] = visible.data[i] == '\n' ? ' '
							  : visible.data[i];
	text_format(t, "%s: %s\n", key, text_string(&visible));
	t->failed |= visible.failed;
	text_free(&visible);
}

/* A name's first letter must not be a small one. */
static void name_put(struct text *t, const struct measure *m)
{
	const json_t *v;
	const char *key;
	char first = (char)toupper((unsigned char)*m->id);

	text_add(t, "Benchmark");
	text_bytes(t, &first, isalpha((unsigned char)first) ? 1 : 0);
	text_word(t, m->id + (isalpha((unsigned char)first) ? 1 : 0));
	json_object_foreach(json_object_get(m->result, "params"), key, v) {
		char *dump = json_is_string(v) ? NULL
					       : json_dumps(v, JSON_ENCODE_ANY);

		text_add(t, "/");
		text_word(t, key);
		text_add(t, "=");
		text_word(t, dump ? dump : json_string_value(v));
		free(dump);
	}
	text_add(t, "/target=");
	text_word(t, document_text(m->result, "target"));
}

/* Without blanks; "ns" is what Go calls ns/op. */
static void unit_put(struct text *t, const char *unit)
{
	text_word(t, *unit ? unit : "value");
	text_add(t, "/op");
}

static void lines_put(struct text *t, const struct measure *m)
{
	const json_t *list = json_object_get(m->result, "instances"), *x;
	const json_t *n = json_array_get(json_object_get(m->result, "n"), 0);
	json_int_t ops = json_integer_value(n);
	size_t i;

	json_array_foreach((json_t *)list, i, x) {
		name_put(t, m);
		text_format(t, " %lld ", ops > 0 ? (long long)ops : 1);
		text_real(t, json_number_value(x));
		text_add(t, " ");
		unit_put(t, m->unit);
		text_add(t, "\n");
	}
}

int export_go(const json_t *doc, struct text *t)
{
	const json_t *results = json_object_get(doc, "results"), *result;
	struct measure m;
	size_t i;

	text_add(t, "goos: linux\ngoarch: amd64\n");
	key_put(t, "pkg", "vmgauge");
	key_put(t, "cpu", document_text(doc, "env.cpu.model"));
	key_put(t, "kernel", document_text(doc, "env.kernel.release"));
	key_put(t, "fingerprint", document_text(doc, "env.fingerprint"));
	key_put(t, "run", document_text(doc, "run.id"));
	text_add(t, "\n");
	json_array_foreach((json_t *)results, i, result)
		if (measure_of(result, &m))
			lines_put(t, &m);
	return t->failed ? -ENOMEM : 0;
}
