/*
 * A soak sees what it is for: each thing that may go wrong over hours is made
 * to, in beats that were made up and in a session that leaks, and nothing
 * that is only noise is taken for it.
 */
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "item_host.h"
#include "oracle/oracle.h"
#include "result/doc.h"
#include "session_fixture.h"
#include "soak/slope.h"
#include "soak/soak.h"

#define MANY		8
#define POOL_BYTES	(2u << 20)

static void slope_of_a_line(void **state)
{
	struct slope_point p[40];
	struct interval ci;
	double slope;

	(void)state;
	for (int i = 0; i < 40; i++)
		p[i] = (struct slope_point){ i, 3.0 * i + 5, 1 };
	assert_int_equal(slope_estimate(p, 40, 0.99, &slope, &ci), 0);
	assert_true(fabs(slope - 3) < 1e-9);
	assert_true(ci.low <= 3 && ci.high >= 3);
	/* A quarter of the points may be anything. */
	for (int i = 0; i < 10; i++)
		p[4 * i].value = 1e9 * (i % 3);
	assert_int_equal(slope_estimate(p, 40, 0.99, &slope, &ci), 0);
	assert_true(fabs(slope - 3) < 1);
}

/* Parts may lie anywhere: only what one process did is compared. */
static void slope_within_parts(void **state)
{
	struct slope_point p[40];
	struct interval ci;
	double slope;

	(void)state;
	for (int i = 0; i < 40; i++)
		p[i] = (struct slope_point){ i, i < 20 ? 100 : 9000,
					     i < 20 ? 1 : 2 };
	assert_int_equal(slope_estimate(p, 40, 0.99, &slope, &ci), 0);
	assert_true(slope == 0 && ci.low == 0 && ci.high == 0);
	for (int i = 0; i < 40; i++)
		p[i].part = 1;
	assert_int_equal(slope_estimate(p, 40, 0.99, &slope, &ci), 0);
	assert_true(slope > 0);
}

/* The interval covers the truth as often as it says, and no slope is none. */
static void slope_covers(void **state)
{
	struct slope_point p[30];
	struct interval ci;
	struct rng rng;
	double slope;
	int missed = 0;

	(void)state;
	rng_seed(&rng, 7);
	for (int k = 0; k < 1000; k++) {
		for (int i = 0; i < 30; i++)
			p[i] = (struct slope_point){
				i, 0.5 * i + 10 * rng_normal(&rng), 1 };
		assert_int_equal(slope_estimate(p, 30, 0.95, &slope, &ci), 0);
		missed += ci.low > 0.5 || ci.high < 0.5;
	}
	assert_in_range(missed, 20, 80);
}

static void slope_refuses(void **state)
{
	struct slope_point p[16] = { { 0, 0, 0 } };
	struct interval ci;
	double slope = 42;

	(void)state;
	for (int i = 0; i < 16; i++)
		p[i] = (struct slope_point){ i, i, (unsigned int)i };
	assert_int_equal(slope_estimate(p, 7, 0.99, &slope, &ci), -ERANGE);
	assert_int_equal(slope_estimate(p, 16, 0.99, &slope, &ci), -ERANGE);
	assert_int_equal(slope_estimate(p, 16, 1, &slope, &ci), -EINVAL);
	for (int i = 0; i < 16; i++)
		p[i].part = 0;
	p[3].value = NAN;
	assert_int_equal(slope_estimate(p, 16, 0.99, &slope, &ci), -EINVAL);
	assert_true(slope == 42);
}

static pthread_barrier_t meeting;

/* All hold their memory at once: each has a pool of its own, if any has. */
static void *hold(void *opaque)
{
	char *volatile block = malloc(POOL_BYTES);

	assert_non_null(block);
	memset(block, 1, POOL_BYTES);
	pthread_barrier_wait(&meeting);
	free(block);
	return opaque;
}

static double resident_after(struct vitals *v, unsigned int threads)
{
	pthread_t thread[MANY];
	double value[VITALS];

	assert_int_equal(0, pthread_barrier_init(&meeting, NULL, threads));
	for (unsigned int i = 0; i < threads; i++)
		assert_int_equal(0, pthread_create(&thread[i], NULL, hold,
						   NULL));
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&meeting);
	vitals_read(v, value);
	return value[VITAL_RSS];
}

/* More threads at once than ever before, and all that they held is freed. */
static void what_is_freed_is_no_growth(void **state)
{
	struct vitals v;
	double once;

	(void)state;
	vitals_open(&v);
	once = resident_after(&v, 1);
	/* A sanitizer's allocator keeps what is freed, to tell of its use. */
	if (mallinfo2().arena)
		assert_true(resident_after(&v, MANY) - once <
			    POOL_BYTES / 1024.0);
	vitals_close(&v);
}

