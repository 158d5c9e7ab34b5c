/*
 * The code segment for compatibility mode at CPL0; see compat.h.
 */
#include "compat.h"
#include "guest.h"
#include "tables.h"

void compat_prepare_cpl0(void)
{
	gdt_own()[GDT_FREE] = DESC_CODE32;
	compat_cs = GDT_FREE * 8;
}

const char *compat_prepare(void)
{
	if (mailbox->ring == 0)
		compat_prepare_cpl0();
	return NULL;
}
