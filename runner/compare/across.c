/*
 * The words of --across; see across.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compare/across.h"

static const struct {
	const char *word;
	unsigned int bit;
} words[] = {
	{ "hosts", ACROSS_HOSTS }, { "kernels", ACROSS_KERNELS },
	{ "targets", ACROSS_TARGETS }, { "builds", ACROSS_BUILDS },
	{ "software", ACROSS_SOFTWARE }, { "mutants", ACROSS_MUTANTS },
};
#define WORDS	(sizeof(words) / sizeof(words[0]))

/* 0 when it is none of those that are allowed. */
static unsigned int bit_of(const char *word, size_t length,
			   unsigned int allowed)
{
	for (size_t i = 0; i < WORDS; i++)
		if (words[i].bit & allowed && strlen(words[i].word) == length &&
		    !strncmp(words[i].word, word, length))
			return words[i].bit;
	return 0;
}

/* "a, b or c". */
static void mend_put(char *text, size_t bytes, unsigned int allowed)
{
	size_t at = 0;

	for (size_t i = 0; i < WORDS; i++) {
		unsigned int rest = allowed & ~(words[i].bit - 1);
		const char *before = !at ? "" : rest == words[i].bit ? " or " :
				     ", ";

		if (words[i].bit & allowed && at < bytes)
			at += (size_t)snprintf(text + at, bytes - at, "%s%s",
					       before, words[i].word);
	}
}

int across_parse(const char *list, unsigned int allowed, unsigned int *across,
		 struct error *e)
{
	char mend[80];

	do {
		size_t length = strcspn(list, ",");
		unsigned int bit = bit_of(list, length, allowed);

		if (!bit) {
			mend_put(mend, sizeof(mend), allowed);
			return error_set(e, -EINVAL, "--across '%.40s': give "
					 "%s", list, mend);
		}
		*across |= bit;
		list += length;
	} while (*list++);
	return 0;
}
