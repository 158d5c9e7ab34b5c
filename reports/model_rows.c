/*
 * Rows of the exit plot and table: the same operation of all runs and rings
 * on one line, the cheapest line first, so that a reader's eye can compare.
 * Also what the rest of the report asks the model: may these be compared?
 */
#include "reports/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool model_has_family(const struct model *m, enum family family)
{
	for (size_t r = 0; r < m->n; r++)
		for (size_t i = 0; i < m->runs[r].n; i++)
			if (m->runs[r].items[i].is_bench &&
			    m->runs[r].items[i].family == family)
				return true;
	return false;
}

size_t model_slot(int ring)
{
	return (size_t)(ring + 1);
}

const char *model_ring(int ring)
{
	static const char *const names[RING_SLOTS] = {
		"\u2014", "0", "1", "2", "3",
	};

	return names[model_slot(ring)];
}

struct cell {
	const struct item *item;
	size_t run;
};

static int cell_compare(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	int order = strcmp(x->item->name, y->item->name);

	if (order == 0)
		order = (x->run > y->run) - (x->run < y->run);
	return order ? order : x->item->ring - y->item->ring;
}

static int row_compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->least != y->least)
		return x->least < y->least ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* What stands on a logarithmic axis of cycles. */
static bool is_drawn(const struct item *it)
{
	return it->measured && it->in_cycles && it->median >= 1;
}

static struct cell *cells_collect(struct model *m, size_t *n)
{
	size_t total = 0;
	struct cell *cells;

	for (size_t r = 0; r < m->n; r++)
		total += m->runs[r].measured;
	cells = calloc(total + 1, sizeof(*cells));
	*n = 0;
	if (!cells)
		return NULL;
	for (size_t r = 0; r < m->n; r++)
		for (size_t i = 0; i < m->runs[r].n; i++) {
			const struct item *it = &m->runs[r].items[i];

			if (is_drawn(it))
				cells[(*n)++] = (struct cell){ it, r };
			else if (it->measured && it->in_cycles)
				m->of[it->family].below_axis++;
		}
	qsort(cells, *n, sizeof(*cells), cell_compare);
	return cells;
}

static void rows_divide(struct model *m)
{
	qsort(m->row, m->row_count, sizeof(*m->row), row_compare);
	for (size_t i = m->row_count; i-- > 0;) {
		struct rows *of = &m->of[m->row[i].family];

		of->row = &m->row[i];
		of->n++;
	}
}

int model_rows(struct model *m)
{
	struct row *row = NULL;
	size_t n;
	struct cell *cells = cells_collect(m, &n);

	m->row = calloc(n + 1, sizeof(*m->row));
	if (!cells || !m->row) {
		free(cells);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		const struct item *it = cells[i].item;
		size_t slot = cells[i].run * RING_SLOTS + model_slot(it->ring);

		if (!row || strcmp(row->name, it->name)) {
			row = &m->row[m->row_count];
			row->items = calloc(m->n * RING_SLOTS, sizeof(*row->items));
			if (!row->items) {
				free(cells);
				return -ENOMEM;
			}
			row->family = it->family;
			row->name = it->name;
			row->least = it->median;
			m->row_count++;
		}
		row->least = fmin(row->least, it->median);
		if (!row->items[slot])
			row->items[slot] = it;
	}
	free(cells);
	rows_divide(m);
	return 0;
}

static bool run_refuses(const struct run *run, struct text *why)
{
	const char *what;

	if (run->software_host || run->times_meaningful == KNOWN_NO)
		what = "runs on a host where times mean nothing";
	else if (run->virtualised == KNOWN_YES)
		what = "comes from a host that is itself a virtual machine";
	else if (run->virtualised == KNOWN_NOT)
		what = "does not say whether its host is itself a virtual machine";
	else
		return false;
	text_format(why, "Hardware is not compared here: the run \u201c%s\u201d %s. "
		    "The runs stand side by side, without ratios.", run->label, what);
	return true;
}

bool model_comparable(const struct model *m, struct text *why)
{
	const char *first;

	if (m->n < 2)
		return false;
	for (size_t i = 0; i < m->n; i++)
		if (run_refuses(&m->runs[i], why))
			return false;
	first = field_text(m->runs[0].env, "fingerprint");
	for (size_t i = 0; i < m->n; i++) {
		const char *other = field_text(m->runs[i].env, "fingerprint");

		if (first && other && !strcmp(first, other))
			continue;
		text_add(why, "Hardware is not compared here: the fingerprints of the "
			 "hosts (CPU model, microcode, kernel, KVM modules) differ or "
			 "are unknown, so more than one thing changed between the "
			 "runs. They stand side by side, without ratios.");
		return false;
	}
	return true;
}
