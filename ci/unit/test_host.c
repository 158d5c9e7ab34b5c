/*
 * runner/host judges vmgauge's own reading of a host, never this machine:
 * every kind of host is a fake tree here, and what must touch the machine
 * (pinning, counters) passes wherever a process may run at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/perf_event.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/backend.h"
#include "host/counters.h"
#include "host/disturb.h"
#include "host/env.h"
#include "host/sysfile.h"
#include "host/topology.h"
#include "host/topology_pu.h"
#include "host/tracing.h"
#include "host/virtualised.h"

#define CPU "/sys/devices/system/cpu"
#define DMI "/sys/class/dmi/id"

static char tree[64];

static int tree_make(void **state)
{
	(void)state;
	snprintf(tree, sizeof(tree), "/tmp/vmgauge-host-XXXXXX");
	return mkdtemp(tree) ? 0 : -1;
}

static int entry_remove(const char *path, const struct stat *st, int flag,
			struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int tree_remove(void **state)
{
	(void)state;
	return nftw(tree, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file of the tree, with its directories. */
static void put(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", tree, path);
	for (char *p = full + strlen(tree) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(full, 0755))
			assert_int_equal(errno, EEXIST);
		*p = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void put_cpu(const char *model, const char *flags)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "processor\t: 0\nvendor_id\t: Some\nmodel\t\t: 17\n"
		 "model name\t: %s\nmicrocode\t: 0x1\nflags\t\t: %s\n",
		 model, flags);
	put("/proc/cpuinfo", text);
}

static bool has_evidence(const struct backend_info *info, const char *part)
{
	for (unsigned i = 0; i < info->evidence_count; i++) {
		if (strstr(info->evidence[i], part))
			return true;
	}
	return false;
}

static const struct cpu_identity bare_metal = {
	.vendor = "GenuineIntel", .invariant_tsc = true,
};

static struct backend_info detect(const struct cpu_identity *identity,
				  const struct backend_loop *loop)
{
	struct backend_info info;
	json_t *json;

	backend_detect(&info, tree, identity, loop);
	json = backend_json(&info);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "title")),
			    info.title);
	json_decref(json);
	return info;
}

static void backend_intel_with_ept(void **state)
{
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("Intel(R) Xeon(R)", "fpu vmx ept");
	put("/sys/module/kvm_intel/parameters/ept", "Y\n");
	put("/sys/module/kvm_intel/parameters/unrestricted_guest", "Y\n");
	info = detect(&bare_metal, NULL);
	assert_int_equal(info.kind, BACKEND_VMX);
	assert_int_equal(info.tdp, BACKEND_TDP_EPT);
	assert_string_equal(info.title, "Intel VMX + EPT");
	assert_null(info.software_host);
	assert_true(info.times_meaningful);
	assert_true(has_evidence(&info, "kvm_intel.ept=Y"));
	assert_true(has_evidence(&info, "kvm_intel.unrestricted_guest=Y"));
}

static void backend_intel_without_ept(void **state)
{
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("Intel(R) Xeon(R)", "fpu vmx");
	put("/sys/module/kvm_intel/parameters/ept", "N\n");
	info = detect(&bare_metal, NULL);
	assert_int_equal(info.kind, BACKEND_VMX);
	assert_int_equal(info.tdp, BACKEND_TDP_NONE);
	assert_string_equal(info.title, "Intel VMX + shadow paging");
}

static void backend_paging_unread_is_unknown(void **state)
{
	struct backend_info info;
	json_t *json;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("Intel(R) Xeon(R)", "fpu vmx ept");
	info = detect(&bare_metal, NULL);
	assert_int_equal(info.kind, BACKEND_VMX);
	assert_int_equal(info.tdp, BACKEND_TDP_UNKNOWN);
	json = backend_json(&info);
	assert_true(json_is_null(json_object_get(json, "tdp")));
	json_decref(json);
}

static void backend_amd_with_npt(void **state)
{
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("AMD EPYC 9554", "fpu svm npt");
	put("/sys/module/kvm_amd/parameters/npt", "1\n");
	/* Built in, so it is listed on this CPU as well. */
	put("/sys/module/kvm_intel/parameters/ept", "Y\n");
	info = detect(&bare_metal, NULL);
	assert_int_equal(info.kind, BACKEND_SVM);
	assert_int_equal(info.tdp, BACKEND_TDP_NPT);
	assert_false(has_evidence(&info, "kvm_intel"));
	assert_true(info.times_meaningful);
}

