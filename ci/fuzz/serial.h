/*
 * A captured serial log: bytes that anything may have spoilt.
 *
 * CRCs guard each line and each answer, which a fuzzer cannot guess: so the
 * input is read as it is, and then with each line made a frame whose CRC is
 * right, to reach what lies behind it. In that reading "SUM" stands for the
 * checksum of the answer so far.
 */
#ifndef VMGAUGE_FUZZ_SERIAL_H
#define VMGAUGE_FUZZ_SERIAL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serial_format.h"
#include "target/serial.h"

static void serial_fuzz_event(void *opaque, enum serial_event event,
			      const struct serial *s)
{
	unsigned int *events = opaque;

	(void)event;
	(void)s;
	++*events;
}

static unsigned int serial_fuzz_feed(const char *log, size_t n, size_t piece)
{
	unsigned int events = 0;
	struct serial s;

	serial_open(&s, "0123456789abcdef", serial_fuzz_event, &events);
	for (size_t at = 0; at < n; at += piece)
		serial_feed(&s, log + at, n - at < piece ? n - at : piece);
	serial_close(&s);
	return s.answers;
}

/* One line as a frame at `to`, which has room; returns its length. */
static size_t serial_fuzz_frame(char *to, const uint8_t *line, size_t n,
				uint32_t *sum)
{
	size_t out = (size_t)sprintf(to, "%s", SERIAL_MARK);
	const uint8_t *mark = memmem(line, n, "SUM", 3);
	size_t before = mark ? (size_t)(mark - line) : n;

	memcpy(to + out, line, before);
	out += before;
	if (mark) {
		out += (size_t)sprintf(to + out, "%08x", *sum);
		memcpy(to + out, mark + 3, n - before - 3);
		out += n - before - 3;
	}
	if (memmem(line, n, " begin ", 7))
		*sum = 0;
	*sum = serial_crc(*sum, to, out);
	return out + (size_t)sprintf(to + out, " #%08x\n",
				     serial_crc(0, to, out));
}

static char *serial_fuzz_frames(const uint8_t *data, size_t n, size_t *length)
{
	char *log = malloc(n * 24 + 64);
	size_t out = 0, from = 0;
	uint32_t sum = 0;

	for (size_t i = 0; log && i <= n; i++) {
		if (i < n && data[i] != '\n')
			continue;
		out += serial_fuzz_frame(log + out, data + from, i - from,
					 &sum);
		from = i + 1;
	}
	*length = out;
	return log;
}

/* Returns how many answers came out of the second reading. */
static unsigned int serial_fuzz_one(const uint8_t *data, size_t n)
{
	unsigned int answers = 0;
	size_t length = 0;
	char *log;

	if (n > 65536)
		return 0;
	serial_fuzz_feed((const char *)data, n, n + 1);
	log = serial_fuzz_frames(data, n, &length);
	if (log) {
		answers = serial_fuzz_feed(log, length, length + 1);
		if (serial_fuzz_feed(log, length, 7) != answers)
			abort();	/* pieces must not matter */
	}
	free(log);
	return answers;
}

#endif
