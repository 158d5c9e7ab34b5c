/*
 * The differential instruction test's own parts: what it generates, what it
 * masks, what it calls a difference, and how it makes one small. The places
 * themselves are a process here, and ci/e2e/differ.t has the rest.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <Zydis/Zydis.h>

#include "differ/differ.h"
#include "differ/generate.h"
#include "differ/minimise.h"

#define EVERY_ISA	(~0ull)
#define BOTH		(PLACE_BIT(PLACE_NATIVE) | PLACE_BIT(PLACE_CPL3))
#define TRIALS		3000

enum { CF = 1, AF = 1 << 4, ZF = 1 << 6, OF = 1 << 11 };

static struct trial trial, other;
static struct outcome want, got;
static struct difference d;

static struct insn insn_of(const uint8_t *bytes, size_t count)
{
	struct insn x;

	assert_true(insn_decode(bytes, count, &x));
	assert_int_equal(x.length, count);
	return x;
}

#define INSN(...)							\
	insn_of((const uint8_t[]){ __VA_ARGS__ },			\
		sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void trial_begin(struct trial *t)
{
	trial_make(t, 1, 0, isa_native(), BOTH);
	t->units = 0;
}

static void trial_add(struct trial *t, const uint8_t *bytes, size_t count)
{
	struct unit *u = &t->unit[t->units++];

	memset(u, 0, sizeof(*u));
	u->places = PLACES_ALL;
	unit_add(u, bytes, count);
}

#define ADD(t, ...)							\
	trial_add(t, (const uint8_t[]){ __VA_ARGS__ },			\
		  sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void the_same_seed_makes_the_same_trial(void **state)
{
	unsigned int same = 0;

	(void)state;
	for (uint64_t i = 0; i < 200; i++) {
		trial_make(&trial, 42, i, EVERY_ISA, BOTH);
		trial_make(&other, 42, i, EVERY_ISA, BOTH);
		assert_memory_equal(&trial, &other, sizeof(trial));
		trial_make(&other, 43, i, EVERY_ISA, BOTH);
		same += !memcmp(trial.unit, other.unit, sizeof(trial.unit));
	}
	assert_in_range(same, 0, 2);
}

/* A unit of its own decodes where the layout says that it lies. */
static void a_trial_is_sound_and_fits(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < TRIALS; i++) {
		struct layout l;

		trial_make(&trial, 7, i, EVERY_ISA, PLACES_ALL);
		assert_in_range(trial.units, 1, DIFFER_UNITS_MAX);
		assert_true(trial_sound(&trial));
		assert_int_equal(trial_places(&trial) & BOTH, BOTH);
		assert_int_equal(trial.in.gpr[15], DIFFER_BASE(trial.slot));
		for (enum place_kind p = 0; p < PLACES; p++) {
			trial_layout(&trial, p, &l);
			assert_in_range(l.bytes, 1, DIFFER_CODE_BYTES - 2);
			for (unsigned int n = 0; n <= l.insns; n++)
				assert_int_equal(n, layout_index(&l, &trial,
					DIFFER_CODE_VA(trial.slot) + l.at[n]));
		}
		for (unsigned int n = 0; n < l.insns; n++) {
			const struct insn *x = trial_insn(&trial, n);
			struct insn again;

			if (x->mnemonic)
				assert_true(insn_decode(x->bytes, x->length,
							&again));
		}
	}
}

static void relative_operands_point_into_the_window(void **state)
{
	struct layout l;
	int32_t disp;

	(void)state;
	trial_begin(&trial);
	ADD(&trial, 0x90);
	ADD(&trial, 0x8b, 0x05, 0x10, 0, 0, 0);	/* mov eax, [rip + 16] */
	trial_layout(&trial, PLACE_NATIVE, &l);
	memcpy(&disp, l.code + 3, sizeof(disp));
	assert_int_equal(DIFFER_CODE_VA(trial.slot) + 7 + (uint64_t)disp,
			 DIFFER_BASE(trial.slot) + 16);
}

