/*
 * What a whole line says, into the mailbox; see serial.h. Whether an answer
 * is whole is decided here too: at its end, by the count of its lines and the
 * CRC over all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/serial_line.h"

static void tell(struct serial *s, enum serial_event event)
{
	if (s->watch)
		s->watch(s->opaque, event, s);
}

/* The value of `name=` in a NUL-terminated frame, to its end; or NULL. */
static const char *field(const char *frame, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strchr(frame, ' '); p; p = strchr(p, ' ')) {
		p++;
		if (!strncmp(p, name, n) && p[n] == '=')
			return p + n + 1;
	}
	return NULL;
}

static uint64_t number(const char *frame, const char *name)
{
	const char *v = field(frame, name);

	return v ? strtoull(v, NULL, 16) : 0;
}

/* A field that ends at the next blank. */
static void word(const char *frame, const char *name, char *to, size_t bytes)
{
	const char *v = field(frame, name);

	snprintf(to, bytes, "%.*s", v ? (int)strcspn(v, " ") : 0, v ? v : "");
}

/* A field that goes on to the end of the line. */
static void text(const char *frame, const char *name, char *to, size_t bytes)
{
	const char *v = field(frame, name);

	snprintf(to, bytes, "%s", v ? v : "");
}

void serial_break_off(struct serial *s)
{
	if (!s->in_answer)
		return;
	s->in_answer = false;
	s->broken++;
	tell(s, SERIAL_BROKEN);
}

static void hello(struct serial *s, const char *frame)
{
	memset(&s->machine, 0, sizeof(s->machine));
	text(frame, "cmdline", s->machine.cmdline, sizeof(s->machine.cmdline));
	tell(s, SERIAL_HELLO);
}

static void machine(struct serial *s, const char *frame)
{
	struct serial_machine *m = &s->machine;

	/* The vendor's and the hypervisor's twelve bytes may hold blanks. */
	word(frame, "vendor", m->vendor, sizeof(m->vendor));
	word(frame, "hypervisor", m->hypervisor, sizeof(m->hypervisor));
	text(frame, "model", m->model, sizeof(m->model));
	m->signature = (uint32_t)number(frame, "signature");
	m->is_guest = number(frame, "guest");
	m->known = true;
	tell(s, SERIAL_MACHINE);
}

static void begin(struct serial *s, const char *frame)
{
	serial_break_off(s);
	memset(&s->mailbox, 0, sizeof(s->mailbox));
	s->mailbox.version = (uint32_t)number(frame, "abi");
	s->mailbox.ring = (uint32_t)number(frame, "ring");
	word(frame, "item", s->mailbox.item, sizeof(s->mailbox.item));
	word(frame, "build", s->build, sizeof(s->build));
	s->in_answer = true;
	s->seen_answer = false;
	s->sum = s->lines = 0;
	tell(s, SERIAL_BEGIN);
}

static void answer(struct serial *s, const char *frame)
{
	struct abi_mailbox *mb = &s->mailbox;

	s->seen_answer = true;
	mb->state = (uint32_t)number(frame, "state");
	mb->verdict = (uint32_t)number(frame, "verdict");
	mb->checks = (uint32_t)number(frame, "checks");
	mb->checks_failed = (uint32_t)number(frame, "failed");
	mb->checks_kept = (uint32_t)number(frame, "kept");
	mb->ops = number(frame, "ops");
	mb->empty_ops = number(frame, "empty_ops");
	mb->blocks_done = (uint32_t)number(frame, "blocks");
	mb->empty_done = (uint32_t)number(frame, "empties");
	mb->stamps_done = (uint32_t)number(frame, "stamps");
}

static void check(struct serial *s, const char *frame)
{
	uint64_t i = number(frame, "i");
	struct abi_check *c;

	if (i >= ABI_CHECKS_MAX)
		return;
	c = &s->mailbox.check[i];
	c->ok = (uint32_t)number(frame, "ok");
	c->line = (uint32_t)number(frame, "line");
	c->want = number(frame, "want");
	c->got = number(frame, "got");
	text(frame, "expr", c->expr, sizeof(c->expr));
}

static void block(const char *frame, struct abi_block *list, uint64_t max)
{
	uint64_t i = number(frame, "i");

	if (i >= max)
		return;
	list[i].begin_tsc = number(frame, "begin");
	list[i].end_tsc = number(frame, "end");
}

