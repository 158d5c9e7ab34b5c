/*
 * Compares two outcomes; see compare.h.
 */
#include <stdio.h>
#include <string.h>

#include "differ/compare.h"

#define VECTOR_UD	6
#define VECTOR_PF	14
#define PF_USER		4u
#define FLAGS_ALL	0x3fffffu
#define FLAGS_OWN	0x13200u	/* RF, IOPL, and IF: guests have it off */
#define MXCSR_AT	24u
#define XMM_AT		160u
#define XMM_WORDS	32u

const char *difference_name(enum difference_kind kind)
{
	static const char *const name[DIFFERENCES] = {
		"none", "died", "hung", "fault", "register", "flags", "vector",
		"memory",
	};

	return kind < DIFFERENCES ? name[kind] : "?";
}

const char *gpr_name(unsigned int reg)
{
	static const char *const name[DIFFER_GPRS] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};

	return reg < DIFFER_GPRS ? name[reg] : "?";
}

const char *vector_name(uint64_t vector)
{
	static const char *const name[] = {
		"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF",
		NULL, "#TS", "#NP", "#SS", "#GP", "#PF", NULL, "#MF", "#AC",
		"#MC", "#XM",
	};

	if (vector == DIFFERENCE_NO_FAULT)
		return "no fault";
	return vector < sizeof(name) / sizeof(name[0]) && name[vector] ?
	       name[vector] : "another vector";
}

static void field_add(struct difference *d, enum difference_kind kind,
		      const char *name, uint64_t want, uint64_t got)
{
	if (want == got)
		return;
	if (!d->kind)
		d->kind = kind;
	if (d->fields == DIFFERENCE_FIELDS)
		return;
	snprintf(d->field[d->fields].name, sizeof(d->field[0].name), "%s",
		 name);
	d->field[d->fields].want = want;
	d->field[d->fields].got = got;
	d->fields++;
}

static bool end_compare(const struct trial *t, enum place_kind reference,
			const struct outcome *want, enum place_kind place,
			const struct outcome *got, struct difference *d)
{
	const struct outcome *bad = got->end != OUTCOME_ENDED ? got : want;
	struct layout l;

	if (want->end == OUTCOME_ENDED && got->end == OUTCOME_ENDED)
		return false;
	/* Both gone in the same way is no difference. */
	if (want->end == got->end)
		return true;
	d->kind = bad->end == OUTCOME_HUNG ? DIFFERENCE_HUNG : DIFFERENCE_DIED;
	trial_layout(t, bad == got ? place : reference, &l);
	d->insn = layout_index(&l, t, bad->out.rip);
	snprintf(d->note, sizeof(d->note), "%s%s", bad->note,
		 bad == got ? "" : " (the reference)");
	return true;
}

/* The UD2 at the end is no fault of the sequence. */
static uint64_t vector_of(const struct cpu_state *s, int at,
			  const struct layout *l)
{
	return s->vector == VECTOR_UD && at == (int)l->insns ? DIFFERENCE_NO_FAULT
							     : s->vector;
}

/* The instruction before which each of them ended is what is compared. */
static unsigned int fault_compare(const struct trial *t,
				  enum place_kind reference,
				  const struct outcome *want,
				  enum place_kind place,
				  const struct outcome *got,
				  struct difference *d)
{
	const struct cpu_state *w = &want->out, *g = &got->out;
	uint64_t ignored = (reference == PLACE_CPL0) != (place == PLACE_CPL0) &&
			   w->vector == VECTOR_PF ? PF_USER : 0;
	int want_at, got_at;
	struct layout l;

