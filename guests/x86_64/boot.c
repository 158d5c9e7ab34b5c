/*
 * Whose loader started us is told by what it left in EAX and behind EBX: the
 * PVH ABI, Multiboot 1 or Multiboot 2.
 */
#include "boot.h"
#include "guest.h"

extern uint64_t boot_magic, boot_info_gpa;	/* EAX and EBX at the entry */

struct pvh_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist_gpa, cmdline_gpa;
};

struct multiboot1_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline_gpa;
};

struct multiboot2_tag {
	uint32_t type, size;
	char text[];
};

#define PVH_MAGIC		0x336ec578u
#define MULTIBOOT1_MAGIC	0x2badb002u
#define MULTIBOOT1_CMDLINE	(1u << 2)
#define MULTIBOOT2_MAGIC	0x36d76289u
#define MULTIBOOT2_END		0
#define MULTIBOOT2_CMDLINE	1

static const char *multiboot2_cmdline(uint64_t gpa)
{
	uint64_t end = gpa + *(const uint32_t *)gpa;
	const struct multiboot2_tag *tag;

	for (gpa += 8; gpa + sizeof(*tag) <= end;
	     gpa += (tag->size + 7) & ~7ull) {
		tag = (const void *)gpa;
		if (tag->type == MULTIBOOT2_CMDLINE)
			return tag->text;
		if (tag->type == MULTIBOOT2_END || tag->size < sizeof(*tag))
			break;
	}
	return "";
}

static const char *cmdline_find(void)
{
	const struct pvh_info *pvh = (const void *)boot_info_gpa;
	const struct multiboot1_info *mb1 = (const void *)boot_info_gpa;

	if (!boot_info_gpa)
		return "";
	/* PVH defines no EAX, and some firmware leaves Multiboot's there. */
	if (pvh->magic == PVH_MAGIC)
		return (const char *)pvh->cmdline_gpa ? : "";
	if (boot_magic == MULTIBOOT2_MAGIC)
		return multiboot2_cmdline(boot_info_gpa);
	if (boot_magic == MULTIBOOT1_MAGIC)
		return mb1->flags & MULTIBOOT1_CMDLINE ?
		       (const char *)(uint64_t)mb1->cmdline_gpa : "";
	return "";
}

void boot_cmdline(char *to, size_t bytes)
{
	text_copy(to, bytes, cmdline_find());
}
