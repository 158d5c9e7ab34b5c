/*
 * CPUID as a value; see identity.h.
 */
#include <cpuid.h>
#include <stddef.h>
#include <string.h>

#include "host/identity.h"

#define LEAF_HYPERVISOR 0x40000000u
#define LEAF_TSC 0x15u
#define LEAF_BRAND 0x80000002u
#define LEAF_POWER 0x80000007u

static void text_from(char *text, const uint32_t *registers, unsigned count)
{
	memcpy(text, registers, count * sizeof(*registers));
	text[count * sizeof(*registers)] = '\0';
	for (unsigned i = 0; text[i]; i++) {
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	}
}

static void vendor_read(struct cpu_identity *identity)
{
	uint32_t r[4];

	__cpuid(0, r[0], r[1], r[2], r[3]);
	text_from(identity->vendor, (uint32_t[]){ r[1], r[3], r[2] }, 3);
	__cpuid(1, r[0], r[1], r[2], r[3]);
	identity->hypervisor_bit = r[2] >> 31;
	if (!identity->hypervisor_bit)
		return;
	__cpuid(LEAF_HYPERVISOR, r[0], r[1], r[2], r[3]);
	text_from(identity->hypervisor_vendor, r + 1, 3);
}

static void brand_read(struct cpu_identity *identity)
{
	uint32_t r[12];
	size_t blanks;

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t *p = r + i * 4;

		if (!__get_cpuid(LEAF_BRAND + i, p, p + 1, p + 2, p + 3))
			return;
	}
	text_from(identity->brand, r, 12);
	/* Old Intel parts pad in front. */
	blanks = strspn(identity->brand, " ");
	memmove(identity->brand, identity->brand + blanks,
		strlen(identity->brand + blanks) + 1);
}

static void tsc_read(struct cpu_identity *identity)
{
	uint32_t a, b, c, d;

	if (__get_cpuid(LEAF_POWER, &a, &b, &c, &d))
		identity->invariant_tsc = d >> 8 & 1;
	if (__get_cpuid_count(LEAF_TSC, 0, &a, &b, &c, &d) && a && b && c)
		identity->tsc_khz = (uint32_t)((uint64_t)c * b / a / 1000);
}

void identity_read(struct cpu_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	vendor_read(identity);
	brand_read(identity);
	tsc_read(identity);
}

const char *identity_hypervisor_name(const char *signature)
{
	static const struct {
		const char *signature, *name;
	} known[] = {
		{ "KVMKVMKVM", "KVM" },
		{ "TCGTCGTCGTCG", "QEMU TCG" },
		{ "Microsoft Hv", "Hyper-V" },
		{ "VMwareVMware", "VMware" },
		{ "XenVMMXenVMM", "Xen" },
		{ "VBoxVBoxVBox", "VirtualBox" },
		{ " lrpepyh  vr", "Parallels" },
		{ "prl hyperv  ", "Parallels" },
		{ "bhyve bhyve ", "bhyve" },
		{ "OpenBSDVMM58", "OpenBSD VMM" },
		{ "ACRNACRNACRN", "ACRN" },
		{ "SRESRESRESRE", "Lockheed Martin LMHS" },
		{ "IntelTDX    ", "Intel TDX" },
		{ "Jailhouse", "Jailhouse" },
		{ " QNXQVMBSQG ", "QNX" },
	};

	if (!*signature)
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(known[i].signature, signature))
			return known[i].name;
	}
	return signature;
}
