/*
 * Templates of what is the system's: segments, descriptors, privileged and
 * faulting instructions, values that a VM may change. See template.h.
 */
#include "differ/template.h"

/* Null is every data segment; what is beyond the table is a #GP. */
bool template_segment(struct rng *r, isa_set isa, struct unit *u)
{
	(void)isa;
	unit_mov(u, REG_AX, rng_below(r, 3) ? (uint32_t)rng_below(r, 4)
					     : 0xfff8);
	UNIT_ADD(u, 0x8e, rng_below(r, 2) ? 0xd8 : 0xc0);	/* DS, ES */
	return true;
}

/* Of null selectors, which are valid for none of these: ZF is cleared. */
bool template_descriptor(struct rng *r, isa_set isa, struct unit *u)
{
	(void)isa;
	unit_mov(u, REG_AX, (uint32_t)rng_below(r, 4));
	switch (rng_below(r, 4)) {
	case 0:
		UNIT_ADD(u, 0x0f, 0x02, 0xc8);		/* lar ecx, eax */
		break;
	case 1:
		UNIT_ADD(u, 0x0f, 0x03, 0xc8);		/* lsl ecx, eax */
		break;
	case 2:
		UNIT_ADD(u, 0x0f, 0x00, 0xe0);		/* verr ax */
		break;
	default:
		UNIT_ADD(u, 0x0f, 0x00, 0xe8);		/* verw ax */
	}
	return true;
}

#define BYTES(...)	{ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* That it works is compared, and what it leaves alone; not its value. */
bool template_machine_value(struct rng *r, isa_set isa, struct unit *u)
{
	static const struct {
		uint8_t bytes[7], count;
		uint8_t scrub;		/* registers, by number */
		bool table;		/* ten bytes at [R15] */
	} what[] = {
		{ BYTES(0x0f, 0xa2), 0x0f, false },		/* cpuid */
		{ BYTES(0x0f, 0x31), 0x05, false },		/* rdtsc */
		{ BYTES(0x0f, 0x01, 0xe0), 0x01, false },	/* smsw eax */
		{ BYTES(0x0f, 0x00, 0xc0), 0x01, false },	/* sldt eax */
		{ BYTES(0x0f, 0x00, 0xc8), 0x01, false },	/* str eax */
		{ BYTES(0x8c, 0xc8), 0x01, false },		/* mov eax, cs */
		{ BYTES(0x8c, 0xd0), 0x01, false },		/* mov eax, ss */
		{ BYTES(0x41, 0x0f, 0x01, 0x07), 0, true },	/* sgdt [r15] */
		{ BYTES(0x41, 0x0f, 0x01, 0x0f), 0, true },	/* sidt [r15] */
	};
	size_t i = rng_below(r, sizeof(what) / sizeof(what[0]));

	(void)isa;
	if (!i)
		unit_mov(u, REG_AX, (uint32_t)rng_below(r, 8));
	unit_add(u, what[i].bytes, what[i].count);
	for (unsigned int reg = 0; reg < 4; reg++)
		if (what[i].scrub & 1u << reg)
			unit_mov(u, reg, (uint32_t)rng_next(r));
	if (what[i].table) {
		UNIT_ADD(u, 0x49, 0xc7, 0x07, 1, 2, 3, 4);
		UNIT_ADD(u, 0x66, 0x41, 0xc7, 0x47, 8, 5, 6);
	}
	return true;
}

