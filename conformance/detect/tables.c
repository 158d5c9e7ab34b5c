/*
 * The red pill: SIDT, SGDT, SLDT, STR and SMSW show CPL3 the CPU's tables
 * without a fault, so a hypervisor that runs CPL3 directly and has no
 * hardware for it shows its own.
 *
 * The attacker here is the guest's kernel, which knows what it loaded.
 */
#include "way.h"

struct pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct shown {
	struct pointer idt, gdt;
	uint64_t ldt, tr, msw;
};

static struct shown loaded, seen;
static unsigned int refused;

__guest void look(struct shown *s)
{
	s->ldt = s->tr = s->msw = 0;
	refused = 0;
	refused += asm_safe("sidt %0", : "=m"(s->idt)) != NO_FAULT;
	refused += asm_safe("sgdt %0", : "=m"(s->gdt)) != NO_FAULT;
	refused += asm_safe("sldt %k0", : "+r"(s->ldt)) != NO_FAULT;
	refused += asm_safe("str %k0", : "+r"(s->tr)) != NO_FAULT;
	refused += asm_safe("smsw %k0", : "+r"(s->msw)) != NO_FAULT;
}

__guest void look_as_user(void)
{
	look(&seen);
}

WAY(descriptor_tables,
	.kind = WAY_VALUE,
	.probe.rule = "SIDT, SGDT, SLDT, STR and SMSW at CPL3 against what the "
		      "kernel loaded (red pill)",
	.probe.cite = "Intel SDM vol. 2, SIDT, SGDT, SLDT, STR, SMSW; AMD APM vol. 3, "
		      "the same (they store what was loaded; #GP only with CR4.UMIP)",
	.probe.rings = RING0,
	.no_native = "a process does not know what its kernel loaded: judged by "
		     "the manual")
{
	uint64_t value;

	look(&loaded);
	ring3_call(look_as_user);
	value = refused ? 32 : 0;
	if (!refused)
		value = (seen.idt.base != loaded.idt.base ? 1 : 0) |
			(seen.gdt.base != loaded.gdt.base ? 2 : 0) |
			((seen.ldt ^ loaded.ldt) & 0xffff ? 4 : 0) |
			((seen.tr ^ loaded.tr) & 0xffff ? 8 : 0) |
			((seen.msw ^ loaded.msw) & 0xffff ? 16 : 0);
	value_put(value, !value ? "all as loaded" : value == 32 ?
		  "they fault, though CR4.UMIP is clear" :
		  "CPL3 sees somebody else's tables");
}
