/*
 * The guest image inside the runner: one installable file. See image.h.
 */
	.section .rodata
	.balign 16
	.globl image_elf_start, image_elf_end, image_sha256
image_elf_start:
	.incbin IMAGE
image_elf_end:
	.balign 16	/* as compilers take an array of so many bytes to be */
image_sha256:
	.incbin IMAGE_SHA256, 0, 64
	.section .note.GNU-stack, "", @progbits
