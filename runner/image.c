/*
 * Loads the guest image into memory; see image.h.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "image.h"
#include "layout.h"

#define PVH_NOTE	18		/* XEN_ELFNOTE_PHYS32_ENTRY */

static int bad(struct error *e, const char *what)
{
	return error_set(e, -ENOEXEC, "guest image: %s", what);
}

static int segment_load(const uint8_t *elf, size_t elf_bytes,
			const Elf64_Phdr *ph, uint8_t *ram, size_t ram_bytes,
			struct error *e)
{
	if (ph->p_offset > elf_bytes || ph->p_filesz > elf_bytes - ph->p_offset)
		return bad(e, "a segment lies outside the file");
	if (ph->p_memsz < ph->p_filesz || ph->p_paddr > ram_bytes ||
	    ph->p_memsz > ram_bytes - ph->p_paddr)
		return bad(e, "a segment lies outside guest memory");
	memcpy(ram + ph->p_paddr, elf + ph->p_offset, ph->p_filesz);
	return 0;
}

/* One note: header, name and descriptor, each padded to 4 bytes. */
static void note_read(const uint8_t *p, size_t bytes,
		      struct image_entry *entry)
{
	Elf64_Nhdr n;
	size_t name;
	uint32_t v;

	while (bytes >= sizeof(n)) {
		memcpy(&n, p, sizeof(n));
		p += sizeof(n);
		bytes -= sizeof(n);
		name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
		if (name > bytes || n.n_descsz > bytes - name)
			return;
		if (n.n_type == PVH_NOTE && n.n_descsz >= sizeof(v) &&
		    n.n_namesz == 4 && !memcmp(p, "Xen", 4)) {
			memcpy(&v, p + name, sizeof(v));
			entry->pvh_gpa = v;
		}
		if (n.n_descsz >= sizeof(v) && n.n_namesz == 8 &&
		    !memcmp(p, "vmgauge", 8)) {
			memcpy(&v, p + name, sizeof(v));
			if (n.n_type == ABI_NOTE_PROCESS)
				entry->process_gpa = v;
			if (n.n_type == ABI_NOTE_CPU)
				entry->cpu_gpa = v;
		}
		name += ((size_t)n.n_descsz + 3) & ~(size_t)3;
		if (name > bytes)
			return;
		p += name;
		bytes -= name;
	}
}

int image_load(const uint8_t *elf, size_t elf_bytes, uint8_t *ram,
	       size_t ram_bytes, struct image_entry *entry, struct error *e)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	memset(entry, 0, sizeof(*entry));
	if (elf_bytes < sizeof(eh))
		return bad(e, "too short for an ELF header");
	memcpy(&eh, elf, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != EM_X86_64)
		return bad(e, "not an ELF64 for x86-64");
	if (eh.e_phentsize != sizeof(ph) || eh.e_phoff > elf_bytes ||
	    eh.e_phnum > (elf_bytes - eh.e_phoff) / sizeof(ph))
		return bad(e, "program headers lie outside the file");
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, elf + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_LOAD) {
			int rc = segment_load(elf, elf_bytes, &ph, ram,
					      ram_bytes, e);

			if (rc)
				return rc;
			if (ph.p_paddr + ph.p_memsz > entry->end_gpa)
				entry->end_gpa = ph.p_paddr + ph.p_memsz;
		} else if (ph.p_type == PT_NOTE && ph.p_offset <= elf_bytes &&
			   ph.p_filesz <= elf_bytes - ph.p_offset) {
			note_read(elf + ph.p_offset, ph.p_filesz, entry);
		}
	}
	if (eh.e_entry >= ram_bytes)
		return bad(e, "its entry point lies outside guest memory");
	if (entry->pvh_gpa >= ram_bytes)
		return bad(e, "its PVH entry lies outside guest memory");
	if (entry->process_gpa >= ram_bytes)
		return bad(e, "its process entry lies outside guest memory");
	if (entry->cpu_gpa >= ram_bytes)
		return bad(e, "its entry of further CPUs lies outside guest "
			   "memory");
	entry->entry_gpa = eh.e_entry;
	return 0;
}
