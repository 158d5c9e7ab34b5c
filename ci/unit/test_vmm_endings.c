/*
 * Guests that misbehave or never come back: each ends in its deadline, with
 * the right verdict and evidence, and moves no bound of the host's.
 */
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kvm/postmortem.h"
#include "target/worker.h"
#include "vmm_fixture.h"

#define DEADLINE_MS	300

GUEST_CODE(code_spin, "1: jmp 1b\n	nop\n	nop");
GUEST_CODE(code_halt, "cli\n1: hlt\n	jmp 1b");
GUEST_CODE(code_exits, "1: out %al, $0x80\n	jmp 1b");
GUEST_CODE(code_mmio, "1: mov %eax, 0x40000000\n	jmp 1b");
GUEST_CODE(code_ready,
	"mov $0x5600, %edx\n	mov $5, %eax\n1: out %eax, %dx\n	jmp 1b");
GUEST_CODE(code_stamps,
	"mov $0x5600, %edx\n	mov $3, %eax\n	out %eax, %dx\n"
	"1: out %al, $0x80\n	jmp 1b");
GUEST_CODE(code_stamps_storm,
	"mov $0x5600, %edx\n1: mov $3, %eax\n	out %eax, %dx\n"
	"mov $4, %eax\n	out %eax, %dx\n	jmp 1b");
GUEST_CODE(code_shutdown, "ud2\n	nop\n	nop");
GUEST_CODE(code_panic,
	"mov $0x5600, %edx\n	mov $7, %eax\n	out %eax, %dx\n1: jmp 1b");
GUEST_CODE(code_bad_bell,
	"mov $0x5600, %edx\n	mov $77, %eax\n	out %eax, %dx\n1: jmp 1b");
GUEST_CODE(code_done,
	"mov $0x5600, %edx\n	mov $6, %eax\n	out %eax, %dx\n1: jmp 1b");

/* Runs a bench whose guest is replaced; seen is the caller's to clear. */
static void spoiled_run(const struct bench *b, const char *item,
			struct patch *p, struct observation *seen)
{
	struct target_context ctx = { .options = "", .tamper = patch_entry,
				      .tamper_opaque = p };
	const struct run_request r = {
		.bench = b, .item = item, .blocks = 2, .empty_blocks = 2,
		.block_ns = 20000, .deadline_ms = DEADLINE_MS, .seed = 1,
	};
	unsigned int fds = fd_count();
	struct error e = { "" };
	double begin;

	if (target_kvm.open(&ctx, &e))
		fail_msg("%s", e.text);
	begin = clock_ms();
	if (target_run_once(&target_kvm, &ctx, &r, seen, &e))
		fail_msg("%s", e.text);
	/* Where others have the CPU a deadline takes longer by the clock. */
	assert_true(clock_ms() - begin <
		    DEADLINE_MS * WORKER_PATIENCE + PATIENCE_MS);
	target_kvm.close(&ctx);
	assert_int_equal(fds, fd_count());
}

static const char *rip_of(const struct observation *seen)
{
	return json_string_value(json_object_get(json_object_get(
		seen->postmortem, "registers"), "rip"));
}

static void hang_costs_its_deadline(void **state)
{
	static const struct {
		const uint8_t *code, *end;
		unsigned int needs;
	} row[] = {
		{ code_spin, code_spin_end, 0 },
		{ code_halt, code_halt_end, 0 },
		{ code_halt, code_halt_end, NEED_IRQCHIP },
		{ code_exits, code_exits_end, 0 },
		{ code_mmio, code_mmio_end, 0 },
		{ code_ready, code_ready_end, 0 },
		{ code_stamps, code_stamps_end, 0 },
		{ code_stamps_storm, code_stamps_storm_end, 0 },
	};
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct patch p = { .code = row[i].code, .code_end = row[i].end };

		if (kvm_missing())
			break;
		b.needs = row[i].needs;
		spoiled_run(&b, "exit/empty", &p, seen);
		if (seen->end != RUN_HANG)
			fail_msg("guest %zu: %s", i, seen->end_reason);
		assert_true(seen->elapsed_ms >= DEADLINE_MS);
		assert_string_equal("no answer within 300 ms",
				    seen->end_reason);
		assert_string_equal("kicked", json_string_value(json_object_get(
				    seen->postmortem, "exit_reason")));
		assert_non_null(rip_of(seen));
		observation_clear(seen);
	}
	free(seen);
	NEED_KVM();
}