static void what_is_not_usable_is_refused(void **state)
{
	const struct shape plain = { DIFFER_BASE_REG, -1, true };
	const struct {
		struct insn x;
		bool usable;
	} row[] = {
		{ INSN(0x48, 0x01, 0xc8), true },	/* add rax, rcx */
		{ INSN(0x41, 0x8b, 0x47, 0x10), true },	/* mov eax, [r15+16] */
		{ INSN(0x50), true },			/* push rax */
		{ INSN(0x5c), false },			/* pop rsp */
		{ INSN(0x48, 0x89, 0xc4), false },	/* mov rsp, rax */
		{ INSN(0x49, 0x89, 0xc7), false },	/* mov r15, rax */
		{ INSN(0x41, 0xb7, 0x01), false },	/* mov r15b, 1 */
		{ INSN(0x8b, 0x00), false },		/* mov eax, [rax] */
		{ INSN(0x64, 0x41, 0x8b, 0x07), false },	/* fs: */
		{ INSN(0x49, 0x0f, 0xab, 0x0f), false },	/* bts [r15], rcx */
		{ INSN(0x49, 0x0f, 0xba, 0x2f, 3), true },	/* ... , 3 */
		{ INSN(0xf0, 0x41, 0xff, 0x47, 0x0f), false },	/* split lock */
		{ INSN(0xf0, 0x41, 0xff, 0x47, 0x10), true },
		{ INSN(0xa4), false },			/* movsb */
		{ INSN(0xec), false },			/* in al, dx */
		{ INSN(0xf4), false },			/* hlt */
		{ INSN(0x0f, 0xc7, 0xf0), false },	/* rdrand eax */
		{ INSN(0x0f, 0x05), false },		/* syscall */
		{ INSN(0xeb, 0xfe), false },		/* jmp */
		{ INSN(0x66, 0x0f, 0xc8), false },	/* bswap ax */
		{ INSN(0x0f, 0x53, 0xc0), false },	/* rcpps */
		{ INSN(0x0f, 0x58, 0xc1), true },	/* addps */
		{ INSN(0xc5, 0xf4, 0x58, 0xc1), true },	/* vaddps ymm */
		{ INSN(0xc5, 0xf2, 0x58, 0xc1), true },	/* vaddss ... */
		{ INSN(0xc5, 0xf6, 0x58, 0xc1), false },	/* ... with L=1 */
		{ INSN(0xd9, 0xc0), false },		/* fld */
		{ INSN(0x0f, 0x6f, 0xc1), false },	/* movq mm */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char text[128];

		insn_text(&row[i].x, 0, text, sizeof(text));
		if (insn_usable(&row[i].x, EVERY_ISA, &plain) != row[i].usable)
			fail_msg("%s", text);
	}
	assert_false(insn_usable(&row[22].x, isa_cpuid(&(struct kvm_cpuid2){
		.nent = 0 }), &plain));
}

/*
 * Somebody else's table: nothing that it calls undefined is compared, but for
 * two entries, which the Intel SDM contradicts in their "Flags Affected".
 */
static void no_undefined_flag_is_missing(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (int i = 0; i < 20000; i++) {
		ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
		ZydisDecodedInstruction z;
		ZydisDecoder decoder;
		struct insn x;
		struct flag_rule rule;

		random_insn(&r, EVERY_ISA, &shape_plain, false, &x);
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
				 ZYDIS_STACK_WIDTH_64);
		assert_true(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder,
			x.bytes, x.length, &z, op)));
		rule = flag_rule_find(x.mnemonic);
		if (z.mnemonic == ZYDIS_MNEMONIC_SBB)
			rule.undefined |= AF;
		if (z.mnemonic == ZYDIS_MNEMONIC_BEXTR)
			rule.undefined |= CF | OF;
		if (z.cpu_flags && (z.cpu_flags->undefined & ~rule.undefined))
			fail_msg("%s: %#x", mnemonic_text(x.mnemonic),
				 z.cpu_flags->undefined & ~rule.undefined);
	}
}

