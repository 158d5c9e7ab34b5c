/*
 * Benches of a device: throughput, and what it costs.
 *
 * A throughput without its price says little: a device that polls has the
 * best one, for a CPU of its own. So each result has the CPU time that a
 * request takes of the device and of the vCPU beside requests and bytes a
 * second, and percentiles of the latency of single requests, over those of
 * all instances.
 */
#include <math.h>
#include <stdlib.h>

#include "instance.h"
#include "measure/stats.h"

#define BEYOND_LEAST	100	/* samples beyond a percentile */

static const char *const way_name[LOAD_WAYS] = {
	[LOAD_READ] = "read", [LOAD_WRITE] = "write",
	[LOAD_RANDREAD] = "randread", [LOAD_RANDWRITE] = "randwrite",
	[LOAD_FLUSH] = "flush", [LOAD_FRAMES] = "frames",
	[LOAD_OUTPUT] = "output", [LOAD_ENTROPY] = "entropy",
};

static const char *const backend_name[LOAD_BACKENDS] = {
	[LOAD_NULL] = "null", [LOAD_MEMORY] = "memory", [LOAD_FILE] = "file",
	[LOAD_DIRECT] = "direct", [LOAD_LOOP] = "loop",
	[LOAD_KERNEL] = "kernel",
};

static const char *const doorbell_name[LOAD_DOORBELLS] = {
	[LOAD_IOEVENTFD] = "ioeventfd", [LOAD_ASLEEP] = "asleep",
	[LOAD_EXIT] = "exit", [LOAD_POLL] = "polled",
};

/* The median over instances, or null where none knows. */
static json_t *cpu_json(const struct series *s, const char *key)
{
	double *v = calloc(json_array_size(s->instances) + 1, sizeof(*v));
	double median = NAN;
	json_t *record;
	size_t i, n = 0;

	json_array_foreach(s->instances, i, record) {
		json_t *x = json_object_get(json_object_get(record, "load"),
					    key);

		if (v && json_is_number(x))
			v[n++] = json_number_value(x);
	}
	if (!v || stats_median(v, n, &median))
		median = NAN;
	free(v);
	return isfinite(median) ? json_real(median) : json_null();
}

/* Requests by latency, of all instances together; how many there are. */
static double latencies_sum(const struct series *s,
			    double count[LATENCY_BUCKETS])
{
	json_t *record, *pair;
	double all = 0;
	size_t i, k;

	json_array_foreach(s->instances, i, record)
		json_array_foreach(json_object_get(json_object_get(record,
					"load"), "latency"), k, pair) {
			json_int_t at = json_integer_value(
				json_array_get(pair, 0));
			double n = json_number_value(json_array_get(pair, 1));

			if (at < 0 || at >= LATENCY_BUCKETS || n < 0)
				continue;	/* a journal's, not ours */
			count[at] += n;
			all += n;
		}
	return all;
}

static double percentile(const double count[LATENCY_BUCKETS], double all,
			 double p)
{
	double below = 0;
	uint32_t i = 0;

	while (i < LATENCY_BUCKETS - 1 && below + count[i] < p * all)
		below += count[i++];
	return latency_cycles(i);
}

static json_t *latency_json(const struct series *s, double tsc_khz,
			    double *all)
{
	static const struct {
		const char *name;
		double p;
	} tail[] = {
		{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 },
		{ "p99.9", 0.999 },
	};
	double count[LATENCY_BUCKETS] = { 0 };
	json_t *j = json_object();

	*all = latencies_sum(s, count);
	for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
		if (tsc_khz > 0 && *all * (1 - tail[i].p) >= BEYOND_LEAST)
			json_object_set_new(j, tail[i].name, json_real(
				percentile(count, *all, tail[i].p) * 1e6 /
				tsc_khz));
	return j;
}

static json_t *rate(double v)
{
	return isfinite(v) && v > 0 ? json_real(v) : json_null();
}

void price_put(json_t *result, const struct session *session,
	       const struct series *s)
{
	const struct load *l = s->item->bench ? &s->item->bench->load : NULL;
	json_t *first = json_array_get(s->instances, 0), *latency;
	bool guest = !session->target->no_exits;
	bool ours = session->target == &target_kvm;
	double ns, all, per_s = NAN;

	if (!l || !l->way)
		return;
	ns = json_number_value(json_object_get(result, s->item->bench->unit ?
					       "median" : "ns"));
	if (ns > 0)
		per_s = 1e9 / ns;
	latency = latency_json(s, json_number_value(
				json_object_get(first, "tsc_khz")), &all);
	json_object_set_new(result, "load", json_pack(
		"{s:s, s:s, s:s?, s:s?, s:s?, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:I, "
		"s:o}",
		"way", way_name[l->way], "backend", backend_name[l->backend],
		"doorbell", guest ? doorbell_name[l->doorbell] : NULL,
		"completion", !guest ? NULL :
		l->interrupts ? "interrupt" : "polled", "bus",
		ours ? l->pci ? "pci" : "mmio" : NULL, "bytes", (int)l->bytes,
		"queues", (int)load_queues(l), "depth", (int)l->depth, "requests_per_s", rate(per_s),
		"mib_per_s", rate(per_s * l->bytes / (1 << 20)), "device_ns",
		cpu_json(s, "device_ns"), "vcpu_ns", cpu_json(s, "vcpu_ns"),
		"latencies", (json_int_t)all, "latency_ns", latency));
}
