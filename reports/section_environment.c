/*
 * The environment, because a latency without it cannot be repeated: a summary
 * to read, what disturbed the measurement with its mend, then everything.
 */
#include <math.h>
#include <string.h>

#include "reports/entry.h"
#include "reports/number.h"
#include "reports/section.h"

static const struct column pair[] = { { "", false }, { "Value", false } };

/* What most often explains a difference between two hosts. */
static const struct { const char *name, *path; } summary[] = {
	{ "Processor", "cpu.model" },
	{ "Vendor", "cpu.vendor" },
	{ "Microcode", "cpu.microcode" },
	{ "Packages", "topology.packages" },
	{ "Cores", "topology.cores" },
	{ "Hardware threads", "topology.pus" },
	{ "SMT", "topology.smt" },
	{ "NUMA nodes", "topology.numa_nodes" },
	{ "vCPUs pinned to", "topology.pinned_to" },
	{ "Pinning policy", "topology.policy" },
	{ "Kernel", "kernel.release" },
	{ "Kernel command line", "kernel.cmdline" },
	{ "KVM modules", "kvm.modules" },
	{ "Governor", "power.governor" },
	{ "Frequency driver", "power.driver" },
	{ "Turbo", "power.turbo" },
	{ "C-states", "power.cstates" },
	{ "Memory", "memory.total_bytes" },
	{ "Transparent huge pages", "memory.thp" },
	{ "Clock source", "clocksource" },
	{ "Invariant TSC", "tsc.invariant" },
	{ "Hardware counters", "counters.pmu" },
	{ "About the counters", "counters.note" },
};

static void add_leaf(const json_t *value, const char *path, struct text *out)
{
	if (json_is_string(value))
		text_add(out, json_string_value(value));
	else if (json_is_boolean(value))
		text_add(out, json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value) && !json_array_size(value))
		text_add(out, "none");
	else if (json_is_array(value))
		entry_join(value, ", ", out);
	else if (!json_is_number(value))
		text_add(out, "unknown");
	else if (path && strstr(path, "_bytes"))
		text_add(out, number_bytes(json_number_value(value)).s);
	else if (json_is_integer(value))
		text_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		text_add(out, number_tidy(json_number_value(value)).s);
}

static void write_summary(struct page *p, const struct run *run)
{
	struct text t = { 0 };

	p->ops->table_begin(p, "The host", pair, 2);
	for (size_t i = 0; i < sizeof(summary) / sizeof(summary[0]); i++) {
		text_clear(&t);
		add_leaf(field_at(run->env, summary[i].path), summary[i].path, &t);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_TEXT, summary[i].name);
		p->ops->cell(p, CELL_WRAP, text_string(&t));
	}
	p->ops->table_end(p);
	text_free(&t);
}

static void write_evidence(struct page *p, const struct run *run)
{
	struct text t = { 0 };

	entry_join(field_at(run->env, "backend.evidence"), "\n", &t);
	if (t.length)
		text_add(&t, "\n");
	entry_join(field_at(run->env, "virtualised.evidence"), "\n", &t);
	if (t.length) {
		p->ops->paragraph(p, "Evidence for what runs the guest, and for whether "
				  "the host is itself one:");
		p->ops->block(p, text_string(&t));
	}
	text_free(&t);
}

static void write_disturbances(struct page *p, const struct run *run)
{
	static const struct column columns[] = {
		{ "What disturbs the measurement", false }, { "Weight", false },
		{ "Mend", false },
	};
	json_t *all = field_at(run->env, "disturbances"), *d;
	size_t i;

	if (!json_array_size(all)) {
		p->ops->paragraph(p, "Nothing was found that would disturb a "
				  "measurement.");
		return;
	}
	p->ops->table_begin(p, "Disturbances", columns, 3);
	json_array_foreach(all, i, d) {
		p->ops->row(p, false);
		p->ops->cell(p, CELL_WRAP, field_text(d, "what"));
		p->ops->cell(p, CELL_TEXT, field_text(d, "severity"));
		p->ops->cell(p, CELL_CODE, field_text(d, "mend"));
	}
	p->ops->table_end(p);
}

/* Depth is bounded: jansson has read it, with its own limit of 2,048. */
static void write_leaves(struct page *p, const json_t *object, const char *prefix)
{
	json_t *o = (json_t *)object, *value;
	struct text path = { 0 }, t = { 0 };
	const char *key;

	json_object_foreach(o, key, value) {
		if (!*prefix && !strcmp(key, "disturbances"))
			continue;	/* has a table of its own */
		text_clear(&path);
		text_format(&path, "%s%s%s", prefix, *prefix ? "." : "", key);
		if (json_is_object(value) && json_object_size(value)) {
			write_leaves(p, value, text_string(&path));
			continue;
		}
		text_clear(&t);
		if (!json_is_object(value))
			add_leaf(value, text_string(&path), &t);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_CODE, text_string(&path));
		p->ops->cell(p, CELL_WRAP, text_string(&t));
	}
	text_free(&path);
	text_free(&t);
}

void section_environment(struct page *p, const struct model *m,
			 const struct plots *plots)
{
	(void)plots;
	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];

		section_run_begin(p, m, run);
		if (!json_is_object(run->env)) {
			p->ops->paragraph(p, "The document carries no environment.");
			section_run_end(p, m);
			continue;
		}
		write_summary(p, run);
		write_disturbances(p, run);
		write_evidence(p, run);
		p->ops->details_begin(p, "Everything that was recorded");
		p->ops->table_begin(p, "The whole environment", pair, 2);
		write_leaves(p, run->env, "");
		p->ops->table_end(p);
		p->ops->details_end(p);
		section_run_end(p, m);
	}
}

static void write_repeat(struct page *p, const struct run *run)
{
	static const struct { const char *name, *path; } facts[] = {
		{ "Run", "id" }, { "Started", "started" }, { "Finished", "finished" },
		{ "Seed", "seed" }, { "VM instances per bench", "instances" },
		{ "Time budget, s", "budget_s" }, { "Deadline per item, ms", "deadline_ms" },
		{ "Resumed, times", "resumed" },
	};
	struct text t = { 0 };

	entry_join(field_at(run->run, "command"), " ", &t);
	if (t.length)
		p->ops->block(p, text_string(&t));
	p->ops->table_begin(p, "How to repeat this run", pair, 2);
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, "Raw data (result document)");
	p->ops->cell(p, CELL_CODE, run->path);
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, "vmgauge");
	p->ops->cell(p, CELL_TEXT, field_text(run->vmgauge, "version"));
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, "Guest image, SHA-256");
	p->ops->cell(p, CELL_CODE, field_text(run->vmgauge, "image_sha256"));
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		text_clear(&t);
		add_leaf(field_at(run->run, facts[i].path), facts[i].path, &t);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_TEXT, facts[i].name);
		p->ops->cell(p, CELL_TEXT, text_string(&t));
	}
	p->ops->table_end(p);
	text_free(&t);
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
	for (size_t r = 0; r < m->n; r++) {
		section_run(p, m, &m->runs[r]);
		write_repeat(p, &m->runs[r]);
	}
}
