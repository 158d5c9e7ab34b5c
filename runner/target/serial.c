/*
 * Frames to answers; see serial.h.
 *
 * Nothing here trusts a log: a line counts only with its CRC, its boot's
 * number and the line number that follows the last one's; an answer only when
 * its end has the right count of lines and the CRC over all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "target/serial_line.h"

#define CRC_CHARS	10	/* " #" and eight digits */

void serial_open(struct serial *s, const char *build, serial_watch *watch,
		 void *opaque)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->own_build, sizeof(s->own_build), "%s", build);
	s->watch = watch;
	s->opaque = opaque;
}

/* BOOT:LINE; false when that is not what stands there. */
static bool numbers_read(const char *p, uint32_t *boot, uint32_t *line,
			 const char **key)
{
	char *after;

	*boot = (uint32_t)strtoul(p, &after, 16);
	if (after == p || *after != ':')
		return false;
	p = after + 1;
	*line = (uint32_t)strtoul(p, &after, 16);
	if (after == p || *after != ' ')
		return false;
	*key = after + 1;
	return true;
}

/* A frame whose CRC was right. */
static void frame_take(struct serial *s, const char *frame, size_t bytes)
{
	uint32_t boot, line;
	const char *key;

	if (!numbers_read(frame + strlen(SERIAL_MARK), &boot, &line, &key))
		return;
	if (!s->in_boot || boot != s->boot || line < s->next_line) {
		serial_break_off(s);
		memset(&s->machine, 0, sizeof(s->machine));
		s->in_boot = true;
		s->boot = boot;
		s->boots++;
		s->missing_lines += line;
	} else if (line != s->next_line) {
		serial_break_off(s);
		s->missing_lines += line - s->next_line;
	}
	s->next_line = line + 1;
	serial_line(s, key);
	s->sum = serial_crc(s->sum, frame, bytes);
	s->lines++;
}

static void line_take(struct serial *s)
{
	char *frame = NULL, *digits, *after;
	size_t n = s->line_bytes, bytes;

	while (n && (s->line[n - 1] == '\r' || s->line[n - 1] == ' '))
		n--;
	s->line[n] = '\0';
	/* The last mark: firmware may have left a line unfinished. */
	for (size_t i = 0; i + strlen(SERIAL_MARK) <= n; i++)
		if (!memcmp(s->line + i, SERIAL_MARK, strlen(SERIAL_MARK)))
			frame = s->line + i;
	if (!frame)
		return;
	bytes = (size_t)(s->line + n - frame);
	digits = frame + (bytes > CRC_CHARS ? bytes - CRC_CHARS + 2 : 2);
	if (bytes < strlen(SERIAL_MARK) + CRC_CHARS ||
	    memcmp(digits - 2, " #", 2) ||
	    strspn(digits, "0123456789abcdef") != CRC_CHARS - 2 ||
	    memchr(frame, '\0', bytes) ||
	    strtoul(digits, &after, 16) !=
	    serial_crc(0, frame, bytes - CRC_CHARS)) {
		s->torn_lines++;
		return;
	}
	digits[-2] = '\0';
	frame_take(s, frame, bytes - CRC_CHARS);
}

void serial_feed(struct serial *s, const void *data, size_t bytes)
{
	const char *p = data;

	for (; bytes; bytes--, p++) {
		if (*p == '\n') {
			line_take(s);
			s->line_bytes = 0;
			continue;
		}
		/* Keep the end of what is too long: the frame is there. */
		if (s->line_bytes == sizeof(s->line) - 1) {
			memmove(s->line, s->line + SERIAL_LINE_MAX,
				s->line_bytes - SERIAL_LINE_MAX);
			s->line_bytes -= SERIAL_LINE_MAX;
		}
		s->line[s->line_bytes++] = *p;
	}
}

void serial_close(struct serial *s)
{
	line_take(s);
	s->line_bytes = 0;
	serial_break_off(s);
}

void serial_build_id(const uint8_t *elf, size_t elf_bytes, char *to)
{
	/* Name size, hash size, type, name: what such a note begins with. */
	static const uint8_t head[16] = {
		4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0,
	};
	const uint8_t *at = memmem(elf, elf_bytes, head, sizeof(head));

	*to = '\0';
	if (!at || (size_t)(elf + elf_bytes - at) < sizeof(head) + 20)
		return;
	for (int i = 0; i < SERIAL_BUILD_CHARS / 2; i++)
		snprintf(to + 2 * i, 3, "%02x", at[sizeof(head) + i]);
}

void serial_image_build(char *to)
{
	serial_build_id(image_elf_start, (size_t)(image_elf_end -
						  image_elf_start), to);
}

size_t serial_ask(char *to, size_t bytes, const char *words)
{
	int n = snprintf(to, bytes, SERIAL_MARK "0:0 ask %s", words);

	if (n < 0 || (size_t)n + CRC_CHARS + 2 > bytes)
		return 0;
	return (size_t)(n + sprintf(to + n, " #%08x\n",
				    serial_crc(0, to, (size_t)n)));
}
