/*
 * The firmware of the Bochs target: the last 256 bytes below 4 GiB.
 *
 * Bochs can put files straight into guest memory, so all that a boot needs is
 * the way from the reset vector into 32-bit mode, and the PVH convention at
 * its end. A BIOS and a boot loader would take seconds to do the same.
 */
#include "runner/target/bochs_rom.h"

#define FLAT(symbol)	(0xffffff00 + (symbol) - bochs_rom_start)
#define REAL(symbol)	(0xff00 + (symbol) - bochs_rom_start)

	.section .rodata
	.balign 16
	.globl bochs_rom_start, bochs_rom_end
bochs_rom_start:
	.code16
reset:
	cli
	lgdtl %cs:REAL(gdt_pointer)
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $8, $FLAT(flat)
	.code32
flat:
	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %fs
	mov %eax, %gs
	/*
	 * Bochs gives guest memory by blocks of 128 KiB, in the order in which
	 * they are first touched, and loads a file as if they were in a row:
	 * touched in a row they are.
	 */
	mov $ROM_IMAGE_GPA, %ebx
1:	mov (%ebx), %eax
	add $ROM_BLOCK_BYTES, %ebx
	cmp $ROM_IMAGE_END, %ebx
	jb 1b
	mov $ROM_START_INFO_GPA, %ebx
	jmp *ROM_ENTRY_GPA
	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* flat code */
	.quad 0x00cf93000000ffff	/* flat data */
gdt_pointer:
	.word 23
	.long FLAT(gdt)
	.org bochs_rom_start + 0xf0
	.code16
	jmp reset
	.org bochs_rom_start + 0x100
bochs_rom_end:
	.code64
	.section .note.GNU-stack, "", @progbits
