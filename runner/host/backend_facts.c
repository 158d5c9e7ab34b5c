/*
 * The witnesses of backend.h: the device, the modules and their parameters,
 * the CPU's flags, and the marks that emulators leave.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "host/backend_facts.h"
#include "host/sysfile.h"

static void device_read(struct backend_facts *f, struct backend_info *info,
			const char *root)
{
	int fd;

	f->device = sysfile_exists(root, "/dev/kvm");
	if (!f->device) {
		backend_evidence(info, "/dev/kvm is not there");
		return;
	}
	fd = sysfile_open(root, "/dev/kvm", O_RDWR);
	if (fd < 0)
		backend_evidence(info, "/dev/kvm is there but does not open: %s",
				 strerror(-fd));
	else
		close(fd);
}

static void flags_read(struct backend_facts *f, struct backend_info *info,
		       const char *root)
{
	char text[8192], flags[4096];

	sysfile_read(root, "/proc/cpuinfo", text, sizeof(text));
	if (sysfile_value(text, "flags", flags, sizeof(flags)))
		return;
	f->vmx = sysfile_has_word(flags, "vmx");
	f->svm = sysfile_has_word(flags, "svm");
	backend_evidence(info, "/proc/cpuinfo has %s",
			 f->vmx ? "the flag vmx" : f->svm ? "the flag svm" :
			 "neither vmx nor svm");
}

/* 1, 0 or -1 for unknown; a known value becomes evidence. */
static int switch_read(struct backend_info *info, const char *root,
		       const char *module, const char *parameter)
{
	char text[16];

	if (sysfile_readf(root, text, sizeof(text),
			  "/sys/module/%s/parameters/%s", module,
			  parameter) <= 0)
		return -1;
	backend_evidence(info, "%s.%s=%s", module, parameter, text);
	if (strchr("YNyn01", text[0]) && !text[1])
		return strchr("Yy1", text[0]) != NULL;
	return -1;
}

/*
 * A module built into the kernel is listed on every CPU, with its parameters
 * at their defaults; only the CPU's flag tells that it is in charge.
 */
static void modules_read(struct backend_facts *f, struct backend_info *info,
			 const char *root)
{
	f->ept = f->npt = -1;
	f->kvm_intel = sysfile_exists(root, "/sys/module/kvm_intel");
	f->kvm_amd = sysfile_exists(root, "/sys/module/kvm_amd");
	f->kvm_pvm = sysfile_exists(root, "/sys/module/kvm_pvm");
	if (f->kvm_intel && f->vmx) {
		backend_evidence(info, "module kvm_intel");
		f->ept = switch_read(info, root, "kvm_intel", "ept");
		switch_read(info, root, "kvm_intel", "unrestricted_guest");
		switch_read(info, root, "kvm_intel", "nested");
	}
	if (f->kvm_amd && f->svm) {
		backend_evidence(info, "module kvm_amd");
		f->npt = switch_read(info, root, "kvm_amd", "npt");
		switch_read(info, root, "kvm_amd", "nested");
	}
	if (f->kvm_pvm)
		backend_evidence(info, "module kvm_pvm");
}

static void other_module_read(struct backend_facts *f,
			      struct backend_info *info, const char *root)
{
	int fd = sysfile_open(root, "/sys/module", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (d = readdir(dir))) {
		if (strncmp(d->d_name, "kvm_", 4) ||
		    !strcmp(d->d_name, "kvm_intel") ||
		    !strcmp(d->d_name, "kvm_amd"))
			continue;
		snprintf(f->other_module, sizeof(f->other_module), "%.31s",
			 d->d_name);
		if (strcmp(d->d_name, "kvm_pvm"))
			backend_evidence(info, "module %.31s, not known here",
					 d->d_name);
	}
	if (dir)
		closedir(dir);
}

void backend_facts_read(struct backend_facts *facts, struct backend_info *info,
			const char *root)
{
	memset(facts, 0, sizeof(*facts));
	device_read(facts, info, root);
	flags_read(facts, info, root);
	modules_read(facts, info, root);
	other_module_read(facts, info, root);
}

static bool tcg_detect(struct backend_info *info, const char *model,
		       const struct cpu_identity *identity)
{
	bool leaf = !strcmp(identity->hypervisor_vendor, "TCGTCGTCGTCG");
	bool name = strstr(model, "QEMU TCG CPU");

	if (leaf)
		backend_evidence(info, "CPUID leaf 0x40000000 says TCGTCGTCGTCG");
	if (name)
		backend_evidence(info, "CPU model \"%.100s\"", model);
	return leaf || name;
}

/*
 * "Bochs" in DMI alone is no proof: old SeaBIOS wrote it under QEMU too, as
 * its ACPI tables do to this day. But Bochs never sets the hypervisor bit,
 * and QEMU says its own name somewhere in DMI.
 */
static bool bochs_detect(struct backend_info *info, const char *root,
			 const char *model, const struct cpu_identity *identity)
{
	static const char *const ids[] = {
		"bios_vendor", "sys_vendor", "product_name", "board_vendor",
	};
	char mark[64] = "";
	char text[64];

	if (strstr(model, "Bochs")) {
		backend_evidence(info, "CPU model \"%.100s\"", model);
		return true;
	}
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (sysfile_readf(root, text, sizeof(text),
				  "/sys/class/dmi/id/%s", ids[i]) <= 0)
			continue;
		if (strstr(text, "QEMU"))
			return false;
		if (strstr(text, "Bochs"))
			snprintf(mark, sizeof(mark), "DMI %s \"%.40s\"",
				 ids[i], text);
	}
	if (!mark[0] || identity->hypervisor_bit)
		return false;
	backend_evidence(info, "%s and no hypervisor bit", mark);
	return true;
}

const char *backend_emulator(struct backend_info *info, const char *root,
			     const struct cpu_identity *identity)
{
	char text[8192], model[128];

	sysfile_read(root, "/proc/cpuinfo", text, sizeof(text));
	if (sysfile_value(text, "model name", model, sizeof(model)))
		snprintf(model, sizeof(model), "%s", identity->brand);
	if (tcg_detect(info, model, identity))
		return "QEMU TCG";
	if (bochs_detect(info, root, model, identity))
		return "Bochs";
	return NULL;
}

/*
 * The fastest of a few runs: an interrupt only ever makes one slower. Each
 * is some ten microseconds, so that most see none.
 */
double backend_host_loop_cycles(void)
{
	const uint64_t turns = 20000;
	uint64_t best = UINT64_MAX;

	for (int run = 0; run < 16; run++) {
		uint64_t left = turns;
		uint64_t start, took;

		_mm_lfence();
		start = __rdtsc();
		_mm_lfence();
		__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(left) : : "cc");
		_mm_lfence();
		took = __rdtsc() - start;
		if (took < best)
			best = took;
	}
	return (double)best / (double)turns;
}
