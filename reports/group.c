/*
 * Which runs may stand in one picture. An axis invites to compare, so what is
 * not comparable does not share one: runs of another CPU, of a virtual machine
 * beside a real one, of a host in software. What is not known is not the same.
 */
#include <string.h>

#include "reports/model.h"

static bool same_field(const struct run *a, const struct run *b,
		       const char *path)
{
	const char *x = field_text(a->env, path), *y = field_text(b->env, path);

	return x && y && !strcmp(x, y);
}

static bool same_optional(const char *x, const char *y)
{
	return x == y || (x && y && !strcmp(x, y));
}

bool run_is_software(const struct run *run)
{
	return run->software_host || run->times_meaningful == KNOWN_NO;
}

static bool same_group(const struct run *a, const struct run *b)
{
	if (run_is_software(a) != run_is_software(b) ||
	    !same_optional(a->software_host, b->software_host) ||
	    a->virtualised != b->virtualised)
		return false;
	/* The fingerprint is of CPU, microcode, kernel and KVM's modules. */
	if (same_field(a, b, "fingerprint"))
		return true;
	return a->virtualised == KNOWN_NO && same_field(a, b, "cpu.vendor") &&
	       same_field(a, b, "cpu.model");
}

void model_groups(struct model *m)
{
	m->software_only = m->n > 0;
	for (size_t i = 0; i < m->n; i++) {
		struct run *run = &m->runs[i];
		size_t k = 0;

		while (k < i && !same_group(&m->runs[k], run))
			k++;
		run->group = k < i ? m->runs[k].group : m->groups++;
		m->software |= run_is_software(run);
		m->software_only &= run_is_software(run);
	}
}