static void kernel_log_is_read(void **state)
{
	static struct vitals v;

	(void)state;
	memset(&v, 0, sizeof(v));
	vitals_log(&v, "6,1,2,-;usual");
	assert_int_equal(v.warnings, 0);
	vitals_log(&v, "4,2,3,-;odd\n SUBSYSTEM=x");
	assert_int_equal(v.warnings, 1);
	assert_int_equal(v.alarms, 0);
	assert_string_equal(v.line[0], "odd");
	vitals_log(&v, "12,3,4,-;WARNING: CPU: 1 PID: 2 at x.c:3\x1b[0m");
	assert_int_equal(v.alarms, 1);
	assert_null(strchr(v.line[1], '\x1b'));
	vitals_log(&v, "no record");
	for (int i = 0; i < 2 * KERNEL_LINES; i++)
		vitals_log(&v, "3,4,5,-;BUG: again");
	assert_int_equal(v.lines, KERNEL_LINES);
	assert_int_equal(v.alarms, 1 + 2 * KERNEL_LINES);
}

/* A bed with a soak over nothing but made-up beats. */
static void made_up(struct bed *b, struct soak *k)
{
	static const char *const globs[] = { "fidelity/msr", NULL };
	struct session_options o = bed_options("null");
	struct error e = { "" };

	bed_open(b, &o, globs);
	if (soak_open(k, &b->s, 3600, &e))
		fail_msg("%s", e.text);
	k->vitals.kernel_shared = false;
	k->room = k->beats = 120;
	k->beat = calloc(120, sizeof(*k->beat));
	for (int i = 0; i < 120; i++) {
		k->beat[i] = (struct soak_beat){
			.t_s = 30 * i, .part = 1, .warm = i < 4,
		};
		for (int v = 0; v < VITALS; v++)
			k->beat[i].value[v] = 1000 + (i * 7 + v) % 3;
		k->beat[i].value[VITAL_FDS] = 15;
		k->beat[i].value[VITAL_THREADS] = 2;
	}
}

static void bed_end(struct bed *b, struct soak *k)
{
	soak_close(k);
	bed_close(b);
}

static void must_say(const struct soak *k, const char *text)
{
	char why[1024];
	const char *wrong = soak_wrong(k, why, sizeof(why));

	if (!wrong || !strstr(wrong, text))
		fail_msg("'%s' is not '%s'", wrong ? wrong : "nothing", text);
}

static void faults_are_told(void **state)
{
	struct soak k;
	struct bed b;
	char why[1024];
	json_t *doc;

	(void)state;
	made_up(&b, &k);
	assert_null(soak_wrong(&k, why, sizeof(why)));
	/* Warm-up is no leak. */
	for (int i = 0; i < 4; i++)
		k.beat[i].value[VITAL_RSS] = 100 * i;
	assert_null(soak_wrong(&k, why, sizeof(why)));
	/* Nor is a slope that is sure and comes to next to nothing. */
	for (int i = 0; i < 120; i++)
		k.beat[i].value[VITAL_RSS] = 1000 + i;
	assert_null(soak_wrong(&k, why, sizeof(why)));
	for (int i = 0; i < 120; i++)
		k.beat[i].value[VITAL_RSS] = 1000 + 4 * i;
	must_say(&k, "resident memory grows by 480 KiB an hour");
	bed_end(&b, &k);

	made_up(&b, &k);
	for (int i = 0; i < 120; i++)
		k.beat[i].value[VITAL_KERNEL] = 1000 + 40 * i;
	must_say(&k, "kernel memory grows");
	k.vitals.kernel_shared = true;
	assert_null(soak_wrong(&k, why, sizeof(why)));
	for (int i = 0; i < 120; i++)
		k.beat[i].value[VITAL_FDS] = 15 + i / 30;
	must_say(&k, "file descriptors grows");
	bed_end(&b, &k);

	made_up(&b, &k);
	k.beats = 6;
	must_say(&k, "too few beats");
	bed_end(&b, &k);

	made_up(&b, &k);
	k.worse = 2;
	k.verdicts[6] = 3;
	k.alarms = 4;
	k.tainted = true;
	must_say(&k, "2 times an item went wrong that had been right; 3 runs "
		 "ended in an error of ours; the kernel's log has 4 alarms; "
		 "the kernel tainted itself");
	b.s.run = b.s.run ? b.s.run : json_object();
	doc = soak_document(&k);
	assert_non_null(doc);
	assert_string_equal(DIG_TEXT(doc, "verdict"), "fail");
	assert_int_equal(json_array_size(DIG(doc, "beats", "rss_kib")), 120);
	json_decref(doc);
	bed_end(&b, &k);
}

