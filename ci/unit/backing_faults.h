/* What the tests of a guest's memory and of what backs it have in common. */
#ifndef VMGAUGE_UNIT_BACKING_FAULTS_H
#define VMGAUGE_UNIT_BACKING_FAULTS_H

#include "fault_calls.h"
#include "host/backing.h"

#define PAGES		16
#define BYTES		(PAGES * 4096ul)

static inline uint8_t *room(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(MAP_FAILED, at);
	return at;
}

static inline void says(const struct error *e, const char *what, int err)
{
	if (!one_line(e->text) || !strstr(e->text, what) ||
	    (err && !strstr(e->text, strerror(err))))
		fail_msg("'%s' says nothing of '%s' or '%s'", e->text, what,
			 err ? strerror(err) : "");
}

static struct observation seen;		/* large */

/* A whole life of the target; the text of the end, or of the verdict. */
static inline const char *life(const struct bench *b, const char *item,
			       struct patch *patch, unsigned int ms)
{
	struct target_context ctx = {
		.options = "", .memory_bytes = 1 << 30,
		.tamper = patch ? patch_entry : NULL, .tamper_opaque = patch,
	};
	const struct run_request r = {
		.bench = b, .item = item, .ring = 3, .blocks = 2,
		.empty_blocks = 1, .block_ns = 20000, .deadline_ms = ms,
	};
	struct error e = { "" };
	const char *why;

	memset(&seen, 0, sizeof(seen));
	if (target_kvm.open(&ctx, &e))
		fail_msg("%s", e.text);
	why = target_kvm.unsupported(&ctx, &r);
	if (!why && target_run_once(&target_kvm, &ctx, &r, &seen, &e))
		why = e.text;
	target_kvm.close(&ctx);
	observation_clear(&seen);
	if (why)
		snprintf(seen.end_reason, sizeof(seen.end_reason), "%s", why);
	return why || seen.end != RUN_DONE ? seen.end_reason :
	       seen.mailbox.reason;
}

#endif
