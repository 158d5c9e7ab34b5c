/*
 * Test points as text. The escapes are those of TAP 14 and YAML 1.2: whatever
 * a guest or a file may have put into a string, it stays one string.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "result/doc.h"
#include "tap.h"
#include "tap_yaml.h"

static void emit(struct tap *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void emit(struct tap *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	errno = 0;
	if (vfprintf(t->out, fmt, ap) < 0 && !t->err)
		t->err = errno ? -errno : -EIO;
	va_end(ap);
}

static void flush(struct tap *t)
{
	if (fflush(t->out) && !t->err)
		t->err = -errno;
}

/* A control character would colour a terminal or end the line. */
static void emit_char(struct tap *t, char c)
{
	emit(t, "%c", (c >= 0 && c < ' ') || c == 0x7f ? ' ' : c);
}

/* One line: '#' and '\' escaped, control characters made spaces. */
static void emit_text(struct tap *t, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '#')
			emit(t, "\\");
		emit_char(t, *text);
	}
}

void tap_begin_version(struct tap *t, FILE *out, unsigned int version)
{
	*t = (struct tap){ .out = out };
	emit(t, "TAP version %u\n", version);
	flush(t);
}

void tap_begin(struct tap *t, FILE *out)
{
	tap_begin_version(t, out, 14);
}

void tap_plan(struct tap *t, unsigned int n, const char *skip_reason)
{
	t->planned = n;
	t->has_plan = true;
	emit(t, "1..%u", n);
	if (!n && skip_reason) {
		emit(t, " # SKIP ");
		emit_text(t, skip_reason);
	}
	emit(t, "\n");
	flush(t);
}

static void emit_yaml(struct tap *t, const json_t *yaml)
{
	if (!json_object_size(yaml))
		return;
	emit(t, "  ---\n");
	errno = 0;
	if (tap_yaml_write(t->out, yaml, 2) && !t->err)
		t->err = errno ? -errno : -EIO;
	emit(t, "  ...\n");
}

void tap_point(struct tap *t, bool ok, const char *id, const char *description,
	       enum tap_directive directive, const char *reason,
	       const json_t *yaml)
{
	static const char *const words[] = {
		[TAP_SKIP] = "SKIP", [TAP_TODO] = "TODO",
	};
	const char *last = description && *description ? description : id;
	size_t length = strlen(last);

	t->points++;
	t->failed += !ok && directive != TAP_TODO;
	emit(t, "%s %u - ", ok ? "ok" : "not ok", t->points);
	emit_text(t, id);
	if (description && *description) {
		emit(t, ": ");
		emit_text(t, description);
	}
	/* some harnesses take a brace at the end for the start of a subtest */
	if (length && last[length - 1] == '{')
		emit(t, ".");
	if (directive != TAP_NONE) {
		emit(t, " # %s", words[directive]);
		emit(t, "%s", reason && *reason ? " " : "");
		emit_text(t, reason ? reason : "");
	}
	emit(t, "\n");
	emit_yaml(t, yaml);
	flush(t);
}

void tap_comment(struct tap *t, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		emit(t, "# ");
		for (size_t i = 0; i < length; i++)
			emit_char(t, text[i]);
		emit(t, "\n");
		text += length + (text[length] == '\n');
	}
	flush(t);
}

void tap_bail_out(struct tap *t, const char *reason)
{
	t->bailed_out = true;
	emit(t, "Bail out! ");
	emit_text(t, reason ? reason : "");
	emit(t, "\n");
	flush(t);
}

int tap_end(struct tap *t)
{
	flush(t);
	if (t->err)
		return t->err;
	if (!t->bailed_out && (!t->has_plan || t->points != t->planned))
		return -EPROTO;
	return 0;
}

static bool says_something(const json_t *value)
{
	if (json_is_object(value))
		return json_object_size(value);
	if (json_is_array(value))
		return json_array_size(value);
	return value && !json_is_null(value);
}

/* What a reader of a test log wants of a result, in this order. */
static json_t *diagnostics(const json_t *result, const char *verdict, bool ok,
			   bool verbose)
{
	static const char *const always[] = {
		"reason", "rule", "cite", "params", "unit", "median", "ci",
		"ns", "flags", "evidence",
	};
	static const char *const on_failure[] = {
		"control", "checks", "checks_total", "postmortem", "repeat",
	};
	json_t *yaml = json_pack("{s:s}", ok ? "verdict" : "severity", verdict);
	json_t *attest = json_object_get(json_object_get(result, "attest"),
					 "attested");
	size_t n_always = sizeof(always) / sizeof(*always);
	size_t n = n_always + sizeof(on_failure) / sizeof(*on_failure);

	for (size_t i = 0; i < n; i++) {
		const char *key = i < n_always ? always[i] :
						 on_failure[i - n_always];
		json_t *value = json_object_get(result, key);

		if (i >= n_always && ok && !verbose)
			break;
		if (says_something(value))
			json_object_set(yaml, key, value);
	}
	if (attest)
		json_object_set(yaml, "attested", attest);
	return yaml;
}

void tap_result(struct tap *t, const char *name, const json_t *result)
{
	const char *id = json_string_value(json_object_get(result, "id"));
	const char *verdict = json_string_value(json_object_get(result,
								"verdict"));
	const char *reason = json_string_value(json_object_get(result,
							       "reason"));
	const char *cause = json_string_value(json_object_get(result,
							"expected_failure"));
	const char *what = json_string_value(json_object_get(result, "rule"));
	enum tap_directive directive = TAP_NONE;
	json_t *yaml;
	bool ok;

	if (doc_verdict_severity(verdict) < 0)
		verdict = "error";	/* silence is never a pass */
	ok = doc_verdict_severity(verdict) < doc_verdict_severity("fail");
	if (!strcmp(verdict, "skip")) {
		directive = TAP_SKIP;
	} else if (cause) {
		directive = TAP_TODO;
		reason = cause;
	}
	if (!what)
		what = json_string_value(json_object_get(result, "summary"));
	yaml = diagnostics(result, verdict, ok, t->verbose);
	tap_point(t, ok, name ? name : id ? id : "unnamed", what, directive,
		  reason, yaml);
	json_decref(yaml);
}
