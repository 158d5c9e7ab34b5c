/*
 * What the kernel does about split locks: nothing, or slow down or end who
 * makes them. It tells no file, so this is put together from the CPU's flags,
 * the command line and a sysctl. Source: Linux,
 * Documentation/arch/x86/buslock.rst.
 */
#ifndef VMGAUGE_HOST_SPLIT_LOCK_H
#define VMGAUGE_HOST_SPLIT_LOCK_H

#include <stdbool.h>

/* For people, static; NULL when /proc/cpuinfo below `root` has no flags. */
const char *split_lock_mitigation(const char *root);

/* A split lock would be SIGBUS: for a process, and for a VMM whose guest. */
bool split_lock_is_fatal(const char *root);

#endif
