/*
 * A host that is a tree of files: every kind of it is made up here, so that
 * what is judged is our own reading of a host, and never this machine.
 */
#ifndef VMGAUGE_UNIT_HOST_TREE_H
#define VMGAUGE_UNIT_HOST_TREE_H

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/backend.h"

#define CPU "/sys/devices/system/cpu"
#define DMI "/sys/class/dmi/id"

static char tree[64];

static inline int tree_make(void **state)
{
	(void)state;
	snprintf(tree, sizeof(tree), "/tmp/vmgauge-host-XXXXXX");
	return mkdtemp(tree) ? 0 : -1;
}

static inline int entry_remove(const char *path, const struct stat *st,
			       int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline int tree_remove(void **state)
{
	(void)state;
	return nftw(tree, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file of the tree, with its directories. */
static inline void put(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", tree, path);
	for (char *p = full + strlen(tree) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(full, 0755))
			assert_int_equal(errno, EEXIST);
		*p = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline void put_cpu(const char *model, const char *flags)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "processor\t: 0\nvendor_id\t: Some\nmodel\t\t: 17\n"
		 "model name\t: %s\nmicrocode\t: 0x1\nflags\t\t: %s\n",
		 model, flags);
	put("/proc/cpuinfo", text);
}

static const struct cpu_identity bare_metal = {
	.vendor = "GenuineIntel", .invariant_tsc = true,
};

#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, tree_make, tree_remove)

#endif
