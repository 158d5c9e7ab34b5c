/*
 * Findings for people; see print.h.
 */
#include <string.h>

#include "differ/print.h"

#define SHOWN	8u	/* of findings that share a line */

static void counts_print(FILE *out, const struct differ *x)
{
	fprintf(out, "seed %#llx, sequences %llu to %llu, %.1f s\n\n",
		(unsigned long long)x->options.seed,
		(unsigned long long)x->options.from,
		(unsigned long long)(x->options.from + x->done - !!x->done),
		x->elapsed_s);
	fprintf(out, "%-7s %10s %10s %10s %8s %11s\n", "place", "run",
		"skipped", "differing", "fresh", "per minute");
	for (unsigned int i = 0; i < PLACES; i++) {
		const struct differ_count *c = &x->count[i];

		if (!(x->options.places & PLACE_BIT(i)))
			continue;
		fprintf(out, "%-7s %10llu %10llu %10llu %8llu %11.0f%s\n",
			place_name((enum place_kind)i),
			(unsigned long long)c->run,
			(unsigned long long)c->skipped,
			(unsigned long long)c->differing,
			(unsigned long long)x->place[i].fresh,
			c->seconds > 0 ? (double)c->run / c->seconds * 60 : 0,
			i == x->reference ? "  reference" : "");
	}
}

static void code_print(FILE *out, const struct trial *t, int marked)
{
	struct layout l;
	char text[128];

	trial_layout(t, PLACE_NATIVE, &l);
	for (unsigned int n = 0; n < l.insns; n++) {
		trial_text(t, n, text, sizeof(text));
		fprintf(out, "  %c ", (int)n == marked ? '>' : ' ');
		for (unsigned int i = l.at[n]; i < l.at[n + 1]; i++)
			fprintf(out, "%02x", l.code[i]);
		fprintf(out, "%*s  %s\n",
			(int)(22 - 2 * (l.at[n + 1] - l.at[n])), "", text);
	}
}

static void field_print(FILE *out, const struct finding *f, unsigned int i)
{
	const char *name = f->d.field[i].name;
	uint64_t want = f->d.field[i].want, got = f->d.field[i].got;

	if (!strcmp(name, "vector"))
		fprintf(out, "    wanted %s, got %s\n", vector_name(want),
			vector_name(got));
	else
		fprintf(out, "    %s: wanted %#llx, got %#llx\n", name,
			(unsigned long long)want, (unsigned long long)got);
}

void finding_print(FILE *out, const struct finding *f)
{
	const struct cpu_state *s = &f->trial.in;

	fprintf(out, "%s: %s%s%s, sequence %llu%s\n", place_name(f->place),
		difference_name(f->d.kind), f->d.note[0] ? ": " : "",
		f->d.note, (unsigned long long)f->index, f->repeats ? "" :
		" (not alone: something before it left a state behind)");
	code_print(out, &f->trial, f->d.insn);
	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		if (s->gpr[i] && i != REG_SP && i != DIFFER_BASE_REG)
			fprintf(out, "    before: %s %#llx\n", gpr_name(i),
				(unsigned long long)s->gpr[i]);
	for (unsigned int i = 0; i < f->d.fields; i++)
		field_print(out, f, i);
}

/* Same place, kind, and what was wanted and got: but for values. */
static bool is_alike(const struct finding *a, const struct finding *b)
{
	if (a->place != b->place || a->d.kind != b->d.kind ||
	    strcmp(a->d.note, b->d.note) || a->repeats != b->repeats)
		return false;
	if (a->d.kind != DIFFERENCE_FAULT)
		return true;
	return a->d.fields == b->d.fields &&
	       !strcmp(a->d.field[0].name, b->d.field[0].name) &&
	       a->d.field[0].want == b->d.field[0].want &&
	       a->d.field[0].got == b->d.field[0].got;
}

static void short_text(const struct finding *f, char *to, size_t bytes)
{
	int last = f->d.insn;

	for (unsigned int n = 0; last < 0 && trial_insn(&f->trial, n); n++)
		if (!trial_insn(&f->trial, n + 1))
			last = (int)n;
	if (!trial_insn(&f->trial, (unsigned int)last) && last > 0)
		last--;
	trial_text(&f->trial, (unsigned int)last, to, bytes);
}

static void group_print(FILE *out, const struct differ *x, unsigned int first,
			bool *told)
{
	const struct finding *f = x->finding[first];
	unsigned int n = 0;
	char text[128];

	fprintf(out, "\n%s: %s", place_name(f->place),
		difference_name(f->d.kind));
	if (f->d.note[0])
		fprintf(out, ": %s", f->d.note);
	if (f->d.kind == DIFFERENCE_FAULT &&
	    !strcmp(f->d.field[0].name, "vector"))
		fprintf(out, ": wanted %s, got %s",
			vector_name(f->d.field[0].want),
			vector_name(f->d.field[0].got));
	fprintf(out, "%s\n", f->repeats ? "" : " (not alone: something before it left a state behind)");
	for (unsigned int i = first; i < x->findings; i++) {
		if (told[i] || !is_alike(f, x->finding[i]))
			continue;
		told[i] = true;
		if (n++ >= SHOWN)
			continue;
		short_text(x->finding[i], text, sizeof(text));
		fprintf(out, "%s%s", n > 1 ? "; " : "    ", text);
	}
	if (n > SHOWN)
		fprintf(out, "; and %u more", n - SHOWN);
	fprintf(out, "\n");
}

void differ_print(FILE *out, const struct differ *x, bool verbose)
{
	bool told[DIFFER_FINDINGS_MAX] = { false };

	counts_print(out, x);
	for (unsigned int i = 0; i < x->findings; i++) {
		if (verbose) {
			fprintf(out, "\n");
			finding_print(out, x->finding[i]);
		} else if (!told[i]) {
			group_print(out, x, i, told);
		}
	}
	fprintf(out, "\n%u finding%s%s\n", x->findings, x->findings == 1 ? "" :
		"s", x->full ? ": enough, the search ended" : "");
}
