/*
 * Where bochs_rom.S finds what bochs.c tells it; the assembler reads this.
 */
#ifndef VMGAUGE_TARGET_BOCHS_ROM_H
#define VMGAUGE_TARGET_BOCHS_ROM_H

#define ROM_START_INFO_GPA	0x8000	/* is ABI_START_INFO_GPA */
#define ROM_IMAGE_GPA		0x100000	/* is ABI_IMAGE_GPA */
#define ROM_IMAGE_END		0x700000	/* it never grows beyond */
#define ROM_BLOCK_BYTES		0x20000
#define ROM_ENTRY_GPA		0x8ff8	/* holds the image's entry */

#endif
