/*
 * The rest of a host, as a tree of files has it: what disturbs a measurement
 * there, what it is virtualised by, and the environment of a document.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/disturb.h"
#include "host/env.h"
#include "host/sysfile.h"
#include "host/topology.h"
#include "host/virtualised.h"
#include "host_tree.h"

static bool is_listed(const struct disturbance *list, unsigned n,
		      const char *part)
{
	for (unsigned i = 0; i < n; i++) {
		assert_true(list[i].mend[0]);
		assert_true(list[i].what[0]);
		if (strstr(list[i].what, part))
			return true;
	}
	return false;
}

static unsigned disturb_here(const struct cpu_identity *identity,
			     struct disturbance *list)
{
	struct backend_info backend;

	backend_detect(&backend, tree, identity, NULL);
	return disturb_list(tree, identity, &backend, list);
}

static void disturb_nothing_read_is_nothing_listed(void **state)
{
	struct disturbance list[DISTURB_MAX];

	(void)state;
	assert_int_equal(disturb_here(&bare_metal, list), 0);
}

static void disturb_quiet_host_is_quiet(void **state)
{
	struct disturbance list[DISTURB_MAX];

	(void)state;
	put(CPU "/smt/active", "0\n");
	put(CPU "/cpu0/cpufreq/scaling_governor", "performance\n");
	put(CPU "/intel_pstate/no_turbo", "1\n");
	put(CPU "/cpu0/cpuidle/state0/latency", "2\n");
	put(CPU "/cpu0/cpuidle/state1/latency", "133\n");
	put(CPU "/cpu0/cpuidle/state1/disable", "1\n");
	put(CPU "/isolated", "2-7\n");
	put(CPU "/nohz_full", "2-7\n");
	put("/proc/loadavg", "0.01 0.00 0.00 1/92 1\n");
	put("/proc/meminfo", "MemTotal: 9999999 kB\nMemAvailable: 9999999 kB\n"
	    "SwapTotal: 100 kB\nSwapFree: 100 kB\n");
	put("/proc/stat", "cpu  1 2 3 4 5 6 7 0 0 0\n");
	put("/proc/1/comm", "init\n");
	put("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
	put("/proc/sys/kernel/nmi_watchdog", "0\n");
	put("/proc/self/cgroup", "0::/user\n");
	put("/sys/fs/cgroup/user/cpu.max", "max 100000\n");
	put("/sys/kernel/mm/ksm/run", "0\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled",
	    "always [madvise] never\n");
	put("/sys/devices/system/clocksource/clocksource0/current_clocksource",
	    "tsc\n");
	assert_int_equal(disturb_here(&bare_metal, list), 0);
}

static void disturb_noisy_host_lists_all(void **state)
{
	static const char *const expected[] = {
		"SMT siblings", "CPU 1 has the frequency governor powersave",
		"turbo is on", "idle state C6 takes 133 us",
		"load average 3.50", "itself a guest of KVM",
		"no CPU is isolated", "THP is always on", "KSM", "NMI watchdog",
		"irqbalance", "100 KiB of swap", "only 97 MiB",
		"clock source is hpet", "TSC is not invariant",
		"built for debugging", "NUMA balancing", "42 ticks of steal",
		"50000 of 100000 us", "throttled",
	};
	const struct cpu_identity guest = {
		.hypervisor_bit = true, .hypervisor_vendor = "KVMKVMKVM",
	};
	struct disturbance list[DISTURB_MAX];
	unsigned n;

	(void)state;
	put(CPU "/smt/active", "1\n");
	put(CPU "/cpu0/cpufreq/scaling_governor", "performance\n");
	put(CPU "/cpu1/cpufreq/scaling_governor", "powersave\n");
	put(CPU "/intel_pstate/no_turbo", "0\n");
	put(CPU "/cpu0/cpuidle/state0/latency", "0\n");
	put(CPU "/cpu0/cpuidle/state1/latency", "133\n");
	put(CPU "/cpu0/cpuidle/state1/name", "C6\n");
	put(CPU "/cpu0/cpuidle/state1/disable", "0\n");
	put(CPU "/cpu0/thermal_throttle/core_throttle_count", "9\n");
	put(CPU "/isolated", "\n");
	put("/proc/loadavg", "3.50 0.00 0.00 1/92 1\n");
	put("/proc/meminfo", "MemAvailable: 100000 kB\n"
	    "SwapTotal: 300 kB\nSwapFree: 200 kB\n");
	put("/proc/stat", "cpu  1 2 3 4 5 6 7 42 0 0\n");
	put("/proc/99/comm", "irqbalance\n");
	put("/proc/sys/kernel/osrelease", "6.1.0-debug\n");
	put("/proc/sys/kernel/nmi_watchdog", "1\n");
	put("/proc/sys/kernel/numa_balancing", "1\n");
	put("/proc/sys/kernel/perf_event_paranoid", "4\n");
	put("/proc/self/cgroup", "1:cpu:/\n0::/box\n");
	put("/sys/fs/cgroup/box/cpu.max", "50000 100000\n");
	put("/sys/kernel/mm/ksm/run", "1\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled",
	    "[always] madvise never\n");
	put("/sys/devices/system/clocksource/clocksource0/current_clocksource",
	    "hpet\n");
	n = disturb_here(&guest, list);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (!is_listed(list, n, expected[i]))
			fail_msg("not listed: %s", expected[i]);
	}
	assert_int_equal(is_listed(list, n, "perf_event_paranoid=4"),
			 geteuid() != 0);
	for (unsigned i = 1; i < n; i++)
		assert_true(list[i - 1].severity >= list[i].severity);
}

static void disturb_isolated_but_ticking(void **state)
{
	struct disturbance list[DISTURB_MAX];
	unsigned n;

	(void)state;
	put(CPU "/isolated", "2-7\n");
	put(CPU "/nohz_full", "(null)\n");
	n = disturb_here(&bare_metal, list);
	assert_int_equal(n, 1);
	assert_true(is_listed(list, n, "still take the timer tick"));
}

static void virtualised_by_dmi_alone(void **state)
{
	struct virtualised v;

	(void)state;
	put(DMI "/sys_vendor", "VMware, Inc.\n");
	virtualised_detect(&v, tree, &bare_metal);
	assert_true(v.is_guest);
	assert_string_equal(v.hypervisor, "VMware");
	put(DMI "/sys_vendor", "Dell Inc.\n");
	virtualised_detect(&v, tree, &bare_metal);
	assert_false(v.is_guest);
	assert_int_equal(v.evidence_count, 0);
}

/* Every part of the environment, from a tree that has it. */
static void env_is_whole(void **state)
{
	struct env_request request = { .root = tree, .kvm_fd = -1,
				       .identity = &bare_metal };
	json_t *env, *other;
	struct error e;
	const char *governor, *param;
	json_int_t huge;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("Intel(R) Xeon(R)", "fpu vmx");
	put(CPU "/vulnerabilities/spectre_v2", "Mitigation: x\n");
	put(CPU "/cpu0/cpufreq/scaling_governor", "powersave\n");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "7\n");
	put("/sys/module/kvm/parameters/halt_poll_ns", "200000\n");
	put("/sys/module/kvm_intel/parameters/ept", "Y\n");
	put("/proc/cmdline", "quiet \xff\n");
	env = env_collect(&request, &e);
	assert_non_null(env);
	assert_int_equal(json_unpack(env,
		"{s:{s:s}, s:{s:{s:s}}, s:{s:{s:I}}, s:{s:n}, s:n}",
		"power", "governor", &governor,
		"kvm", "parameters", "kvm.halt_poll_ns", &param,
		"memory", "hugepages", "2048kB", &huge,
		"kernel", "release", "topology"), 0);
	assert_string_equal(governor, "powersave");
	assert_string_equal(param, "200000");
	assert_int_equal(huge, 7);
	assert_true(json_is_null(json_object_get(json_object_get(env, "cpu"),
						 "tsc_khz")));
	/* A file is no /dev/kvm: its capabilities are not known. */
	assert_true(json_is_null(json_object_get(json_object_get(env, "kvm"),
						 "api_version")));
	/* Another kernel is another fingerprint; the same is the same. */
	other = env_collect(&request, &e);
	assert_true(json_equal(env, other));
	json_decref(other);
	put("/proc/sys/kernel/osrelease", "6.2\n");
	other = env_collect(&request, &e);
	assert_false(json_equal(json_object_get(env, "fingerprint"),
				json_object_get(other, "fingerprint")));
	json_decref(other);
	json_decref(env);
}

