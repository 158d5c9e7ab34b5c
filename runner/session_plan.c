/*
 * Which series there are: one for each item, asked ring and count of vCPUs;
 * see session.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "scale.h"
#include "session.h"

#define BUDGET_QUICK_ALL_S 48	/* of more than ROWS_MANY: still under 60 */
#define ROWS_MANY	400

/* One, or where the item scales one for each count; false: no memory. */
static bool series_add(struct session *s, const struct item *item,
		       unsigned int ring)
{
	const struct bench *b = item->bench;
	unsigned int wanted = b ? b->vcpus : item->probe->vcpus;
	unsigned int least = wanted ? wanted : 1;
	bool scales = b && b->scales;

	for (unsigned int i = 0; i < (scales ? s->options.vcpus.counts : 1);
	     i++) {
		struct series *series = &s->series[s->series_count];

		series->vcpus = scales ? s->options.vcpus.count[i] : least;
		if (series->vcpus < least)
			continue;
		series->item = item;
		series->ring = ring;
		series->instances = json_array();
		if (!series->instances)
			return false;
		s->series_count++;
	}
	return true;
}

int session_plan(struct session *s, const struct registry *r,
		 struct error *e)
{
	unsigned int asked = s->options.rings ? s->options.rings
					      : RING0 | RING3;

	s->series = calloc(2 * VCPUS_COUNTS_MAX * r->count + 1,
			   sizeof(*s->series));
	if (!s->series)
		return error_set(e, -ENOMEM, "out of memory for the plan");
	for (size_t i = 0; i < r->count; i++) {
		const struct item *item = &r->item[i];

		for (unsigned int ring = 0; ring <= 3 && item->selected;
		     ring += 3)
			if ((item_rings(item) & asked & 1u << ring) &&
			    !series_add(s, item, ring))
				return error_set(e, -ENOMEM, "out of memory "
						 "for the plan");
	}
	if (s->own_budget && s->options.quick && s->series_count > ROWS_MANY)
		s->options.budget_s = BUDGET_QUICK_ALL_S;
	if (!s->series_count)
		return error_set(e, -EINVAL, "nothing selected runs at the "
				"rings that --ring asks for");
	scale_placement(s);
	return 0;
}
