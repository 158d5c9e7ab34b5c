/*
 * ACPI tables of a machine with firmware, found by the manual's method: the
 * RSDP lies on 16 bytes in the first KiB of the EBDA or below 1 MiB.
 *
 * Memory is mapped one to one; words in tables are not aligned.
 */
#ifndef VMGAUGE_FIDELITY_ACPI_H
#define VMGAUGE_FIDELITY_ACPI_H

#include "suite.h"

#define ACPI	"ACPI Specification, Finding the RSDP on IA-PC Systems; System " \
		"Description Table Header"

enum { ACPI_HEADER = 36, ACPI_LENGTH_MAX = 1 << 20 };

__guest uint64_t word_at(uint64_t gpa, unsigned int bytes)
{
	uint64_t v = 0;

	__asm__("" : "+r"(gpa));	/* low addresses are addresses, too */
	for (unsigned int i = 0; i < bytes; i++)
		v |= (uint64_t)((const volatile uint8_t *)gpa)[i] << 8 * i;
	return v;
}

__guest uint8_t bytes_sum(uint64_t gpa, uint64_t bytes)
{
	uint8_t sum = 0;

	for (uint64_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + word_at(gpa + i, 1));
	return sum;
}

__guest bool is_text(uint64_t gpa, const char *text)
{
	for (unsigned int i = 0; text[i]; i++)
		if (word_at(gpa + i, 1) != (uint8_t)text[i])
			return false;
	return true;
}

__guest uint64_t rsdp_in(uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at += 16)
		if (is_text(at, "RSD PTR ") && !bytes_sum(at, 20))
			return at;
	return 0;
}

/* 0: there is none. */
__guest uint64_t acpi_rsdp(void)
{
	uint64_t ebda = word_at(0x40e, 2) << 4, at = 0;

	if (ebda >= 0x80000 && ebda < 0xa0000)
		at = rsdp_in(ebda, ebda + 1024);
	return at ? at : rsdp_in(0xe0000, 0x100000);
}

/* The table of tables and the width of its words: the XSDT where there is one. */
__guest uint64_t acpi_root(unsigned int *width)
{
	uint64_t rsdp = acpi_rsdp(), xsdt = 0;

	if (rsdp && word_at(rsdp + 15, 1) >= 2)
		xsdt = word_at(rsdp + 24, 8);
	*width = xsdt ? 8 : 4;
	return xsdt ? xsdt : rsdp ? word_at(rsdp + 16, 4) : 0;
}

/* The nth table that the root names, beyond its end 0. */
__guest uint64_t acpi_nth(unsigned int n)
{
	unsigned int width;
	uint64_t root = acpi_root(&width), at = ACPI_HEADER + n * width;

	if (!root || at + width > ACPI_LENGTH_MAX ||
	    at + width > word_at(root + 4, 4))
		return 0;
	return word_at(root + at, width);
}

__guest uint64_t acpi_table(const char *signature)
{
	uint64_t at;

	for (unsigned int n = 0; (at = acpi_nth(n)); n++)
		if (is_text(at, signature))
			return at;
	return 0;
}

__guest const char *no_acpi(void)
{
	unsigned int width;
	uint64_t root = acpi_root(&width), at;

	if (!root)
		return "no firmware left an RSDP below 1 MiB";
	/* The image maps 4 GiB. */
	if (root >> 32)
		return "the ACPI tables are beyond 4 GiB";
	/* A domain that has the machine's low memory may not have these. */
	if (word_at(root, 8) == ~0ull)
		return "the ACPI tables lie where this guest has no memory";
	for (unsigned int n = 0; (at = acpi_nth(n)); n++)
		if (at >> 32)
			return "an ACPI table is beyond 4 GiB";
	return NULL;
}

#endif
