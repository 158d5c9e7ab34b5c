/*
 * Observation to record; see instance.h. What the guest wrote is not
 * believed: counts are bounded, texts are cut and made printable.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "instance.h"
#include "item_host.h"

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *guest_text(const char *text, size_t max)
{
	char words[ABI_TEXT_MAX + 1];

	return json_string(guest_words(text, max, words));
}

json_t *instance_verdict(const struct series *s, const char *verdict,
			 const char *reason)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:s, s:s}", "id",
			 s->item->name, "ring", s->ring, "vcpus", s->vcpus,
			 "round", 0, "verdict", verdict, "reason", reason);
}

static const char *verdict_of(const struct observation *seen,
			      const char **reason)
{
	*reason = NULL;
	if (seen->end != RUN_DONE) {
		*reason = seen->end_reason;
		return seen->end == RUN_HANG ? "hang" : "crash";
	}
	switch (seen->mailbox.verdict) {
	case ABI_PASS:
		return "pass";
	case ABI_TELL:
		return "tell";
	case ABI_SKIP:
		return "skip";
	case ABI_FAIL:
		return "fail";
	case ABI_SILENT:
		*reason = "the guest finished without a word";
		return "error";
	default:
		return "error";
	}
}

static json_t *checks_json(const struct abi_mailbox *mb)
{
	json_t *rows = json_array();
	uint32_t kept = mb->checks_kept < ABI_CHECKS_MAX ? mb->checks_kept
							 : ABI_CHECKS_MAX;
	char want[24], got[24];

	/* What failed first; then what held. */
	for (int ok = 0; ok < 2; ok++) {
		for (uint32_t i = 0; i < kept; i++) {
			const struct abi_check *c = &mb->check[i];

			if (!!c->ok != ok)
				continue;
			snprintf(want, sizeof(want), "%#llx",
				 (unsigned long long)c->want);
			snprintf(got, sizeof(got), "%#llx",
				 (unsigned long long)c->got);
			json_array_append_new(rows, json_pack(
				"{s:o, s:s, s:s, s:i, s:b}", "expr",
				guest_text(c->expr, sizeof(c->expr)), "want",
				want, "got", got, "line", (int)c->line, "ok",
				!!c->ok));
		}
	}
	return rows;
}

static json_t *samples_json(const struct abi_block *b, uint32_t n,
			    uint64_t ops)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(a, json_real(
			(double)(int64_t)(b[i].end_tsc - b[i].begin_tsc) /
			(double)ops));
	return a;
}

/* One column of block_seen as an array; null where it is unknown. */
#define COLUMN(record, key, seen, n, field)				\
	do {								\
		json_t *a_ = json_array();				\
									\
		for (uint32_t i_ = 0; i_ < (n); i_++)			\
			json_array_append_new(a_,			\
					      number((seen)[i_].field)); \
		json_object_set_new(record, key, a_);			\
	} while (0)

static void counters_put(json_t *record, const struct block_seen *seen,
			 uint32_t n, uint64_t ops)
{
	json_t *all = json_object();

	for (int ev = 0; ev < COUNTER_EVENTS; ev++) {
		double host = 0, guest = 0;

		for (uint32_t i = 0; i < n; i++) {
			host += seen[i].counters.host[ev];
			guest += seen[i].counters.guest[ev];
		}
		json_object_set_new(all, counter_event_name(ev),
			json_pack("[o, o]",
				  number(host / (double)n / (double)ops),
				  number(guest / (double)n / (double)ops)));
	}
	json_object_set_new(record, "counters", all);
}

