/*
 * The serial transport: a log may be cut, spoilt or mixed in any way, and
 * never does a wrong value come out of it.
 *
 * Logs are written here by a second implementation of the format, so that an
 * error of the guest's writer is not repeated by the reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/serial.h"

#define BUILD	"0123456789abcdef"
#define ITEMS	3

/* A log in the making. */
struct log {
	char text[16384];
	size_t n;
	unsigned int boot, line, lines;
	uint32_t sum;
};

/* Bit by bit, as the standard has it. */
static uint32_t crc32_slow(uint32_t crc, const char *p, size_t n)
{
	crc = ~crc;
	for (; n; n--) {
		crc ^= (uint8_t)*p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void __attribute__((format(printf, 2, 3)))
line(struct log *l, const char *fmt, ...)
{
	char *at = l->text + l->n;
	va_list ap;
	size_t n;

	n = (size_t)sprintf(at, "@vmgauge %08x:%04x ", l->boot, l->line++);
	va_start(ap, fmt);
	n += (size_t)vsprintf(at + n, fmt, ap);
	va_end(ap);
	l->sum = crc32_slow(l->sum, at, n);
	l->lines++;
	l->n += n + (size_t)sprintf(at + n, " #%08x\r\n",
				    crc32_slow(0, at, n));
}

static void begin(struct log *l, const char *build, unsigned int i)
{
	l->sum = l->lines = 0;
	line(l, "begin abi=0x%x build=%s ring=0x%x item=fidelity/a/probe_%u",
	     ABI_VERSION, build, i % 2 ? 3 : 0, i);
}

static void end(struct log *l, unsigned int i)
{
	uint32_t sum = l->sum;

	line(l, "end lines=0x%x sum=0x%x item=fidelity/a/probe_%u",
	     l->lines + 1, sum, i);
}

/* Values depend on i, so that a mixture of two answers would show. */
static void answer(struct log *l, const char *build, unsigned int i)
{
	begin(l, build, i);
	line(l, "answer state=0x7 verdict=0x%x checks=0x%x failed=0x1 kept=0x2 "
	     "ops=0x%x empty_ops=0x%x blocks=0x2 empties=0x1 stamps=0x0",
	     1 + i % 4, 100 + i, 1000 + i, 2000 + i);
	line(l, "ret a=0x%x b=0x0 c=0x0 d=0xffffffffffffffff", 7 + i);
	line(l, "reason text=because of %u # and =", i);
	line(l, "check i=0x0 ok=0x0 line=0x%x want=0xd got=0x%x "
	     "expr=wrmsr_safe(MSR, i=0x9) raises VEC_GP", 30 + i, 256 + i);
	line(l, "check i=0x1 ok=0x1 line=0x2 want=0x1 got=0x1 expr=x is 1");
	line(l, "block i=0x0 begin=0x%x end=0x%x", 10 + i, 5000 + i);
	line(l, "block i=0x1 begin=0x%x end=0x%x", 6000 + i, 9000 + i);
	line(l, "empty i=0x0 begin=0x%x end=0x%x", 20 + i, 30 + i);
	line(l, "latency requests=0x%x", 50 + i);
	line(l, "latency i=0x24e n=%x,2,3,4,", 60 + i);	/* beyond the last */
	line(l, "latency i=0x2 n=1,x,9");
	line(l, "latency i=0xffffffffffffffff n=1,");
	end(l, i);
}

static void boot(struct log *l, unsigned int number, const char *build,
		 unsigned int items)
{
	l->boot = number;
	l->line = 0;
	l->n += (size_t)sprintf(l->text + l->n, "SeaBIOS (version 1.16)\r\n"
				"Booting from ROM..");
	line(l, "hello abi=0x1 build=%s cmdline=off x=y", build);
	line(l, "cpu vendor=GenuineIntel signature=0x50654 guest=0x1 "
	     "hypervisor=KVMKVMKVM model=A CPU @ 3 GHz");
	for (unsigned int i = 0; i < items; i++)
		answer(l, build, i);
	line(l, "bye");
}

/* What came out. */
struct seen {
	unsigned int answers[ITEMS], broken, foreign, boots, ready, spoilt;
	unsigned int nameless;
};

static void answer_is_true(const struct abi_mailbox *mb, unsigned int i)
{
	char text[32];

	assert_int_equal(ABI_VERSION, mb->version);
	assert_int_equal(i % 2 ? 3 : 0, mb->ring);
	assert_int_equal(ABI_STATE_DONE, mb->state);
	assert_int_equal(1 + i % 4, mb->verdict);
	assert_int_equal(100 + i, mb->checks);
	assert_int_equal(1, mb->checks_failed);
	assert_int_equal(2, mb->checks_kept);
	assert_int_equal(1000 + i, mb->ops);
	assert_int_equal(2000 + i, mb->empty_ops);
	assert_int_equal(2, mb->blocks_done);
	assert_int_equal(1, mb->empty_done);
	assert_int_equal(7 + i, mb->ret[0]);
	assert_true(mb->ret[3] == UINT64_MAX);
	sprintf(text, "because of %u # and =", i);
	assert_string_equal(text, mb->reason);
	assert_int_equal(30 + i, mb->check[0].line);
	assert_int_equal(0, mb->check[0].ok);
	assert_int_equal(0xd, mb->check[0].want);
	assert_int_equal(256 + i, mb->check[0].got);
	assert_string_equal("wrmsr_safe(MSR, i=0x9) raises VEC_GP",
			    mb->check[0].expr);
	assert_int_equal(1, mb->check[1].ok);
	assert_int_equal(10 + i, mb->block[0].begin_tsc);
	assert_int_equal(5000 + i, mb->block[0].end_tsc);
	assert_int_equal(6000 + i, mb->block[1].begin_tsc);
	assert_int_equal(9000 + i, mb->block[1].end_tsc);
	assert_int_equal(20 + i, mb->empty[0].begin_tsc);
	assert_int_equal(30 + i, mb->empty[0].end_tsc);
	assert_int_equal(50 + i, mb->requests);
	assert_int_equal(60 + i, mb->latency[0x24e]);
	assert_int_equal(2, mb->latency[LATENCY_BUCKETS - 1]);
	assert_int_equal(1, mb->latency[2]);
	assert_int_equal(0, mb->latency[4]);
}

static void watch(void *opaque, enum serial_event event,
		  const struct serial *s)
{
	struct seen *seen = opaque;
	unsigned int i;

	seen->boots += event == SERIAL_HELLO;
	seen->ready += event == SERIAL_READY;
	seen->broken += event == SERIAL_BROKEN;
	seen->foreign += event == SERIAL_FOREIGN;
	seen->spoilt += event == SERIAL_SPOILT;
	seen->nameless += event == SERIAL_BROKEN && !s->mailbox.item[0];
	if (event != SERIAL_ANSWER)
		return;
	assert_int_equal(1, sscanf(s->mailbox.item, "fidelity/a/probe_%u",
				   &i));
	assert_in_range(i, 0, ITEMS - 1);
	answer_is_true(&s->mailbox, i);
	seen->answers[i]++;
}

static struct seen log_read(const char *text, size_t n, size_t piece,
			    struct serial *s)
{
	struct seen seen = { .broken = 0 };

	serial_open(s, BUILD, watch, &seen);
	for (size_t at = 0; at < n; at += piece)
		serial_feed(s, text + at, n - at < piece ? n - at : piece);
	serial_close(s);
	return seen;
}

static unsigned int whole(const struct seen *seen)
{
	unsigned int n = 0;

	for (int i = 0; i < ITEMS; i++)
		n += seen->answers[i];
	return n;
}

static void a_whole_log_comes_out_whole(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	static struct serial s;
	struct seen seen;

	(void)state;
	boot(l, 0x11, BUILD, ITEMS);
	/* In any pieces: a pipe gives what it has. */
	for (size_t piece = 1; piece < 200; piece += 13) {
		seen = log_read(l->text, l->n, piece, &s);
		assert_int_equal(ITEMS, whole(&seen));
		assert_int_equal(1, seen.answers[ITEMS - 1]);
		assert_int_equal(0, seen.broken + seen.foreign);
		assert_int_equal(0, s.torn_lines + s.missing_lines);
		assert_int_equal(1, s.boots);
		assert_string_equal("off x=y", s.machine.cmdline[0] ?
				    s.machine.cmdline : "off x=y");
		assert_string_equal("A CPU @ 3 GHz", s.machine.model);
		assert_string_equal("KVMKVMKVM", s.machine.hypervisor);
		assert_true(s.machine.is_guest);
	}
	test_free(l);
}

static void a_cut_log_loses_only_what_was_cut(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	static struct serial s;
	unsigned int last = 0;

	(void)state;
	boot(l, 0x11, BUILD, ITEMS);
	for (size_t n = 0; n <= l->n; n++) {
		struct seen seen = log_read(l->text, n, n + 1, &s);
		unsigned int now = whole(&seen);

		assert_in_range(now, last, last + 1);
		/* One that had begun and is not whole is named. */
		assert_in_range(seen.broken, 0, 1);
		assert_int_equal(0, seen.nameless);
		last = now;
	}
	assert_int_equal(ITEMS, last);
	test_free(l);
}

static void a_log_without_its_beginning_gives_its_end(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	static struct serial s;
	unsigned int last = ITEMS;

	(void)state;
	boot(l, 0x11, BUILD, ITEMS);
	for (size_t n = 0; n < l->n; n++) {
		struct seen seen = log_read(l->text + n, l->n - n, l->n, &s);

		assert_in_range(whole(&seen), last ? last - 1 : 0, last);
		last = whole(&seen);
	}
	assert_int_equal(0, last);
	test_free(l);
}

/* Every bit of a log: an answer is lost at most, and never another value. */
static void a_flipped_bit_is_never_imported(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	static struct serial s;
	unsigned int unharmed = 0;

	(void)state;
	boot(l, 0x11, BUILD, ITEMS);
	for (size_t at = 0; at < l->n; at++) {
		for (int bit = 0; bit < 8; bit++) {
			struct seen seen;

			l->text[at] ^= (char)(1 << bit);
			seen = log_read(l->text, l->n, l->n, &s);
			l->text[at] ^= (char)(1 << bit);
			assert_in_range(whole(&seen), ITEMS - 1, ITEMS);
			/* What is lost is told. */
			if (whole(&seen) < ITEMS)
				assert_true(seen.broken || s.missing_lines ||
					    s.torn_lines);
			else
				unharmed++;
		}
	}
	/* Firmware's text, CRs and the lines outside answers do not matter. */
	assert_in_range(unharmed, 100, l->n * 4);
	test_free(l);
}

static void a_byte_that_is_lost_or_doubled_is_noticed(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	char *text = test_malloc(sizeof(l->text));
	static struct serial s;

	(void)state;
	boot(l, 0x11, BUILD, ITEMS);
	for (size_t at = 0; at < l->n; at++) {
		struct seen seen;

		memcpy(text, l->text, at);
		memcpy(text + at, l->text + at + 1, l->n - at - 1);
		seen = log_read(text, l->n - 1, l->n, &s);
		/* The end of a line may take two lines with it. */
		assert_in_range(whole(&seen), ITEMS - 2, ITEMS);
		memcpy(text, l->text, at + 1);
		memcpy(text + at + 1, l->text + at, l->n - at);
		seen = log_read(text, l->n + 1, l->n, &s);
		assert_in_range(whole(&seen), ITEMS - 1, ITEMS);
	}
	test_free(text);
	test_free(l);
}

static void two_boots_are_two_boots(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	static struct serial s;
	struct seen seen;
	size_t first;

	(void)state;
	boot(l, 0x11, BUILD, ITEMS);
	first = l->n;
	boot(l, 0x22, BUILD, ITEMS);
	seen = log_read(l->text, l->n, 100, &s);
	assert_int_equal(2 * ITEMS, whole(&seen));
	assert_int_equal(2, s.boots);
	assert_int_equal(0, s.missing_lines);

	/* The first one was reset in the middle of an answer. */
	memmove(l->text + first - 300, l->text + first, l->n - first);
	seen = log_read(l->text, l->n - 300, 100, &s);
	assert_int_equal(2 * ITEMS - 1, whole(&seen));
	assert_int_equal(1, seen.broken);
	assert_int_equal(2, s.boots);
	test_free(l);
}

/* An emulator's clock may begin the same every time. */
static void two_boots_of_one_number_are_not_joined(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	static struct serial s;
	size_t one;

	(void)state;
	boot(l, 0x11, BUILD, ITEMS);
	one = l->n;
	boot(l, 0x11, BUILD, ITEMS);
	for (size_t cut = 0; cut < one; cut += 7) {
		struct log *c = test_calloc(1, sizeof(*c));
		struct seen seen;

		/* The first cut at its end, the second at its beginning. */
		memcpy(c->text, l->text, cut);
		memcpy(c->text + cut, l->text + one + cut, l->n - one - cut);
		seen = log_read(c->text, l->n - one, 100, &s);
		assert_in_range(whole(&seen), ITEMS - 1, ITEMS);
		test_free(c);
	}
	test_free(l);
}

static void another_image_is_not_ours(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	static struct serial s;
	struct seen seen;

	(void)state;
	boot(l, 0x11, "fedcba9876543210", ITEMS);
	boot(l, 0x22, BUILD, 1);
	seen = log_read(l->text, l->n, 100, &s);
	assert_int_equal(1, whole(&seen));
	assert_int_equal(ITEMS, seen.foreign);
	assert_int_equal(ITEMS, s.foreign);
	assert_int_equal(0, seen.broken);
	test_free(l);
}

static void counts_beyond_the_mailbox_are_refused(void **state)
{
	static const char *const absurd[] = {
		"kept=0x19 blocks=0x0", "kept=0x0 blocks=0x81",
		"kept=0xffffffff blocks=0x0",
	};
	static struct serial s;

	(void)state;
	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
		struct log *l = test_calloc(1, sizeof(*l));
		struct seen seen;

		begin(l, BUILD, 0);
		line(l, "answer state=0x7 verdict=0x1 %s", absurd[i]);
		line(l, "check i=0xffffffffffffffff ok=0x1 expr=x");
		line(l, "block i=0x80 begin=0x1 end=0x2");
		end(l, 0);
		seen = log_read(l->text, l->n, 100, &s);
		assert_int_equal(0, whole(&seen));
		assert_int_equal(1, seen.broken);
		test_free(l);
	}
}

static void lines_of_any_length_and_noise_are_survived(void **state)
{
	struct log *l = test_calloc(1, sizeof(*l));
	static struct serial s;
	char noise[4096];
	struct seen seen;
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (char)(x >> 24);
	}
	memset(noise, '.', 2000);	/* one long line, and the mark in it */
	memcpy(noise + 1500, SERIAL_MARK, strlen(SERIAL_MARK));
	serial_open(&s, BUILD, watch, &seen);
	memset(&seen, 0, sizeof(seen));
	serial_feed(&s, noise, sizeof(noise));
	boot(l, 0x11, BUILD, ITEMS);
	serial_feed(&s, l->text, l->n);
	serial_feed(&s, noise, sizeof(noise));
	serial_close(&s);
	assert_int_equal(ITEMS, whole(&seen));
	assert_int_equal(0, seen.broken);
	test_free(l);
}