static void kick_before_the_first_entry_counts(void **state)
{
	double begin = clock_ms();
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_spin, code_spin_end);
	vcpu_kick(&t.vm.vcpu[0]);
	assert_int_equal(VCPU_KICKED, tiny_run(&t));
	tiny_close(&t);
	tiny_open(&t, &plain, code_spin, code_spin_end);
	assert_int_equal(VCPU_KICKED, tiny_run_for(&t, 20));
	tiny_close(&t);
	assert_true(clock_ms() - begin < PATIENCE_MS);
}

static void hang_leaves_a_post_mortem(void **state)
{
	struct patch p = { .code = code_spin, .code_end = code_spin_end };
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");
	const json_t *rows;
	const char *bytes;
	char rip[24];

	(void)state;
	if (kvm_missing()) {
		free(seen);
		NEED_KVM();
	}
	spoiled_run(&b, "exit/empty", &p, seen);
	snprintf(rip, sizeof(rip), "%#llx", (unsigned long long)p.rip);
	assert_string_equal(rip, rip_of(seen));
	bytes = json_string_value(json_object_get(seen->postmortem,
						  "instruction_bytes"));
	assert_non_null(bytes);
	assert_int_equal(0, strncmp(bytes, "eb fe 90 90 ", 12));
	assert_int_equal(15 * 3 - 1, strlen(bytes));
	rows = json_object_get(seen->postmortem, "mailbox");
	assert_int_equal(1, json_array_size(rows));
	assert_string_equal("state fresh, ops 0, blocks 0, empty 0",
			    json_string_value(json_array_get(rows, 0)));
	observation_clear(seen);
	free(seen);
}

static void shutdown_is_a_crash_with_evidence(void **state)
{
	struct patch p = { .code = code_shutdown, .code_end = code_shutdown_end };
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");
	json_t *regs;

	(void)state;
	if (kvm_missing()) {
		free(seen);
		NEED_KVM();
	}
	spoiled_run(&b, "exit/empty", &p, seen);
	assert_int_equal(RUN_CRASH, seen->end);
	/* A host that interprets may give up before the third fault. */
	if (!strstr(seen->end_reason, "KVM_EXIT_SHUTDOWN"))
		assert_non_null(strstr(seen->end_reason,
				       "KVM_EXIT_INTERNAL_ERROR"));
	assert_non_null(strstr(seen->end_reason, json_string_value(
		json_object_get(seen->postmortem, "exit_reason"))));
	regs = json_object_get(seen->postmortem, "registers");
	assert_int_equal(24, json_object_size(regs));
	assert_int_equal(0, strncmp("0x", rip_of(seen), 2));
	assert_true(json_object_get(seen->postmortem, "suberror") == NULL ||
		    strstr(seen->end_reason, "INTERNAL_ERROR"));
	observation_clear(seen);
	free(seen);
}

static void spoil_version(struct item_host *h)
{
	h->mailbox->version = 99;
}

static void spoil_reason(struct item_host *h)
{
	memset(h->mailbox->reason, 0xff, sizeof(h->mailbox->reason));
	h->mailbox->state = ABI_STATE_PANIC;
	h->mailbox->checks_kept = UINT32_MAX;
	memset(h->mailbox->check, 0xfe, sizeof(h->mailbox->check));
}

static void spoil_nothing(struct item_host *h)
{
	(void)h;
}

static void panic_is_a_crash_in_the_guests_words(void **state)
{
	static const struct {
		const uint8_t *code, *end;
		void (*also)(struct item_host *h);
		const char *text;
	} row[] = {
		{ NULL, NULL, spoil_version, "guest: mailbox of another version" },
		{ code_panic, code_panic_end, spoil_nothing, "guest: " },
		{ code_bad_bell, code_bad_bell_end, spoil_nothing, "guest: " },
		{ code_panic, code_panic_end, spoil_reason, "guest: " },
	};
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct patch p = { row[i].code, row[i].end, row[i].also, 0 };
		char *text;

		if (kvm_missing())
			break;
		spoiled_run(&b, "exit/empty", &p, seen);
		assert_int_equal(RUN_CRASH, seen->end);
		assert_non_null(strstr(seen->end_reason, row[i].text));
		assert_true(one_line(seen->end_reason));
		/* Whatever the guest left there, it can be written down. */
		text = json_dumps(seen->postmortem, 0);
		assert_non_null(text);
		free(text);
		observation_clear(seen);
	}
	free(seen);
	NEED_KVM();
}