static void env_of_nothing_is_null(void **state)
{
	struct env_request request = { .root = tree, .kvm_fd = -1,
				       .identity = &bare_metal };
	json_t *env = env_collect(&request, NULL);

	(void)state;
	assert_non_null(env);
	assert_true(json_is_null(json_object_get(env, "clocksource")));
	assert_int_equal(json_object_size(json_object_get(env, "mitigations")),
			 0);
	assert_int_equal(json_unpack(env, "{s:{s:n, s:n, s:n}}", "power",
				     "governor", "driver", "turbo"), 0);
	json_decref(env);
}

static void sysfile_text(void **state)
{
	char text[8];
	long long n;

	(void)state;
	put("/a", "12345678901234\n");
	assert_int_equal(sysfile_read(tree, "/a", text, sizeof(text)), 7);
	assert_string_equal(text, "1234567");
	assert_int_equal(sysfile_read(tree, "/none", text, sizeof(text)),
			 -ENOENT);
	assert_string_equal(text, "");
	put("/n", "0x10\n");
	assert_int_equal(sysfile_number(tree, "/n", &n), 0);
	assert_int_equal(n, 16);
	put("/n", "many\n");
	assert_int_equal(sysfile_number(tree, "/n", &n), -EINVAL);
	put("/n", "");
	assert_int_equal(sysfile_number(tree, "/n", &n), -EINVAL);
	assert_true(sysfile_has_word("a svm b", "svm"));
	assert_false(sysfile_has_word("a svm_lock b", "svm"));
	assert_false(sysfile_has_word("", "svm"));
}

/* Two packages of two cores of two threads; siblings are n and n + 4. */

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(disturb_nothing_read_is_nothing_listed),
		IN_TREE(disturb_quiet_host_is_quiet),
		IN_TREE(disturb_noisy_host_lists_all),
		IN_TREE(disturb_isolated_but_ticking),
		IN_TREE(virtualised_by_dmi_alone),
		IN_TREE(env_is_whole),
		IN_TREE(env_of_nothing_is_null),
		IN_TREE(sysfile_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
