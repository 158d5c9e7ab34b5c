/*
 * Where the store lies if nobody says so: the XDG base directories.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "history/store.h"

#define STORE_FILE	"vmgauge/history.sqlite"

int store_default(char **path, struct error *e)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n = -1;

	*path = NULL;
	/* the specification: a relative one is to be ignored */
	if (data && *data == '/')
		n = asprintf(path, "%s/" STORE_FILE, data);
	else if (home && *home == '/')
		n = asprintf(path, "%s/.local/share/" STORE_FILE, home);
	else
		return error_set(e, -ENOENT, "neither XDG_DATA_HOME nor HOME says "
				 "where data goes: name the store with --store "
				 "FILE");
	if (n >= 0)
		return 0;
	*path = NULL;
	return error_set(e, -ENOMEM, "out of memory");
}

int store_make_parents(const char *path, struct error *e)
{
	char *copy = strdup(path), *slash = copy;
	int err = 0;

	if (!copy)
		return error_set(e, -ENOMEM, "out of memory");
	while (!err && *slash && (slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(copy, 0777) && errno != EEXIST)
			err = error_set(e, -errno, "cannot make %s: %s: name "
					"the store with --store FILE", copy,
					strerror(errno));
		*slash = '/';
	}
	free(copy);
	return err;
}
