/*
 * From documents to a directory: read, draw, write each page, put in place.
 */
#include "reports/report.h"

#include <errno.h>
#include <locale.h>
#include <string.h>

#include "reports/link.h"
#include "reports/part.h"
#include "reports/section.h"
#include "reports/style.h"
#include "result/schema.h"

enum { LINKS_MOST = 24 };

static const char site_title[] = "Virtualisation: costs and conformance";

struct site {
	const struct model *m;
	const struct plots *plots;
	struct stage *stage;
	struct site_link links[LINKS_MOST];
	size_t link_count;
	struct text subtitle, brief, warning;
};

/* A software host's times must not be read on any page without this. */
static void write_warning(const struct model *m, struct text *out)
{
	const char *before = "";

	if (!m->software)
		return;
	text_add(out, m->software_only ? "Times mean nothing in this report: " :
		 "Times mean nothing on some hosts of this report: ");
	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];

		if (!run_is_software(run))
			continue;
		text_format(out, "%s\u201c%s\u201d", before, run->label);
		if (run->software_host)
			text_format(out, " is emulated in software by %.64s",
				    run->software_host);
		else
			text_add(out, " says so of itself");
		before = ", ";
	}
	text_add(out, ". Verdicts and exit counts hold.");
}

static void write_subtitle(const struct model *m, struct text *out)
{
	if (m->n == 1) {
		text_format(out, "%s \u00b7 %s", m->runs[0].label,
			    m->runs[0].backend ? m->runs[0].backend :
			    "backend unknown");
		return;
	}
	text_format(out, "%zu runs side by side: ", m->n);
	for (size_t r = 0; r < m->n && r < 12; r++)
		text_format(out, "%s%s", r ? "; " : "", m->runs[r].label);
	if (m->n > 12)
		text_format(out, "; and %zu more", m->n - 12);
}

static void site_open(struct site *site)
{
	write_subtitle(site->m, &site->subtitle);
	if (site->m->n > 1)
		text_format(&site->brief, "%zu runs side by side: the overview names "
			    "them", site->m->n);
	else
		text_add(&site->brief, text_string(&site->subtitle));
	write_warning(site->m, &site->warning);
	for (size_t i = 0; i < part_count; i++) {
		const char *file = part_file(&parts[i]);

		if (!part_applies(&parts[i], site->m) ||
		    (site->link_count && !strcmp(file,
		     site->links[site->link_count - 1].file)))
			continue;
		site->links[site->link_count++] = (struct site_link){
			file, part_brief(&parts[i]), false };
	}
}

static void page_begin(struct page *p, struct site *site, const char *title,
		       const char *file, const struct section *heads, size_t n)
{
	for (size_t i = 0; i < site->link_count; i++)
		site->links[i].current = !strcmp(site->links[i].file, file);
	p->ops->begin(p, &(struct page_head){
		.site = site_title, .title = title,
		.subtitle = text_string(site->links[0].current || !p->ops->paged ?
					&site->subtitle : &site->brief),
		.warning = site->warning.length ? text_string(&site->warning) : NULL,
		.links = site->links, .link_count = site->link_count,
		.sections = heads, .section_count = n });
}

static int page_end(struct page *p, struct site *site, const char *file,
		    struct error *e)
{
	int ret;

	p->ops->end(p, "Made by vmgauge from the result documents named above. Every "
		    "number stands with its interval, its attestation and its "
		    "environment; please pass them on together.");
	ret = stage_write(site->stage, file, &p->out, e);
	text_free(&p->out);
	return ret;
}

/* Those of one file; of every file where `file` is NULL. */
static int page_write(const struct page_ops *ops, struct site *site,
		      const char *file, const char *name, struct error *e)
{
	struct page p = { .ops = ops, .brief = !file && site->m->n > 1 };
	struct section heads[PARTS_MOST] = { { NULL, NULL, NULL } };
	const char *title = site_title;
	size_t shown[PARTS_MOST] = { 0 }, n = 0;

	for (size_t i = 0; i < part_count; i++) {
		if (!part_applies(&parts[i], site->m) ||
		    (file && strcmp(file, part_file(&parts[i]))) ||
		    (!file && parts[i].write == section_passed))
			continue;	/* a text has it in the matrix */
		if (file && n == 0)
			title = part_page(&parts[i]);
		heads[n] = part_head(&parts[i]);
		shown[n++] = i;
	}
	page_begin(&p, site, title, name, heads, n);
	for (size_t i = 0; i < n; i++)
		part_write(&parts[shown[i]], &p, site->m, site->plots);
	return page_end(&p, site, name, e);
}

static int json_write(struct site *site, const char *name, const json_t *doc,
		      struct error *e)
{
	char *dump = json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
	struct text copy = { 0 };
	int ret;

