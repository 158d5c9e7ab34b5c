/*
 * All benches and probes of this program, by name.
 *
 * Items register themselves in two linker sections (suite.h); nobody keeps a
 * list. The order here is that of names, never of linking.
 */
#ifndef VMGAUGE_REGISTRY_H
#define VMGAUGE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"
#include "error.h"
#include "suite.h"

struct item {
	const struct bench *bench;	/* one of the two is NULL */
	const struct probe *probe;
	char name[ABI_NAME_MAX];	/* "exit/cpuid" */
	bool selected;
};

struct registry {
	struct item *item;		/* sorted by name; owned */
	size_t count;
};

/* -EEXIST names a duplicate, -ENAMETOOLONG a name that the ABI cannot hold. */
int registry_open(struct registry *r, struct error *e);
void registry_close(struct registry *r);

enum registry_kind { REGISTRY_BENCHES = 1, REGISTRY_PROBES = 2 };

/*
 * Selects what is of a wanted kind and matches any of the NULL-terminated
 * globs (none: all). A glob matches a whole name, its last part, or a whole
 * folder. -ENOENT when a glob matches nothing, with near names.
 */
int registry_select(struct registry *r, unsigned int kinds,
		    const char *const *globs, struct error *e);

/* CPLs at which the item can run, as RING0 | RING3. */
unsigned int item_rings(const struct item *item);

/* It runs only with --hostile. */
static inline bool item_hostile(const struct item *item)
{
	return item->bench ? item->bench->hostile : item->probe->hostile;
}

#endif
