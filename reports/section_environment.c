/*
 * The environment, because a latency without it cannot be repeated: a summary
 * to read, what disturbed the measurement with its mend, then everything.
 */
#include <math.h>
#include <string.h>

#include "reports/entry.h"
#include "reports/leaves.h"
#include "reports/number.h"
#include "reports/section.h"

static const struct column pair[] = { { "Fact", false }, { "Value", false } };

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

void environment_leaf(const json_t *value, const char *path, struct text *out)
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
		environment_leaf(field_at(run->env, summary[i].path), summary[i].path, &t);
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

/* Is all that is shown of both the same? */
static bool same_host(const struct run *a, const struct run *b)
{
	static const char *const others[] = {
		"disturbances", "backend.evidence", "virtualised.evidence",
	};

	for (size_t i = 0; i < sizeof(summary) / sizeof(summary[0]); i++)
		if (!json_equal(field_at(a->env, summary[i].path),
				field_at(b->env, summary[i].path)))
			return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		json_t *x = field_at(a->env, others[i]);
		json_t *y = field_at(b->env, others[i]);

		if (x != y && !json_equal(x, y))
			return false;
	}
	return true;
}

static void write_run(struct page *p, const struct model *m, size_t r)
{
	const struct run *run = &m->runs[r];
	struct text t = { 0 };
	size_t first = 0;

	if (!json_is_object(run->env)) {
		p->ops->paragraph(p, "The document carries no environment.");
		return;
	}
	while (first < r && !same_host(&m->runs[first], run))
		first++;
	if (first < r) {
		text_format(&t, "Alike in all that is shown here with run %zu: %s.",
			    first + 1, m->runs[first].label);
		p->ops->paragraph(p, text_string(&t));
		text_free(&t);
		return;
	}
	write_summary(p, run);
	write_disturbances(p, run);
	write_evidence(p, run);
}

void section_environment(struct page *p, const struct model *m,
			 const struct plots *plots)
{
	(void)plots;
	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];

		section_run_begin(p, m, run);
		write_run(p, m, r);
		section_run_end(p, m);
	}
}
