/*
 * Mutants of the VMM's part in a probe: a device whose bytes go astray, a handler
 * of SMM that does nothing.
 */
#ifndef VMGAUGE_MUTANT_MORE_H
#define VMGAUGE_MUTANT_MORE_H

#include <errno.h>
#include <string.h>

#include "kvm/vm.h"
#include "mutant.h"

#define SMM_HANDLER_GPA	0x38000u

/* An access to the device that is not of one byte goes astray by one. */
static void astray(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		   unsigned int bytes, bool write)
{
	static uint8_t byte[ABI_DEVICE_BYTES + 16];

	(void)v, (void)opaque;
	if (bytes > 1 || offset < 8)
		offset ^= 1;
	if (write)
		memcpy(byte + offset, data, bytes);
	else
		memcpy(data, byte + offset, bytes);
}

static int straddle_part(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	(void)m;
	for (unsigned int i = 0; i < h->vm->mmio.count; i++) {
		if (h->vm->mmio.range[i].start != ABI_DEVICE_GPA)
			continue;
		h->vm->mmio.range[i].fn = astray;
		return 0;
	}
	return error_set(e, -ENOENT, "there is no device");
}

static int smm_silence(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	static const uint8_t rsm[] = { 0x0f, 0xaa };

	(void)m, (void)e;
	memcpy(h->ram + SMM_HANDLER_GPA, rsm, sizeof(rsm));
	return 0;
}

#endif
