/*
 * What two runs may differ in and still be compared: the words of --across.
 */
#ifndef VMGAUGE_COMPARE_ACROSS_H
#define VMGAUGE_COMPARE_ACROSS_H

#include "error.h"

enum {
	ACROSS_HOSTS = 1, ACROSS_KERNELS = 2, ACROSS_TARGETS = 4,
	ACROSS_BUILDS = 8, ACROSS_SOFTWARE = 16, ACROSS_MUTANTS = 32,
};

/*
 * Adds the words of a list ("hosts,kernels") to *across. -EINVAL for a word
 * that is not one of `allowed`, naming those that are.
 */
int across_parse(const char *list, unsigned int allowed, unsigned int *across,
		 struct error *e);

#endif