#define LEAK_BYTES	(256u << 10)	/* beside 2 MiB that come and go */

static struct leaked {
	struct leaked *next;
} *leaked;

/* Leaks a descriptor and some memory in each VM: what must never pass. */
static void leak(struct item_host *h, void *opaque)
{
	struct leaked *piece = malloc(LEAK_BYTES);

	(void)h;
	(void)opaque;
	assert_non_null(piece);
	memset(piece, 1, LEAK_BYTES);
	piece->next = leaked;
	leaked = piece;
	assert_true(dup(2) >= 0);
}

/* A sanitizer is not to find them, too. */
static void leaked_free(void)
{
	while (leaked) {
		struct leaked *next = leaked->next;

		free(leaked);
		leaked = next;
	}
}

static void leaks_are_found(void **state)
{
	static const char *const globs[] = {
		"fidelity/msr/efer_reserved_bit_faults", NULL,
	};
	struct session_options o = bed_options("kvm");
	struct error e = { "" };
	struct soak k;
	struct bed b;

	(void)state;
	bed_open(&b, &o, globs);
	if (b.s.unavailable[0]) {
		print_message("no KVM: %s\n", b.s.unavailable);
		bed_close(&b);
		return;
	}
	b.s.options.deadline_ms = 2000;
	b.s.ctx.tamper = leak;
	/* A busy host has few beats in a few seconds. */
	for (double s = 4; s < 100; s *= 4) {
		if (soak_open(&k, &b.s, s, &e) || soak_run(&k, &e))
			fail_msg("%s", e.text);
		if (soak_trend(&k, VITAL_RSS).grows || s > 16)
			break;
		soak_close(&k);
	}
	must_say(&k, "file descriptors grows");
	must_say(&k, "resident memory grows");
	bed_end(&b, &k);
	leaked_free();
	for (int fd = 20; fd < 1024; fd++)
		close(fd);
}

/* On a slow host a tenth of the time is not a turn of each row. */
static void a_rows_first_turn_is_warm_up(void **state)
{
	struct error e = { "" };
	struct soak k;
	struct bed b;

	(void)state;
	made_up(&b, &k);
	k.began_s = -1e9;
	for (int turn = 0; turn < 2; turn++) {
		k.passed_once = turn;
		if (soak_beat(&k, &e))
			fail_msg("%s", e.text);
		assert_int_equal(k.beat[k.beats - 1].warm, !turn);
	}
	for (size_t i = 0; i < k.beats; i++)
		k.beat[i].warm = true;
	must_say(&k, "of threads nothing is known: warm-up took all of it");
	bed_end(&b, &k);
}

/* A guest that is right at first, and then has what a busy host gives it. */
static struct {
	unsigned int runs, bad;		/* how many are bad behind the first */
	enum run_end end;
	const char *check;		/* that fails; NULL: none */
	unsigned int longest_ms;
} busy;

static int busy_run(void *vm, const struct run_request *r,
		    struct observation *seen, struct error *e)
{
	int rc = target_null.run(vm, r, seen, e);
	struct abi_mailbox *mb = &seen->mailbox;

	if (r->deadline_ms > busy.longest_ms)
		busy.longest_ms = r->deadline_ms;
	if (rc || busy.runs++ == 0 || !busy.bad)
		return rc;
	busy.bad--;
	seen->end = busy.end;
	if (!busy.check)
		return 0;
	mb->verdict = ABI_FAIL;
	mb->checks = mb->checks_failed = mb->checks_kept = 1;
	memset(&mb->check[0], 0, sizeof(mb->check[0]));
	snprintf(mb->check[0].expr, sizeof(mb->check[0].expr), "%s",
		 busy.check);
	return 0;
}

/* One that is bad `bad` times: what is late, and what is worse. Its runs. */
static uint64_t busy_soak_for(double duration_s, unsigned int bad,
			      enum run_end end, const char *check,
			      unsigned int late, unsigned int worse)
{
	static const char *const globs[] = {
		"fidelity/msr/efer_reserved_bit_faults", NULL,
	};
	const struct session_options o = bed_options("null");
	struct target target = target_null;
	struct error e = { "" };
	struct soak k;
	struct bed b;
	uint64_t runs;

	memset(&busy, 0, sizeof(busy));
	busy.bad = bad;
	busy.end = end;
	busy.check = check;
	bed_open(&b, &o, globs);
	target.run = busy_run;
	b.s.target = &target;
	if (soak_open(&k, &b.s, duration_s, &e) || soak_run(&k, &e))
		fail_msg("%s", e.text);
	runs = k.runs;
	if (runs > 3) {
		assert_int_equal(k.late, late);
		assert_int_equal(k.worse, worse);
		assert_int_equal(k.verdicts[doc_verdict_severity("pass")],
				 k.runs - worse);
	}
	bed_end(&b, &k);
	return runs;
}