static void undefined_flags_are_followed(void **state)
{
	(void)state;
	trial_begin(&trial);
	ADD(&trial, 0x48, 0xf7, 0xe1);			/* mul rcx */
	assert_int_equal(trial_undefined(&trial, 0), 0);
	assert_true(trial_undefined(&trial, 1) & ZF);
	assert_false(trial_undefined(&trial, 1) & (CF | OF));
	ADD(&trial, 0x48, 0xd3, 0xe0);			/* shl rax, cl */
	assert_true(trial_undefined(&trial, 2) & ZF);	/* of zero: kept */
	ADD(&trial, 0x48, 0x01, 0xc8);			/* add rax, rcx */
	assert_int_equal(trial_undefined(&trial, 3), 0);
	assert_true(trial_sound(&trial));
	trial.unit[2].insn[0].maybe = true;		/* a branch skips it */
	assert_true(trial_undefined(&trial, 3) & ZF);
	trial.units = 1;
	ADD(&trial, 0x0f, 0x92, 0xc0);			/* setb al: CF */
	assert_true(trial_sound(&trial));
	ADD(&trial, 0x0f, 0x94, 0xc0);			/* setz al: ZF */
	assert_false(trial_sound(&trial));
}

static void outcomes_begin(void)
{
	trial_begin(&trial);
	ADD(&trial, 0x48, 0x21, 0xc8);			/* and rax, rcx */
	memset(&want, 0, sizeof(want));
	want.end = OUTCOME_ENDED;
	want.out = trial.in;
	want.out.vector = 6;
	want.out.rip = DIFFER_CODE_VA(trial.slot) + 3;
	got = want;
}

static bool differs(enum place_kind place)
{
	return outcome_compare(&trial, PLACE_NATIVE, &want, place, &got, &d);
}

#define DIFFERS(kind_, change)						\
	do {								\
		outcomes_begin();					\
		change;							\
		assert_true(differs(PLACE_CPL3));			\
		assert_int_equal(d.kind, kind_);			\
	} while (0)

#define SAME(place, change)						\
	do {								\
		outcomes_begin();					\
		change;							\
		assert_false(differs(place));				\
	} while (0)

static void every_part_is_compared(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		DIFFERS(DIFFERENCE_REGISTER, got.out.gpr[i] ^= 1ull << 63);
	DIFFERS(DIFFERENCE_FLAGS, got.out.rflags ^= CF);
	DIFFERS(DIFFERENCE_FLAGS, got.out.rflags ^= 1u << 21);
	DIFFERS(DIFFERENCE_VECTOR, got.out.xsave[24] ^= 1);
	for (unsigned int i = 160; i < 416; i++)
		DIFFERS(DIFFERENCE_VECTOR, got.out.xsave[i] ^= 0x80);
	for (unsigned int i = 0; i < DIFFER_WINDOW_BYTES; i++) {
		DIFFERS(DIFFERENCE_MEMORY, got.data[i] ^= 1);
		DIFFERS(DIFFERENCE_MEMORY, got.stack[i] ^= 1);
	}
	DIFFERS(DIFFERENCE_FAULT, got.out.vector = 13);
	DIFFERS(DIFFERENCE_FAULT, got.out.error = 8);
	DIFFERS(DIFFERENCE_FAULT, got.out.rip -= 3);
	assert_int_equal(d.insn, 0);
	DIFFERS(DIFFERENCE_DIED, got.end = OUTCOME_DIED);
	DIFFERS(DIFFERENCE_HUNG, got.end = OUTCOME_HUNG);
	DIFFERS(DIFFERENCE_HUNG, want.end = OUTCOME_HUNG);
	assert_non_null(strstr(d.note, "reference"));
}

static void what_means_nothing_is_not_compared(void **state)
{
	const uint64_t no_avx = 3, avx = 7;

	(void)state;
	SAME(PLACE_CPL3, (void)0);
	SAME(PLACE_CPL3, got.out.rflags ^= AF);		/* AND's */
	SAME(PLACE_CPL3, got.out.rflags ^= 1u << 9);	/* IF */
	SAME(PLACE_CPL3, got.out.rflags ^= 1u << 16);	/* RF */
	SAME(PLACE_CPL3, (got.out.xsave[DIFFER_YMM] ^= 1,
	     memcpy(trial.in.xsave + DIFFER_XSTATE_BV, &no_avx, 8)));
	DIFFERS(DIFFERENCE_VECTOR, (got.out.xsave[DIFFER_YMM] ^= 1,
		memcpy(trial.in.xsave + DIFFER_XSTATE_BV, &avx, 8)));
	SAME(PLACE_CPL0, (want.out.vector = got.out.vector = 14,
			  want.out.error = 6, got.out.error = 2));
	DIFFERS(DIFFERENCE_FAULT, (want.out.vector = got.out.vector = 14,
				   want.out.error = 6, got.out.error = 2));
	SAME(PLACE_CPL3, got.end = want.end = OUTCOME_HUNG);
}