static void backend_svm_in_tcg(void **state)
{
	const struct cpu_identity tcg = {
		.hypervisor_bit = true, .hypervisor_vendor = "TCGTCGTCGTCG",
	};
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("QEMU TCG CPU version 2.5+", "fpu svm npt hypervisor");
	put("/sys/module/kvm_amd/parameters/npt", "Y\n");
	info = detect(&tcg, NULL);
	assert_int_equal(info.kind, BACKEND_SVM);
	assert_int_equal(info.tdp, BACKEND_TDP_NPT);
	assert_string_equal(info.software_host, "QEMU TCG");
	assert_string_equal(info.title,
			    "AMD SVM + NPT, in software (QEMU TCG)");
	assert_false(info.times_meaningful);
	/* Either witness is enough. */
	info = detect(&bare_metal, NULL);
	assert_string_equal(info.software_host, "QEMU TCG");
	put_cpu("some name", "fpu svm npt hypervisor");
	info = detect(&tcg, NULL);
	assert_string_equal(info.software_host, "QEMU TCG");
}

static void backend_vmx_in_bochs(void **state)
{
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("Intel(R) Core(TM) i7-7800X", "fpu vmx ept");
	put("/sys/module/kvm_intel/parameters/ept", "Y\n");
	put(DMI "/bios_vendor", "Bochs\n");
	info = detect(&bare_metal, NULL);
	assert_int_equal(info.kind, BACKEND_VMX);
	assert_string_equal(info.software_host, "Bochs");
	assert_false(info.times_meaningful);
}

static void backend_bochs_bios_under_qemu_is_not_bochs(void **state)
{
	const struct cpu_identity kvm = {
		.hypervisor_bit = true, .hypervisor_vendor = "KVMKVMKVM",
	};
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("Intel Core Processor (Haswell)", "fpu vmx ept hypervisor");
	put(DMI "/bios_vendor", "Bochs\n");
	info = detect(&kvm, NULL);
	assert_null(info.software_host);
	put(DMI "/sys_vendor", "QEMU\n");
	info = detect(&bare_metal, NULL);
	assert_null(info.software_host);
}

static void backend_pvm(void **state)
{
	const struct backend_loop slow = { .guest_cycles = 2000,
					   .host_cycles = 1 };
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("AMD EPYC", "fpu hypervisor");
	put("/sys/module/kvm_pvm/parameters/force", "N\n");
	info = detect(&bare_metal, NULL);
	assert_int_equal(info.kind, BACKEND_SHADOW);
	assert_int_equal(info.tdp, BACKEND_TDP_NONE);
	assert_string_equal(info.title,
		"KVM without hardware assistance (kvm_pvm, shadow paging)");
	assert_false(info.cpl0_interpreted);
	info = detect(&bare_metal, &slow);
	assert_true(info.cpl0_interpreted);
	assert_true(has_evidence(&info, "guest CPL0 loop runs 2000x slower "
				 "than the host's: CPL0 is interpreted"));
	/* On a CPU that has SVM, the loop tells which module is in charge. */
	put_cpu("AMD EPYC", "fpu svm");
	put("/sys/module/kvm_amd/parameters/npt", "Y\n");
	assert_int_equal(detect(&bare_metal, &slow).kind, BACKEND_SHADOW);
	assert_int_equal(detect(&bare_metal, NULL).kind, BACKEND_SVM);
}

static void backend_loop_limits(void **state)
{
	const struct backend_loop unmeasured = { -1, 1 }, equal = { 1.1, 1 },
				  zero = { 5, 0 };
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("Intel(R) Xeon(R)", "fpu vmx");
	info = detect(&bare_metal, &unmeasured);
	assert_false(has_evidence(&info, "loop"));
	info = detect(&bare_metal, &zero);
	assert_false(has_evidence(&info, "loop"));
	info = detect(&bare_metal, &equal);
	assert_true(has_evidence(&info, "CPL0 is executed"));
	assert_true(backend_host_loop_cycles() > 0);
}