/* The OS's own: each of them is a fault at CPL3, or no instruction. */
bool template_privileged(struct rng *r, isa_set isa, struct unit *u)
{
	static const struct {
		uint8_t bytes[7], count;
	} what[] = {
		{ BYTES(0xf4) }, { BYTES(0xfa) }, { BYTES(0xfb) },
		{ BYTES(0x0f, 0x06) }, { BYTES(0x0f, 0x08) },
		{ BYTES(0x0f, 0x09) }, { BYTES(0x0f, 0x30) },
		{ BYTES(0x0f, 0x32) }, { BYTES(0x0f, 0x01, 0xf8) },
		{ BYTES(0x0f, 0x20, 0xc0) }, { BYTES(0x0f, 0x22, 0xc0) },
		{ BYTES(0x0f, 0x20, 0xd8) }, { BYTES(0x0f, 0x22, 0xd8) },
		{ BYTES(0x0f, 0x20, 0xe0) }, { BYTES(0x0f, 0x22, 0xe0) },
		{ BYTES(0x44, 0x0f, 0x20, 0xc0) }, { BYTES(0x0f, 0x21, 0xf8) },
		{ BYTES(0x0f, 0x23, 0xf8) }, { BYTES(0x0f, 0x01, 0xf0) },
		{ BYTES(0x0f, 0x00, 0xd0) }, { BYTES(0x0f, 0x00, 0xd8) },
		{ BYTES(0x41, 0x0f, 0x01, 0x17) },	/* lgdt [r15] */
		{ BYTES(0x41, 0x0f, 0x01, 0x1f) },	/* lidt [r15] */
		{ BYTES(0x41, 0x0f, 0x01, 0x3f) },	/* invlpg [r15] */
		{ BYTES(0xec) }, { BYTES(0xed) }, { BYTES(0xe4, 0x80) },
		{ BYTES(0xee) }, { BYTES(0xef) }, { BYTES(0xe6, 0x80) },
		{ BYTES(0x6c) }, { BYTES(0x6d) }, { BYTES(0x6e) },
		{ BYTES(0x48, 0x0f, 0x07) }, { BYTES(0x0f, 0x01, 0xd1) },
		{ BYTES(0x0f, 0xaa) }, { BYTES(0x0f, 0x35) },
	};
	size_t i = rng_below(r, sizeof(what) / sizeof(what[0]));

	(void)isa;
	unit_add(u, what[i].bytes, what[i].count);
	u->insn[u->insns - 1].flags_written = 0;
	u->insn[u->insns - 1].flags_undefined = 0;
	return true;
}

/* Of a process: what INT n gives depends on the table's own privilege. */
bool template_interrupt(struct rng *r, isa_set isa, struct unit *u)
{
	uint8_t n = (uint8_t)rng_below(r, 256);

	(void)isa;
	if (n == 0x80)
		return false;		/* Linux's own */
	UNIT_ADD(u, 0xcd, n);
	return true;
}

/* In 64-bit mode these are no instructions, or none with such a prefix. */
bool template_invalid(struct rng *r, isa_set isa, struct unit *u)
{
	static const struct {
		uint8_t bytes[7], count;
	} what[] = {
		{ BYTES(0x06) }, { BYTES(0x0e) }, { BYTES(0x16) },
		{ BYTES(0x1f) }, { BYTES(0x27) }, { BYTES(0x37) },
		{ BYTES(0x60) }, { BYTES(0x61) }, { BYTES(0xce) },
		{ BYTES(0xd6) }, { BYTES(0xd4, 0x0a) }, { BYTES(0xd5, 0x0a) },
		{ BYTES(0x82, 0xc0, 1) }, { BYTES(0xf0, 0x01, 0xc0) },
		{ BYTES(0xf0, 0x90) }, { BYTES(0x0f, 0xff, 0xc0) },
		{ BYTES(0x0f, 0xb9, 0xc0) }, { BYTES(0x0f, 0x04) },
		{ BYTES(0x0f, 0xc7, 0xc8) }, { BYTES(0x8e, 0xc8) },
		{ BYTES(0xfe, 0xd0) }, { BYTES(0x0f, 0x24, 0xc0) },
	};
	size_t i = rng_below(r, sizeof(what) / sizeof(what[0]));

	(void)isa;
	unit_add(u, what[i].bytes, what[i].count);
	u->insn[0].flags_read = u->insn[0].flags_written = 0;
	u->insn[0].flags_undefined = 0;
	return true;
}

/* INT3, and ICEBP, which traps behind itself. */
bool template_trap(struct rng *r, isa_set isa, struct unit *u)
{
	(void)isa;
	UNIT_ADD(u, rng_below(r, 2) ? 0xcc : 0xf1);
	return true;
}
