/*
 * One run of the image as a record: what the journal keeps and results are
 * made of.
 *
 *	{"id", "ring", "vcpus", "round", "verdict", "reason", "elapsed_ms", and for a
 *	 bench that passed: "ops", "empty_ops", "tsc_khz", "samples" (cycles
 *	 per operation, one number a block), "empty" (the same of the empty
 *	 operation), "exits", "irq_exits", "user_exits", "emulated" (counts a
 *	 block, null when unknown), "context_switches", "migrations",
 *	 "faults" (counts a block), "counters" {event: [host, guest]} per
 *	 operation, "mapped" [4 KiB, 2 MiB, 1 GiB]: pages that KVM had mapped
 *	 before the first block; of a bench of a disk "load": {"device_ns",
 *	 "vcpu_ns": CPU time for a request or null, "latency": [[bucket,
 *	 requests], ...], see latency.h}}
 *
 * A record survives a round trip through JSON; nothing else about a run is
 * kept, so a resumed session cannot tell its own runs from earlier ones.
 */
#ifndef VMGAUGE_INSTANCE_H
#define VMGAUGE_INSTANCE_H

#include <jansson.h>

#include "session.h"

/* NULL when out of memory. Takes a reference to seen->postmortem. */
json_t *instance_record(const struct series *s, unsigned int round,
			struct observation *seen);

/* A record without a run: skipped or failed before the guest existed. */
json_t *instance_verdict(const struct series *s, const char *verdict,
			 const char *reason);

/* {"id", "ring", "vcpus", "decomposition": {...}}; see decomposition.c. */
json_t *decomposition_record(const struct series *s,
			     const struct observation *seen);

/* records.c: one line in the journal, if there is one; 0 or -errno. */
int record_keep(struct session *s, const char *key, json_t *record,
		struct error *e);
/* Whether the series has a record of that round already. */
bool has_round(const struct series *series, unsigned int round);
/* Files a record where it belongs in its series; takes the reference. */
void record_file(struct series *series, json_t *record);

/* result.c: the "result" of a series whose records are complete. */
json_t *series_result(const struct session *session, const struct series *s);

/* distribution.c: mean, humps, tails and their flags, into a result. */
void distribution_put(json_t *result, const struct series *s, double median);

/* attest.c: expected exits of a bench on this backend at this ring. */
struct exits attest_expected(const struct bench *b, unsigned int ring,
			     const struct backend_info *backend);
json_t *attest_json(const struct session *session, const struct series *s);

/* price.c: what a bench of a disk moved, and at which price. */
void price_put(json_t *result, const struct session *session,
	       const struct series *s);

/*
 * Whether so many exact blocks attest the rest: one in twenty may have an
 * exit of the host's own (an interrupt window, a page taken away), and one
 * where there are ten to twenty. The unexact ones stay in the result.
 */
bool attest_enough(unsigned int exact, unsigned int blocks);

/*
 * walk.c: of benches that chase an arena. walk_put() says in a result which
 * pages it is about; walk_observed() adds what the first instance had mapped
 * to what attestation observed; walk_mismatch() leaves `why` empty when, in
 * each instance, KVM had mapped what is used of the arena by pages of the
 * size that the backend must use. They do nothing for other benches.
 */
void walk_put(json_t *result, const struct session *session,
	      const struct series *s);
void walk_observed(json_t *observed, const struct series *s);
void walk_mismatch(const struct session *session, const struct series *s,
		   char *why, size_t bytes);

#endif
