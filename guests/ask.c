/*
 * The asked half of the mailbox, where it comes as words: on the command
 * line that the boot protocol passes, or in an "ask" line. See serial_format.h.
 */
#include "ask.h"
#include "item.h"

static const char *after(const char *s, const char *key)
{
	while (*key && *s == *key) {
		s++;
		key++;
	}
	return *key ? NULL : s;
}

/* `word` is exactly `key`. */
static bool is_word(const char *s, const char *key)
{
	const char *end = after(s, key);

	return end && (!*end || *end == ' ');
}

static void word_copy(char *to, size_t bytes, const char *s)
{
	size_t i = 0;

	while (s[i] && s[i] != ' ' && i + 1 < bytes) {
		to[i] = s[i];
		i++;
	}
	to[i] = '\0';
}

static uint64_t number(const char *s)
{
	uint64_t v = 0;

	while (*s >= '0' && *s <= '9')
		v = v * 10 + (uint64_t)(*s++ - '0');
	return v;
}

static uint32_t bounded(const char *s, uint32_t max)
{
	uint64_t v = number(s);

	return v > max ? max : (uint32_t)v;
}

static void word_take(struct ask *a, const char *s)
{
	const char *v;

	if ((v = after(s, "item=")))
		word_copy(a->item, sizeof(a->item), v);
	else if ((v = after(s, "suite=")))
		word_copy(a->suite, sizeof(a->suite), v);
	else if ((v = after(s, "after=")))
		word_copy(a->after, sizeof(a->after), v);
	else if ((v = after(s, "ring=")))
		a->rings = number(v) == 3 ? RING3 : RING0;
	else if ((v = after(s, "blocks=")))
		a->blocks = bounded(v, ABI_BLOCKS_MAX);
	else if ((v = after(s, "empty=")))
		a->empty_blocks = bounded(v, ABI_BLOCKS_MAX);
	else if ((v = after(s, "cycles=")))
		a->block_cycles = number(v);
	else if ((v = after(s, "max=")))
		a->max_ops = number(v);
	else if ((v = after(s, "seed=")))
		a->seed = number(v);
	else if (is_word(s, "devices"))
		a->devices = true;
	else if (is_word(s, "ask=serial"))
		a->serial = true;
	else if (is_word(s, "off"))
		a->off = true;
}

void ask_parse(struct ask *a, const char *words)
{
	*a = (struct ask){
		.blocks = 16, .empty_blocks = 8, .block_cycles = 200000,
	};
	while (*words) {
		word_take(a, words);
		while (*words && *words != ' ')
			words++;
		while (*words == ' ')
			words++;
	}
}

void ask_fill(const struct ask *a, struct abi_mailbox *mb)
{
	mb->magic = ABI_MAGIC;
	mb->version = ABI_VERSION;
	mb->bytes = sizeof(*mb);
	text_copy(mb->item, sizeof(mb->item), a->item);
	mb->ring = a->rings == RING3 ? 3 : 0;
	mb->blocks = a->blocks;
	mb->empty_blocks = a->empty_blocks;
	mb->block_cycles = a->block_cycles;
	mb->max_ops = a->max_ops;
	mb->seed = a->seed;
}
