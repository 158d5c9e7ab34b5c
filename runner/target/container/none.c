/*
 * No container at all: this program executed again, as a plain process. It is
 * what shows that the probes of containment can fail.
 */
#include "target/container/container.h"

static void none_args(struct container *c)
{
	arg_add(c, "/proc/self/exe");
	arg_add(c, "inside");
	arg_add(c, file_of(c, "box/box"));
}

const struct engine engine_none = {
	.name = "none",
	.mend = "",
	.args = none_args,
};
