/*
 * The paragraph that somebody decides by. It answers only for what has been
 * measured on both sides of a ratio, says within which bounds, and lists what
 * it has no answer to: silence would be taken for "the same".
 */
#include "reports/comparison_words.h"

#include <math.h>
#include <string.h>

#include "reports/number.h"

/* What most programs do, and what guests do: by these a kind is chosen. */
static const struct { const char *id, *words; } asked[] = {
	{ "process/syscall", "a system call" },
	{ "process/page_fault", "a page fault" },
	{ "process/futex_wake", "waking a thread" },
	{ "memory/chase_16k", "a load from the nearest cache" },
	{ "memory/chase_64m", "a dependent load from 64 MiB" },
	{ "lifecycle/process_start", "a start" },
	{ "exit/cpuid", "CPUID" },
	{ "exit/mmio_kernel", "an MMIO write to the kernel" },
	{ "exit/pio_userspace", "a port write to user space" },
};

enum { ASKED = sizeof(asked) / sizeof(asked[0]) };

bool comparison_asked(const char *id)
{
	for (size_t i = 0; id && i < ASKED; i++)
		if (!strcmp(id, asked[i].id))
			return true;
	return false;
}

void ratio_write(const struct ratio *r, struct text *out)
{
	if (isnan(r->value))
		return;
	text_format(out, "\u00d7%s", number(r->value).s);
	if (!isnan(r->low))
		text_format(out, " (%s)", number_range(r->low, r->high).s);
}

/* At one ring for all targets: that of most numbers, then the outer one. */
static const struct match *find_asked(const struct comparison *c,
				      const char *id)
{
	const struct match *best = NULL;

	for (size_t i = 0; i < c->bench_count; i++) {
		const struct match *x = &c->benches[i];

		if (x->any->id && !strcmp(x->any->id, id) &&
		    (!best || x->shown >= best->shown))
			best = x;
	}
	return best;
}

/* What can be said of one operation on one target. */
enum answer {
	ANSWER_MORE, ANSWER_LESS, ANSWER_OPEN, ANSWER_UNBOUNDED, ANSWER_ALONE,
	ANSWER_NONE, ANSWERS
};

static enum answer answer_of(const struct comparison *c, const struct match *x,
			     size_t side)
{
	struct ratio r;

	if (!x || !meaning_shown(match_meaning(c, x, side)))
		return ANSWER_NONE;
	r = match_ratio(c, x, side);
	if (isnan(r.value))
		return ANSWER_ALONE;
	return isnan(r.low) ? ANSWER_UNBOUNDED : r.low > 1 ? ANSWER_MORE :
	       r.high < 1 ? ANSWER_LESS : ANSWER_OPEN;
}

static void add_number(const struct comparison *c, const struct match *x,
		       size_t side, struct text *out)
{
	const struct item *it = x->items[side];
	struct ratio r = match_ratio(c, x, side);

	if (!isnan(r.value)) {
		text_add(out, " ");
		ratio_write(&r, out);
	} else {
		text_format(out, " %s %s", number(match_scaled(x, it,
			    it->median)).s, x->scale.unit);
		if (!isnan(it->low) && !isnan(it->high))
			text_format(out, " (%s)", number_range(
				    match_scaled(x, it, it->low),
				    match_scaled(x, it, it->high)).s);
	}
	if (match_meaning(c, x, side) == MEANS_UNPROVEN)
		text_add(out, ", not attested");
}

static void add_answer(const struct comparison *c, const struct match *x,
		       size_t side, struct text *out)
{
	enum meaning m = x ? match_meaning(c, x, side) : MEANS_ABSENT;

	if (x && x->any->ring >= 0 && x->any->ring != 3)
		text_format(out, " at ring %s", model_ring(x->any->ring));
	if (x && meaning_shown(m))
		add_number(c, x, side, out);
	else
		text_format(out, " (%s)", meaning_word(m));
}

static void add_costs(const struct comparison *c, size_t side, struct text *out)
{
	static const char *const heads[ANSWERS] = {
		"More than native", "Less than native",
		"Not told apart from native", "Ratios without bounds",
		"Without a ratio", "It cannot be told",
	};

	for (int a = 0; a < ANSWERS; a++) {
		const char *separator = NULL;

		for (size_t i = 0; i < ASKED; i++) {
			const struct match *x = find_asked(c, asked[i].id);

			if (answer_of(c, x, side) != (enum answer)a)
				continue;
			if (!separator)
				text_format(out, " %s: ",
					    c->sides[side].native == side &&
					    a == ANSWER_ALONE ? "It takes" : heads[a]);
			text_add(out, separator);
			separator = "; ";
			text_add(out, asked[i].words);
			add_answer(c, x, side, out);
		}
		text_add(out, separator ? "." : NULL);
	}
}