static void bench_put(json_t *record, const struct observation *seen)
{
	const struct abi_mailbox *mb = &seen->mailbox;
	uint32_t n = mb->blocks_done < ABI_BLOCKS_MAX ? mb->blocks_done
						      : ABI_BLOCKS_MAX;
	uint32_t n_empty = mb->empty_done < ABI_BLOCKS_MAX ? mb->empty_done
							   : ABI_BLOCKS_MAX;
	const struct block_seen *b = seen->block;

	json_object_set_new(record, "ops", json_integer((json_int_t)mb->ops));
	json_object_set_new(record, "empty_ops",
			    json_integer((json_int_t)mb->empty_ops));
	json_object_set_new(record, "tsc_khz", number(seen->tsc_khz));
	json_object_set_new(record, "samples",
			    samples_json(mb->block, n, mb->ops));
	json_object_set_new(record, "empty",
			    samples_json(mb->empty, n_empty, mb->empty_ops));
	COLUMN(record, "exits", b, n, exits);
	COLUMN(record, "irq_exits", b, n, irq_exits);
	COLUMN(record, "user_exits", b, n, user_exits);
	COLUMN(record, "emulated", b, n, emulated);
	COLUMN(record, "pages_4k", b, n, pages[PAGE_4K]);
	COLUMN(record, "pages_2m", b, n, pages[PAGE_2M]);
	COLUMN(record, "pages_1g", b, n, pages[PAGE_1G]);
	COLUMN(record, "context_switches", b, n,
	       counters.host[COUNTER_CONTEXT_SWITCHES]);
	COLUMN(record, "migrations", b, n,
	       counters.host[COUNTER_CPU_MIGRATIONS]);
	COLUMN(record, "faults", b, n, counters.host[COUNTER_PAGE_FAULTS]);
	counters_put(record, b, n, mb->ops);
	json_object_set_new(record, "mapped", json_pack("[o, o, o]",
		number(seen->mapped[PAGE_4K]), number(seen->mapped[PAGE_2M]),
		number(seen->mapped[PAGE_1G])));
}

/* What the guest's waiters counted, whole instance: see spin.h. */
static json_t *stalls_json(const struct abi_mailbox *mb)
{
	return json_pack("{s:I, s:I, s:I, s:I}",
		"waits", (json_int_t)(mb->ret[0] & INT64_MAX),
		"stalls", (json_int_t)(mb->ret[1] & INT64_MAX),
		"longest_cycles", (json_int_t)(mb->ret[2] & INT64_MAX),
		"threshold_cycles", (json_int_t)(mb->ret[3] & INT64_MAX));
}

/* What its requests cost, and how long each took: see latency.h. */
static json_t *load_json(const struct observation *seen)
{
	const struct abi_mailbox *mb = &seen->mailbox;
	const struct price *p = &seen->price;
	json_t *latency = json_array();

	for (uint32_t i = 0; i < LATENCY_BUCKETS; i++)
		if (mb->latency[i])
			json_array_append_new(latency, json_pack("[i, I]",
				(int)i, (json_int_t)mb->latency[i]));
	return json_pack("{s:o, s:o, s:o}", "device_ns",
			 number(p->device_ns / p->requests), "vcpu_ns",
			 number(p->vcpu_ns / p->requests), "latency", latency);
}

json_t *instance_record(const struct series *s, unsigned int round,
			struct observation *seen)
{
	const struct abi_mailbox *mb = &seen->mailbox;
	const char *reason, *verdict = verdict_of(seen, &reason);
	json_t *r;

	if (s->item->bench && !strcmp(verdict, "pass") &&
	    (!mb->ops || !mb->empty_ops || !mb->blocks_done ||
	     !mb->empty_done)) {
		verdict = "error";
		reason = "the guest passed without a measurement";
	}
	r = json_pack("{s:s, s:i, s:i, s:i, s:s}", "id", s->item->name, "ring",
		      s->ring, "vcpus", s->vcpus, "round", round, "verdict",
		      verdict);
	if (!r)
		return NULL;
	json_object_set_new(r, "reason", reason ? json_string(reason) :
			    mb->reason[0] ? guest_text(mb->reason,
						       sizeof(mb->reason)) :
			    json_null());
	json_object_set_new(r, "elapsed_ms", number(seen->elapsed_ms));
	if (seen->postmortem)
		json_object_set(r, "postmortem", seen->postmortem);
	if (seen->evidence)
		json_object_set(r, "evidence", seen->evidence);
	if (s->item->probe) {
		json_object_set_new(r, "checks", checks_json(mb));
		json_object_set_new(r, "checks_total",
				    json_integer(mb->checks));
	} else if (!strcmp(verdict, "pass")) {
		bench_put(r, seen);
		if (s->item->bench->load.way)
			json_object_set_new(r, "load", load_json(seen));
		if (s->item->bench->stalls)
			json_object_set_new(r, "stalls", stalls_json(mb));
	}
	return r;
}