static void backend_unknown_module(void **state)
{
	struct backend_info info;

	(void)state;
	put("/dev/kvm", "");
	put_cpu("Some CPU", "fpu");
	put("/sys/module/kvm_strange/parameters/x", "1\n");
	info = detect(&bare_metal, NULL);
	assert_int_equal(info.kind, BACKEND_SOFTWARE);
	assert_string_equal(info.title, "KVM without VMX or SVM (kvm_strange)");
}

static void backend_none(void **state)
{
	struct backend_info info;

	(void)state;
	put_cpu("Intel(R) Xeon(R)", "fpu vmx");
	info = detect(&bare_metal, NULL);
	assert_int_equal(info.kind, BACKEND_NONE);
	assert_true(has_evidence(&info, "/dev/kvm is not there"));
}

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
static struct topology_pu eight[8];

static struct topology eight_pus(void)
{
	struct topology t = { .pus = eight, .pu_count = 8 };

	for (unsigned i = 0; i < 8; i++)
		eight[i] = (struct topology_pu){
			.os_index = i / 2 + i % 2 * 4, .core = i / 2,
			.package = i / 4, .node = (int)i / 4,
		};
	topology_rank(&t);
	return t;
}

static void assert_order(const struct topology *t, enum topology_policy policy,
			 const unsigned *want, unsigned count)
{
	unsigned got[16];

	assert_int_equal(topology_list(t, policy, got, 16), count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(got[i], want[i]);
}

static void topology_orders(void **state)
{
	struct topology t = eight_pus();
	const unsigned compact[] = { 1, 5, 2, 6, 3, 7, 4, 0 };
	const unsigned cores[] = { 1, 2, 3, 4 };
	const unsigned scatter[] = { 2, 1, 3, 4, 6, 5, 7, 0 };
	const unsigned nodes[] = { 1, 2, 5, 6, 3, 4, 7, 0 };
	unsigned first;

	(void)state;
	assert_order(&t, TOPOLOGY_COMPACT, compact, 8);
	assert_order(&t, TOPOLOGY_ONE_PER_CORE, cores, 4);
	assert_order(&t, TOPOLOGY_SCATTER, scatter, 8);
	assert_order(&t, TOPOLOGY_PER_NODE, nodes, 8);
	assert_order(&t, TOPOLOGY_SMT, compact, 8);
	assert_int_equal(topology_list(&t, TOPOLOGY_COMPACT, &first, 1), 1);
	assert_int_equal(first, 1);
}

/* CPU 5 is taken away: CPU 1 has nobody to share its core with. */
static void topology_siblings_come_first(void **state)
{
	struct topology t = eight_pus();
	const unsigned compact[] = { 1, 2, 6, 3, 7, 4, 0 };
	const unsigned smt[] = { 2, 6, 3, 7, 4, 0, 1 };
	const unsigned nodes[] = { 1, 2, 6, 4, 3, 0, 7 };

	(void)state;
	assert_int_equal(eight[3].os_index, 5);
	memmove(&eight[3], &eight[4], 4 * sizeof(eight[0]));
	t.pu_count = 7;
	topology_rank(&t);
	assert_order(&t, TOPOLOGY_COMPACT, compact, 7);
	assert_order(&t, TOPOLOGY_SMT, smt, 7);
	assert_order(&t, TOPOLOGY_PER_NODE, nodes, 7);
}

static void topology_bystander_keeps_away(void **state)
{
	struct topology t = eight_pus();
	const unsigned one[] = { 1 }, cores[] = { 1, 2, 3, 4 };
	const unsigned all[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	struct topology_pu lone = { .os_index = 0 };
	struct topology single = { .pus = &lone, .pu_count = 1 };

	(void)state;
	assert_int_equal(topology_bystander(&t, one, 1), 0);
	assert_int_equal(topology_bystander(&t, cores, 4), 0);
	assert_int_equal(topology_bystander(&t, all, 8), 0);
	assert_int_equal(topology_bystander(&t, all, 1), 7);
	assert_int_equal(topology_bystander(&single, all, 1), 0);
}

static void topology_policy_names(void **state)
{
	enum topology_policy p;
	struct error e;

	(void)state;
	for (int i = 0; i <= TOPOLOGY_SMT; i++) {
		enum topology_policy q = (enum topology_policy)i;

		assert_int_equal(topology_policy_parse(topology_policy_name(q),
						       &p, &e), 0);
		assert_int_equal(p, q);
	}
	assert_int_equal(topology_policy_parse("fast", &p, &e), -EINVAL);
	assert_non_null(strstr(e.text, "fast"));
}

static void topology_pins_this_thread(void **state)
{
	char page[64];
	struct topology t;
	struct error e;
	unsigned pu, count, all[4096];
	cpu_set_t set;
	json_t *json;

	(void)state;
	assert_int_equal(topology_open(&t, &e), 0);
	count = topology_list(&t, TOPOLOGY_SCATTER, all, 4096);
	assert_int_equal(count, topology_pu_count(&t));
	pu = all[0];
	assert_true(pu != 0 || count == 1);
	assert_int_equal(topology_pin(&t, pu, &e), 0);
	assert_int_equal(sched_getcpu(), pu);
	assert_int_equal(topology_pin(&t, 1000000, &e), -EINVAL);
	assert_int_equal(topology_bind_range(&t, page, sizeof(page), pu, NULL),
			 0);
	json = topology_json(&t, TOPOLOGY_COMPACT, &pu, 1);
	assert_int_equal(json_integer_value(json_array_get(
				json_object_get(json, "pinned_to"), 0)), pu);
	json_decref(json);
	assert_int_equal(topology_unpin(&t, &e), 0);
	/* The set is too small where there are more than 1024 CPUs. */
	if (!sched_getaffinity(0, sizeof(set), &set))
		assert_int_equal(CPU_COUNT(&set), count);
	topology_close(&t);
	topology_close(&t);
}

/* A kernel that answers every perf_event_open alike. */
static int opener_error;

static int opener_refuses(struct perf_event_attr *attr, int group_fd)
{
	(void)attr;
	(void)group_fd;
	return opener_error;
}

static void counters_fall_back(void **state)
{
	static const int errors[] = { -EACCES, -EPERM, -ENOSYS };
	struct counter_values before, after;
	struct counter_delta delta;
	struct counters c;
	struct error e;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		opener_error = errors[i];
		assert_int_equal(counters_open_with(&c, opener_refuses, &e), 0);
		assert_true(c.rusage);
		assert_false(c.pmu);
		assert_non_null(strstr(c.note, strerrorname_np(-errors[i])));
		assert_non_null(strstr(c.note, "getrusage"));
		assert_int_equal(counters_read(&c, &before), 0);
		usleep(1000);
		assert_int_equal(counters_read(&c, &after), 0);
		counters_subtract(&c, &before, &after, &delta);
		assert_true(delta.host[COUNTER_CONTEXT_SWITCHES] >= 1);
		assert_true(delta.host[COUNTER_PAGE_FAULTS] >= 0);
		assert_true(isnan(delta.host[COUNTER_CPU_MIGRATIONS]));
		assert_true(isnan(delta.host[COUNTER_CYCLES]));
		counters_close(&c);
	}
}

/* Software events as pipes, of which a group is read; no hardware at all. */
static int opener_pipe[2];

static int opener_software(struct perf_event_attr *attr, int group_fd)
{
	if (attr->type != PERF_TYPE_SOFTWARE)
		return -ENOENT;
	assert_int_equal(attr->exclude_guest | attr->exclude_host, 0);
	return group_fd < 0 ? dup(opener_pipe[0]) : open("/dev/null", O_RDONLY);
}

static void counters_without_pmu(void **state)
{
	const uint64_t raw[2][6] = { { 3, 10, 10, 1, 2, 3 },
				     { 3, 30, 20, 5, 2, 9 } };
	struct counter_values v[2];
	struct counter_delta delta;
	struct counters c;
	json_t *json, *part;

	(void)state;
	assert_int_equal(pipe(opener_pipe), 0);
	assert_int_equal(counters_open_with(&c, opener_software, NULL), 0);
	assert_string_equal(c.note, "no PMU: cycles: ENOENT");
	assert_string_equal(counters_source(&c), "software");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write(opener_pipe[1], raw[i], sizeof(raw[i])),
				 sizeof(raw[i]));
		assert_int_equal(counters_read(&c, &v[i]), 0);
	}
	counters_subtract(&c, &v[0], &v[1], &delta);
	assert_true(delta.multiplexed);
	assert_true(delta.host[COUNTER_CONTEXT_SWITCHES] == 8.0);
	assert_true(delta.host[COUNTER_PAGE_FAULTS] == 12.0);
	json = counters_json(&c, &delta, 4);
	part = json_object_get(json_object_get(json, "events"),
			       "context-switches");
	assert_true(json_real_value(json_object_get(part, "host")) == 2.0);
	assert_true(json_is_null(json_object_get(part, "guest")));
	json_decref(json);
	/* A short read is an error, not noughts. */
	assert_int_equal(write(opener_pipe[1], raw[0], 16), 16);
	assert_int_equal(counters_read(&c, &v[0]), -EIO);
	counters_close(&c);
	close(opener_pipe[0]);
	close(opener_pipe[1]);
}

