/*
 * A verdict that nobody can check is an opinion: each comes with the clause it
 * rests on, the comparison that failed, and what the guest left behind.
 */
#include "reports/entry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static void write_checks(struct page *p, const struct item *it)
{
	static const struct column columns[] = {
		{ "Check", false }, { "Wanted", false }, { "Got", false },
		{ "Line", true }, { "Holds", false },
	};
	json_t *checks = field_at(it->json, "checks"), *check;
	double total = field_double(it->json, "checks_total");
	struct text caption = { 0 };
	size_t i;

	if (!json_array_size(checks))
		return;
	text_add(&caption, "Checks");
	if (total > (double)json_array_size(checks))
		text_format(&caption, ", %zu of %s, the failed ones first",
			    json_array_size(checks), number_tidy(total).s);
	p->ops->table_begin(p, text_string(&caption), columns,
			    sizeof(columns) / sizeof(columns[0]));
	json_array_foreach(checks, i, check) {
		enum known ok = field_known(check, "ok");
		double line = field_double(check, "line");

		p->ops->row(p, ok == KNOWN_YES);
		p->ops->cell(p, CELL_CODE, field_text(check, "expr"));
		p->ops->cell(p, CELL_CODE, field_text(check, "want"));
		p->ops->cell(p, CELL_CODE, field_text(check, "got"));
		p->ops->cell(p, CELL_TEXT, isnan(line) ? NULL : number_tidy(line).s);
		p->ops->cell(p, CELL_TEXT, ok == KNOWN_YES ? "yes" :
			     ok == KNOWN_NO ? "no" : "unknown");
	}
	p->ops->table_end(p);
	text_free(&caption);
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

static void write_postmortem(struct page *p, const json_t *dead)
{
	double suberror = field_double(dead, "suberror");
	struct text t = { 0 };

	p->ops->details_begin(p, "Post-mortem: what the guest left behind");
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
	p->ops->details_end(p);
	text_free(&t);
}

static void entry_title(const struct item *it, struct text *out)
{
	text_add(out, it->rule ? it->rule : it->summary ? it->summary : it->name);
	if (it->ring >= 0)
		text_format(out, " (ring %s)", model_ring(it->ring));
}

void entry_write(struct page *p, const struct item *it, const char *on)
{
	const json_t *dead = field_at(it->json, "postmortem");
	struct text t = { 0 };

	entry_title(it, &t);
	p->ops->entry_begin(p, it->verdict, text_string(&t));
	p->ops->field(p, it->is_bench ? "Bench" : "Probe", CELL_CODE,
		      on ? it->operation : it->name);
	p->ops->field(p, "On", CELL_TEXT, on);
	p->ops->field(p, "Reason", CELL_TEXT, it->reason);
	text_clear(&t);
	entry_join(field_at(it->json, "cite"), "; ", &t);
	p->ops->field(p, "Clause", CELL_TEXT, text_string(&t));
	p->ops->field(p, "Negative control", CELL_TEXT,
		      field_text(it->json, "control"));
	p->ops->field(p, "Expected failure", CELL_TEXT,
		      field_text(it->json, "expected_failure"));
	p->ops->field(p, "Repeat", CELL_CODE, it->repeat);
	write_checks(p, it);
	if (json_is_object(dead))
		write_postmortem(p, dead);
	p->ops->entry_end(p);
	text_free(&t);
}
