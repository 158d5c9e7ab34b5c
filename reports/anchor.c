/*
 * Addresses inside the site, by which a verdict or a number can be cited. They
 * are made of the item's name alone, so that the same item has the same address
 * in the next report too; text that an address cannot hold leaves a hash, and
 * so does all of it where thousands of links must be short.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reports/model.h"

enum { PLAIN_MOST = 96, SHORT_DIGITS = 7 };

/* FNV-1a */
static uint64_t text_hash(const char *s)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3u;
	return hash;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

char *anchor_make(const char *kind, const char *text, int ring)
{
	bool exact = strlen(text) <= PLAIN_MOST;
	struct text t = { 0 };

	text_format(&t, "%s-", kind);
	for (size_t i = 0; i < PLAIN_MOST && text[i]; i++) {
		exact &= is_plain(text[i]) || text[i] == '/';
		text_bytes(&t, is_plain(text[i]) ? &text[i] :
			   text[i] == '/' ? "." : "-", 1);
	}
	if (!exact)
		text_format(&t, "-%016llx", (unsigned long long)text_hash(text));
	if (ring >= 0)
		text_format(&t, "-ring%d", ring);
	if (t.failed)
		text_free(&t);
	return t.data;
}

char *anchor_short(const char *text, int ring)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct text t = { 0 };
	uint64_t hash;

	text_format(&t, "%s ring %d", text, ring);
	hash = text_hash(text_string(&t));
	text_clear(&t);
	text_add(&t, "v");
	for (int i = 0; i < SHORT_DIGITS; i++, hash >>= 5)
		text_bytes(&t, &digits[hash & 31], 1);
	if (t.failed)
		text_free(&t);
	return t.data;
}

static int anchor_order(const void *a, const void *b)
{
	char **const *x = a, **const *y = b;
	int order = strcmp(**x, **y);

	/* In an array, as the model has them: the first keeps its name. */
	return order ? order : (*x > *y) - (*x < *y);
}

int anchors_unique(char **const anchors[], size_t n)
{
	char ***sorted = calloc(n + 1, sizeof(*sorted));
	const char *first = NULL;
	size_t again = 1;
	int ret = 0;

	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, anchors, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), anchor_order);
	for (size_t i = 0; i < n && !ret; i++) {
		struct text t = { 0 };

		if (!first || strcmp(first, *sorted[i])) {
			first = *sorted[i];
			again = 1;
			continue;
		}
		/* Ends in a sign that no other anchor ends in. */
		text_format(&t, "%s.%zu.", *sorted[i], ++again);
		if (t.failed) {
			text_free(&t);
			ret = -ENOMEM;
			break;
		}
		free(sorted[i][0]);
		sorted[i][0] = t.data;
	}
	free(sorted);
	return ret;
}
