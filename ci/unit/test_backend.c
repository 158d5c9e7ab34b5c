/*
 * What virtualises here, as a tree of files has it: by hardware or in software,
 * with which paging, and by what evidence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_tree.h"

static bool has_evidence(const struct backend_info *info, const char *part)
{
	for (unsigned i = 0; i < info->evidence_count; i++) {
		if (strstr(info->evidence[i], part))
			return true;
	}
	return false;
}

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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
