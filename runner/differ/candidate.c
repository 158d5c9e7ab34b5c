/*
 * A finding as the source of a probe: what a person completes and checks in.
 *
 * It is a candidate, since only a manual says who is right: the reference is
 * a CPU, and a CPU has errata.
 */
#include <stdio.h>
#include <string.h>

#include "differ/differ.h"
#include "reports/text.h"

/* The name's characters are those of a C name. */
static void name_put(const struct finding *f, struct text *t)
{
	const struct insn *x = trial_insn(&f->trial, f->d.insn < 0 ? 0 :
					  (unsigned int)f->d.insn);
	const char *name = x ? mnemonic_text(x->mnemonic) : "end";

	if (name[0] == '(')
		name = "invalid";
	text_format(t, "%s_%s_as_on_a_cpu", name, f->place == PLACE_MMIO ?
		    "of_mmio" : "works");
}

static void body_put(const struct finding *f, struct text *t)
{
	const struct trial *trial = &f->trial;
	struct layout l;
	char line[128];

	trial_layout(trial, PLACE_NATIVE, &l);
	for (unsigned int n = 0; n < l.insns; n++) {
		trial_text(trial, n, line, sizeof(line));
		text_format(t, "\t/* %s */\n\t\"", line);
		for (unsigned int i = l.at[n]; i < l.at[n + 1]; i++)
			text_format(t, "%s0x%02x", i > l.at[n] ? ", " : ".byte ",
				    l.code[i]);
		text_add(t, "\\n\\t\"\n");
	}
}

static void wanted_put(const struct finding *f, struct text *t)
{
	for (unsigned int i = 0; i < f->d.fields; i++) {
		uint64_t want = f->d.field[i].want;

		if (!strcmp(f->d.field[i].name, "vector"))
			text_format(t, " * wanted %s; got %s\n",
				    vector_name(want),
				    vector_name(f->d.field[i].got));
		else
			text_format(t, " * wanted %s: %#llx; got %#llx\n",
				    f->d.field[i].name, (unsigned long long)want,
				    (unsigned long long)f->d.field[i].got);
	}
	if (f->d.note[0])
		text_format(t, " * got: %s\n", f->d.note);
}

char *finding_probe(const struct finding *f)
{
	const struct cpu_state *s = &f->trial.in;
	struct text t = { 0 };

	text_format(&t, "/*\n * CPL %d; %s R15 = %#llx\n",
		    f->place != PLACE_CPL0 ? 3 : 0, f->place == PLACE_MMIO ?
		    "MMIO at" : "memory at",
		    (unsigned long long)s->gpr[DIFFER_BASE_REG]);
	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		if (s->gpr[i] && i != REG_SP && i != DIFFER_BASE_REG)
			text_format(&t, " * before: %s = %#llx\n", gpr_name(i),
				    (unsigned long long)s->gpr[i]);
	text_format(&t, " * before: rflags = %#llx\n",
		    (unsigned long long)s->rflags);
	wanted_put(f, &t);
	text_add(&t, " */\nstatic void sequence(void)\n{\n\t__asm__ volatile(\n");
	body_put(f, &t);
	text_add(&t, "\t);\n}\n\nPROBE(");
	name_put(f, &t);
	text_add(&t, ",\n\t.rule = \"\",\n\t.cite = \"\")\n{\n}\n");
	if (t.failed) {
		text_free(&t);
		return NULL;
	}
	return t.data;
}
