/*
 * The host's end of the serial transport: bytes in, whole answers out.
 *
 * The format is guests/serial.h's. Bytes may come in pieces of any size and
 * with anything between the frames. What a callback is given has passed a
 * CRC for each line and one for the answer, and no line of it is missing;
 * all else is counted and, where that can be known, named.
 */
#ifndef VMGAUGE_TARGET_SERIAL_H
#define VMGAUGE_TARGET_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "serial_format.h"

enum serial_event {
	SERIAL_HELLO,		/* a boot began: `machine` has its cmdline */
	SERIAL_MACHINE,		/* `machine` is complete */
	SERIAL_READY,		/* the guest waits for serial_ask() */
	SERIAL_BEGIN,		/* an item begins: mailbox.item, .ring */
	SERIAL_LOAD_BEGUN,	/* its requests begin ... */
	SERIAL_LOAD_OVER,	/* ... and have all been answered */
	SERIAL_ANSWER,		/* `mailbox` is a whole answer */
	SERIAL_BROKEN,		/* mailbox.item ("": unknown) is not whole */
	SERIAL_FOREIGN,		/* so, because another image answered */
	SERIAL_SPOILT,		/* `text` could not be reset for what follows */
	SERIAL_LOST,		/* the image panicked outside items: `text` */
	SERIAL_BYE,		/* the boot is over */
};

/* What CPUID said; empty strings and zeroes where it is not known. */
struct serial_machine {
	char cmdline[SERIAL_LINE_MAX];
	char vendor[16], model[52], hypervisor[16];
	uint32_t signature;	/* CPUID.1:EAX */
	bool is_guest, known;
};

struct serial;

typedef void serial_watch(void *opaque, enum serial_event event,
			  const struct serial *s);

/* The caller's; read mailbox, machine, text and the counts, no more. */
struct serial {
	struct abi_mailbox mailbox;
	struct serial_machine machine;
	char text[ABI_TEXT_MAX];
	char build[SERIAL_BUILD_CHARS + 1];	/* of a foreign answer */
	unsigned int boots, answers, broken, foreign;
	unsigned int torn_lines;		/* marked, but without their CRC */
	unsigned int missing_lines;		/* as the line numbers tell */

	char own_build[SERIAL_BUILD_CHARS + 1];
	serial_watch *watch;
	void *opaque;
	char line[2 * SERIAL_LINE_MAX];
	size_t line_bytes;
	bool in_boot, in_answer, seen_answer;
	uint32_t boot, next_line;
	uint32_t sum, lines;			/* of the answer so far */
};

/* `build` is whose answers count; watch may be NULL. Nothing is allocated. */
void serial_open(struct serial *s, const char *build, serial_watch *watch,
		 void *opaque);
void serial_feed(struct serial *s, const void *data, size_t bytes);
/* The end of the log: what is unfinished is broken. */
void serial_close(struct serial *s);

/*
 * The build id of an ELF64 in hex, SERIAL_BUILD_CHARS of it; "" if it has
 * none. `to` has room for those and a NUL.
 */
void serial_build_id(const uint8_t *elf, size_t elf_bytes, char *to);
/* The same of the embedded image. */
void serial_image_build(char *to);

/* An "ask" line with its end; returns its length, 0 if it does not fit. */
size_t serial_ask(char *to, size_t bytes, const char *words);

#endif