/* A difference of `kind` while units with both of these bytes are there. */
struct fake {
	uint8_t a, b;
	enum difference_kind kind, otherwise;
	int rc, runs;
};

static int fake_try(void *opaque, const struct trial *t, struct difference *to)
{
	struct fake *f = opaque;
	bool a = false, b = false;

	f->runs++;
	if (f->rc)
		return f->rc;
	for (unsigned int u = 0; u < t->units; u++) {
		a |= t->unit[u].insn[0].bytes[0] == f->a;
		b |= t->unit[u].insn[0].bytes[0] == f->b;
	}
	memset(to, 0, sizeof(*to));
	to->insn = -1;
	to->kind = a && b ? f->kind : f->otherwise;
	return to->kind != DIFFERENCE_NONE;
}

static void eight_begin(void)
{
	trial_begin(&trial);
	for (uint8_t i = 0; i < 8; i++)
		ADD(&trial, 0xb0 | i, i);		/* mov r8, i */
	trial.in.gpr[0] = 5;
	memset(&d, 0, sizeof(d));
	d.insn = -1;
	d.kind = DIFFERENCE_REGISTER;
}

static void a_culprit_is_left_alone(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 8; i++) {
		struct fake f = { .a = 0xb0 | i, .b = 0xb0 | i,
				  .kind = DIFFERENCE_REGISTER };

		eight_begin();
		d.insn = i % 2 ? i : -1;
		assert_true(trial_minimise(&trial, &d, fake_try, &f) > 0);
		assert_int_equal(trial.units, 1);
		assert_int_equal(trial.unit[0].insn[0].bytes[0], 0xb0 | i);
		assert_int_equal(trial.in.gpr[0], 0);
		assert_int_equal(trial.in.gpr[15], DIFFER_BASE(trial.slot));
		assert_in_range(f.runs, 1, 40);
	}
}

static void two_culprits_stay_together(void **state)
{
	struct fake f = { .a = 0xb1, .b = 0xb6, .kind = DIFFERENCE_REGISTER };

	(void)state;
	eight_begin();
	assert_true(trial_minimise(&trial, &d, fake_try, &f) > 0);
	assert_int_equal(trial.units, 2);
	assert_int_equal(trial.unit[0].insn[0].bytes[0], 0xb1);
	assert_int_equal(trial.unit[1].insn[0].bytes[0], 0xb6);
}

static void another_difference_is_not_taken_for_it(void **state)
{
	struct fake f = { .a = 0xb1, .b = 0xb6, .kind = DIFFERENCE_REGISTER,
			  .otherwise = DIFFERENCE_DIED };

	(void)state;
	eight_begin();
	assert_true(trial_minimise(&trial, &d, fake_try, &f) > 0);
	assert_int_equal(trial.units, 2);
	assert_int_equal(d.kind, DIFFERENCE_REGISTER);
}

static void a_broken_place_ends_it(void **state)
{
	struct fake f = { .rc = -5 };

	(void)state;
	eight_begin();
	assert_int_equal(trial_minimise(&trial, &d, fake_try, &f), -5);
	assert_int_equal(f.runs, 1);
	assert_int_equal(trial.units, 8);
}

static void what_hangs_costs_few_runs(void **state)
{
	struct fake f = { .a = 0xb3, .b = 0xb3, .kind = DIFFERENCE_HUNG };

	(void)state;
	eight_begin();
	d.kind = DIFFERENCE_HUNG;
	d.insn = 3;
	assert_int_equal(trial_minimise(&trial, &d, fake_try, &f), 1);
	assert_int_equal(trial.units, 1);
}

