/*
 * A result document in the format of another tool. Each writer is one file and
 * one entry in export.c; the document is one that doc_load() has checked.
 */
#ifndef VMGAUGE_EXPORT_EXPORT_H
#define VMGAUGE_EXPORT_EXPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "reports/text.h"

/* A bench that passed: what all formats of numbers ask for. */
struct measure {
	const json_t *result;
	const char *id, *unit;
	bool higher;		/* is better */
	double median, low, high;	/* low and high: NAN if not known */
};

struct exporter {
	const char *name, *summary;
	/* 0 or -ENOMEM; the text is whole or not to be used. */
	int (*write)(const json_t *doc, struct text *t);
};

/* By name, or NULL; the i-th, or NULL at the end. */
const struct exporter *exporter_find(const char *name);
const struct exporter *exporter_at(size_t i);

/* False: no number (a probe, or it did not pass). */
bool measure_of(const json_t *result, struct measure *m);

/* "exit/cpuid ring=3 on null": an item with its parameters. */
void text_item(struct text *t, const json_t *result);

int export_bmf(const json_t *doc, struct text *t);
int export_gab(const json_t *doc, struct text *t);
int export_go(const json_t *doc, struct text *t);
int export_openmetrics(const json_t *doc, struct text *t);
int export_csv(const json_t *doc, struct text *t);
int export_ktap(const json_t *doc, struct text *t);
int export_junit(const json_t *doc, struct text *t);

#endif