static unsigned guest_parts, host_parts;

static int opener_guest_pmu(struct perf_event_attr *attr, int group_fd)
{
	(void)group_fd;
	if (attr->type == PERF_TYPE_HARDWARE &&
	    attr->config == PERF_COUNT_HW_CACHE_MISSES)
		return -ENOENT;
	guest_parts += attr->exclude_host;
	host_parts += attr->exclude_guest;
	return open("/dev/null", O_RDONLY);
}

static void counters_with_part_of_a_pmu(void **state)
{
	struct counters c;

	(void)state;
	guest_parts = host_parts = 0;
	assert_int_equal(counters_open_with(&c, opener_guest_pmu, NULL), 0);
	assert_true(c.pmu);
	assert_string_equal(counters_source(&c), "pmu");
	assert_int_equal(guest_parts, 2);
	assert_int_equal(host_parts, 2);
	assert_string_equal(c.note, "not counted: cache-misses: ENOENT");
	counters_close(&c);
}

static void counters_of_this_machine(void **state)
{
	struct counter_values before, after;
	struct counter_delta delta;
	struct counters c;

	(void)state;
	assert_int_equal(counters_open(&c, NULL), 0);
	assert_int_equal(counters_read(&c, &before), 0);
	usleep(1000);
	assert_int_equal(counters_read(&c, &after), 0);
	counters_subtract(&c, &before, &after, &delta);
	assert_true(delta.host[COUNTER_CONTEXT_SWITCHES] >= 1);
	counters_close(&c);
	counters_close(&c);
}

