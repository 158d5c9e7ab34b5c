/*
 * The payload in a process: the image's own probes, and payloads that
 * misbehave in every way that a process can.
 *
 * Native runs fork this program, so a payload may be any function below.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "instance.h"
#include "target/container/container.h"
#include "vmm_fixture.h"

static struct registry registry;
static struct target_context ctx;
static struct observation seen;

static int session_begin(void **state)
{
	struct error e;

	(void)state;
	ctx = (struct target_context){ .options = "" };
	return registry_open(&registry, NULL) || target_native.open(&ctx, &e);
}

static int session_end(void **state)
{
	(void)state;
	target_native.close(&ctx);
	registry_close(&registry);
	return 0;
}

static struct run_request request_of(const char *name)
{
	struct run_request r = {
		.item = name, .ring = 3, .blocks = 4, .empty_blocks = 4,
		.block_ns = 20000, .deadline_ms = PATIENCE_MS, .seed = 1,
	};

	for (size_t i = 0; i < registry.count; i++)
		if (!strcmp(registry.item[i].name, name)) {
			r.bench = registry.item[i].bench;
			r.probe = registry.item[i].probe;
		}
	return r;
}

static void run(const struct run_request *r)
{
	struct error e = { "" };

	assert_int_equal(target_run_once(&target_native, &ctx, r, &seen, &e),
			 0);
	assert_null(seen.postmortem);
}

/* Every exception that reaches a process has one of these behind it. */
static void exceptions_are_values(void **state)
{
	static const char *const item[] = {
		"fidelity/exceptions/divide_error_points_at_the_divide",
		"fidelity/exceptions/undefined_opcode_points_at_itself",
		"fidelity/exceptions/breakpoint_points_behind_itself",
		"fidelity/exceptions/noncanonical_data_raises_gp_and_stack_ss",
		"fidelity/exceptions/bad_selector_is_the_error_code",
		"fidelity/debug/single_step_traps_after_one_instruction",
		"fidelity/debug/mov_ss_holds_the_step_back",
		"fidelity/iopl/cli_and_sti_need_iopl",
		"fidelity/privilege/machine_control_is_out_of_reach",
		"fidelity/tsc/never_goes_backwards",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(item) / sizeof(item[0]); i++) {
		struct run_request r = request_of(item[i]);

		assert_non_null(r.probe);
		assert_null(target_native.unsupported(&ctx, &r));
		run(&r);
		assert_int_equal(seen.end, RUN_DONE);
		if (seen.mailbox.verdict != ABI_PASS)
			print_message("# %s: %s\n", item[i],
				      seen.mailbox.reason);
		assert_int_equal(seen.mailbox.verdict, ABI_PASS);
		assert_true(seen.mailbox.checks > 0);
	}
}

static void what_needs_a_machine_is_skipped(void **state)
{
	static const struct {
		const char *item, *reason;
	} row[] = {
		{ "exit/pio_string", "no device in a process" },
		{ "fidelity/segments/sgdt_and_sidt_show_our_tables",
		  "needs CPL0" },
		{ "fidelity/paging/absent_page_faults_exactly", "needs CPL0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct run_request r = request_of(row[i].item);

		/* Declared or found out: either way it is a skip. */
		if (target_native.unsupported(&ctx, &r))
			continue;
		run(&r);
		assert_int_equal(seen.end, RUN_DONE);
		assert_int_equal(seen.mailbox.verdict, ABI_SKIP);
		assert_non_null(strstr(seen.mailbox.reason, row[i].reason));
	}
}

static void no_ring_0_no_machine_no_vmm(void **state)
{
	struct run_request r = request_of("exit/cpuid");

	(void)state;
	assert_null(target_native.unsupported(&ctx, &r));
	r.ring = 0;
	assert_non_null(strstr(target_native.unsupported(&ctx, &r), "CPL0"));
	r = request_of("fidelity/segments/lsl_reads_our_limits");
	assert_non_null(target_native.unsupported(&ctx, &r));
	r = request_of("exit/ioeventfd_pio");
	assert_non_null(target_native.unsupported(&ctx, &r));
	r = request_of("containment/container_ipc/host_name_is_its_own");
	assert_non_null(strstr(target_native.unsupported(&ctx, &r),
			       "container"));
}

static void benches_measure(void **state)
{
	static const char *const item[] = {
		"exit/cpuid", "exit/control_loop", "process/syscall",
		"process/page_fault", "process/pipe", "process/futex_wake",
		"memory/chase_16k", "memory/chase_64m",
		"lifecycle/process_start", "lifecycle/process_teardown",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(item) / sizeof(item[0]); i++) {
		struct run_request r = request_of(item[i]);
		const struct abi_mailbox *mb = &seen.mailbox;

		assert_non_null(r.bench);
		run(&r);
		if (seen.end != RUN_DONE || mb->verdict != ABI_PASS)
			print_message("# %s: %s%s\n", item[i],
				      seen.end_reason, mb->reason);
		assert_int_equal(seen.end, RUN_DONE);
		assert_int_equal(mb->verdict, ABI_PASS);
		assert_int_equal(mb->blocks_done, 4);
		assert_int_equal(mb->empty_done, 4);
		assert_true(mb->ops && mb->empty_ops);
		for (unsigned int b = 0; b < 4; b++)
			assert_true(mb->block[b].end_tsc >
				    mb->block[b].begin_tsc);
		assert_true(isnan(seen.block[0].exits));
		assert_true(seen.tsc_khz > 100000);
	}
}

/* A block that misses the TLB is far slower than one that never does. */
static void chase_tells_hits_from_misses(void **state)
{
	double cycles[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run_request r = request_of(i ? "memory/chase_64m"
						    : "memory/chase_16k");
		const struct abi_block *b = seen.mailbox.block;

		run(&r);
		cycles[i] = INFINITY;
		for (unsigned int k = 0; k < seen.mailbox.blocks_done; k++)
			cycles[i] = fmin(cycles[i], (double)(
				b[k].end_tsc - b[k].begin_tsc) /
				(double)seen.mailbox.ops);
	}
	assert_true(cycles[1] > 4 * cycles[0]);
}

/* --- payloads that misbehave --- */

static void payload_hangs(struct item_host *h)
{
	(void)h;
	for (;;)
		__asm__ volatile("pause");
}

static void payload_hangs_deaf(struct item_host *h)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	payload_hangs(h);
}

