/*
 * Mutants of the guest's own code: an instruction that does nothing or
 * something else, an exception that arrives with other words.
 *
 * To the probe both look as if the machine had done it.
 */
#ifndef VMGAUGE_MUTANT_CODE_H
#define VMGAUGE_MUTANT_CODE_H

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "image.h"
#include "layout.h"
#include "mutant.h"

/* Is `name` one of the functions, or a piece that the compiler cut off? */
static bool function_listed(const char *functions, const char *name)
{
	const char *at = functions;

	while (at) {
		size_t n = strcspn(at, "|");

		if (!strncmp(at, name, n) && (!name[n] || name[n] == '.'))
			return true;
		at = at[n] ? at + n + 1 : NULL;
	}
	return false;
}

static bool code_matches(const struct mutant *m, const uint8_t *at)
{
	for (unsigned int i = 0; i < m->bytes; i++) {
		uint8_t mask = m->mask[i] ? m->mask[i] : 0xff;

		if ((at[i] & mask) != m->code[i])
			return false;
	}
	return true;
}

/* A byte of which only some bits were given stays as it is. */
static void code_replace(const struct mutant *m, uint8_t *at)
{
	for (unsigned int i = 0; i < m->bytes; i++) {
		if (!m->patch[0])
			at[i] = 0x90;
		else if (m->patch[i])
			at[i] = m->patch[i];
	}
}

static bool function_patch(struct item_host *h, const struct mutant *m,
			   const Elf64_Sym *sym, unsigned int *left)
{
	uint8_t *code = h->ram + sym->st_value;

	for (uint64_t i = 0; i + m->bytes <= sym->st_size; i++) {
		if (!code_matches(m, code + i) || (!m->every && --*left))
			continue;
		code_replace(m, code + i);
		if (!m->every)
			return true;
		*left = 0;
	}
	return false;
}

/* The symbol table of the embedded image, or NULL when it was stripped. */
static const Elf64_Shdr *image_symbols(void)
{
	const Elf64_Ehdr *elf = (const void *)image_elf_start;
	const Elf64_Shdr *section = (const void *)(image_elf_start +
						   elf->e_shoff);

	for (int i = 0; i < elf->e_shnum; i++)
		if (section[i].sh_type == SHT_SYMTAB)
			return &section[i];
	return NULL;
}

/* 0 when there is none of that name. */
static uint64_t symbol_gpa(const char *wanted)
{
	const Elf64_Ehdr *elf = (const void *)image_elf_start;
	const Elf64_Shdr *section = (const void *)(image_elf_start +
						   elf->e_shoff);
	const Elf64_Shdr *s = image_symbols();
	const Elf64_Sym *sym;
	const char *name;

	if (!s)
		return 0;
	sym = (const void *)(image_elf_start + s->sh_offset);
	name = (const char *)image_elf_start + section[s->sh_link].sh_offset;
	for (uint64_t i = 0; i < s->sh_size / sizeof(*sym); i++)
		if (!strcmp(name + sym[i].st_name, wanted))
			return sym[i].st_value;
	return 0;
}

static int code_patch(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	const Elf64_Ehdr *elf = (const void *)image_elf_start;
	const Elf64_Shdr *section = (const void *)(image_elf_start +
						   elf->e_shoff);
	const Elf64_Shdr *s = image_symbols();
	const Elf64_Sym *sym;
	const char *name;
	unsigned int left = m->nth ? m->nth : 1;

	if (!s)
		return error_set(e, -ENOENT, "the image has no symbols");
	sym = (const void *)(image_elf_start + s->sh_offset);
	name = (const char *)image_elf_start + section[s->sh_link].sh_offset;
	for (uint64_t i = 0; i < s->sh_size / sizeof(*sym); i++)
		if (ELF64_ST_TYPE(sym[i].st_info) == STT_FUNC &&
		    function_listed(m->functions, name + sym[i].st_name) &&
		    function_patch(h, m, &sym[i], &left))
			return 0;
	if (m->every && !left)
		return 0;
	return error_set(e, -ENOENT, "no such instruction in %s", m->functions);
}

/* A byte of the image's data, by the name of the variable. */
static int data_change(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	uint64_t gpa = symbol_gpa(m->functions);

	if (!gpa)
		return error_set(e, -ENOENT, "the image has no %s",
				 m->functions);
	h->ram[gpa + m->leaf] ^= m->change;
	return 0;
}

/* An entry stub is [push 0]; push VECTOR; jmp. This finds the second. */
static uint8_t *stub_push(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	uint64_t stubs = symbol_gpa("fault_stubs");
	uint8_t *stub = h->ram + stubs + m->vector * STUB_BYTES;

	for (uint8_t *push = stub; stubs && push < stub + 4; push++)
		if (push[0] == 0x6a && push[1] == m->vector)
			return push;
	error_set(e, -ENOENT, "the entry stub of vector %u looks different",
		  m->vector);
	return NULL;
}

/* The exception arrives as another one. */
static int vector_change(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	uint8_t *push = stub_push(h, m, e);

	if (!push)
		return -ENOENT;
	push[1] = m->change;
	return 0;
}

/* Puts `insn` before the second push; there is room behind the jump. */
static int stub_prepend(struct item_host *h, const struct mutant *m,
			const uint8_t *insn, size_t bytes, struct error *e)
{
	uint8_t *push = stub_push(h, m, e), *to;
	int32_t far;

	if (!push)
		return -ENOENT;
	memcpy(&far, push + 3, sizeof(far));
	to = push[2] == 0xeb ? push + 4 + (int8_t)push[3] : push + 7 + far;
	memcpy(push, insn, bytes);
	push += bytes;
	*push++ = 0x6a;
	*push++ = (uint8_t)m->vector;
	*push++ = 0xe9;
	far = (int32_t)(to - (push + sizeof(far)));
	memcpy(push, &far, sizeof(far));
	return 0;
}

/* The error code lies on top of the stack there, RIP above it. */
static int error_code_change(struct item_host *h, const struct mutant *m,
			     struct error *e)
{
	const uint8_t xorl[] = { 0x83, 0x34, 0x24, m->change };

	return stub_prepend(h, m, xorl, sizeof(xorl), e);
}

static int rip_change(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	const uint8_t addq[] = { 0x48, 0x83, 0x44, 0x24, 8, m->change };

	return stub_prepend(h, m, addq, sizeof(addq), e);
}

#endif