	trial_layout(t, reference, &l);
	want_at = layout_index(&l, t, w->rip);
	trial_layout(t, place, &l);
	got_at = layout_index(&l, t, g->rip);
	field_add(d, DIFFERENCE_FAULT, "vector", vector_of(w, want_at, &l),
		  vector_of(g, got_at, &l));
	field_add(d, DIFFERENCE_FAULT, "error code", w->error & ~ignored,
		  g->error & ~ignored);
	if (w->vector == VECTOR_PF && g->vector == VECTOR_PF)
		field_add(d, DIFFERENCE_FAULT, "cr2", w->cr2, g->cr2);
	if (want_at < 0 || got_at < 0)
		field_add(d, DIFFERENCE_FAULT, "rip", w->rip, g->rip);
	else
		field_add(d, DIFFERENCE_FAULT, "instruction",
			  (unsigned int)want_at, (unsigned int)got_at);
	d->insn = got_at >= 0 && (want_at < 0 || got_at < want_at) ? got_at
								   : want_at;
	return want_at < 0 ? DIFFER_TRIAL_INSNS : (unsigned int)want_at;
}

static uint64_t word_at(const uint8_t *bytes, unsigned int offset)
{
	uint64_t v;

	memcpy(&v, bytes + offset, sizeof(v));
	return v;
}

static void vectors_compare(const struct trial *t, const uint8_t *want,
			    const uint8_t *got, struct difference *d)
{
	bool avx = word_at(t->in.xsave, DIFFER_XSTATE_BV) & 4;
	char name[20];

	field_add(d, DIFFERENCE_VECTOR, "mxcsr",
		  (uint32_t)word_at(want, MXCSR_AT),
		  (uint32_t)word_at(got, MXCSR_AT));
	for (unsigned int i = 0; i < XMM_WORDS; i++) {
		snprintf(name, sizeof(name), "xmm%u[%u]", i / 2, i % 2);
		field_add(d, DIFFERENCE_VECTOR, name,
			  word_at(want, XMM_AT + i * 8),
			  word_at(got, XMM_AT + i * 8));
	}
	for (unsigned int i = 0; avx && i < XMM_WORDS; i++) {
		snprintf(name, sizeof(name), "ymm%u[%u]", i / 2, 2 + i % 2);
		field_add(d, DIFFERENCE_VECTOR, name,
			  word_at(want, DIFFER_YMM + i * 8),
			  word_at(got, DIFFER_YMM + i * 8));
	}
}

static void window_compare(const char *base, const uint8_t *want,
			   const uint8_t *got, struct difference *d)
{
	char name[20];

	for (unsigned int i = 0; i < DIFFER_WINDOW_BYTES; i += 8) {
		snprintf(name, sizeof(name), "[%s%+d]", base,
			 (int)i - (int)DIFFER_WINDOW_BYTES / 2);
		field_add(d, DIFFERENCE_MEMORY, name, word_at(want, i),
			  word_at(got, i));
	}
}

bool outcome_compare(const struct trial *t, enum place_kind reference,
		     const struct outcome *want, enum place_kind place,
		     const struct outcome *got, struct difference *d)
{
	const struct insn *last;
	unsigned int ran;
	uint64_t ignored;

	memset(d, 0, sizeof(*d));
	d->insn = -1;
	if (end_compare(t, reference, want, place, got, d))
		return d->kind;
	ran = fault_compare(t, reference, want, place, got, d);
	/* What follows a wrong fault is no difference of its own. */
	if (d->kind)
		return true;
	ignored = FLAGS_OWN | trial_undefined(t, ran);
	last = trial_insn(t, ran);
	if (last && last->keeps)	/* a REP that was cut short */
		ignored |= last->flags_written;
	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		field_add(d, DIFFERENCE_REGISTER, gpr_name(i),
			  want->out.gpr[i], got->out.gpr[i]);
	field_add(d, DIFFERENCE_FLAGS, "rflags",
		  want->out.rflags & FLAGS_ALL & ~ignored,
		  got->out.rflags & FLAGS_ALL & ~ignored);
	vectors_compare(t, want->out.xsave, got->out.xsave, d);
	window_compare("r15", want->data, got->data, d);
	window_compare("rsp", want->stack, got->stack, d);
	return d->kind;
}
