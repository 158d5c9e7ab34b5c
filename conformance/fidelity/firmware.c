/*
 * What firmware leaves in memory: ACPI tables and SMBIOS structures that add up
 * and end, and whether they name a hypervisor.
 *
 * Where there is no firmware, as in the built-in VMM, there is nothing to see.
 */
#include "acpi.h"

#define SMBIOS	"SMBIOS Reference Specification (DMTF DSP0134), Accessing SMBIOS " \
		"Information, Structure Definitions"

__guest bool table_adds_up(uint64_t at)
{
	uint64_t bytes = word_at(at + 4, 4);

	return bytes >= ACPI_HEADER && bytes < ACPI_LENGTH_MAX &&
	       !bytes_sum(at, bytes);
}

PROBE(acpi_tables_add_up_to_zero,
	.rule = "RSDP, RSDT or XSDT, each table of theirs and the DSDT sum up to 0",
	.cite = ACPI, .needs = NEED_MACHINE, .skip = GUEST(no_acpi),
	.control = "a table with a byte changed is caught")
{
	uint64_t rsdp = acpi_rsdp(), at;
	unsigned int width, wrong = 0, n;

	if (word_at(rsdp + 15, 1) >= 2)
		CHECK_EQ(0, bytes_sum(rsdp, word_at(rsdp + 20, 4)));
	CHECK(table_adds_up(acpi_root(&width)));
	/* The FACS has no header of this kind; FADT alone points to it. */
	for (n = 0; (at = acpi_nth(n)); n++)
		wrong += !table_adds_up(at);
	CHECK_NE(0, n);
	CHECK_EQ(0, wrong);
	at = acpi_table("FACP");
	CHECK_NE(0, at);
	if (at)
		CHECK(table_adds_up(word_at(at + 40, 4)));
}

__guest const char *const makers[] = {
	"BOCHS", "BXPC", "QEMU", "Xen", "VBOX", "VMWARE", "KVM", "Bochs",
	"VirtualBox", "innotek", "Microsoft Virtual", "HVM domU",
};

PROBE(acpi_names_no_hypervisor,
	.rule = "The OEM and table IDs of ACPI tables are those of a maker of machines",
	.cite = ACPI, .needs = NEED_MACHINE, .skip = GUEST(no_acpi),
	.control = "a hypervisor's OEM ID changes the verdict")
{
	bool named = false;
	uint64_t at;

	for (unsigned int n = 0; (at = acpi_nth(n)); n++)
		for (unsigned int i = 0; i < sizeof(makers) / sizeof(*makers);
		     i++)
			named |= is_text(at + 10, makers[i]) ||
				 is_text(at + 16, makers[i]);
	CHECK(acpi_nth(0));
	if (named)
		TELL("an ACPI table names a hypervisor");
}

/* The structures, their bytes, and how many (0: not told). */
struct smbios {
	uint64_t at, bytes;
	unsigned int count;
};

__guest bool smbios_find(struct smbios *s)
{
	for (uint64_t at = 0xf0000; at < 0x100000; at += 16) {
		if (is_text(at, "_SM3_") &&
		    !bytes_sum(at, word_at(at + 6, 1))) {
			*s = (struct smbios){ word_at(at + 16, 8),
					      word_at(at + 12, 4), 0 };
			return true;
		}
		if (is_text(at, "_SM_") && is_text(at + 16, "_DMI_") &&
		    !bytes_sum(at, word_at(at + 5, 1)) &&
		    !bytes_sum(at + 16, 15)) {
			*s = (struct smbios){ word_at(at + 24, 4),
					      word_at(at + 22, 2),
					      (unsigned int)word_at(at + 28, 2) };
			return true;
		}
	}
	return false;
}

__guest const char *no_smbios(void)
{
	struct smbios s;

	return smbios_find(&s) ? NULL
	       : "no firmware left an SMBIOS entry point below 1 MiB";
}

/* Behind the formatted part come texts, and an empty one. */
__guest uint64_t structure_next(uint64_t at, uint64_t end)
{
	at += word_at(at + 1, 1);
	while (at + 2 <= end && word_at(at, 2))
		at++;
	return at + 2;
}

PROBE(smbios_structures_end,
	.rule = "SMBIOS structures follow each other to the end-of-table, as many as told",
	.cite = SMBIOS, .needs = NEED_MACHINE, .skip = GUEST(no_smbios),
	.control = "a structure of length 0 is caught")
{
	struct smbios s = { 0 };
	unsigned int n = 0, type = 0, short_ones = 0, systems = 0;
	uint64_t at, end;

	CHECK(smbios_find(&s));
	end = s.at + s.bytes;
	for (at = s.at; at + 4 <= end && type != 127; n++) {
		type = (unsigned int)word_at(at, 1);
		short_ones += word_at(at + 1, 1) < 4;
		systems += type == 1;
		at = structure_next(at, end);
	}
	CHECK_EQ(127, type);
	CHECK_EQ(0, short_ones);
	CHECK_EQ(1, systems);
	CHECK(at <= end);
	if (s.count)
		CHECK_EQ(s.count, n);
}

/* The nth text behind a structure; 0: it has none. */
__guest uint64_t structure_text(uint64_t at, unsigned int n)
{
	at += word_at(at + 1, 1);
	while (n > 1 && word_at(at, 1)) {
		while (word_at(at++, 1))
			;
		n--;
	}
	return n ? at : 0;
}

PROBE(smbios_says_no_virtual_machine,
	.rule = "SMBIOS has neither its VM bit set nor a hypervisor for a manufacturer",
	.cite = SMBIOS "; BIOS Characteristics Extension Byte 2, bit 4",
	.needs = NEED_MACHINE, .skip = GUEST(no_smbios),
	.control = "a structure with the VM bit changes the verdict")
{
	struct smbios s = { 0 };
	bool told = false;
	uint64_t at, end;

	CHECK(smbios_find(&s));
	end = s.at + s.bytes;
	for (at = s.at; at + 4 <= end; at = structure_next(at, end)) {
		unsigned int type = (unsigned int)word_at(at, 1), text;

		if (!type && word_at(at + 1, 1) > 0x13)
			told |= word_at(at + 0x13, 1) >> 4 & 1;
		for (text = 4; type == 1 && text < 6; text++)
			for (unsigned int i = 0;
			     i < sizeof(makers) / sizeof(*makers); i++)
				told |= is_text(structure_text(at, (unsigned int)
						word_at(at + text, 1)),
						makers[i]);
	}
	if (told)
		TELL("SMBIOS says that this is a virtual machine");
}
