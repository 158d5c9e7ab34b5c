/*
 * The console of a Xen domain, which has no UART: a page that the domain and
 * the daemon behind its console share; inside guests/ only.
 */
#ifndef VMGAUGE_XEN_CONSOLE_H
#define VMGAUGE_XEN_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * False unless this is a Xen domain that was given such a console: dom0 is
 * not. Once per boot; it stays open over machine_restart().
 */
bool xen_console_open(void);

void xen_console_write(const char *text, size_t bytes);
/* The next byte; waits for it. */
char xen_console_read(void);
/* Waits until all that was written has been taken. */
void xen_console_drain(void);

#endif
