/*
 * Where a userspace exit's time goes: guest to kernel, kernel to user space,
 * user space's own handling, and back.
 *
 * With tracepoints each leg lies between two stamps on one time base. Without
 * them the kernel's two boundaries are not known, and the legs through it are
 * reported joined (guest_to_user, user_to_guest): half a leg is no number to
 * publish. "whole" is the same operation in the same VM, in plain blocks and
 * without stamps: stamping costs too, and legs that do not add up to the
 * whole say so.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"
#include "measure/stats.h"

#define LEGS_MAX	5
#define ADDS_UP		0.05	/* of the whole */

struct legs {
	double leg[LEGS_MAX][ABI_STAMPS_MAX];
	double whole[ABI_STAMPS_MAX];
	unsigned int n;
};

static const char *const traced_name[LEGS_MAX] = {
	"guest_to_kernel", "kernel_to_user", "user", "user_to_kernel",
	"kernel_to_guest",
};
static const char *const joined_name[LEGS_MAX] = {
	"guest_to_user", "user", "user_to_guest", NULL, NULL,
};

static void legs_add(struct legs *l, const struct trip *t, bool traced)
{
	const double at[LEGS_MAX + 1] = {
		t->guest_begin,
		traced ? t->kernel_exit : t->user_begin,
		traced ? t->user_begin : t->user_end,
		traced ? t->user_end : t->guest_end,
		t->kernel_entry,
		t->guest_end,
	};

	if (traced && (isnan(t->kernel_exit) || isnan(t->kernel_entry)))
		return;
	for (int k = 0; k < (traced ? LEGS_MAX : 3); k++)
		l->leg[k][l->n] = at[k + 1] - at[k];
	l->whole[l->n++] = t->guest_end - t->guest_begin;
}

/* Cycles of an unstamped operation in this very run, less the empty one. */
static double whole_cycles(const struct abi_mailbox *mb)
{
	const struct abi_block *const list[2] = { mb->block, mb->empty };
	const uint64_t ops[2] = { mb->ops, mb->empty_ops };
	const uint32_t n[2] = { mb->blocks_done, mb->empty_done };
	double v[ABI_BLOCKS_MAX], median[2];

	for (int k = 0; k < 2; k++) {
		if (!ops[k] || !n[k] || n[k] > ABI_BLOCKS_MAX)
			return NAN;
		for (uint32_t i = 0; i < n[k]; i++)
			v[i] = (double)(list[k][i].end_tsc -
					list[k][i].begin_tsc) /
			       (double)ops[k];
		if (stats_median(v, n[k], &median[k]))
			return NAN;
	}
	return median[0] - median[1];
}

json_t *decomposition_record(const struct series *s,
			     const struct observation *seen)
{
	const char *const *name = seen->trips_traced ? traced_name
						     : joined_name;
	struct legs *l = calloc(1, sizeof(*l));
	json_t *d = NULL, *parts = json_object();
	double sum = 0, stamped = 0, whole, median;

	if (!l || !parts)
		goto out;
	for (unsigned int i = 0; i < seen->trips; i++)
		legs_add(l, &seen->trip[i], seen->trips_traced);
	if (!l->n) {
		d = json_pack("{s:s, s:i, s:s}", "method", "none", "ops", 0,
			      "note", seen->trips_note);
		goto out;
	}
	for (int k = 0; k < LEGS_MAX && name[k]; k++) {
		if (stats_median(l->leg[k], l->n, &median))
			goto out;
		json_object_set_new(parts, name[k], json_real(median));
		sum += median;
	}
	if (stats_median(l->whole, l->n, &stamped))
		goto out;
	whole = whole_cycles(&seen->mailbox);
	d = json_pack("{s:s, s:i, s:O, s:f, s:f, s:o, s:o, s:b, s:s}",
		      "method", seen->trips_traced ? "tracepoints" : "stamps",
		      "ops", (int)l->n, "parts", parts, "sum", sum,
		      "stamped_whole", stamped, "whole",
		      whole > 0 ? json_real(whole) : json_null(), "ratio",
		      whole > 0 ? json_real(sum / whole) : json_null(),
		      "adds_up", whole > 0 && fabs(sum / whole - 1) <= ADDS_UP,
		      "note", seen->trips_note);
out:
	json_decref(parts);
	free(l);
	return d ? json_pack("{s:s, s:i, s:i, s:o}", "id", s->item->name,
			     "ring", s->ring, "vcpus", s->vcpus,
			     "decomposition", d) : NULL;
}
