/*
 * Mutants of the VMM's part in a probe: a device whose bytes go astray, a handler
 * of SMM that does nothing.
 */
#ifndef VMGAUGE_MUTANT_MORE_H
#define VMGAUGE_MUTANT_MORE_H

#include <errno.h>
#include <string.h>
#include <time.h>

#include "kvm/vm.h"
#include "mutant.h"

#define SMM_HANDLER_GPA	0x38000u

/* An access to the device that is not of one byte goes astray by one. */
static void astray(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		   unsigned int bytes, bool write)
{
	static uint8_t byte[ABI_DEVICE_BYTES + 16];

	(void)v, (void)opaque;
	if (bytes > 1 || offset < 8)
		offset ^= 1;
	if (write)
		memcpy(byte + offset, data, bytes);
	else
		memcpy(data, byte + offset, bytes);
}

static int straddle_part(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	(void)m;
	for (unsigned int i = 0; i < h->vm->mmio.count; i++) {
		if (h->vm->mmio.range[i].start != ABI_DEVICE_GPA)
			continue;
		h->vm->mmio.range[i].fn = astray;
		return 0;
	}
	return error_set(e, -ENOENT, "there is no device");
}

static int smm_silence(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	static const uint8_t rsm[] = { 0x0f, 0xaa };

	(void)m, (void)e;
	memcpy(h->ram + SMM_HANDLER_GPA, rsm, sizeof(rsm));
	return 0;
}

/* Firmware as a PC's: an RSDP, an RSDT, a FADT and a DSDT; SMBIOS 2. */
enum { FIRMWARE_GPA = 0xf0000, RSDT_AT = 0x100, FADT_AT = 0x200, DSDT_AT = 0x400,
       SMBIOS_AT = 0x500, STRUCTURES_AT = 0x600, PM_PORT = 0x608 };
enum { SPOIL_SUM = 1, SPOIL_MAKER, SPOIL_END, SPOIL_VM, SPOIL_PM,
       SPOIL_HPET };
enum { HPET_AT = 0x700, HPET_GPA = 0xf1000, PM_TICKS_PER_MS = 3580 };

static void sum_set(uint8_t *at, size_t bytes, size_t where)
{
	uint8_t sum = 0;

	at[where] = 0;
	for (size_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + at[i]);
	at[where] = (uint8_t)-sum;
}

static void table_make(uint8_t *at, const char *signature, uint32_t bytes,
		       const char *maker)
{
	memcpy(at, signature, 4);
	memcpy(at + 4, &bytes, sizeof(bytes));
	memcpy(at + 10, maker, 6);
	sum_set(at, bytes, 9);
}

static void acpi_plant(uint8_t *rom, const char *maker)
{
	const uint32_t rsdt = FIRMWARE_GPA + RSDT_AT;
	const uint32_t fadt = FIRMWARE_GPA + FADT_AT;
	const uint32_t dsdt = FIRMWARE_GPA + DSDT_AT;
	const uint32_t port = PM_PORT;

	memcpy(rom, "RSD PTR ", 8);
	memcpy(rom + 16, &rsdt, sizeof(rsdt));
	sum_set(rom, 20, 8);
	memcpy(rom + RSDT_AT + 36, &fadt, sizeof(fadt));
	table_make(rom + RSDT_AT, "RSDT", 40, maker);
	memcpy(rom + FADT_AT + 40, &dsdt, sizeof(dsdt));
	memcpy(rom + FADT_AT + 76, &port, sizeof(port));
	rom[FADT_AT + 91] = 4;
	table_make(rom + FADT_AT, "FACP", 116, maker);
	table_make(rom + DSDT_AT, "DSDT", 40, maker);
}

/* Types 0, 1 and 127; 0's second extension byte has the VM bit. */
static void smbios_plant(uint8_t *rom, bool vm, bool endless)
{
	static const uint8_t text[] = "A maker\0";
	uint8_t *at = rom + STRUCTURES_AT;
	const uint16_t count = 3, bytes = 0x18 + 9 + 8 + 9 + 6;
	const uint32_t gpa = FIRMWARE_GPA + STRUCTURES_AT;

	at[1] = 0x18;
	at[0x13] = vm << 4;
	memcpy(at + 0x18, text, sizeof(text));
	at += 0x18 + sizeof(text);
	at[0] = 1;
	at[1] = 8;
	at[4] = 1;
	memcpy(at + 8, text, sizeof(text));
	at += 8 + sizeof(text);
	at[0] = endless ? 126 : 127;
	at[1] = 4;
	at = rom + SMBIOS_AT;
	memcpy(at, "_SM_", 4);
	at[5] = 31;
	memcpy(at + 16, "_DMI_", 5);
	memcpy(at + 22, &bytes, sizeof(bytes));
	memcpy(at + 24, &gpa, sizeof(gpa));
	memcpy(at + 28, &count, sizeof(count));
	sum_set(at + 16, 15, 5);
	sum_set(at, 31, 4);
}

static void pm_stands(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		      unsigned int bytes, bool write)
{
	(void)v, (void)opaque, (void)offset;
	if (!write)
		memset(data, 0x11, bytes);
}

static void pm_counts(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		      unsigned int bytes, bool write)
{
	struct timespec now;
	uint32_t ticks;

	(void)v, (void)opaque, (void)offset;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ticks = (uint32_t)(now.tv_sec * 1000 * PM_TICKS_PER_MS +
			   now.tv_nsec / 1000 * PM_TICKS_PER_MS / 1000);
	if (!write && bytes <= sizeof(ticks))
		memcpy(data, &ticks, bytes);
}

/* In RAM, so that its counter stands; the RSDT names it second. */
static void hpet_plant(uint8_t *ram)
{
	const uint32_t table = FIRMWARE_GPA + HPET_AT, fs = 69841279;
	const uint64_t gpa = HPET_GPA;
	uint8_t *rom = ram + FIRMWARE_GPA;

	memcpy(rom + HPET_AT + 44, &gpa, sizeof(gpa));
	table_make(rom + HPET_AT, "HPET", 56, "MAKER ");
	memcpy(rom + RSDT_AT + 40, &table, sizeof(table));
	table_make(rom + RSDT_AT, "RSDT", 44, "MAKER ");
	memcpy(ram + HPET_GPA + 4, &fs, sizeof(fs));
}

static int firmware_plant(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	uint8_t *rom = h->ram + FIRMWARE_GPA;

	acpi_plant(rom, m->leaf == SPOIL_MAKER ? "BOCHS " : "MAKER ");
	smbios_plant(rom, m->leaf == SPOIL_VM, m->leaf == SPOIL_END);
	if (m->leaf == SPOIL_SUM)
		rom[DSDT_AT + 37] ^= 1;
	if (m->leaf == SPOIL_HPET)
		hpet_plant(h->ram);
	if (m->leaf != SPOIL_PM && m->leaf != SPOIL_HPET)
		return 0;
	return range_claim(&h->vm->pio, PM_PORT, 4, m->leaf == SPOIL_PM ?
			   pm_stands : pm_counts, h, e);
}

#endif