static void an_ask_line_has_the_frame(void **state)
{
	char to[SERIAL_LINE_MAX], small[39];
	size_t n = serial_ask(to, sizeof(to), "item=exit/cpuid ring=3");
	uint32_t crc;

	(void)state;
	assert_int_equal(strlen(to), n);
	assert_int_equal('\n', to[n - 1]);
	assert_int_equal(1, sscanf(strrchr(to, '#'), "#%8x", &crc));
	assert_int_equal(crc32_slow(0, to, n - 11), crc);
	assert_memory_equal("@vmgauge 0:0 ask item=exit/cpuid ring=3 #", to,
			    n - 9);
	assert_int_equal(0, serial_ask(small, sizeof(small), "item=exit/x"));
}

static void the_image_says_which_build_it_is(void **state)
{
	char build[SERIAL_BUILD_CHARS + 1];

	(void)state;
	serial_image_build(build);
	assert_int_equal(SERIAL_BUILD_CHARS, strlen(build));
	assert_int_equal(SERIAL_BUILD_CHARS,
			 strspn(build, "0123456789abcdef"));
	serial_build_id((const uint8_t *)"none", 4, build);
	assert_string_equal("", build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_log_comes_out_whole),
		cmocka_unit_test(a_cut_log_loses_only_what_was_cut),
		cmocka_unit_test(a_log_without_its_beginning_gives_its_end),
		cmocka_unit_test(a_flipped_bit_is_never_imported),
		cmocka_unit_test(a_byte_that_is_lost_or_doubled_is_noticed),
		cmocka_unit_test(two_boots_are_two_boots),
		cmocka_unit_test(two_boots_of_one_number_are_not_joined),
		cmocka_unit_test(another_image_is_not_ours),
		cmocka_unit_test(counts_beyond_the_mailbox_are_refused),
		cmocka_unit_test(lines_of_any_length_and_noise_are_survived),
		cmocka_unit_test(an_ask_line_has_the_frame),
		cmocka_unit_test(the_image_says_which_build_it_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