static struct trace_log parse(const char *text)
{
	struct trace_log log;

	assert_int_equal(trace_log_parse(text, strlen(text), &log), 0);
	return log;
}

static void trace_well_formed(void **state)
{
	struct trace_log log = parse(
	"# tracer: nop\n#\n"
	"# entries-in-buffer/entries-written: 6/6   #P:2\n"
	" a b-1 [7] c-12 [001] d..1. 100: kvm_entry: vcpu 0, rip 0x1\n"
	" x-12 [001] d..1. 200: kvm_exit: vcpu 0 reason CPUID rip 0x1 info1 0\n"
	" x-12 [001] d..1. 300: kvm_exit: vcpu 0 reason msr rip 0x1 info1 0\n"
	" x-12 [001] d..1. 350: kvm_exit: vcpu 0 reason PF excp rip 0x1\n"
	" x-12 [001] d..1. 400: kvm_exit: reason 0x7f rip 0x1\n"
	" x-12 [001] ..... 500: kvm_userspace_exit: reason KVM_EXIT_IO (2)\n"
	" x-12 [001] ..... 600: kvm_userspace_exit: reason restart (4)\n"
	" x-12 [001] ..... 700: kvm_fpu: load\n"
	" x-12 [001] ..... 800: kvm_pio: pio_write at 0x10\n");

	(void)state;
	assert_int_equal(log.count, 8);
	assert_int_equal(log.malformed, 0);
	assert_int_equal(log.lost, 0);
	assert_int_equal(log.events[0].kind, TRACE_ENTRY);
	assert_int_equal(log.events[0].tsc, 100);
	assert_int_equal(log.events[1].reason, 10);
	assert_int_equal(log.events[2].reason, 0x7c);
	assert_int_equal(log.events[3].reason, 0x4e);
	assert_int_equal(log.events[4].reason, 0x7f);
	assert_int_equal(log.events[5].kind, TRACE_USERSPACE_EXIT);
	assert_int_equal(log.events[5].reason, 2);
	assert_int_equal(log.events[6].reason, TRACE_REASON_UNKNOWN);
	assert_int_equal(log.events[7].kind, TRACE_LOAD);
	trace_log_free(&log);
}

