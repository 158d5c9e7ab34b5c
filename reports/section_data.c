/*
 * The raw data: documents to take away, every sample to look at, and what to
 * type to get them again. A number without these is a claim.
 */
#include "reports/entry.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/section.h"

static const struct column pair[] = { { "Fact", false }, { "Value", false } };

static void add_fact(const json_t *value, struct text *out)
{
	if (json_is_string(value))
		text_add(out, json_string_value(value));
	else if (json_is_number(value))
		text_add(out, number_tidy(json_number_value(value)).s);
	else
		text_add(out, "unknown");
}

static void write_repeat(struct page *p, const struct run *run, size_t index)
{
	static const struct { const char *name, *path; } facts[] = {
		{ "Run", "id" }, { "Started", "started" }, { "Finished", "finished" },
		{ "VM instances per bench", "instances" },
		{ "Time budget, s", "budget_s" }, { "Deadline per item, ms", "deadline_ms" },
		{ "Resumed, times", "resumed" },
	};
	const json_t *seed = field_at(run->run, "seed");
	struct text t = { 0 }, href = { 0 };

	entry_join(field_at(run->run, "command"), " ", &t);
	if (t.length)
		p->ops->block(p, text_string(&t));
	p->ops->table_begin(p, "How to repeat this run", pair, 2);
	p->ops->row(p, false);
	link_document(index, &href);
	p->ops->cell(p, CELL_TEXT, "Raw data (result document)");
	p->ops->cell_link(p, CELL_CODE, text_string(&href), text_string(&href));
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, "Every sample");
	text_clear(&href);
	link_samples_file(index, &href);
	p->ops->cell_link(p, CELL_CODE, text_string(&href), text_string(&href));
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, "Read from");
	p->ops->cell(p, CELL_CODE, run->path);
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, "vmgauge");
	p->ops->cell(p, CELL_TEXT, field_text(run->vmgauge, "version"));
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, "Guest image, SHA-256");
	p->ops->cell(p, CELL_CODE, field_text(run->vmgauge, "image_sha256"));
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, "Seed");
	text_clear(&t);
	if (json_is_integer(seed))
		text_format(&t, "%" JSON_INTEGER_FORMAT, json_integer_value(seed));
	else
		add_fact(seed, &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		text_clear(&t);
		add_fact(field_at(run->run, facts[i].path), &t);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_TEXT, facts[i].name);
		p->ops->cell(p, CELL_TEXT, text_string(&t));
	}
	p->ops->table_end(p);
	text_free(&t);
	text_free(&href);
}

void section_repeat(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	(void)plots;
	p->ops->paragraph(p, "The result document holds every sample of every block, "
			  "the empty loop\u2019s too. The same command with the same "
			  "seed runs the same items in the same order. The plots are "
			  "drawn from plots/*.dat by plots/*.gp: cd plots && gnuplot "
			  "exits.gp.");
	p->ops->list_begin(p);
	p->ops->list_link(p, "data/result.schema.json", "data/result.schema.json",
			  ": the JSON Schema of a result document");
	p->ops->list_link(p, "report.md", "report.md",
			  ": this report as one file of text");
	p->ops->list_link(p, "files.txt", "files.txt", ": all files of this report");
	p->ops->list_end(p);
	for (size_t r = 0; r < m->n; r++) {
		section_run(p, m, &m->runs[r]);
		write_repeat(p, &m->runs[r], r);
	}
}
