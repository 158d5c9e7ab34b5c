/*
 * Small files of /proc and /sys, below a root that tests can replace.
 *
 * `root` is prepended to every path: "" for this machine, a directory for a
 * fake tree. Paths begin with '/'. Nothing here keeps state or memory.
 */
#ifndef VMGAUGE_HOST_SYSFILE_H
#define VMGAUGE_HOST_SYSFILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads a file into buf as a string, without white space at its end.
 * Returns its length, cut to size - 1, or -errno (buf is then "").
 */
int sysfile_read(const char *root, const char *path, char *buf, size_t size);

/* The same, the path made by printf from fmt. */
int sysfile_readf(const char *root, char *buf, size_t size,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A file that holds one number in C notation: 0, or -errno. */
int sysfile_number(const char *root, const char *path, long long *value);

bool sysfile_exists(const char *root, const char *path);

/* Opens below the root (open(2) flags, close-on-exec): descriptor or -errno. */
int sysfile_open(const char *root, const char *path, int flags);

/*
 * The value of the first "key : value" line of a text such as /proc/cpuinfo
 * or /proc/meminfo. Returns 0, or -ENOENT (buf is then "").
 */
int sysfile_value(const char *text, const char *key, char *buf, size_t size);

/* Is the word in a list separated by blanks (the flags of a CPU)? */
bool sysfile_has_word(const char *list, const char *word);

/*
 * The choice in brackets of a file such as "always [madvise] never".
 * Returns 0, or -errno (buf is then "").
 */
int sysfile_choice(const char *root, const char *path, char *buf, size_t size);

#endif