static void trace_malformed(void **state)
{
	struct trace_log log = parse(
	"# entries-in-buffer/entries-written: 3/10   #P:2\n"
	"CPU:1 [LOST 4 EVENTS]\n"
	": kvm_exit: \n"
	"x-12 [001] d..1. 12.5: kvm_exit: reason CPUID\n"
	"x-12 [001] d..1. 99999999999999999999999: kvm_exit: reason CPUID\n"
	"x-12 [001] d..1. : kvm_entry: \n"
	"x-12 [001] d..1. 18446744073709551615: kvm_exit: rea\n"
	"x-12 [001] d..1. 5: kvm_userspace_exit: reason KVM_EXIT_IO (\n"
	"\n\n\x01\xff garbage\n"
	"x-12 [001] d..1. 7: kvm_exit: reason NO_SUCH_NAME rip\n"
	"x-12 [001] d..1. 8: kvm_exit: reason ");

	(void)state;
	assert_int_equal(log.malformed, 4);
	assert_int_equal(log.count, 4);
	assert_int_equal(log.lost, 7);
	assert_true(log.events[0].tsc == UINT64_MAX);
	for (size_t i = 0; i < log.count; i++)
		assert_int_equal(log.events[i].reason, TRACE_REASON_UNKNOWN);
	trace_log_free(&log);
	log = parse("");
	assert_int_equal(log.count, 0);
	trace_log_free(&log);
}

static void trace_many_lines(void **state)
{
	enum { LINES = 1000, WIDTH = 64 };
	char *text = calloc(LINES, WIDTH), *at = text;
	struct trace_log log;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < LINES; i++)
		at += sprintf(at, "x-1 [000] ..... %d: kvm_entry: vcpu 0\n", i);
	log = parse(text);
	assert_int_equal(log.count, LINES);
	assert_int_equal(log.events[LINES - 1].tsc, LINES - 1);
	trace_log_free(&log);
	free(text);
}

/* Wherever it runs: it works, or it says why not. */
static void tracing_opens_or_explains(void **state)
{
	struct error e = { "" };
	struct trace_log log;
	struct tracing t;

	(void)state;
	if (tracing_open(&t, 64, &e)) {
		assert_non_null(strstr(e.text, "no tracepoints: "));
		tracing_close(&t);
		return;
	}
	assert_int_equal(tracing_start(&t, gettid(), &e), 0);
	assert_int_equal(tracing_stop(&t, &e), 0);
	assert_int_equal(tracing_read(&t, &log, &e), 0);
	assert_int_equal(log.count, 0);
	trace_log_free(&log);
	tracing_close(&t);
	tracing_close(&t);
}

#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, tree_make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(backend_intel_with_ept),
		IN_TREE(backend_intel_without_ept),
		IN_TREE(backend_paging_unread_is_unknown),
		IN_TREE(backend_amd_with_npt),
		IN_TREE(backend_svm_in_tcg),
		IN_TREE(backend_vmx_in_bochs),
		IN_TREE(backend_bochs_bios_under_qemu_is_not_bochs),
		IN_TREE(backend_pvm),
		IN_TREE(backend_loop_limits),
		IN_TREE(backend_unknown_module),
		IN_TREE(backend_none),
		IN_TREE(disturb_nothing_read_is_nothing_listed),
		IN_TREE(disturb_quiet_host_is_quiet),
		IN_TREE(disturb_noisy_host_lists_all),
		IN_TREE(disturb_isolated_but_ticking),
		IN_TREE(virtualised_by_dmi_alone),
		IN_TREE(env_is_whole),
		IN_TREE(env_of_nothing_is_null),
		IN_TREE(sysfile_text),
		cmocka_unit_test(topology_orders),
		cmocka_unit_test(topology_siblings_come_first),
		cmocka_unit_test(topology_bystander_keeps_away),
		cmocka_unit_test(topology_policy_names),
		cmocka_unit_test(topology_pins_this_thread),
		cmocka_unit_test(counters_fall_back),
		cmocka_unit_test(counters_without_pmu),
		cmocka_unit_test(counters_with_part_of_a_pmu),
		cmocka_unit_test(counters_of_this_machine),
		cmocka_unit_test(trace_well_formed),
		cmocka_unit_test(trace_malformed),
		cmocka_unit_test(trace_many_lines),
		cmocka_unit_test(tracing_opens_or_explains),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
