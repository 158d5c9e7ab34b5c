/*
 * One line that a person can act on, beside the errno that code acts on.
 *
 * Functions that can fail for a reason worth explaining take a
 * "struct error *" as their last argument and return 0 or -errno. The text
 * names the thing, the value and the mend; it has no trailing newline. It is
 * valid only after a failure. The caller owns the struct; it needs no
 * clean-up. A NULL pointer means that the caller wants the code alone.
 */
#ifndef VMGAUGE_ERROR_H
#define VMGAUGE_ERROR_H

struct error {
	char text[512];
};

/* Formats the text and returns `code`, so that a failing branch is a line. */
int error_set(struct error *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
