/*
 * Counts of vCPUs; see vcpus.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "vcpus.h"

void vcpus_up_to(struct vcpus *v, unsigned int max)
{
	v->counts = 0;
	for (unsigned int n = 1; n < max && v->counts + 1 < VCPUS_COUNTS_MAX;
	     n *= 2)
		v->count[v->counts++] = n;
	v->count[v->counts++] = max;
}

void vcpus_few(struct vcpus *v, unsigned int cpus, unsigned int max)
{
	const unsigned int all[] = { 1, 2, cpus, max };

	v->counts = 0;
	for (int i = 0; i < 4; i++)
		if (all[i] <= max &&
		    (!v->counts || all[i] > v->count[v->counts - 1]))
			v->count[v->counts++] = all[i];
}

static int bad(const char *text, struct error *e)
{
	return error_set(e, -EINVAL, "--vcpus '%s': give the largest count, "
			 "from 1 to %u, or at most %d counts in ascending "
			 "order, as in 1,2,64", text, ABI_CPUS_MAX,
			 VCPUS_COUNTS_MAX);
}

int vcpus_parse(struct vcpus *v, const char *text, struct error *e)
{
	const char *at = text;
	char *end;

	v->counts = 0;
	for (;;) {
		unsigned long n = *at >= '0' && *at <= '9' ?
				  strtoul(at, &end, 10) : 0;

		if (!n || n > ABI_CPUS_MAX || (*end && *end != ',') ||
		    v->counts == VCPUS_COUNTS_MAX ||
		    (v->counts && n <= v->count[v->counts - 1]))
			return bad(text, e);
		v->count[v->counts++] = (unsigned int)n;
		if (!*end)
			break;
		at = end + 1;
	}
	if (v->counts == 1 && !strchr(text, ','))
		vcpus_up_to(v, v->count[0]);
	return 0;
}
