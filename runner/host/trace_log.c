/*
 * The text of tracefs' "trace" back into numbers; see tracing.h.
 *
 * A line is "<comm>-<pid> [<cpu>] <flags> <tsc>: <event>: <arguments>". The
 * comm may hold anything, so a line is recognised by its event and read from
 * there, backwards for the time stamp.
 */
#include <asm/svm.h>
#include <asm/vmx.h>
#include <ctype.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/tracing.h"

static const struct {
	const char *mark;
	enum trace_kind kind;
} marks[] = {
	{ ": kvm_exit: ", TRACE_EXIT },
	{ ": kvm_entry: ", TRACE_ENTRY },
	{ ": kvm_userspace_exit: ", TRACE_USERSPACE_EXIT },
	{ ": kvm_fpu: load", TRACE_LOAD },
	{ ": kvm_fpu: unload", TRACE_UNLOAD },
	{ ": kvm_emulate_insn: ", TRACE_EMULATE },
};

/* The kernel prints these names from the same tables of its UAPI headers. */
static const struct {
	unsigned reason;
	const char *name;
} exit_names[] = { VMX_EXIT_REASONS, SVM_EXIT_REASONS };

/*
 * kvm_exit: "... reason CPUID rip 0x...", or the number in hex when the
 * kernel has no name for it either.
 */
static unsigned exit_reason(const char *arguments)
{
	const char *word = strstr(arguments, "reason ");
	size_t length;
	char *end;
	unsigned long n;

	if (!word)
		return TRACE_REASON_UNKNOWN;
	word += strlen("reason ");
	length = strcspn(word, " \t");
	n = strtoul(word, &end, 0);
	if (length && end == word + length)
		return (unsigned)n;
	for (size_t i = 0; i < sizeof(exit_names) / sizeof(exit_names[0]); i++) {
		/* Some names hold a blank ("PF excp"), so the name decides. */
		length = strlen(exit_names[i].name);
		if (!strncmp(exit_names[i].name, word, length) &&
		    (word[length] == ' ' || !word[length]))
			return exit_names[i].reason;
	}
	return TRACE_REASON_UNKNOWN;
}

/*
 * kvm_userspace_exit: "reason KVM_EXIT_IO (2)"; "restart" and "error" have
 * an errno between the parentheses instead.
 */
static unsigned userspace_reason(const char *arguments)
{
	const char *word = strstr(arguments, "reason ");
	const char *open = strrchr(arguments, '(');
	unsigned reason;

	if (!word || !open || !strncmp(word, "reason restart", 14) ||
	    !strncmp(word, "reason error", 12) ||
	    sscanf(open, "(%u)", &reason) != 1)
		return TRACE_REASON_UNKNOWN;
	return reason;
}

/* The number that ends at `colon`; false when there is none. */
static bool stamp_parse(const char *line, const char *colon, uint64_t *tsc)
{
	const char *first = colon;
	char *end;

	while (first > line && isdigit((unsigned char)first[-1]))
		first--;
	if (first == colon || (first > line && first[-1] != ' '))
		return false;
	errno = 0;
	*tsc = strtoull(first, &end, 10);
	return end == colon && !errno;
}

/* 1: an event; 0: nothing of ours; -1: ours, but damaged. */
static int line_parse(const char *line, struct trace_event *event)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *mark = strstr(line, marks[i].mark);
		const char *arguments;

		if (!mark)
			continue;
		if (!stamp_parse(line, mark, &event->tsc))
			return -1;
		arguments = mark + strlen(marks[i].mark);
		event->kind = marks[i].kind;
		event->reason = TRACE_REASON_UNKNOWN;
		if (event->kind == TRACE_EXIT)
			event->reason = exit_reason(arguments);
		if (event->kind == TRACE_USERSPACE_EXIT)
			event->reason = userspace_reason(arguments);
		return 1;
	}
	return 0;
}

/* What the header and the notes in between say about losses. */
struct losses {
	uint64_t overwritten, noted;
};

static void losses_parse(const char *line, struct losses *l)
{
	const char *lost = strstr(line, " [LOST ");
	unsigned long long kept, written, n;

	if (sscanf(line, "# entries-in-buffer/entries-written: %llu/%llu",
		   &kept, &written) == 2 && written > kept)
		l->overwritten = written - kept;
	if (lost && !strncmp(line, "CPU:", 4))
		l->noted += sscanf(lost, " [LOST %llu", &n) == 1 ? n : 1;
}

static int event_append(struct trace_log *log, size_t *capacity,
			const struct trace_event *event)
{
	if (log->count == *capacity) {
		size_t more = *capacity ? *capacity * 2 : 256;
		struct trace_event *events =
			realloc(log->events, more * sizeof(*events));

		if (!events)
			return -ENOMEM;
		log->events = events;
		*capacity = more;
	}
	log->events[log->count++] = *event;
	return 0;
}

int trace_log_parse(const char *text, size_t length, struct trace_log *log)
{
	const char *end = text + length;
	struct losses losses = { 0 };
	size_t capacity = 0;
	int rc = 0;

	memset(log, 0, sizeof(*log));
	while (!rc && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);
		struct trace_event event;
		char line[512];
		int found;

		snprintf(line, sizeof(line), "%.*s",
			 (int)(n < sizeof(line) ? n : sizeof(line)), text);
		text += n + (newline != NULL);
		losses_parse(line, &losses);
		found = line_parse(line, &event);
		if (found > 0)
			rc = event_append(log, &capacity, &event);
		log->malformed += found < 0;
	}
	/* Both count the same events. */
	log->lost = losses.overwritten > losses.noted ? losses.overwritten
						      : losses.noted;
	if (rc)
		trace_log_free(log);
	return rc;
}

void trace_log_free(struct trace_log *log)
{
	free(log->events);
	memset(log, 0, sizeof(*log));
}
