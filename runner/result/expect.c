/*
 * Known failures, read strictly: a line that is half understood would hide a
 * failure that nobody knows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result/doc.h"
#include "result/expect.h"

/* Longer than any honest line; the whole is bounded by doc_read_file. */
#define LINE_MAX_BYTES	4096

struct parser {
	struct expect *x;
	const char *path;
	unsigned int line;
	struct error *e;
};

#define wrong(p, fmt, ...)						\
	error_set((p)->e, -EINVAL, "%s:%u: " fmt, (p)->path, (p)->line,	\
		  ##__VA_ARGS__)

static int compare_key(const struct expectation *a, const char *target,
		       const char *item)
{
	int order = strcmp(a->target, target);

	return order ? order : strcmp(a->item, item);
}

static int compare_expectation(const void *a, const void *b)
{
	const struct expectation *x = a, *y = b;
	int order = compare_key(x, y->target, y->item);

	/* by line at last, so that a duplicate is the later one */
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int append(struct parser *p, const struct expectation *one)
{
	struct expect *x = p->x;
	struct expectation *list = x->list;

	if (!(x->n & (x->n - 1))) {	/* room is the next power of two */
		size_t room = x->n ? x->n * 2 : 1;

		list = reallocarray(list, room, sizeof(*list));
		if (!list)
			return error_set(p->e, -ENOMEM, "%s: out of memory",
					 p->path);
		x->list = list;
	}
	list[x->n++] = *one;
	return 0;
}

/* One, or several with '|' between. */
static bool verdicts_known(const char *words)
{
	for (;;) {
		size_t length = strcspn(words, "|");
		char word[16];

		if (length >= sizeof(word))
			return false;
		memcpy(word, words, length);
		word[length] = '\0';
		if (doc_verdict_severity(word) < 0)
			return false;
		if (!words[length])
			return true;
		words += length + 1;
	}
}

static int parse_line(struct parser *p, char *line)
{
	static const char *const names[] = {
		"target", "item", "verdict", "cause"
	};
	char *field[4];

	for (int i = 0; i < 4; i++) {
		field[i] = strsep(&line, "\t");
		if (!field[i] || !*field[i])
			return wrong(p, "no %s: write target, item, verdict and "
				     "cause with one tab between", names[i]);
	}
	if (line)
		return wrong(p, "a tab inside the cause '%.80s': use spaces",
			     field[3]);
	if (field[3][strspn(field[3], " ")] == '\0')
		return wrong(p, "an empty cause: say why %.80s fails",
			     field[1]);
	if (!verdicts_known(field[2]))
		return wrong(p, "unknown verdict '%.40s': use one of "
			     DOC_VERDICTS, field[2]);
	return append(p, &(struct expectation){ field[0], field[1], field[2],
						field[3], p->line });
}

static int parse_text(struct parser *p, char *text, size_t size_bytes)
{
	char *end = text + size_bytes, *next;
	int err = 0;

	for (; !err && text < end; text = next) {
		size_t length;

		next = memchr(text, '\n', (size_t)(end - text));
		next = next ? next : end;
		length = (size_t)(next - text);
		*next++ = '\0';		/* doc_read_file left room for one */
		p->line++;
		if (length > LINE_MAX_BYTES)
			err = wrong(p, "a line of %zu bytes: %d is the limit: "
				    "shorten the cause", length,
				    LINE_MAX_BYTES);
		else if (strlen(text) != length)
			err = wrong(p, "a NUL byte: this is no text file: save "
				    "it as UTF-8");
		else if (length && text[length - 1] == '\r')
			err = wrong(p, "a carriage return: save the file with "
				    "Unix line ends");
		else if (length && *text != '#')
			err = parse_line(p, text);
	}
	return err;
}

static int find_duplicate(struct parser *p)
{
	struct expectation *list = p->x->list;

	if (p->x->n)
		qsort(list, p->x->n, sizeof(*list), compare_expectation);
	for (size_t i = 1; i < p->x->n; i++) {
		if (compare_key(&list[i - 1], list[i].target, list[i].item))
			continue;
		p->line = list[i].line;
		return wrong(p, "%.80s on %.40s was line %u already: remove one",
			     list[i].item, list[i].target, list[i - 1].line);
	}
	return 0;
}

int expect_load(struct expect *x, const char *path, struct error *e)
{
	struct parser p = { .x = x, .path = path, .e = e };
	size_t size_bytes;
	int err;

	*x = (struct expect){ 0 };
	err = doc_read_file(path, &x->text, &size_bytes, e);
	if (err)
		return err;
	err = parse_text(&p, x->text, size_bytes);
	if (!err)
		err = find_duplicate(&p);
	if (err)
		expect_free(x);
	return err;
}

const struct expectation *expect_lookup(const struct expect *x,
					const char *target, const char *item)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_key(&x->list[middle], target, item);

		if (!order)
			return &x->list[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool expect_allows(const struct expectation *x, const char *verdict)
{
	const char *words = x->verdict;
	size_t length;

	do {
		length = strcspn(words, "|");
		if (strlen(verdict) == length &&
		    !memcmp(words, verdict, length))
			return true;
		words += length + 1;
	} while (words[-1]);
	return false;
}

void expect_free(struct expect *x)
{
	free(x->list);
	free(x->text);
	*x = (struct expect){ 0 };
}
