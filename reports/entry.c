/*
 * A verdict that nobody can check is an opinion: each comes with the clause it
 * rests on, the comparison that failed, and what the guest left behind.
 */
#include "reports/entry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/link.h"
#include "reports/number.h"

static void add_value(const json_t *value, struct text *out)
{
	char *dump;

	if (json_is_string(value)) {
		text_add(out, json_string_value(value));
		return;
	}
	if (!value || json_is_null(value)) {
		text_add(out, "unknown");
		return;
	}
	dump = json_dumps(value, JSON_ENCODE_ANY);
	text_add(out, dump);
	free(dump);
}

void entry_join(const json_t *array, const char *separator, struct text *out)
{
	json_t *all = (json_t *)array, *value;
	size_t i;

	json_array_foreach(all, i, value) {
		text_add(out, i ? separator : "");
		add_value(value, out);
	}
}

/* Often the reason is the check that failed, which is told with its values. */
static bool reason_is_check(const struct item *it)
{
	json_t *checks = field_at(it->json, "checks"), *check;
	size_t i;

	json_array_foreach(checks, i, check) {
		const char *expr = field_text(check, "expr");

		if (field_known(check, "ok") != KNOWN_YES && expr && it->reason &&
		    !strcmp(expr, it->reason))
			return true;
	}
	return false;
}

static const char *word(const char *s)
{
	return s && *s ? s : "unknown";
}

/* Those that held say nothing that the rule does not say. */
static size_t count_failed(json_t *checks)
{
	size_t i, n = 0;
	json_t *check;

	json_array_foreach(checks, i, check)
		n += field_known(check, "ok") != KNOWN_YES;
	return n;
}

/* How many of all failed stands with the first of them. */
static void write_checks(struct page *p, const struct item *it)
{
	json_t *checks = field_at(it->json, "checks"), *check;
	double total = field_double(it->json, "checks_total");
	size_t i, failed = count_failed(checks), told = 0;
	struct text t = { 0 };

	json_array_foreach(checks, i, check) {
		double line = field_double(check, "line");

		if (field_known(check, "ok") == KNOWN_YES)
			continue;
		text_clear(&t);
		text_add(&t, "Failed");
		if (told++ == 0)
			text_format(&t, " %s of %s", number_count(failed).s,
				    number_tidy(fmax(isnan(total) ? 0 : total,
						     (double)json_array_size(checks))).s);
		if (line > 0)
			text_format(&t, ", line %s", number_tidy(line).s);
		p->ops->check(p, text_string(&t), word(field_text(check, "expr")),
			      word(field_text(check, "want")),
			      word(field_text(check, "got")));
	}
	text_free(&t);
}

void entry_brief(const struct item *it, struct text *out)
{
	json_t *checks = field_at(it->json, "checks"), *check;
	size_t i;

	json_array_foreach(checks, i, check)
		if (field_known(check, "ok") != KNOWN_YES) {
			text_format(out, "%s: wanted %s, got %s",
				    word(field_text(check, "expr")),
				    word(field_text(check, "want")),
				    word(field_text(check, "got")));
			return;
		}
	text_add(out, it->reason ? it->reason : "no reason was given");
}

/* "rax 0x1  rbx 0x2 ...", three to a line, as a debugger would show them. */
static void add_registers(const json_t *registers, struct text *out)
{
	json_t *all = (json_t *)registers;
	const char *separator = "";
	size_t shown = 0;

	for (void *i = json_object_iter(all); i; i = json_object_iter_next(all, i)) {
		const char *value = json_string_value(json_object_iter_value(i));

		text_format(out, "%s%-6s %-18s", separator, json_object_iter_key(i),
			    value ? value : "unknown");
		separator = ++shown % 3 ? "  " : "\n";
	}
}

