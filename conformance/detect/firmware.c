/*
 * Names on the machine's papers: PCI vendors, SMBIOS and ACPI. The guest
 * reads them as firmware left them; the process asks its kernel for the same.
 * A machine that has no such papers is not judged.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include "item_host.h"
#include "way.h"

#define FIRMWARE_GPA	0xe0000ull
#define FIRMWARE_BYTES	0x20000u
#define TABLE_MAX	0x10000u	/* of SMBIOS or ACPI: sane */
#define READABLE_GPA	0xffff0000ull	/* the image maps 4 GiB */
#define NAME_MAX_	64

/* Makers of hypervisors: as PCI vendors, and as firmware spells them. */
static inline bool maker_pci(uint32_t vendor)
{
	return vendor == 0x1af4 || vendor == 0x1b36 || vendor == 0x1234 ||
	       vendor == 0x15ad || vendor == 0x80ee || vendor == 0x5853 ||
	       vendor == 0x1414 || vendor == 0x1ae0;
}

static inline bool maker_text(const char *text, size_t bytes)
{
	static const char *const maker[] = {
		"QEMU", "BOCHS", "KVM", "VMware", "VMWARE", "VBOX", "VirtualBox",
		"innotek", "Xen", "XEN", "bhyve", "BHYVE", "FIRECK", "VRTUAL",
		"Virtual Machine", "CLOUDH", "ACRN",
	};

	for (size_t m = 0; m < sizeof(maker) / sizeof(maker[0]); m++)
		for (size_t i = 0; i < bytes && text[i]; i++) {
			size_t n = 0;

			while (maker[m][n] && i + n < bytes &&
			       text[i + n] == maker[m][n])
				n++;
			if (!maker[m][n])
				return true;
		}
	return false;
}

static inline const char *makers_text(bool told)
{
	return told ? "a maker of hypervisors is named" : "none is named";
}

__guest void makers_put(bool told)
{
	value_put(told, makers_text(told));
}

/* The process's half leaves what the guest's leaves. */
__host void process_value(struct item_host *h, bool told, bool seen,
			  const char *none)
{
	if (seen)
		sample_put(h->mailbox, told, 0);
	host_verdict(h, seen ? ABI_PASS : ABI_SKIP,
		     seen ? makers_text(told) : none);
}

__host bool file_first(const char *path, char *to, size_t bytes)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(to, 1, bytes - 1, f) : 0;

	to[n] = '\0';
	if (f)
		fclose(f);
	return n;
}

__host void process_pci(struct item_host *h)
{
	DIR *d = opendir("/sys/bus/pci/devices");
	bool seen = false, told = false;

	for (struct dirent *e; d && (e = readdir(d));) {
		char path[512], text[16];
		unsigned int vendor;

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor",
			 e->d_name);
		if (e->d_name[0] == '.' ||
		    !file_first(path, text, sizeof(text)) ||
		    sscanf(text, "%x", &vendor) != 1)
			continue;
		seen = true;
		told |= maker_pci(vendor);
	}
	if (d)
		closedir(d);
	process_value(h, told, seen, "this machine has no PCI bus");
}

__guest uint32_t pci_vendor(unsigned int device)
{
	outl(0xcf8, 0x80000000u | device << 11);
	return inl(0xcfc) & 0xffff;
}

WAY(pci_vendors,
	.kind = WAY_VALUE,
	.probe.rule = "Vendors of the devices on PCI bus 0 that make hypervisors",
	.probe.cite = "PCI Local Bus Specification, Configuration Mechanism #1; the "
		      "vendor IDs are assigned by the PCI-SIG",
	.probe.rings = RING0, .probe.needs = NEED_MACHINE,
	.probe.process = HOST(process_pci))
{
	bool seen = false, told = false;

	for (unsigned int device = 0; device < 32; device++) {
		uint32_t vendor = pci_vendor(device);

		if (vendor == 0xffff || !vendor)
			continue;
		seen = true;
		told |= maker_pci(vendor);
	}
	if (!seen)
		SKIP("the machine has no PCI bus");
	else
		makers_put(told);
}

__guest const uint8_t *firmware_find(const char *mark, unsigned int step)
{
	const uint8_t *at = (const uint8_t *)FIRMWARE_GPA;

	for (unsigned int i = 0; i + 32 <= FIRMWARE_BYTES; i += step) {
		unsigned int n = 0;

		while (mark[n] && at[i + n] == (uint8_t)mark[n])
			n++;
		if (!mark[n])
			return at + i;
	}
	return NULL;
}

__guest uint64_t little(const uint8_t *at, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | at[bytes];
	return v;
}

