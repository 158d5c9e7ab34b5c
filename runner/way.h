/*
 * Ways to detect a VM: what `vmgauge detect` measures.
 *
 * A way is a probe that judges nothing: its guest half collects raw samples,
 * as an attacker inside would, and the runner says how well they tell the
 * machine from a native one (detect/detect.h). Ways register themselves, as
 * items do, in a section of their own: list, conform and bench do not know
 * them. They lie in conformance/detect/; "detect/timing/cpuid_latency" is
 * WAY(cpuid_latency) of timing.c.
 *
 * Samples leave in the mailbox's stamps, which every target carries:
 *
 *	WAY_TIME	end - begin, in TSC cycles
 *	WAY_RATIO	begin / end: a quotient of two times or counts, for
 *			which the length of a cycle does not matter
 *	WAY_VALUE	begin: 0 is what a real machine gives, by the manual
 *			that `probe.cite` names; it must not vary in a run
 *
 * Where the same can be done at CPL3 the native process runs the same code,
 * or probe.process, its host half. Where it cannot, `no_native` says why.
 */
#ifndef VMGAUGE_WAY_H
#define VMGAUGE_WAY_H

#include "suite.h"

#define WAY_SAMPLES	128	/* of a run, at most */
#define WAY_WARM	4	/* operations before the first */

_Static_assert(WAY_SAMPLES <= ABI_STAMPS_MAX, "they travel as stamps");

enum way_kind { WAY_TIME, WAY_RATIO, WAY_VALUE };

struct way {
	struct probe probe;	/* first: the guest finds it as a probe */
	enum way_kind kind;
	const char *no_native;	/* NULL: there is a native counterpart */
};

#define WAY(id, ...)							\
	__guest void way_##id##_run(void);				\
	static const struct way way_##id = {				\
		.probe.prefix = ITEM_PREFIX, .probe.name = #id,		\
		.probe.run = GUEST(way_##id##_run), __VA_ARGS__		\
	};								\
	REGISTER(ways, way_##id);					\
	__guest void way_##id##_run(void)

/* By either half; `mb` is its mailbox. What is beyond WAY_SAMPLES is lost. */
static inline void sample_put(struct abi_mailbox *mb, uint64_t begin,
			      uint64_t end)
{
	uint32_t n = mb->stamps_done;

	if (n >= WAY_SAMPLES)
		return;
	mb->stamp[n].begin_tsc = begin;
	mb->stamp[n].end_tsc = end;
	mb->stamps_done = n + 1;
}

/* The guest half of a WAY_VALUE; `text` says what was seen, for people. */
__guest void value_put(uint64_t value, const char *text)
{
	sample_put(mailbox, value, 0);
	verdict_set(ABI_PASS, text);
}

#endif
