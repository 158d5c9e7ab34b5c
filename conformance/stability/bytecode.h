/*
 * The operations of the bytecode guest, and how the host makes them up.
 *
 * An operation is one access to a port, a device's register, an MSR, a control
 * register or the APIC, with all that it needs in it: a sequence of them is
 * the same in whatever order parts of it are left out.
 */
#ifndef VMGAUGE_STABILITY_BYTECODE_H
#define VMGAUGE_STABILITY_BYTECODE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "measure/rng.h"
#include "suite.h"

enum code_kind {
	CODE_IN, CODE_OUT, CODE_READ, CODE_WRITE, CODE_RDMSR, CODE_WRMSR,
	CODE_FLIP_MSR,		/* read, one bit turned, written, put back */
	CODE_FLIP_CR,		/* the same of a control register */
	CODE_APIC_READ, CODE_APIC_WRITE, CODE_CPUID, CODE_FLUSH,
	CODE_KINDS,
};

struct code_op {
	uint8_t kind;
	uint8_t width;			/* 1, 2, 4 or 8 bytes */
	uint8_t bit;			/* of flips */
	uint8_t unused;
	uint32_t where;			/* port, MSR, register; GPA under 4 GiB */
	uint64_t value;
};

#define CODE_OPS	64u

/* What the host puts into the guest's memory before it lets it go on. */
struct code_program {
	uint32_t count;
	uint32_t done;			/* by the guest: the next one */
	struct code_op op[CODE_OPS];
};

/* A range that is claimed here before the entry is each clone's, too. */
#define CODE_PORT	0x5660u

__host uint32_t code_one_of(struct rng *r, const uint32_t *from,
			    unsigned int n)
{
	return from[rng_below(r, n)];
}

#define ONE_OF(r, ...)							\
	code_one_of(r, (const uint32_t[]){ __VA_ARGS__ },		\
		    sizeof((uint32_t[]){ __VA_ARGS__ }) / 4)

/* 8259s, 8254, 8042, RTC, PCI, ACPI's timer, ours; any other. */
__host uint32_t code_port(struct rng *r)
{
	uint32_t port = ONE_OF(r, 0x20, 0x21, 0xa0, 0xa1, 0x40, 0x41, 0x42,
			       0x43, 0x61, 0x60, 0x64, 0x70, 0x71, 0xcf8,
			       0xcfc, 0x4d0, 0x4d1, 0x608, 0x92, 0xb2,
			       CODE_PORT, CODE_PORT, CODE_PORT, CODE_PORT);

	if (!rng_below(r, 4))
		port = (uint32_t)rng_below(r, 0x10000);
	/* The bell ends the guest, and the step is taken once. */
	return port + 8 > 0x5600 && port < 0x5660 ? CODE_PORT : port;
}

__host uint32_t code_gpa(struct rng *r)
{
	return ONE_OF(r, 0xfec00000, 0xfec00010, 0xfec00040, 0xfed00000,
		      0xfed000f0, ABI_MMIO_GPA, ABI_HOLE_GPA, 0xe0000000,
		      0xfee00000, 0xfffffff0) + (uint32_t)rng_below(r, 16) * 4u;
}

__host uint32_t code_msr(struct rng *r)
{
	const uint32_t base = ONE_OF(r, 0x0, 0x10, 0x1b, 0x3a, 0x48, 0x8b,
		0xc1, 0x122, 0x174, 0x179, 0x186, 0x198, 0x1a0, 0x1d9, 0x1db,
		0x200, 0x250, 0x268, 0x277, 0x2ff, 0x38d, 0x3f1, 0x400, 0x480,
		0x560, 0x600, 0x6e0, 0x800, 0x830, 0xda0, 0xc0000080,
		0xc0000100, 0xc0010000, 0xc0010015, 0xc0010055, 0xc0010114,
		0xc0011020, 0x4b564d00, 0x40000000, 0x40000020, 0x40000070,
		0x40000090, 0x400000b0, 0x11, 0x12);

	return base + (uint32_t)rng_below(r, 8);
}

__host uint64_t code_value(struct rng *r)
{
	uint64_t v = rng_next(r);

	switch (rng_below(r, 6)) {
	case 0:
		return 0;
	case 1:
		return 1ull << (v & 63);
	case 2:
		return ~0ull << (v & 63);
	case 3:
		return v & 0xffff;
	case 4:		/* an address of the guest's own, and a flag */
		return (0x700000 + (v & 0xfffff)) | 1;
	default:
		return v;
	}
}

/* What no guest survives: its own code, tables and gates are left alone. */
__host bool code_fatal(const struct code_op *o)
{
	if (o->kind == CODE_FLIP_CR)
		return o->where == 4 && (o->bit == 20 || o->bit == 21);
	if (o->kind != CODE_WRMSR)
		return false;
	return o->where == 0xc0000080 || o->where == 0xc0000100 ||
	       o->where == 0xc0000101;
}

__host struct code_op code_draw(struct rng *r)
{
	struct code_op o;

	do {
		o = (struct code_op){
			.kind = (uint8_t)rng_below(r, CODE_KINDS),
			.width = (uint8_t)(1u << rng_below(r, 4)),
			.bit = (uint8_t)rng_below(r, 64),
			.value = code_value(r),
		};
		if (o.kind <= CODE_OUT)
			o.where = code_port(r);
		else if (o.kind <= CODE_WRITE)
			o.where = code_gpa(r);
		else if (o.kind <= CODE_FLIP_MSR)
			o.where = code_msr(r);
		else if (o.kind == CODE_FLIP_CR)
			o.where = ONE_OF(r, 0, 3, 4, 8);
		else if (o.kind <= CODE_APIC_WRITE)
			o.where = 0xfee00000 + (uint32_t)rng_below(r, 64) * 16;
		else
			o.where = ONE_OF(r, 0, 1, 7, 0xb, 0xd, 0x15, 0x40000000,
					 0x80000008);
	} while (code_fatal(&o));
	return o;
}

/* "out.4 0x5660 0x1", at the end of `to`. */
__host void code_text(const struct code_op *o, char *to, size_t bytes)
{
	static const char *const name[CODE_KINDS] = {
		"in", "out", "read", "write", "rdmsr", "wrmsr", "flip msr",
		"flip cr", "apic read", "apic write", "cpuid", "flush",
	};
	size_t n = strlen(to);

	if (n < bytes)
		snprintf(to + n, bytes - n, "%s%s.%u %#x %#llx/%u", n ? "; " :
			 "", name[o->kind], o->width, o->where,
			 (unsigned long long)o->value, o->bit);
}

#endif
