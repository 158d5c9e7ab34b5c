/*
 * The site is one table of parts, in the order in which a reader meets them.
 * As HTML each part stands on its page; as text all follow one another.
 */
#include "reports/part.h"

#include <assert.h>

#include "reports/comparison.h"

static bool compares(const struct model *m, enum family family)
{
	(void)family;
	return m->comparison;
}

/* A score is of probes. */
static bool has_probes(const struct model *m, enum family family)
{
	(void)family;
	return m->all->probe_count;
}

static bool has_many(const struct model *m, enum family family)
{
	(void)family;
	return m->n > 1;
}

static bool has_detects(const struct model *m, enum family family)
{
	(void)family;
	return m->detect_count;
}

static bool has_history(const struct model *m, enum family family)
{
	(void)family;
	return m->trends;
}

static bool has_parts(const struct model *m, enum family family)
{
	(void)family;
	return model_has_family(m, FAMILY_EXITS);
}

#define FAMILY_PART(f) { .family = (f), .applies = model_has_family }

const struct part parts[] = {
	{ "index.html", "What virtualisation costs, and how faithful it is", "Overview",
	  { "front", "At a glance", "At a glance" }, section_front, NULL, 0 },
	{ "index.html", NULL, NULL,
	  { "pages", "What stands where", "Pages" }, section_pages, NULL, 0 },
	{ "index.html", NULL, NULL,
	  { "summary", "Summary", "Summary" }, section_summary, NULL, 0 },
	{ "comparison.html", "Targets side by side", "Comparison",
	  { "comparison", "Which kind of virtualisation", "Comparison" },
	  section_comparison, compares, 0 },
	{ "conformance.html", "Conformance", "Conformance",
	  { "matrix", "Verdicts by target", "By target" }, section_matrix, NULL, 0 },
	{ "conformance.html", NULL, NULL,
	  { "counts", "Verdicts counted", "Counted" }, section_counts, NULL, 0 },
	{ "conformance.html", NULL, NULL,
	  { "score", "Score", "Score" }, section_score, has_probes, 0 },
	{ "detect.html", "Detectability", "Detectability",
	  { "detect", "How well a VM can be detected", "Detectability" },
	  section_detect, has_detects, 0 },
	FAMILY_PART(FAMILY_EXITS),
	{ "exit.html", NULL, NULL,
	  { "decomposition", "Decomposition", "Decomposition" },
	  section_decomposition, has_parts, 0 },
	FAMILY_PART(FAMILY_MEMORY), FAMILY_PART(FAMILY_PROCESS),
	FAMILY_PART(FAMILY_LIFECYCLE), FAMILY_PART(FAMILY_INTERRUPT),
	FAMILY_PART(FAMILY_SCALE), FAMILY_PART(FAMILY_IO),
	FAMILY_PART(FAMILY_OTHER),
	{ "verdicts.html", "Every verdict", "Verdicts",
	  { "verdicts", "Verdicts", "Failures and tells" }, section_verdicts, NULL, 0 },
	{ "verdicts.html", NULL, NULL,
	  { "casualties", "Hangs and crashes", "Hangs, crashes" },
	  section_casualties, NULL, 0 },
	{ "verdicts.html", NULL, NULL,
	  { "passed", "Passed", "Passed" }, section_passed, NULL, 0 },
	{ "verdicts.html", NULL, NULL,
	  { "skipped", "Skipped", "Skipped" }, section_skipped, NULL, 0 },
	{ "attestation.html", "Attestation", "Attestation",
	  { "attestation", "Not attested, and why", "Not attested" },
	  section_attestation, NULL, 0 },
	{ "history.html", "History", "History",
	  { "history", "What changed on these hosts", "Changes" }, section_history,
	  has_history, 0 },
	{ "environment.html", "Environment", "Environment",
	  { "difference", "What differs", "Differences" }, section_difference,
	  has_many, 0 },
	{ "environment.html", "Environment", "Environment",
	  { "topology", "Topology and pinning", "Topology" }, section_topology,
	  NULL, 0 },
	{ "environment.html", NULL, NULL,
	  { "environment", "Environment", "Each host" }, section_environment, NULL, 0 },
	{ "environment.html", NULL, NULL,
	  { "everything", "Everything", "Everything" }, section_everything, NULL, 0 },
	{ "method.html", "Method", "Method",
	  { "method", "Method", "Method" }, section_method, NULL, 0 },
	{ "method.html", NULL, NULL,
	  { "reference", "Reference lines", "References" }, section_reference, NULL, 0 },
	{ "data.html", "Raw data", "Raw data",
	  { "repeat", "Raw data and how to repeat", "Raw data" }, section_repeat,
	  NULL, 0 },
};

const size_t part_count = sizeof(parts) / sizeof(parts[0]);

static_assert(sizeof(parts) / sizeof(parts[0]) <= PARTS_MOST, "room on a page");

const char *part_file(const struct part *part)
{
	return part->file ? part->file : families[part->family].file;
}

const char *part_page(const struct part *part)
{
	return part->file ? part->page : families[part->family].title;
}

const char *part_brief(const struct part *part)
{
	return part->file ? part->brief : families[part->family].brief;
}

struct section part_head(const struct part *part)
{
	const struct family_page *f = &families[part->family];

	return part->file ? part->head :
	       (struct section){ f->id, f->title, f->brief };
}

bool part_applies(const struct part *part, const struct model *m)
{
	return !part->applies || part->applies(m, part->family);
}

void part_write(const struct part *part, struct page *p, const struct model *m,
		const struct plots *plots)
{
	struct section head = part_head(part);

	p->ops->section(p, &head);
	if (part->file)
		part->write(p, m, plots);
	else
		section_family(p, m, plots, part->family);
}
