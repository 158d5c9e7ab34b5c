/*
 * The environment of a document, put together; see env.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "host/counters.h"
#include "host/disturb.h"
#include "host/env.h"
#include "host/env_parts.h"
#include "host/sysfile.h"
#include "host/virtualised.h"

#define TSC_TIMING_NS 20000000

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/*
 * The clock's time and the TSC's at the same moment: of a few tries, the one
 * that no interrupt split.
 */
static void clocks_read(int64_t *ns, uint64_t *tsc)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		uint64_t before = __rdtsc();
		int64_t t = now_ns();
		uint64_t took = __rdtsc() - before;

		if (took >= best)
			continue;
		best = took;
		*ns = t;
		*tsc = before + took / 2;
	}
}

uint32_t env_tsc_khz(void)
{
	struct timespec nap = { .tv_nsec = TSC_TIMING_NS };
	int64_t ns[2];
	uint64_t tsc[2];

	clocks_read(&ns[0], &tsc[0]);
	nanosleep(&nap, NULL);
	clocks_read(&ns[1], &tsc[1]);
	return (uint32_t)((double)(tsc[1] - tsc[0]) * 1e6 /
			  (double)(ns[1] - ns[0]) + 0.5);
}

/* 0 where it is not known: another machine's cannot be measured. */
static uint32_t tsc_khz_find(const struct env_request *request,
			     const char *root,
			     const struct cpu_identity *identity)
{
	if (request->tsc_khz)
		return request->tsc_khz;
	if (identity->tsc_khz)
		return identity->tsc_khz;
	return *root ? 0 : env_tsc_khz();
}

static json_t *host_json(const char *root)
{
	struct utsname uts;

	return json_pack("{s:o, s:s?}",
			 "name", env_text(root, "/proc/sys/kernel/hostname"),
			 "machine", uname(&uts) ? NULL : uts.machine);
}

static json_t *topology_part(const struct env_request *request)
{
	if (!request->topology)
		return json_null();
	return topology_json(request->topology, request->policy,
			     request->vcpu_pus, request->vcpu_pu_count);
}

/* What counts beside the time here; unknown for another machine. */
static json_t *counters_part(const char *root)
{
	struct counters c;
	struct error e;
	json_t *part;

	if (*root)
		return json_pack("{s:n, s:n}", "pmu", "note");
	if (counters_open(&c, &e))
		part = json_pack("{s:b, s:s}", "pmu", 0, "note", e.text);
	else
		part = json_pack("{s:b, s:s?}", "pmu", c.pmu,
				 "note", c.note[0] ? c.note : NULL);
	counters_close(&c);
	return part;
}

static json_t *disturbances_part(const char *root,
				 const struct cpu_identity *identity,
				 const struct backend_info *backend)
{
	struct disturbance list[DISTURB_MAX];

	return disturb_json(list, disturb_list(root, identity, backend, list));
}

static json_t *kvm_part(const char *root, int fd)
{
	int own = fd < 0 ? sysfile_open(root, "/dev/kvm", O_RDWR) : -1;
	json_t *part = env_kvm(root, fd < 0 ? own : fd);

	if (own >= 0)
		close(own);
	return part;
}

/* FNV-1a: short, and nobody needs it to resist an enemy. */
static void hash_add(uint64_t *hash, const json_t *text)
{
	const char *s = json_string_value(text);

	for (s = s ? s : ""; *s; s++)
		*hash = (*hash ^ (unsigned char)*s) * 0x100000001b3ULL;
	*hash = (*hash ^ '\n') * 0x100000001b3ULL;
}

/*
 * Two documents with one fingerprint were taken on the same kind of CPU, with
 * the same microcode, kernel and KVM modules: their numbers may be compared.
 */
static json_t *fingerprint(const json_t *env)
{
	const json_t *cpu = json_object_get(env, "cpu");
	const json_t *modules =
		json_object_get(json_object_get(env, "kvm"), "modules");
	uint64_t hash = 0xcbf29ce484222325ULL;
	char text[17];

	hash_add(&hash, json_object_get(cpu, "model"));
	hash_add(&hash, json_object_get(cpu, "microcode"));
	hash_add(&hash, json_object_get(json_object_get(env, "kernel"),
					"release"));
	for (size_t i = 0; i < json_array_size(modules); i++)
		hash_add(&hash, json_array_get(modules, i));
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
	return json_string(text);
}

static json_t *env_build(const struct env_request *request, const char *root,
			 const struct cpu_identity *identity,
			 const struct backend_info *backend)
{
	struct virtualised v;
	json_t *env;

	virtualised_detect(&v, root, identity);
	env = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
			" s:o, s:{s:b}, s:o, s:o}",
		"host", host_json(root),
		"backend", backend_json(backend),
		"virtualised", virtualised_json(&v),
		"cpu", env_cpu(root, identity,
			       tsc_khz_find(request, root, identity)),
		"topology", topology_part(request),
		"kernel", env_kernel(root),
		"mitigations", env_mitigations(root),
		"power", env_power(root),
		"memory", env_memory(root),
		"kvm", kvm_part(root, request->kvm_fd),
		"clocksource", env_text(root, "/sys/devices/system/clocksource/"
					"clocksource0/current_clocksource"),
		"tsc", "invariant", identity->invariant_tsc,
		"counters", counters_part(root),
		"disturbances", disturbances_part(root, identity, backend));
	if (env && json_object_set_new(env, "fingerprint", fingerprint(env))) {
		json_decref(env);
		env = NULL;
	}
	return env;
}

json_t *env_collect(const struct env_request *request, struct error *e)
{
	const char *root = request->root ? request->root : "";
	struct cpu_identity identity;
	struct backend_info backend;
	json_t *env;

	if (request->identity)
		identity = *request->identity;
	else
		identity_read(&identity);
	if (request->backend)
		backend = *request->backend;
	else
		backend_detect(&backend, root, &identity, NULL);
	env = env_build(request, root, &identity, &backend);
	if (!env)
		error_set(e, -ENOMEM, "no memory for the description of this host");
	return env;
}
