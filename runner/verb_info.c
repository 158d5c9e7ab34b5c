/*
 * vmgauge info: what this host really is, from evidence, and what will
 * disturb a measurement, each with its mend.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "verb.h"

enum { KEY_JSON = 256 };

struct info_options {
	struct parsed parsed;
	bool json;
};

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "unknown";
}

static void lines(const json_t *array, const char *bullet)
{
	json_t *v;
	size_t i;

	json_array_foreach(array, i, v)
		printf("  %s%s\n", bullet, json_string_value(v));
}

static void host_print(const json_t *env)
{
	const json_t *backend = json_object_get(env, "backend");
	const json_t *guest = json_object_get(env, "virtualised");
	const json_t *cpu = json_object_get(env, "cpu");
	const json_t *kernel = json_object_get(env, "kernel");
	const json_t *topology = json_object_get(env, "topology");
	const char *software = json_string_value(
		json_object_get(backend, "software_host"));

	printf("backend     %s\n", text(backend, "title"));
	lines(json_object_get(backend, "evidence"), "- ");
	if (!json_is_true(json_object_get(backend, "times_meaningful")))
		printf("            times mean nothing here%s%s\n",
		       software ? ": the CPU is emulated by " : "",
		       software ? software : "");
	printf("host        %s\n",
	       json_is_true(json_object_get(guest, "is_guest")) ?
	       "is itself a guest: it may not be compared as hardware" :
	       "bare machine, as far as can be seen");
	lines(json_object_get(guest, "evidence"), "- ");
	printf("cpu         %s, microcode %s, TSC %lld kHz\n",
	       text(cpu, "model"), text(cpu, "microcode"),
	       (long long)json_integer_value(json_object_get(cpu, "tsc_khz")));
	printf("kernel      %s\n", text(kernel, "release"));
	printf("topology    %lld packages, %lld cores, %lld CPUs, %lld NUMA "
	       "nodes\n",
	       (long long)json_integer_value(json_object_get(topology,
							     "packages")),
	       (long long)json_integer_value(json_object_get(topology,
							     "cores")),
	       (long long)json_integer_value(json_object_get(topology, "pus")),
	       (long long)json_integer_value(json_object_get(topology,
							     "numa_nodes")));
	printf("counters    %s\n",
	       json_is_true(json_object_get(json_object_get(env, "counters"),
					    "pmu")) ? "PMU" :
	       text(json_object_get(env, "counters"), "note"));
}

static void disturbances_print(const json_t *list)
{
	json_t *d;
	size_t i;

	printf("\nwhat will disturb a measurement here\n");
	if (!json_array_size(list))
		printf("  nothing that was found\n");
	json_array_foreach(list, i, d)
		printf("  %-4s %s\n       mend: %s\n", text(d, "severity"),
		       text(d, "what"), text(d, "mend"));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct info_options *o = state->input;

	if (key == ARGP_KEY_ARG)
		return -error_set(o->parsed.e, -EINVAL, "info takes no items: "
				  "leave out '%s'", arg);
	if (key != KEY_JSON)
		return ARGP_ERR_UNKNOWN;
	o->json = true;
	return 0;
}

int verb_info(int argc, char **argv)
{
	static const struct argp_option option[] = {
		{ "json", KEY_JSON, NULL, 0,
		  "the whole environment, as result documents carry it", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = option, .parser = parse,
		.doc = "What this host is, and what will disturb a "
		       "measurement.",
	};
	struct session_options options;
	struct session s;
	struct error e;
	struct info_options o = { .json = false };
	int code;

	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		return code;
	session_options_default(&options);
	if (session_open(&s, &options, &e))
		return verb_fail(&e);
	if (o.json) {
		json_dumpf(s.env, stdout, JSON_INDENT(2) |
			   JSON_REAL_PRECISION(10));
		printf("\n");
	} else {
		printf("vmgauge     %s\n", VERSION);
		host_print(s.env);
		if (s.unavailable[0])
			printf("kvm         unavailable: %s\n", s.unavailable);
		disturbances_print(json_object_get(s.env, "disturbances"));
	}
	session_close(&s);
	return EXIT_OK;
}
