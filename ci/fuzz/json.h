/*
 * A foreign result document, as report, compare, history and export read it:
 * whatever its bytes are, it is refused in one line or taken whole.
 *
 * The document lies in a memory file. What passes the reader goes through all
 * that is done with one: so what the reader lets through must be safe there.
 */
#ifndef VMGAUGE_FUZZ_JSON_H
#define VMGAUGE_FUZZ_JSON_H

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compare/compare.h"
#include "compare/write.h"
#include "export/export.h"
#include "history/gate.h"
#include "history/history.h"
#include "reports/report.h"

struct json_fuzz {
	char dir[64];		/* of the store and the report */
	char store[96], report[96], path[64];
	int fd;
	unsigned int added;
};

static void json_fuzz_need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

/* A refusal is one printable line, and says something. */
static void json_fuzz_refused(const struct error *e)
{
	json_fuzz_need(*e->text && !strchr(e->text, '\n'),
		       "a refusal that is not one line");
	for (const char *c = e->text; *c; c++)
		json_fuzz_need((unsigned char)*c >= ' ' && *c != 0x7f,
			       "a control character in a refusal");
}

static void json_fuzz_open(struct json_fuzz *f)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%.40s/vmgauge-fuzz-XXXXXX",
		 tmp ? tmp : "/tmp");
	json_fuzz_need(mkdtemp(f->dir), "no directory under TMPDIR");
	snprintf(f->store, sizeof(f->store), "%s/store", f->dir);
	snprintf(f->report, sizeof(f->report), "%s/report", f->dir);
	f->fd = memfd_create("document", MFD_CLOEXEC);
	json_fuzz_need(f->fd >= 0, "no memory file");
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

static void json_fuzz_drop_store(const struct json_fuzz *f)
{
	char name[128];

	unlink(f->store);
	snprintf(name, sizeof(name), "%s-wal", f->store);
	unlink(name);
	snprintf(name, sizeof(name), "%s-shm", f->store);
	unlink(name);
}

static inline int json_fuzz_drop(const char *path, const struct stat *st,
				 int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Only the replay comes to an end. */
static inline void json_fuzz_close(struct json_fuzz *f)
{
	json_fuzz_need(!nftw(f->dir, json_fuzz_drop, 8, FTW_DEPTH | FTW_PHYS),
		       "the directory cannot be removed");
	close(f->fd);
}

static void json_fuzz_write(const struct compare *c)
{
	struct text t = { 0 };
	FILE *null = fopen("/dev/null", "w");

	json_fuzz_need(null, "no /dev/null");
	json_fuzz_need(!compare_table(c, &t) && !compare_markdown(c, &t) &&
		       !compare_tap(c, null, 14), "a writer of compare failed");
	json_decref(compare_json(c));
	fclose(null);
	text_free(&t);
}

static void json_fuzz_compare(const struct json_fuzz *f)
{
	const char *path = f->path;
	struct compare c = {
		.options = { .alpha = GATE_ALPHA, .threshold = GATE_THRESHOLD,
			     .across = ACROSS_SOFTWARE },
	};
	struct error e = { "" };

	if (set_open(&c.base, "BASE", &path, 1, &e) ||
	    set_open(&c.fresh, "NEW", &path, 1, &e) || compare_open(&c, &e))
		json_fuzz_refused(&e);
	else
		json_fuzz_write(&c);
	compare_close(&c);
	set_close(&c.base);
	set_close(&c.fresh);
}

static void json_fuzz_history(struct json_fuzz *f, const json_t *doc)
{
	struct selection all = { 0 };
	struct history h = { 0 };
	struct text t = { 0 };
	struct store s;
	struct error e = { "" };
	enum added added;

	if (f->added++ % 32 == 0)
		json_fuzz_drop_store(f);
	json_fuzz_need(!store_open(&s, f->store, true, 10, &e), e.text);
	if (store_add(&s, "fuzz", doc, &added, &e)) {
		json_fuzz_refused(&e);
	} else {
		const struct terminal plain = { 0 };
		struct history_gate g = {
			.compare.options = { .alpha = GATE_ALPHA,
					     .threshold = GATE_THRESHOLD,
					     .across = ACROSS_SOFTWARE },
		};

		json_fuzz_need(!history_open(&h, &s, 0, &e), e.text);
		json_fuzz_need(!history_list(&h, &plain, &t), "list failed");
		if (history_show(&h, &all, 1, true, &plain, &t,
				 &e) ||
		    history_csv(&h, &all, &t, &e) ||
		    history_json(&h, &all, 1, &t, &e))
			json_fuzz_refused(&e);
		if (history_gate_open(&g, &h, NULL, NULL, 1, &e))
			json_fuzz_refused(&e);
		else
			json_fuzz_write(&g.compare);
		history_gate_close(&g);
		history_close(&h);
	}
	store_close(&s);
	text_free(&t);
}

static void json_fuzz_consume(struct json_fuzz *f, json_t *doc)
{
	const struct exporter *x;
	const char *path = "fuzz";
	struct error e = { "" };

	for (size_t i = 0; (x = exporter_at(i)); i++) {
		struct text t = { 0 };

		json_fuzz_need(!x->write(doc, &t), "an exporter failed");
		text_free(&t);
	}
	json_fuzz_history(f, doc);
	json_fuzz_compare(f);
	if (f->added % 16 == 1)	/* it writes two dozen files */
		json_fuzz_need(!report_write(&doc, &path, 1, f->report, &e),
			       e.text);
}

static void json_fuzz_one(struct json_fuzz *f, const uint8_t *data, size_t n)
{
	const char *path = f->path;
	struct error e = { "" };
	struct set s;

	if (!f->fd)
		json_fuzz_open(f);
	json_fuzz_need(!ftruncate(f->fd, 0) &&
		       pwrite(f->fd, data, n, 0) == (ssize_t)n,
		       "the memory file is full");
	if (set_open(&s, "it", &path, 1, &e))
		json_fuzz_refused(&e);
	else
		json_fuzz_consume(f, s.doc[0]);
	set_close(&s);
}

#endif