	text_add(&copy, dump);
	text_add(&copy, "\n");
	ret = dump ? stage_write(site->stage, name, &copy, e) :
	      error_set(e, -ENOMEM, "%s: out of memory", name);
	free(dump);
	text_free(&copy);
	return ret;
}

/* The raw data of one run: as a page, and as the document it came from. */
static int samples_write(struct site *site, size_t r, json_t *doc,
			 struct error *e)
{
	const struct section head = { "samples", "Samples", "Samples" };
	struct page p = { .ops = &html_ops };
	struct text name = { 0 }, title = { 0 };
	int ret;

	text_format(&title, "Samples of run %zu: %s", r + 1, site->m->runs[r].label);
	link_samples_file(r, &name);
	page_begin(&p, site, text_string(&title), "data.html", &head, 1);
	p.ops->section(&p, &head);
	section_samples(&p, &site->m->runs[r], site->m->n > 1 ||
			site->m->comparison);
	ret = page_end(&p, site, text_string(&name), e);
	text_clear(&name);
	link_document(r, &name);
	if (!ret)
		ret = json_write(site, text_string(&name), doc, e);
	text_free(&title);
	text_free(&name);
	return ret;
}

static int detects_write(struct site *site, struct error *e)
{
	const struct model *m = site->m;
	struct text t = { 0 };
	int ret = 0;

	for (size_t i = 0; i < m->detect_count && !ret; i++) {
		text_clear(&t);
		text_format(&t, "data/detect-%zu.json", i + 1);
		ret = json_write(site, text_string(&t), m->detects[i], e);
	}
	text_clear(&t);
	text_bytes(&t, detect_schema_start,
		   (size_t)(detect_schema_end - detect_schema_start));
	if (!ret && m->detect_count)
		ret = stage_write(site->stage, "data/detect.schema.json", &t, e);
	text_free(&t);
	return ret;
}

static int assets_write(struct site *site, struct error *e)
{
	struct text t = { 0 };
	int ret;

	text_add(&t, style_css);
	ret = stage_write(site->stage, "style.css", &t, e);
	text_clear(&t);
	text_bytes(&t, result_schema_start,
		   (size_t)(result_schema_end - result_schema_start));
	if (!ret)
		ret = stage_write(site->stage, "data/result.schema.json", &t, e);
	text_free(&t);
	return ret;
}

static int site_write(struct site *site, json_t *const docs[], struct error *e)
{
	int ret = assets_write(site, e);

	if (!ret)
		ret = detects_write(site, e);
	site_open(site);
	for (size_t r = 0; r < site->m->n && !ret; r++)
		ret = samples_write(site, r, docs[r], e);
	if (!ret)
		ret = page_write(&markdown_ops, site, NULL, "report.md", e);
	/* The front page last, when all that it leads to is there. */
	for (size_t i = site->link_count; i-- > 0 && !ret;)
		ret = page_write(&html_ops, site, site->links[i].file,
				 site->links[i].file, e);
	text_free(&site->subtitle);
	text_free(&site->brief);
	text_free(&site->warning);
	return ret;
}

static int report_make(const struct model *m, json_t *const docs[],
		       const struct report_options *o, struct error *e)
{
	struct plots plots = { 0 };
	struct stage stage;
	struct site site = { .m = m, .plots = &plots, .stage = &stage };
	int ret;

	ret = stage_open(&stage, o->dir, e);
	if (!ret)
		ret = plots_make(&plots, m, o->paper, &stage, e);
	if (!ret)
		ret = site_write(&site, docs, e);
	if (!ret)
		ret = stage_commit(&stage, e);
	stage_close(&stage);
	plots_free(&plots);
	return ret;
}

int report_publish(json_t *const docs[], const char *const paths[], size_t n,
		   const struct report_options *o, struct error *e)
{
	locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), before;
	struct model m;
	int ret;

	if (!c)
		return error_set(e, -ENOMEM, "%s: no memory for a report", o->dir);
	before = uselocale(c);
	ret = model_read(&m, docs, paths, n);
	if (ret)
		error_set(e, ret, "%s: no memory for a report", o->dir);
	m.trends = o->trends;
	m.notes = o->notes;
	m.note_count = o->note_count;
	m.detects = o->detects;
	m.detect_count = o->detect_count;
	if (!ret)
		ret = report_make(&m, docs, o, e);
	model_free(&m);
	uselocale(before);
	freelocale(c);
	return ret;
}

int report_write(json_t *const docs[], const char *const paths[], size_t n,
		 const char *dir, struct error *e)
{
	return report_publish(docs, paths, n, &(struct report_options){ .dir = dir },
			      e);
}