void entry_postmortem(struct page *p, const struct item *it)
{
	const json_t *dead = field_at(it->json, "postmortem");
	double suberror = field_double(dead, "suberror");
	struct text t = { 0 };

	if (field_text(dead, "exit_reason"))
		text_format(&t, "exit reason        %s\n",
			    field_text(dead, "exit_reason"));
	if (!isnan(suberror))
		text_format(&t, "suberror           %.0f\n", suberror);
	if (field_text(dead, "instruction_bytes"))
		text_format(&t, "instruction bytes  %s\n",
			    field_text(dead, "instruction_bytes"));
	if (json_object_size(field_at(dead, "registers"))) {
		text_add(&t, "\n");
		add_registers(field_at(dead, "registers"), &t);
		text_add(&t, "\n");
	}
	if (json_array_size(field_at(dead, "mailbox"))) {
		text_add(&t, "\nlast rows of the mailbox\n");
		entry_join(field_at(dead, "mailbox"), "\n", &t);
		text_add(&t, "\n");
	}
	if (field_text(dead, "console") && *field_text(dead, "console"))
		text_format(&t, "\nconsole\n%s\n", field_text(dead, "console"));
	p->ops->block(p, text_string(&t));
	text_free(&t);
}

/* The one line of it; the run's page has registers, mailbox and console. */
static void write_death(struct page *p, const struct item *it)
{
	const json_t *dead = field_at(it->json, "postmortem");
	struct text t = { 0 };

	if (!json_is_object(dead))
		return;
	p->ops->field(p, "Exit reason", CELL_CODE, field_text(dead, "exit_reason"));
	p->ops->field(p, "Instruction bytes", CELL_CODE,
		      field_text(dead, "instruction_bytes"));
	link_samples(it, &t);
	if (p->ops->paged) {
		p->ops->fields_end(p);
		p->ops->list_begin(p);
		p->ops->list_link(p, "What it left behind", text_string(&t), NULL);
		p->ops->list_end(p);
	}
	text_free(&t);
}

/* What holds of the probe, whatever was found. */
static void write_probe(struct page *p, const struct item *it, bool alone,
			bool targets)
{
	struct text t = { 0 };

	text_add(&t, it->rule ? it->rule : it->summary ? it->summary : it->name);
	if (alone && it->ring >= 0)
		text_format(&t, " (ring %s)", model_ring(it->ring));
	p->ops->entry_begin(p, it->verdict, text_string(&t));
	p->ops->field(p, it->is_bench ? "Bench" : "Probe", CELL_CODE,
		      targets ? it->operation : it->name);
	text_clear(&t);
	entry_join(field_at(it->json, "cite"), "; ", &t);
	p->ops->field(p, "Clause", CELL_TEXT, text_string(&t));
	p->ops->field(p, "Negative control", CELL_TEXT,
		      field_text(it->json, "control"));
	text_free(&t);
}

static void write_finding(struct page *p, const struct item *it)
{
	if (!reason_is_check(it))
		p->ops->field(p, "Reason", CELL_TEXT, it->reason);
	write_checks(p, it);
	p->ops->field(p, "Expected failure", CELL_TEXT,
		      field_text(it->json, "expected_failure"));
	p->ops->field(p, "Repeat", CELL_CODE, it->repeat);
	write_death(p, it);
}

static void begin_part(struct page *p, const struct finding *f)
{
	struct text t = { 0 };

	if (f->it->ring >= 0)
		text_format(&t, "Ring %s", model_ring(f->it->ring));
	if (f->on.length)
		text_format(&t, "%s%s", t.length ? " on " : "On ",
			    text_string(&f->on));
	p->ops->mark(p, text_string(&f->id), NULL);
	p->ops->entry_part(p, t.length ? text_string(&t) : "Again");
	text_free(&t);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool entry_shared(const struct item *a, const struct item *b)
{
	json_t *cite = field_at(a->json, "cite"), *other = field_at(b->json, "cite");

	return !strcmp(a->key, b->key) && !strcmp(a->operation, b->operation) &&
	       same_text(a->rule, b->rule) && same_text(a->summary, b->summary) &&
	       same_text(field_text(a->json, "control"),
			 field_text(b->json, "control")) &&
	       (cite == other || json_equal(cite, other));
}

void entry_write(struct page *p, const struct finding *f, size_t n)
{
	bool alone = n == 1;

	if (alone)
		p->ops->mark(p, text_string(&f->id), NULL);
	write_probe(p, f->it, alone, f->on.length);
	if (alone)
		p->ops->field(p, "On", CELL_TEXT, text_string(&f->on));
	for (size_t i = 0; i < n; i++) {
		if (!alone)
			begin_part(p, &f[i]);
		write_finding(p, f[i].it);
	}
	p->ops->entry_end(p);
}