/* All names of all its structures, as they follow one another. */
__guest bool smbios_told(const uint8_t *at, uint64_t bytes)
{
	const uint8_t *end = at + bytes;
	bool told = false;

	while (at + 4 <= end && at[0] != 127) {
		const uint8_t *next = at + at[1];

		/* Type 0: the BIOS may say itself that this is a VM. */
		if (at[0] == 0 && at[1] >= 0x14 && at[0x13] & 0x10)
			told = true;
		while (next + 2 <= end && (next[0] || next[1])) {
			const char *text = (const char *)next;

			told |= maker_text(text, NAME_MAX_);
			while (next < end && *next)
				next++;
			if (next + 1 < end && next[1])
				next++;
		}
		at = next + 2;
	}
	return told;
}

__host void process_smbios(struct item_host *h)
{
	static const char *const name[] = {
		"sys_vendor", "product_name", "board_vendor", "bios_vendor",
		"chassis_vendor",
	};
	bool seen = false, told = false;

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		char path[64], text[NAME_MAX_];

		snprintf(path, sizeof(path), "/sys/class/dmi/id/%s", name[i]);
		if (!file_first(path, text, sizeof(text)))
			continue;
		seen = true;
		told |= maker_text(text, sizeof(text));
	}
	process_value(h, told, seen, "this machine has no SMBIOS");
}

WAY(smbios,
	.kind = WAY_VALUE,
	.probe.rule = "SMBIOS (DMI): the VM bit, and makers of hypervisors by name",
	.probe.cite = "DMTF DSP0134, BIOS Information (Type 0), Extension Byte 2 "
		      "bit 4; System Information (Type 1)",
	.probe.rings = RING0, .probe.needs = NEED_MACHINE,
	.probe.process = HOST(process_smbios))
{
	const uint8_t *three = firmware_find("_SM3_", 16);
	const uint8_t *two = firmware_find("_SM_", 16);
	uint64_t at = three ? little(three + 0x10, 8) :
		      two ? little(two + 0x18, 4) : 0;
	uint64_t bytes = three ? little(three + 0xc, 4) :
			 two ? little(two + 0x16, 2) : 0;

	if (!at || !bytes || bytes > TABLE_MAX || at > READABLE_GPA - bytes) {
		SKIP("the machine has no SMBIOS");
		return;
	}
	makers_put(smbios_told((const uint8_t *)at, bytes));
}

__host void process_acpi(struct item_host *h)
{
	static const char *const table[] = { "FACP", "APIC", "DSDT", "MCFG" };
	bool seen = false, told = false;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char path[64], head[37];
		FILE *f;

		snprintf(path, sizeof(path), "/sys/firmware/acpi/tables/%s",
			 table[i]);
		f = fopen(path, "re");
		if (f && fread(head, 1, 36, f) == 36) {
			seen = true;
			told |= maker_text(head + 10, 14);
			told |= maker_text(head + 28, 4);
		}
		if (f)
			fclose(f);
	}
	process_value(h, told, seen, "this machine has no ACPI tables, or only "
		      "root may read them");
}

__guest bool acpi_readable(uint64_t at)
{
	return at && at < READABLE_GPA - TABLE_MAX;
}

WAY(acpi_tables,
	.kind = WAY_VALUE,
	.probe.rule = "OEM and creator of the ACPI tables: makers of hypervisors",
	.probe.cite = "ACPI Specification, System Description Table Header (OEMID, "
		      "OEM Table ID, Creator ID)",
	.probe.rings = RING0, .probe.needs = NEED_MACHINE,
	.probe.process = HOST(process_acpi))
{
	const uint8_t *rsdp = firmware_find("RSD PTR ", 16);
	bool wide = rsdp && rsdp[15] >= 2 && acpi_readable(little(rsdp + 24, 8));
	uint64_t root = !rsdp ? 0 : wide ? little(rsdp + 24, 8) :
			little(rsdp + 16, 4);
	unsigned int entry = wide ? 8 : 4;
	const uint8_t *t = (const uint8_t *)root;
	uint64_t bytes;
	bool told;

	if (!acpi_readable(root)) {
		SKIP("the machine has no ACPI tables");
		return;
	}
	bytes = little(t + 4, 4);
	told = maker_text((const char *)rsdp + 9, 6);
	for (uint64_t i = 36; i + entry <= bytes && i < 4096; i += entry) {
		uint64_t at = little(t + i, entry);

		if (!acpi_readable(at))
			continue;
		told |= maker_text((const char *)at + 10, 14) ||
			maker_text((const char *)at + 28, 4);
	}
	makers_put(told);
}