/* "Done" at once is the guest's word; that nothing was measured is not. */
static void done_without_a_word_is_silent(void **state)
{
	struct patch p = { .code = code_done, .code_end = code_done_end };
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");

	(void)state;
	if (!kvm_missing()) {
		spoiled_run(&b, "exit/empty", &p, seen);
		assert_int_equal(RUN_DONE, seen->end);
		assert_int_equal(ABI_SILENT, seen->mailbox.verdict);
		assert_null(seen->postmortem);
		observation_clear(seen);
	}
	free(seen);
	NEED_KVM();
}

static void ask_for_more(struct item_host *h)
{
	h->mailbox->blocks = 5000;
	h->mailbox->empty_blocks = 5000;
}

static void ask_for_ever(struct item_host *h)
{
	h->mailbox->block_cycles = 1ull << 62;
}

/* The mailbox is the guest's: it may not move the host's bounds. */
static void guest_cannot_widen_the_hosts_loop(void **state)
{
	static void (*const row[])(struct item_host *h) = {
		ask_for_more, ask_for_ever,
	};
	const size_t room = 5000 * sizeof(struct block_seen);
	struct observation *seen = calloc(1, sizeof(*seen) + room);
	struct bench b = bench_copy("exit/kvm_run_empty");

	(void)state;
	for (size_t i = 0; i < 2 && !kvm_missing(); i++) {
		const uint8_t *beyond = (const uint8_t *)(seen + 1);
		struct patch p = { .also = row[i] };

		spoiled_run(&b, "exit/kvm_run_empty", &p, seen);
		assert_int_equal(RUN_DONE, seen->end);
		assert_in_range(seen->mailbox.blocks_done, 1, ABI_BLOCKS_MAX);
		for (size_t k = 0; k < room; k++)
			assert_int_equal(0, beyond[k]);
		observation_clear(seen);
	}
	free(seen);
	NEED_KVM();
}

static struct abi_mailbox odd_mailbox(void)
{
	struct abi_mailbox mb = { .state = 200, .checks_kept = UINT32_MAX };

	memset(mb.check, 0xff, sizeof(mb.check));
	return mb;
}

static void post_mortem_of_an_odd_mailbox(void **state)
{
	struct abi_mailbox mb = odd_mailbox();
	struct tiny t;
	json_t *o;
	char *text;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	t.vm.vcpu[0].run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	t.vm.vcpu[0].run->internal.suberror = 3;
	o = postmortem_json(&t.vm.vcpu[0], &mb);
	assert_non_null(o);
	assert_int_equal(3, json_integer_value(json_object_get(o, "suberror")));
	assert_int_equal(5, json_array_size(json_object_get(o, "mailbox")));
	text = json_dumps(o, 0);
	assert_non_null(text);
	free(text);
	json_decref(o);

	t.vm.vcpu[0].run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	t.vm.vcpu[0].run->fail_entry.hardware_entry_failure_reason = 0x80000021;
	o = postmortem_json(&t.vm.vcpu[0], &mb);
	assert_string_equal("KVM_EXIT_FAIL_ENTRY", json_string_value(
			    json_object_get(o, "exit_reason")));
	assert_string_equal("0x80000021", json_string_value(
			    json_object_get(o, "hardware_reason")));
	json_decref(o);

	t.vm.vcpu[0].run_errno = EFAULT;
	o = postmortem_json(&t.vm.vcpu[0], &mb);
	assert_string_equal("KVM_RUN: Bad address", json_string_value(
			    json_object_get(o, "exit_reason")));
	json_decref(o);
	tiny_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hang_costs_its_deadline),
		cmocka_unit_test(kick_before_the_first_entry_counts),
		cmocka_unit_test(hang_leaves_a_post_mortem),
		cmocka_unit_test(shutdown_is_a_crash_with_evidence),
		cmocka_unit_test(panic_is_a_crash_in_the_guests_words),
		cmocka_unit_test(done_without_a_word_is_silent),
		cmocka_unit_test(guest_cannot_widen_the_hosts_loop),
		cmocka_unit_test(post_mortem_of_an_odd_mailbox),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
