/*
 * Every probe has been seen to fail.
 *
 * Each mutant of mutant_table.h spoils the machine in one way, and the probe
 * must notice. A probe that does not pass unspoilt on this host proves
 * nothing here: it is named and let go, since this test judges probes and
 * not the host. `test_mutants TEXT...` takes only the probes that contain one of
 * the TEXTs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "mutant_table.h"
#include "registry.h"
#include "target/confine/confine.h"
#include "target/target.h"

static struct confine confine;
static struct target_context ctx = { .confine = &confine };
static struct registry registry;

struct tampering {
	const struct mutant *mutant;
	struct error error;
	int rc;
};

static void tamper(struct item_host *h, void *opaque)
{
	struct tampering *t = opaque;

	t->rc = t->mutant->fn(h, t->mutant, &t->error);
}

static const struct probe *probe_of(const struct mutant *m)
{
	for (size_t i = 0; i < registry.count; i++)
		if (!strcmp(registry.item[i].name, m->item))
			return registry.item[i].probe;
	return NULL;
}

/* The verdict of one run; a guest that died has failed. */
static enum abi_verdict run(const struct mutant *m, struct tampering *t,
			    char *reason, size_t bytes)
{
	static struct observation seen;
	const struct run_request r = {
		.probe = probe_of(m), .item = m->item, .ring = m->ring,
		.deadline_ms = 2000, .seed = 1,
		.vcpus = probe_of(m) ? probe_of(m)->vcpus : 0,
	};
	enum abi_verdict verdict;
	struct error e;
	int rc;

	if (!r.probe)
		fail_msg("there is no probe %s", m->item);
	ctx.tamper = t ? tamper : NULL;
	ctx.tamper_opaque = t;
	rc = target_run_once(&target_kvm, &ctx, &r, &seen, &e);
	mutant_undo();
	if (rc)
		fail_msg("%s: %s", m->item, e.text);
	verdict = seen.end == RUN_DONE ? seen.mailbox.verdict : ABI_FAIL;
	snprintf(reason, bytes, "%s", seen.end == RUN_DONE ?
		 seen.mailbox.reason : seen.end_reason);
	observation_clear(&seen);
	return verdict;
}

/* A probe that tells on every hypervisor is judged where it tells, too. */
static bool plain_is_fit(const struct mutant *m, enum abi_verdict want,
			 enum abi_verdict plain)
{
	if (want == ABI_PASS)
		return plain == ABI_TELL;
	return plain == ABI_PASS || (m->plain && plain == m->plain);
}

/* A host with a known hole may not survive it: not without being asked. */
static bool hostile(const struct mutant *m)
{
	return probe_of(m) && probe_of(m)->hostile &&
	       !getenv("VMGAUGE_HOSTILE");
}

static void probe_notices(void **state)
{
	const struct mutant *m = *state;
	enum abi_verdict want = m->verdict ? m->verdict : ABI_FAIL, plain;
	struct tampering *t;
	char reason[256] = "";

	/* cmocka's skip() prints "not ok", which prove counts as a failure. */
	if (!ctx.state) {
		print_message("# not judged: no usable /dev/kvm\n");
		return;
	}
	if (hostile(m)) {
		print_message("# not judged: it is hostile: VMGAUGE_HOSTILE=1 "
			      "on a host that may go down\n");
		return;
	}
	plain = run(m, NULL, reason, sizeof(reason));
	if (!plain_is_fit(m, want, plain)) {
		print_message("# not judged: unspoilt it does not pass here: "
			      "%s\n", reason);
		return;
	}
	/* What is hostile is spoilt in a process of its own. */
	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(t, MAP_FAILED);
	*t = (struct tampering){ .mutant = m, .rc = -1 };
	plain = run(m, t, reason, sizeof(reason));
	if (t->rc < 0)
		fail_msg("%s: %s", m->item, t->error.text);
	munmap(t, sizeof(*t));
	if (getenv("VERBOSE"))
		print_message("# verdict %d: %s\n", plain, reason);
	if (want == ABI_TELL && plain == ABI_FAIL)
		return;			/* worse than asked is noticed too */
	if (want == ABI_FAIL && plain == ABI_ERROR)
		return;
	assert_int_equal(want, plain);
}

/*
 * Nobody adds a probe without having seen it fail. What runs in a process
 * has no machine to spoil: its controls are options of its target.
 */
static void every_probe_has_a_mutant(void **state)
{
	unsigned int without = 0;

	(void)state;
	for (size_t i = 0; i < registry.count; i++) {
		const struct probe *p = registry.item[i].probe;
		bool found = !p || p->process;

		for (size_t j = 0; !found && j < MUTANTS; j++)
			found = !strcmp(mutants[j].item, registry.item[i].name);
		if (found)
			continue;
		print_message("# no mutant: %s\n", registry.item[i].name);
		without++;
	}
	assert_int_equal(without, 0);
}

static bool asked_for(const char *item, int texts, char **text)
{
	for (int i = 0; i < texts; i++)
		if (strstr(item, text[i]))
			return true;
	return !texts;
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[MUTANTS + 1];
	struct error e;
	size_t n = 0;
	int rc;

	if (registry_open(&registry, &e)) {
		fprintf(stderr, "test_mutants: %s\n", e.text);
		return 1;
	}
	if (target_kvm.open(&ctx, &e))
		ctx.state = NULL;
	for (size_t i = 0; i < MUTANTS; i++)
		if (asked_for(mutants[i].item, argc - 1, argv + 1))
			tests[n++] = (struct CMUnitTest){
				.name = mutants[i].item,
				.test_func = probe_notices,
				.initial_state = (void *)(uintptr_t)&mutants[i],
			};
	tests[n++] = (struct CMUnitTest)
		cmocka_unit_test(every_probe_has_a_mutant);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = _cmocka_run_group_tests("mutants", tests, n, NULL, NULL);
	target_kvm.close(&ctx);
	confine_close(&confine);
	registry_close(&registry);
	return rc;
}