static void payload_dies(struct item_host *h)
{
	(void)h;
	raise(SIGKILL);
}

static void payload_leaves(struct item_host *h)
{
	(void)h;
	_exit(3);
}

static void payload_says_nothing(struct item_host *h)
{
	(void)h;
}

static void payload_scribbles(struct item_host *h)
{
	memset(h->mailbox, 0xff, sizeof(*h->mailbox));
}

static void payload_panics_in_binary(struct item_host *h)
{
	struct process_box *box = (void *)((char *)h->mailbox -
				  offsetof(struct process_box, mailbox));

	memset(box, 0xff, sizeof(*box));
	box->stage = PROCESS_PANIC;
	_exit(0);
}

static void payload_passes(struct item_host *h)
{
	host_check(h, "one is one", 1, 1);
}

static void payload_fails(struct item_host *h)
{
	host_check(h, "one is two", 2, 1);
}

static void run_payload(void (*payload)(struct item_host *h))
{
	const struct probe probe = {
		.prefix = "test", .name = "payload", .rings = RING3,
		.process = payload,
	};
	struct run_request r = request_of("test/payload");

	r.probe = &probe;
	r.deadline_ms = 200;
	run(&r);
}

static void endings_are_told_apart(void **state)
{
	(void)state;
	run_payload(payload_passes);
	assert_int_equal(seen.end, RUN_DONE);
	assert_int_equal(seen.mailbox.verdict, ABI_PASS);
	run_payload(payload_fails);
	assert_int_equal(seen.mailbox.verdict, ABI_FAIL);
	assert_string_equal(seen.mailbox.reason, "one is two");
	run_payload(payload_says_nothing);
	assert_int_equal(seen.end, RUN_DONE);
	assert_int_equal(seen.mailbox.verdict, ABI_SILENT);
	run_payload(payload_dies);
	assert_int_equal(seen.end, RUN_CRASH);
	assert_non_null(strstr(seen.end_reason, "signal 9"));
	run_payload(payload_leaves);
	assert_int_equal(seen.end, RUN_CRASH);
	assert_non_null(strstr(seen.end_reason, "code 3"));
}

static void hang_costs_its_deadline(void **state)
{
	double begin = clock_ms();

	(void)state;
	run_payload(payload_hangs);
	assert_int_equal(seen.end, RUN_HANG);
	assert_non_null(strstr(seen.end_reason, "200 ms"));
	run_payload(payload_hangs_deaf);
	assert_int_equal(seen.end, RUN_HANG);
	assert_true(clock_ms() - begin >= 400);
	assert_true(clock_ms() - begin < PATIENCE_MS);
}

