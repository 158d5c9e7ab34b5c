/*
 * The host side of the ISA: the state in which a vCPU enters the image.
 */
#ifndef VMGAUGE_X86_64_ENTRY_H
#define VMGAUGE_X86_64_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct vcpu;

/*
 * Long mode, paging on through six page-table pages that are written at
 * ABI_BOOT_PT_GPA (identity, first 4 GiB), %rdi = `mailbox_gpa`. `ram` is the
 * host's view of GPA 0.
 */
int entry_long_mode(struct vcpu *v, uint8_t *ram, uint64_t entry_gpa,
		    uint64_t mailbox_gpa, struct error *e);

/*
 * The same for a vCPU that is not the first, which has written the tables:
 * %rdi = `area_gpa`. It is runnable without INIT and SIPI.
 */
int entry_secondary(struct vcpu *v, uint64_t entry_gpa, uint64_t area_gpa,
		    struct error *e);

/*
 * The PVH boot protocol: 32-bit protected mode, paging off, flat segments,
 * %ebx = an hvm_start_info that carries `cmdline`.
 */
int entry_pvh(struct vcpu *v, uint8_t *ram, uint64_t entry_gpa,
	      const char *cmdline, struct error *e);

#endif
