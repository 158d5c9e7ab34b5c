/*
 * Sessions on a null target that takes notes of its runs, and the names that
 * there are to select, beside the session's own.
 */
#ifndef VMGAUGE_UNIT_SESSION_SPY_H
#define VMGAUGE_UNIT_SESSION_SPY_H

#include <signal.h>
#include <unistd.h>

#include "result/doc.h"
#include "session_fixture.h"

#define PROBES_ID	"fidelity/control"
#define BOTH		(REGISTRY_BENCHES | REGISTRY_PROBES)

static struct registry registry;

static inline int names_open(void **state)
{
	(void)state;
	return registry_open(&registry, NULL);
}

static inline int names_close(void **state)
{
	(void)state;
	registry_close(&registry);
	return 0;
}

/* How many items of a kind begin with a text; the test's own idea of it. */
static inline size_t beginning_with(unsigned int kinds, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < registry.count; i++) {
		const struct item *item = &registry.item[i];

		n += (kinds & (item->bench ? REGISTRY_BENCHES
					   : REGISTRY_PROBES)) &&
		     !strncmp(item->name, text, strlen(text));
	}
	return n;
}

/* --- a target that takes notes ---------------------------------------- */

#define NOTES_MAX	4096

struct note {
	char item[ABI_NAME_MAX];
	unsigned int ring, stamps;
	uint64_t seed;
};

static struct {
	struct note note[NOTES_MAX];
	unsigned int count;
	int rc;			/* what create() returns */
	unsigned int rc_from;	/* from this run on */
	bool no_trips;
	unsigned int sleep_ms;
	volatile sig_atomic_t *interrupt;
	unsigned int interrupt_at;
} spy;

static inline int spy_create(struct target_context *ctx,
			     const struct run_request *r, void **vm,
			     struct error *e)
{
	assert_in_range(spy.count, 0, NOTES_MAX - 1);
	spy.note[spy.count] = (struct note){ "", r->ring, r->stamps, r->seed };
	strcpy(spy.note[spy.count++].item, r->item);
	if (spy.interrupt && spy.count == spy.interrupt_at)
		*spy.interrupt = 1;
	if (spy.rc && spy.count > spy.rc_from)
		return error_set(e, spy.rc, "the spy will not");
	usleep(spy.sleep_ms * 1000);
	return target_null.create(ctx, r, vm, e);
}

static inline int spy_run(void *vm, const struct run_request *r,
			  struct observation *seen, struct error *e)
{
	int rc = target_null.run(vm, r, seen, e);

	if (spy.no_trips) {
		seen->trips = 0;
		seen->trips_traced = false;
		strcpy(seen->trips_note, "no common base");
	}
	return rc;
}

static struct target spy_target;

static inline void spy_open(struct bed *b, const struct session_options *o,
			    const char *const *globs)
{
	memset(&spy, 0, sizeof(spy));
	bed_open(b, o, globs);
	spy_target = target_null;
	spy_target.create = spy_create;
	spy_target.run = spy_run;
	b->s.target = &spy_target;
}

static const char *const mixed[] = {
	"exit/cpuid", "exit/pio_userspace", "exit/empty", "exit/wbinvd",
	PROBES_ID, NULL,
};

static inline struct session_options mixed_options(uint64_t seed)
{
	struct session_options o = bed_options("null");

	o.rings = RING0 | RING3;
	o.instances = 5;
	o.seed = seed;
	return o;
}

static inline unsigned int runs_of(const struct series *series, bool stamped)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < spy.count; i++)
		n += !strcmp(spy.note[i].item, series->item->name) &&
		     spy.note[i].ring == series->ring &&
		     !!spy.note[i].stamps == stamped;
	return n;
}

static inline void document_is_good(struct session *s)
{
	struct error e = { "" };
	json_t *doc = session_document(s);

	assert_non_null(doc);
	if (doc_check(doc, "document", &e))
		fail_msg("%s", e.text);
	assert_int_equal(s->series_count,
			 json_array_size(DIG(doc, "results")));
	json_decref(doc);
}

#endif
