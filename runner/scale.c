/*
 * Rows that scale: what each result says of its count; see scale.h. What they
 * say together is scale_series.c's.
 */
#include <sched.h>
#include <stdbool.h>

#include "scale.h"
#include "session.h"

unsigned int series_initiators(const struct series *s)
{
	switch (s->item->bench->roles) {
	case ROLES_FIRST:
		return 1;
	case ROLES_PAIRS:
		return (s->vcpus + 1) / 2;
	default:
		return s->vcpus;
	}
}

/* Over all instances: sums, and the longest of all. */
static json_t *stalls_json(const struct series *s)
{
	json_int_t waits = 0, stalls = 0, longest = 0, threshold = 0;
	json_t *record;
	size_t i;

	json_array_foreach(s->instances, i, record) {
		const json_t *one = json_object_get(record, "stalls");
		json_int_t most = json_integer_value(json_object_get(one,
							"longest_cycles"));

		waits += json_integer_value(json_object_get(one, "waits"));
		stalls += json_integer_value(json_object_get(one, "stalls"));
		longest = most > longest ? most : longest;
		threshold = json_integer_value(json_object_get(one,
							"threshold_cycles"));
	}
	return json_pack("{s:I, s:I, s:I, s:I}", "waits", waits, "stalls",
			 stalls, "longest_cycles", longest,
			 "threshold_cycles", threshold);
}

/*
 * A cpuset that shrank, or a CPU that went off-line, since the placement was
 * made: its vCPUs have run with others since then.
 */
static bool cpus_lost(const struct target_context *ctx)
{
	cpu_set_t before;
	bool lost = false;

	if (!ctx->pin || sched_getaffinity(0, sizeof(before), &before))
		return false;
	for (unsigned int i = 0; i < ctx->pu_count && !lost; i++)
		lost = topology_pin(ctx->topology, ctx->pus[i], NULL) != 0;
	sched_setaffinity(0, sizeof(before), &before);
	return lost;
}

void scale_put(json_t *result, const struct session *session,
	       const struct series *s)
{
	const struct bench *b = s->item->bench;
	static const char *const roles[] = {
		[ROLES_ALL] = "all", [ROLES_FIRST] = "first",
		[ROLES_PAIRS] = "pairs",
	};

	if (!b || !b->scales)
		return;
	json_object_set_new(result, "scale", json_pack("{s:i, s:i, s:s, s:s}",
		"initiators", (int)series_initiators(s), "cpus",
		(int)session->ctx.pu_count, "roles", roles[b->roles], "of",
		b->vms ? "vms" : "vcpus"));
	if (json_object_get(result, "flags") && cpus_lost(&session->ctx))
		json_array_append_new(json_object_get(result, "flags"),
				      json_string("cpus_taken_away"));
	if (b->stalls && json_array_size(s->instances))
		json_object_set_new(result, "stalls", stalls_json(s));
}

void scale_placement(struct session *session)
{
	json_t *topology = json_object_get(session->env, "topology");
	unsigned int most = 1;
	json_t *list;

	if (!session->ctx.pin || !json_is_object(topology))
		return;
	for (unsigned int i = 0; i < session->series_count; i++)
		if (session->series[i].vcpus > most)
			most = session->series[i].vcpus;
	list = json_array();
	for (unsigned int i = 0; i < most && i < session->ctx.pu_count; i++)
		json_array_append_new(list,
				      json_integer(session->ctx.pus[i]));
	json_object_set_new(topology, "pinned_to", list);
}
