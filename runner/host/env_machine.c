/*
 * CPU, kernel, mitigations, power and memory of the environment: what /proc
 * and /sys say, as they say it; see env.h.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/env_parts.h"
#include "host/split_lock.h"
#include "host/sysfile.h"

#define CPU "/sys/devices/system/cpu"
#define THP "/sys/kernel/mm/transparent_hugepage"

json_t *env_string(const char *text)
{
	return *text ? json_string(text) : json_null();
}

json_t *env_text(const char *root, const char *path)
{
	char text[4096];

	sysfile_read(root, path, text, sizeof(text));
	return env_string(text);
}

static json_t *env_choice(const char *root, const char *path)
{
	char text[64];

	sysfile_choice(root, path, text, sizeof(text));
	return env_string(text);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static json_t *names_json(DIR *dir, const char *prefix)
{
	json_t *list = json_array();
	char *names[512] = { NULL };
	size_t n = 0;
	struct dirent *d;

	while ((d = readdir(dir)) && n < sizeof(names) / sizeof(names[0])) {
		if (d->d_name[0] == '.' ||
		    strncmp(d->d_name, prefix, strlen(prefix)))
			continue;
		names[n] = strdup(d->d_name);
		n += names[n] != NULL;
	}
	qsort(names, n, sizeof(names[0]), name_order);
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, json_string(names[i]));
		free(names[i]);
	}
	return list;
}

json_t *env_names(const char *root, const char *path, const char *prefix)
{
	int fd = sysfile_open(root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	json_t *list;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return json_array();
	}
	list = names_json(dir, prefix);
	closedir(dir);
	return list;
}

static json_t *words_json(char *text)
{
	json_t *list = json_array();
	char *save = NULL;

	for (char *word = strtok_r(text, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save))
		json_array_append_new(list, json_string(word));
	return list;
}

static json_t *cpuinfo_string(const char *text, const char *key)
{
	char value[256];

	sysfile_value(text, key, value, sizeof(value));
	return env_string(value);
}

static json_t *cpuinfo_number(const char *text, const char *key)
{
	char value[64];

	if (sysfile_value(text, key, value, sizeof(value)))
		return json_null();
	return json_integer(strtoll(value, NULL, 0));
}

json_t *env_cpu(const char *root, const struct cpu_identity *identity,
		uint32_t tsc_khz)
{
	char text[8192], flags[4096];
	json_t *model;

	sysfile_read(root, "/proc/cpuinfo", text, sizeof(text));
	sysfile_value(text, "flags", flags, sizeof(flags));
	model = cpuinfo_string(text, "model name");
	if (json_is_null(model))
		model = env_string(identity->brand);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"vendor", env_string(identity->vendor),
		"model", model,
		"family", cpuinfo_number(text, "cpu family"),
		"model_number", cpuinfo_number(text, "model"),
		"stepping", cpuinfo_number(text, "stepping"),
		"microcode", cpuinfo_string(text, "microcode"),
		"tsc_khz", tsc_khz ? json_integer(tsc_khz) : json_null(),
		"flags", words_json(flags));
}

json_t *env_kernel(const char *root)
{
	return json_pack("{s:o, s:o, s:o}",
		"release", env_text(root, "/proc/sys/kernel/osrelease"),
		"version", env_text(root, "/proc/sys/kernel/version"),
		"cmdline", env_text(root, "/proc/cmdline"));
}

json_t *env_mitigations(const char *root)
{
	json_t *names = env_names(root, CPU "/vulnerabilities", "");
	json_t *all = json_object();
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		const char *key = json_string_value(name);
		char path[320];

		snprintf(path, sizeof(path), CPU "/vulnerabilities/%s", key);
		json_object_set_new(all, key, env_text(root, path));
	}
	json_decref(names);
	if (split_lock_mitigation(root))
		json_object_set_new(all, "split_lock", json_string(
			split_lock_mitigation(root)));
	return all;
}

/* true, false or null, from whichever driver tells. */
static json_t *turbo_json(const char *root)
{
	long long n;

	if (!sysfile_number(root, CPU "/intel_pstate/no_turbo", &n))
		return json_boolean(n == 0);
	if (!sysfile_number(root, CPU "/cpufreq/boost", &n))
		return json_boolean(n != 0);
	return json_null();
}

static json_t *cstates_json(const char *root)
{
	json_t *list = json_array();
	char name[64], latency[32], text[128];

	for (int i = 0; i < 16; i++) {
		if (sysfile_readf(root, name, sizeof(name),
				  CPU "/cpu0/cpuidle/state%d/name", i) <= 0)
			break;
		sysfile_readf(root, latency, sizeof(latency),
			      CPU "/cpu0/cpuidle/state%d/latency", i);
		snprintf(text, sizeof(text), "%s (%s us)", name,
			 latency[0] ? latency : "?");
		json_array_append_new(list, json_string(text));
	}
	return list;
}

json_t *env_power(const char *root)
{
	return json_pack("{s:o, s:o, s:o, s:o}",
		"governor", env_text(root, CPU "/cpu0/cpufreq/scaling_governor"),
		"driver", env_text(root, CPU "/cpu0/cpufreq/scaling_driver"),
		"turbo", turbo_json(root),
		"cstates", cstates_json(root));
}

static json_t *hugepages_json(const char *root)
{
	json_t *names = env_names(root, "/sys/kernel/mm/hugepages",
				  "hugepages-");
	json_t *all = json_object();
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		const char *directory = json_string_value(name);
		char path[320];
		long long n;

		snprintf(path, sizeof(path),
			 "/sys/kernel/mm/hugepages/%s/nr_hugepages", directory);
		json_object_set_new(all, directory + strlen("hugepages-"),
			sysfile_number(root, path, &n) ? json_null()
						       : json_integer(n));
	}
	json_decref(names);
	return all;
}

json_t *env_memory(const char *root)
{
	char text[4096], value[64];
	json_t *total = NULL;

	sysfile_read(root, "/proc/meminfo", text, sizeof(text));
	if (!sysfile_value(text, "MemTotal", value, sizeof(value)))
		total = json_integer(strtoll(value, NULL, 10) * 1024);
	return json_pack("{s:o, s:o, s:o, s:o}",
		"total_bytes", total ? total : json_null(),
		"thp", env_choice(root, THP "/enabled"),
		"thp_defrag", env_choice(root, THP "/defrag"),
		"hugepages", hugepages_json(root));
}
