/*
 * The text of a failure; see error.h.
 */
#include <stdarg.h>
#include <stdio.h>

#include "error.h"

int error_set(struct error *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return code;
}
