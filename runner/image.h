/*
 * The guest image: a static ELF64 that the build embeds in the runner.
 */
#ifndef VMGAUGE_IMAGE_H
#define VMGAUGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

extern const uint8_t image_elf_start[], image_elf_end[];

/* SHA-256 of those bytes, made by the build: 64 hex digits, no NUL. */
#define IMAGE_SHA256_CHARS	64
extern const char image_sha256[IMAGE_SHA256_CHARS];

/*
 * Copies the loadable segments of an ELF64 into `ram` (GPA 0 upwards, of
 * `ram_bytes`, zero where nothing is loaded) and gives its entry points.
 * pvh_gpa is 0 without a PVH note. Returns 0 or -ENOEXEC with the reason:
 * every offset and size in the file is checked.
 */
struct image_entry {
	uint64_t entry_gpa;
	uint64_t pvh_gpa;
	uint64_t process_gpa;	/* for a plain process; 0: without that note */
	uint64_t cpu_gpa;	/* for a CPU that is not the first; 0: none */
	uint64_t end_gpa;	/* first byte behind what was loaded */
};

int image_load(const uint8_t *elf, size_t elf_bytes, uint8_t *ram,
	       size_t ram_bytes, struct image_entry *entry, struct error *e);

#endif