static void panic(struct serial *s, const char *frame)
{
	s->mailbox.panic = (struct abi_fault){
		.vector = number(frame, "vector"),
		.error_code = number(frame, "code"),
		.rip = number(frame, "rip"),
		.cr2 = number(frame, "cr2"),
		.rflags = number(frame, "rflags"),
		.cs = number(frame, "cs"),
	};
}

static void ret(struct serial *s, const char *frame)
{
	s->mailbox.ret[0] = number(frame, "a");
	s->mailbox.ret[1] = number(frame, "b");
	s->mailbox.ret[2] = number(frame, "c");
	s->mailbox.ret[3] = number(frame, "d");
}

static void latency(struct serial *s, const char *frame)
{
	struct abi_mailbox *mb = &s->mailbox;
	const char *n = field(frame, "n");
	uint64_t i = number(frame, "i");
	char *after;

	if (field(frame, "requests"))
		mb->requests = number(frame, "requests");
	for (; n && i < LATENCY_BUCKETS; i++, n = after + 1) {
		mb->latency[i] = (uint32_t)strtoul(n, &after, 16);
		if (after == n || *after != ',')
			break;
	}
}

static bool counts_sane(const struct abi_mailbox *mb)
{
	return mb->checks_kept <= ABI_CHECKS_MAX &&
	       mb->blocks_done <= ABI_BLOCKS_MAX &&
	       mb->empty_done <= ABI_BLOCKS_MAX &&
	       mb->stamps_done <= ABI_STAMPS_MAX;
}

/* Called before the line itself is counted in. */
static void end(struct serial *s, const char *frame)
{
	if (!s->in_answer) {
		/* Its beginning is lost: all there is to know is its name. */
		memset(&s->mailbox, 0, sizeof(s->mailbox));
		word(frame, "item", s->mailbox.item, sizeof(s->mailbox.item));
		s->in_answer = true;
		serial_break_off(s);
		return;
	}
	if (number(frame, "lines") != s->lines + 1 ||
	    number(frame, "sum") != s->sum || !s->seen_answer ||
	    !counts_sane(&s->mailbox)) {
		serial_break_off(s);
		return;
	}
	s->in_answer = false;
	if (s->mailbox.version != ABI_VERSION ||
	    strcmp(s->build, s->own_build)) {
		s->foreign++;
		tell(s, SERIAL_FOREIGN);
		return;
	}
	s->answers++;
	tell(s, SERIAL_ANSWER);
}

static void say(struct serial *s, const char *frame, enum serial_event event)
{
	text(frame, "what", s->text, sizeof(s->text));
	tell(s, event);
}

static bool is(const char *key, size_t n, const char *name)
{
	return strlen(name) == n && !strncmp(key, name, n);
}

static void answer_part(struct serial *s, const char *key, size_t n)
{
	struct abi_mailbox *mb = &s->mailbox;

	if (!s->in_answer)
		return;
	if (is(key, n, "answer"))
		answer(s, key);
	else if (is(key, n, "reason"))
		text(key, "text", mb->reason, sizeof(mb->reason));
	else if (is(key, n, "check"))
		check(s, key);
	else if (is(key, n, "block"))
		block(key, mb->block, ABI_BLOCKS_MAX);
	else if (is(key, n, "empty"))
		block(key, mb->empty, ABI_BLOCKS_MAX);
	else if (is(key, n, "stamp"))
		block(key, mb->stamp, ABI_STAMPS_MAX);
	else if (is(key, n, "ret"))
		ret(s, key);
	else if (is(key, n, "latency"))
		latency(s, key);
	else if (is(key, n, "load"))
		tell(s, strstr(key, "is=over") ? SERIAL_LOAD_OVER :
		     SERIAL_LOAD_BEGUN);
	else if (is(key, n, "panic"))
		panic(s, key);
}

void serial_line(struct serial *s, const char *key)
{
	size_t n = strcspn(key, " ");

	if (is(key, n, "hello"))
		hello(s, key);
	else if (is(key, n, "cpu"))
		machine(s, key);
	else if (is(key, n, "begin"))
		begin(s, key);
	else if (is(key, n, "end"))
		end(s, key);
	else if (is(key, n, "ready"))
		tell(s, SERIAL_READY);
	else if (is(key, n, "bye"))
		tell(s, SERIAL_BYE);
	else if (is(key, n, "spoiled"))
		say(s, key, SERIAL_SPOILT);
	else if (is(key, n, "lost"))
		say(s, key, SERIAL_LOST);
	else
		answer_part(s, key, n);
}
