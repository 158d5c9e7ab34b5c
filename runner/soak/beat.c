/*
 * A beat: what was counted and seen so far, as memory and journal have it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "instance.h"
#include "result/doc.h"
#include "soak/soak.h"

#define REFERENCE_BLOCKS	9
#define REFERENCE_NS		100000

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

/* Median cycles of a round trip to user space, in a VM of its own. */
static double latency(struct soak *k)
{
	struct session *s = k->session;
	struct observation *seen = calloc(1, sizeof(*seen));
	double cycles[REFERENCE_BLOCKS], median = NAN;
	const struct run_request r = {
		.bench = k->reference, .item = "exit/pio_userspace",
		.ring = 3, .blocks = REFERENCE_BLOCKS, .empty_blocks = 1,
		.block_ns = REFERENCE_NS, .seed = 1,
		.deadline_ms = s->options.deadline_ms,
	};
	const struct abi_mailbox *mb;

	if (!seen || !k->reference || s->unavailable[0] ||
	    target_run_once(s->target, &s->ctx, &r, seen, NULL))
		goto out;
	mb = &seen->mailbox;
	if (seen->end == RUN_DONE && mb->ops &&
	    mb->blocks_done == REFERENCE_BLOCKS) {
		for (int i = 0; i < REFERENCE_BLOCKS; i++)
			cycles[i] = (double)(int64_t)(mb->block[i].end_tsc -
						      mb->block[i].begin_tsc) /
				    (double)mb->ops;
		if (stats_median(cycles, REFERENCE_BLOCKS, &median))
			median = NAN;
	}
	observation_clear(seen);
out:
	free(seen);
	return median;
}

static int keep(struct soak *k, const struct soak_beat *beat, struct error *e)
{
	if (k->beats == k->room) {
		size_t room = k->room ? 2 * k->room : 2 * SOAK_BEATS;
		struct soak_beat *more = realloc(k->beat,
						 room * sizeof(*more));

		if (!more)
			return error_set(e, -ENOMEM, "out of memory for a beat");
		k->beat = more;
		k->room = room;
	}
	k->beat[k->beats++] = *beat;
	return 0;
}

static json_t *beat_json(const struct soak *k, const struct soak_beat *beat)
{
	json_t *verdicts = json_object();
	json_t *o = json_pack("{s:f, s:i, s:b, s:I, s:i, s:i, s:b, s:o}",
			      "t_s", beat->t_s, "part", beat->part, "warm",
			      beat->warm, "runs", (json_int_t)k->runs,
			      "kernel_warnings", k->warnings, "kernel_alarms",
			      k->alarms, "tainted", k->tainted, "verdicts",
			      verdicts);

	for (int i = 0; o && i < SOAK_VERDICTS; i++)
		json_object_set_new(verdicts, doc_verdict_name(i),
				    json_integer((json_int_t)k->verdicts[i]));
	for (int i = 0; o && i < VITALS; i++)
		json_object_set_new(o, vital_kinds[i].name,
				    number(beat->value[i]));
	return o;
}

int soak_beat(struct soak *k, struct error *e)
{
	double now = now_s(), warm_s = k->duration_s / 10;
	struct soak_beat beat = {
		.t_s = k->done_s + now - k->began_s, .part = k->part,
		.warm = now - k->began_s < warm_s || !k->passed_once,
	};
	json_t *record;
	int rc;

	vitals_read(&k->vitals, beat.value);
	k->warnings = k->part_warnings + k->vitals.warnings;
	k->alarms = k->part_alarms + k->vitals.alarms;
	k->tainted |= vitals_tainted(&k->vitals);
	beat.value[VITAL_LATENCY] = latency(k);
	beat.value[VITAL_RATE] = now > k->beat_s ?
		(double)(k->runs - k->runs_at_beat) / (now - k->beat_s) : NAN;
	k->runs_at_beat = k->runs;
	k->beat_s = now_s();
	rc = keep(k, &beat, e);
	record = rc ? NULL : beat_json(k, &beat);
	if (!rc && !record)
		rc = error_set(e, -ENOMEM, "out of memory for a beat");
	if (!rc)
		rc = record_keep(k->session, "beat", record, e);
	json_decref(record);
	return rc;
}

int soak_beat_take(struct soak *k, const json_t *o, struct error *e)
{
	const json_t *verdicts = json_object_get(o, "verdicts");
	struct soak_beat beat = {
		.t_s = json_number_value(json_object_get(o, "t_s")),
		.part = (unsigned int)json_integer_value(
				json_object_get(o, "part")),
		.warm = json_is_true(json_object_get(o, "warm")),
	};

	if (!json_is_object(verdicts) || beat.t_s < k->done_s || !beat.part)
		return error_set(e, -EBADMSG, "the journal has a beat that is "
				 "none");
	for (int i = 0; i < VITALS; i++) {
		const json_t *v = json_object_get(o, vital_kinds[i].name);

		beat.value[i] = json_is_number(v) ? json_number_value(v) : NAN;
	}
	for (int i = 0; i < SOAK_VERDICTS; i++)
		k->verdicts[i] = (uint64_t)json_integer_value(
			json_object_get(verdicts, doc_verdict_name(i)));
	k->runs = k->runs_at_beat = (uint64_t)json_integer_value(
		json_object_get(o, "runs"));
	k->warnings = (unsigned int)json_integer_value(
		json_object_get(o, "kernel_warnings"));
	k->alarms = (unsigned int)json_integer_value(
		json_object_get(o, "kernel_alarms"));
	k->tainted = json_is_true(json_object_get(o, "tainted"));
	k->done_s = beat.t_s;
	k->part = beat.part;
	return keep(k, &beat, e);
}