static void a_mutant_has_a_place_and_an_effect(void **state)
{
	static const char *const bad[] = {
		"", "cpl3", "cpl3:", "cpl3:rax7", "here:rax", "cpl3:xmm16",
		"cpl3:xmm", "cpl3:xmm1x", ":rax", "cpl3:RAX",
	};
	struct differ_inject i;
	struct error e;

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		assert_true(inject_parse(bad[n], &i, &e) < 0);
		assert_non_null(strstr(e.text, "--inject"));
	}
	outcomes_begin();
	assert_int_equal(inject_parse("cpl3:rcx:and", &i, &e), 0);
	assert_true(inject_applies(&i, PLACE_CPL3, &trial, &got));
	assert_false(inject_applies(&i, PLACE_CPL0, &trial, &got));
	got.out.rip -= 3;				/* it never ran */
	assert_false(inject_applies(&i, PLACE_CPL3, &trial, &got));
	assert_int_equal(inject_parse("cpl3:of:add", &i, &e), 0);
	assert_false(inject_applies(&i, PLACE_CPL3, &trial, &want));
}

static void run_native(const struct trial *a, const struct trial *b,
		       struct outcome *to)
{
	const struct trial *both[] = { a, b };
	struct place p;
	struct error e;

	if (place_native_open(&p, 300, &e) || place_run(&p, both, to, 2, &e))
		fail_msg("%s", e.text);
	place_close(&p);
}

static void a_process_computes(void **state)
{
	static struct outcome o[2];

	(void)state;
	trial_begin(&trial);
	trial.in.gpr[REG_AX] = 40;
	trial.in.gpr[REG_CX] = 2;
	ADD(&trial, 0x48, 0x01, 0xc8);			/* add rax, rcx */
	ADD(&trial, 0x49, 0x89, 0x07);			/* mov [r15], rax */
	other = trial;
	other.slot = 1;
	other.in.gpr[15] = 0x8000000000000000;		/* not canonical */
	other.in.rip = DIFFER_CODE_VA(1);
	run_native(&trial, &other, o);
	assert_int_equal(o[0].end, OUTCOME_ENDED);
	assert_int_equal(o[0].out.gpr[REG_AX], 42);
	assert_int_equal(o[0].out.vector, 6);
	assert_int_equal(o[0].data[256], 42);
	assert_memory_equal(o[0].out.xsave + 160, trial.in.xsave + 160, 256);
	assert_int_equal(o[1].out.vector, 13);
	assert_int_equal(o[1].out.rip, DIFFER_CODE_VA(1) + 3);
}

static void a_process_that_hangs_or_asks_is_replaced(void **state)
{
	static struct outcome o[2];

	(void)state;
	trial_begin(&trial);
	ADD(&trial, 0xeb, 0xfe);			/* jmp to itself */
	trial_begin(&other);
	other.slot = 1;
	other.in.rip = DIFFER_CODE_VA(1);
	other.in.gpr[REG_AX] = 39;
	ADD(&other, 0x0f, 0x05);			/* syscall: getpid */
	run_native(&trial, &other, o);
	assert_int_equal(o[0].end, OUTCOME_HUNG);
	assert_int_equal(o[1].end, OUTCOME_DIED);
	assert_non_null(strstr(o[1].note, "signal 31"));
	/* A write is the child's right, but not to our standard output. */
	other.in.gpr[REG_AX] = 1;
	other.in.gpr[REG_DI] = 1;
	other.in.gpr[REG_DX] = 0;
	trial.units = 0;
	run_native(&trial, &other, o);
	assert_int_equal(o[0].end, OUTCOME_ENDED);
	assert_int_equal(o[1].end, OUTCOME_DIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_makes_the_same_trial),
		cmocka_unit_test(a_trial_is_sound_and_fits),
		cmocka_unit_test(relative_operands_point_into_the_window),
		cmocka_unit_test(what_is_not_usable_is_refused),
		cmocka_unit_test(no_undefined_flag_is_missing),
		cmocka_unit_test(undefined_flags_are_followed),
		cmocka_unit_test(every_part_is_compared),
		cmocka_unit_test(what_means_nothing_is_not_compared),
		cmocka_unit_test(a_culprit_is_left_alone),
		cmocka_unit_test(two_culprits_stay_together),
		cmocka_unit_test(another_difference_is_not_taken_for_it),
		cmocka_unit_test(a_broken_place_ends_it),
		cmocka_unit_test(what_hangs_costs_few_runs),
		cmocka_unit_test(a_mutant_has_a_place_and_an_effect),
		cmocka_unit_test(a_process_computes),
		cmocka_unit_test(a_process_that_hangs_or_asks_is_replaced),
	};

	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("differ", tests, NULL, NULL);
}
