/*
 * From no virtualisation to complete emulation, in the order in which more and
 * more of the machine is not real. A reader learns one mark for each and meets
 * it again in every report; containers are of one hue, by lightness.
 */
#include "reports/kind.h"

#include <string.h>

#include "reports/svg.h"

static const struct kind kinds[] = {
	{ "native", "A plain process, nothing in between", true,
	  COLOUR_RUN_5, { 7, 6, 0.72 } },
	{ "container:bwrap", "A container, by bwrap", true,
	  COLOUR_RUN_2, { 9, 8, 0.85 } },
	{ "container:runc", "A container, by runc", true,
	  COLOUR_RUN_2_DARK, { 11, 10, 0.8 } },
	{ "container:lxc", "A container, by lxc", true,
	  COLOUR_RUN_2_LIGHT, { 13, 12, 0.85 } },
	{ "container", "A container", true, COLOUR_RUN_2, { 15, 14, 0.75 } },
	{ "kvm", "A VM on KVM, by the built-in VMM", false,
	  COLOUR_RUN_0, { 5, 4, 0.62 } },
	{ "qemu:kvm", "A VM on KVM, by QEMU", false,
	  COLOUR_RUN_1, { 13, 12, 0.85 } },
	{ "xen", "A VM on Xen", false, COLOUR_RUN_3, { 9, 8, 0.85 } },
	{ "qemu", "QEMU\u2019s own emulation", false,
	  COLOUR_RUN_4, { 11, 10, 0.8 } },
	{ "bochs", "Bochs\u2019 emulation", false,
	  COLOUR_RUN_4, { 15, 14, 0.75 } },
	{ "", "A target of another kind", false,
	  COLOUR_INK, { 7, 6, 0.72 } },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static bool kind_is(const struct kind *k, const char *target)
{
	size_t length = strlen(k->target);

	return !strncmp(target, k->target, length) &&
	       strchr(":,", target[length]);	/* or its end */
}

const struct kind *kind_of(const char *target)
{
	for (size_t i = 0; target && i < KINDS - 1; i++)
		if (kind_is(&kinds[i], target))
			return &kinds[i];
	return &kinds[KINDS - 1];
}

size_t kind_rank(const struct kind *k)
{
	return (size_t)(k - kinds);
}

struct shape kind_shape(const struct kind *k, size_t n)
{
	static const struct shape shapes[] = {
		{ 5, 4, 0.62 }, { 7, 6, 0.72 }, { 13, 12, 0.85 },
		{ 11, 10, 0.8 }, { 9, 8, 0.85 }, { 15, 14, 0.75 },
	};
	size_t own = 0, count = sizeof(shapes) / sizeof(shapes[0]);

	while (own < count - 1 && shapes[own].filled != k->shape.filled)
		own++;
	return shapes[(own + n) % count];
}