/* As long as it takes to have been bad, and good again. */
static void busy_soak(unsigned int bad, enum run_end end, const char *check,
		      unsigned int late, unsigned int worse)
{
	double duration_s = 0.2;

	while (busy_soak_for(duration_s, bad, end, check, late, worse) <= 3) {
		duration_s *= 4;
		assert_true(duration_s < 60);
	}
}

static void a_busy_host_is_no_hang(void **state)
{
	(void)state;
	busy_soak(1, RUN_HANG, NULL, 1, 0);
	assert_true(busy.longest_ms > 20);
	busy_soak(2, RUN_HANG, NULL, 0, 1);
}

static void lateness_alone_is_looked_at_again(void **state)
{
	(void)state;
	busy_soak(1, RUN_DONE, ORACLE_NEIGHBOUR_LATE, 1, 0);
	busy_soak(2, RUN_DONE, ORACLE_KICKS_LATE, 0, 1);
	busy_soak(1, RUN_DONE, "words of the sibling's secret in the guest", 0,
		  1);
	busy_soak(1, RUN_CRASH, NULL, 0, 1);
}

static json_t *parsed(const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	return o;
}

static int resumed(const char *text, struct soak *k, struct error *e)
{
	json_t *records = parsed(text);
	int rc = soak_resume(k, records, e);

	json_decref(records);
	return rc;
}

static void resume_takes_over(void **state)
{
	static const char beats[] =
		"[{\"seen\": {\"id\": \"fidelity/msr/efer_reserved_bit_faults\","
		"  \"ring\": 0, \"vcpus\": 1, \"verdict\": \"pass\","
		"  \"was\": null}},"
		" {\"beat\": {\"t_s\": 10, \"part\": 1, \"warm\": true,"
		"  \"runs\": 7, \"kernel_warnings\": 2, \"kernel_alarms\": 1,"
		"  \"verdicts\": {\"pass\": 6, \"hang\": 1}, \"fds\": 15}},"
		" {\"part\": 2},"
		" {\"beat\": {\"t_s\": 20, \"part\": 2, \"runs\": 9,"
		"  \"verdicts\": {\"pass\": 8, \"hang\": 1}}},"
		" {\"seen\": {\"id\": \"fidelity/msr/efer_reserved_bit_faults\","
		"  \"ring\": 0, \"vcpus\": 1, \"verdict\": \"crash\","
		"  \"was\": \"pass\"}}]";
	static const char *const wrong[] = {
		"[{\"instance\": {}}]", "[{\"beat\": {}}]",
		"[{\"beat\": {\"t_s\": -1, \"part\": 1, \"verdicts\": {}}}]",
	};
	struct error e;
	struct soak k;
	struct bed b;

	(void)state;
	made_up(&b, &k);
	k.beats = 0;
	assert_int_equal(resumed(beats, &k, &e), 0);
	assert_int_equal(k.part, 3);
	assert_int_equal(k.runs, 9);
	assert_int_equal(k.verdicts[0], 8);
	assert_int_equal(k.beats, 2);
	assert_true(k.done_s == 20);
	assert_int_equal(k.worse, 1);
	assert_true(isnan(k.beat[0].value[VITAL_RSS]));
	bed_end(&b, &k);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		made_up(&b, &k);
		assert_int_equal(resumed(wrong[i], &k, &e), -EBADMSG);
		bed_end(&b, &k);
	}
}

/* A journal that cannot be written ends a soak: nothing is lost silently. */
static void lost_journal_ends_it(void **state)
{
	struct journal j = { .fd = -1 };
	struct error e;
	struct soak k;
	struct bed b;

	(void)state;
	made_up(&b, &k);
	b.s.journal = &j;
	k.duration_s = 2;
	assert_true(soak_run(&k, &e) < 0);
	bed_end(&b, &k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: how many pools there are is settled once. */
		cmocka_unit_test(what_is_freed_is_no_growth),
		cmocka_unit_test(slope_of_a_line),
		cmocka_unit_test(slope_within_parts),
		cmocka_unit_test(slope_covers),
		cmocka_unit_test(slope_refuses),
		cmocka_unit_test(kernel_log_is_read),
		cmocka_unit_test(a_busy_host_is_no_hang),
		cmocka_unit_test(lateness_alone_is_looked_at_again),
		cmocka_unit_test(faults_are_told),
		cmocka_unit_test(a_rows_first_turn_is_warm_up),
		cmocka_unit_test(leaks_are_found),
		cmocka_unit_test(resume_takes_over),
		cmocka_unit_test(lost_journal_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