/* What it wrote is bounded where it is used: there is a record, of an error. */
static void scribbles_do_no_harm(void **state)
{
	const struct bench bench = { .prefix = "test", .name = "payload" };
	struct item item = { .bench = &bench, .name = "test/payload" };
	const struct series series = { .item = &item, .ring = 3 };
	json_t *record;

	(void)state;
	run_payload(payload_scribbles);
	assert_int_equal(seen.end, RUN_DONE);
	record = instance_record(&series, 0, &seen);
	assert_non_null(record);
	assert_string_equal(json_string_value(json_object_get(record,
			    "verdict")), "error");
	json_decref(record);
	run_payload(payload_panics_in_binary);
	assert_int_equal(seen.end, RUN_CRASH);
	assert_true(one_line(seen.end_reason));
	assert_true(one_line(ctx.counters_note ? ctx.counters_note : "none"));
}

static void nothing_is_left_behind(void **state)
{
	unsigned int fds = fd_count();

	(void)state;
	for (int i = 0; i < 5; i++) {
		run_payload(payload_passes);
		run_payload(payload_dies);
	}
	assert_int_equal(fd_count(), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void taken_address_is_said(void **state)
{
	struct target_context other = { .options = "" };
	struct error e = { "" };
	void *at = mmap((void *)(uintptr_t)ABI_IMAGE_GPA, 4096, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			0);

	(void)state;
	assert_ptr_equal(at, (void *)(uintptr_t)ABI_IMAGE_GPA);
	assert_int_equal(target_native.open(&other, &e), -ENODEV);
	munmap(at, 4096);
	assert_true(one_line(e.text));
	assert_non_null(strstr(e.text, "0x100000"));
	assert_null(other.state);
}

static void options_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "docker", "bwra", "bwrap,", "bwrap,with=pid",
		"bwrap,without=pod", "runc,without=pid", "none,without=net",
	};
	struct target_context other = { .options = "fast" };
	struct error e = { "" };

	(void)state;
	assert_int_equal(target_native.open(&other, &e), -EINVAL);
	assert_true(one_line(e.text));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		other.options = bad[i];
		assert_int_equal(target_container.open(&other, &e), -EINVAL);
		assert_true(one_line(e.text));
		assert_null(other.state);
	}
}

/* --- the filter --- */

static bool filter_apply(struct container *c)
{
	char path[PATH_MAX];
	struct sock_filter f[256];
	struct sock_fprog prog = { .filter = f };
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/filter", c->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, f, sizeof(f));
	close(fd);
	prog.len = (unsigned short)((size_t)n / sizeof(f[0]));
	return n > 0 && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* In a child: EPERM for what is denied, and for x32; the rest as ever. */
static int filter_judge(struct container *c)
{
	if (!filter_apply(c))
		return 1;
	if (syscall(SYS_acct, -1) != -1 || errno != EPERM)
		return 2;	/* the first of the list */
	if (syscall(SYS_vhangup) != -1 || errno != EPERM)
		return 3;	/* the last */
	if (syscall(SYS_unshare, 0) != -1 || errno != EPERM)
		return 4;
	if (syscall(0x40000000 | SYS_getpid) != -1 || errno != EPERM)
		return 5;
	if (syscall(SYS_getppid) <= 0 || close(-1) != -1 || errno != EBADF)
		return 6;
	return 0;
}

static void filter_denies_what_it_names(void **state)
{
	struct container *c = calloc(1, sizeof(*c));
	struct error e = { "" };
	char path[PATH_MAX];
	int status = -1;
	pid_t child;

	(void)state;
	assert_non_null(c);
	snprintf(c->dir, sizeof(c->dir), "/tmp/vmgauge-filter-XXXXXX");
	assert_non_null(mkdtemp(c->dir));
	assert_int_equal(seccomp_write_bpf(c, "filter", &e), 0);
	child = fork();
	if (!child)
		_exit(filter_judge(c));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	snprintf(path, sizeof(path), "%s/filter", c->dir);
	unlink(path);
	rmdir(c->dir);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exceptions_are_values),
		cmocka_unit_test(what_needs_a_machine_is_skipped),
		cmocka_unit_test(no_ring_0_no_machine_no_vmm),
		cmocka_unit_test(benches_measure),
		cmocka_unit_test(chase_tells_hits_from_misses),
		cmocka_unit_test(endings_are_told_apart),
		cmocka_unit_test(hang_costs_its_deadline),
		cmocka_unit_test(scribbles_do_no_harm),
		cmocka_unit_test(nothing_is_left_behind),
		cmocka_unit_test(taken_address_is_said),
		cmocka_unit_test(options_are_refused),
		cmocka_unit_test(filter_denies_what_it_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, session_begin, session_end);
}
