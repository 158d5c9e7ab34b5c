/*
 * How the image was started by somebody else's loader, and how it starts
 * again in place; inside guests/ only.
 */
#ifndef VMGAUGE_BOOT_H
#define VMGAUGE_BOOT_H

#include <stddef.h>

/* The command line of a PVH, Multiboot 1 or Multiboot 2 boot, or "". */
void boot_cmdline(char *to, size_t bytes);

/*
 * machine_save() keeps the image's data and the CPU's state; once, before the
 * first item. machine_restart() puts both back and enters guest_main() again
 * on an empty stack; only what is __keep survives.
 */
void machine_save(void);
void machine_restart(void) __attribute__((noreturn));

/* NULL, or the name of what the last restart could not put back. */
const char *machine_spoilt(void);

#endif