/* All ratios of a side by what their bounds say. */
static void add_ratios(const struct comparison *c, size_t side, struct text *out)
{
	size_t all = 0, above = 0, below = 0, open = 0;

	for (size_t i = 0; i < c->bench_count; i++) {
		struct ratio r = match_ratio(c, &c->benches[i], side);

		if (isnan(r.value))
			continue;
		all++;
		above += r.low > 1;
		below += r.high < 1;
		open += isnan(r.low);
	}
	if (!all)
		return;
	if (open == all) {
		text_format(out, " None of the %zu ratios to native has bounds.", all);
		return;
	}
	text_format(out, " Of all %zu ratios to native %zu lie above 1 with both "
		    "bounds, %zu below, %zu cannot be told from 1", all, above,
		    below, all - above - below - open);
	if (open)
		text_format(out, ", %zu have no bounds", open);
	text_add(out, ".");
}

void comparison_side(const struct comparison *c, size_t side, struct text *out)
{
	const struct side *s = &c->sides[side];
	bool benches = false;

	for (size_t i = 0; i < s->n; i++)
		benches |= s->items[i]->is_bench;
	text_format(out, "%s.", s->kind->what);
	if (s->run->software_host || s->run->times_meaningful == KNOWN_NO)
		text_format(out, " Times mean nothing there%s%.64s; only verdicts "
			    "count.", s->run->software_host ? ", as it is emulated in "
			    "software by " : "", s->run->software_host ?
			    s->run->software_host : "");
	else if (benches)
		add_costs(c, side, out);
	else
		text_add(out, " Nothing was measured.");
	add_ratios(c, side, out);
	comparison_probes(c, side, out);
}

static size_t wrong_verdicts(const struct side *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += !s->items[i]->is_bench && s->items[i]->verdict >= VERDICT_FAIL;
	return n;
}

static size_t judged_probes(const struct side *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += !s->items[i]->is_bench && s->items[i]->verdict != VERDICT_SKIP;
	return n;
}

static void add_sound(const struct comparison *c, struct text *out)
{
	const char *sound = " No probe that ran went wrong on ";
	const char *wrong = " Probes went wrong on ";

	for (size_t s = 0; s < c->n; s++)
		if (judged_probes(&c->sides[s]) && !wrong_verdicts(&c->sides[s])) {
			text_format(out, "%s%s", sound, c->sides[s].label);
			sound = ", ";
		}
	text_add(out, *sound == ',' ? "." : "");
	for (size_t s = 0; s < c->n; s++)
		if (wrong_verdicts(&c->sides[s])) {
			text_format(out, "%s%s (%zu of %zu)", wrong,
				    c->sides[s].label,
				    wrong_verdicts(&c->sides[s]),
				    judged_probes(&c->sides[s]));
			wrong = ", ";
		}
	text_add(out, *wrong == ',' ? "." : "");
}

void comparison_lead(const struct comparison *c, struct text *out)
{
	size_t ratios = 0;

	for (size_t i = 0; i < c->bench_count; i++)
		for (size_t s = 0; s < c->n; s++)
			if (!isnan(match_ratio(c, &c->benches[i], s).value)) {
				ratios++;
				break;
			}
	text_format(out, "%zu targets stand side by side.", c->n);
	if (ratios)
		text_format(out, " %zu operations have a number on native and on "
			    "another target of the same host. The ratio \u00d7 is the "
			    "other\u2019s median over native\u2019s; in brackets stands "
			    "the least and the most that it can be if both intervals "
			    "hold.", ratios);
	else
		text_add(out, " No operation has a number both on native and on another "
			 "target of the same host: what a kind of virtualisation costs "
			 "over none cannot be told from these documents.");
	add_sound(c, out);
	text_add(out, " Which kind is the right match depends on what a program does "
		 "most, and on which rules it relies: look up those lines. Where no "
		 "ring is named it is ring 3, a program\u2019s.");
}
