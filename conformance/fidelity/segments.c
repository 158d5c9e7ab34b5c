/*
 * The instructions that read descriptor tables see the guest's, not the
 * host's.
 *
 * SGDT, SIDT, SLDT, STR, SMSW, LAR, LSL, VERR and VERW are sensitive and yet
 * unprivileged: on a hypervisor without hardware help they read the real
 * machine, at CPL3 at least. Robin and Irvine listed them in 2000.
 */
#include "suite.h"
#include "layout.h"

#define TABLES	"Intel SDM vol. 3, Memory-Management Registers; " \
		"AMD APM vol. 2, Segmentation Instructions"
#define BOTH	(RING0 | RING3)

struct table_pointer {
	uint16_t limit;
	uint64_t gva;
} __attribute__((packed));

extern const struct table_pointer gdt_pointer, idt_pointer;

__guest const char *umip_may_hide(void)
{
	uint64_t cr4 = read_cr4();

	if (cr4 & CR4_UMIP)
		write_cr4(cr4 & ~(uint64_t)CR4_UMIP);
	return NULL;
}

PROBE(sgdt_and_sidt_show_our_tables,
	.rule = "SGDT and SIDT store the base and limit that were loaded",
	.cite = TABLES, .rings = BOTH, .skip = GUEST(umip_may_hide),
	.control = "an SGDT that does nothing is caught")
{
	struct table_pointer gdt = { 0 }, idt = { 0 };

	__asm__ volatile("sgdt %0" : "+m"(gdt));
	__asm__ volatile("sidt %0" : "+m"(idt));
	CHECK_EQ(gdt_pointer.gva, gdt.gva);
	CHECK_EQ(gdt_pointer.limit, gdt.limit);
	CHECK_EQ(idt_pointer.gva, idt.gva);
	CHECK_EQ(idt_pointer.limit, idt.limit);
}

static uint64_t cr0;

__guest void system_selectors(void)
{
	uint64_t tr = ~0ull, ldtr = ~0ull, msw = ~0ull;

	__asm__ volatile("str %w0" : "+r"(tr));
	__asm__ volatile("sldt %w0" : "+r"(ldtr));
	__asm__ volatile("smsw %w0" : "+r"(msw));
	CHECK_EQ(SEL_TSS, tr & 0xffff);
	CHECK_EQ(0, ldtr & 0xffff);
	CHECK_EQ(cr0 & 0xffff, msw & 0xffff);
}

PROBE(str_sldt_and_smsw_show_our_state,
	.rule = "STR, SLDT and SMSW give the guest's TR, LDTR and CR0 at any CPL",
	.cite = TABLES, .skip = GUEST(umip_may_hide),
	.control = "an STR that does nothing is caught")
{
	__asm__ volatile("lldt %w0" :: "r"(0));
	/* A bit of CR0 that a host at work does not have set. */
	write_cr0(read_cr0() | CR0_TS);
	cr0 = read_cr0();
	system_selectors();
	ring3_call(system_selectors);
	write_cr0(cr0 & ~(uint64_t)CR0_TS);
}

PROBE(segment_registers_read_our_selectors,
	.rule = "MOV from CS and SS gives the selectors that the guest loaded",
	.cite = "Intel SDM vol. 3, Segment Selectors; AMD APM vol. 2, Segment "
		"Selectors", .rings = BOTH,
	.needs = NEED_MACHINE,
	.control = "a MOV from CS that does nothing is caught")
{
	uint32_t cs = 0, ss = 0;

	__asm__ volatile("mov %%cs, %0" : "+r"(cs));
	__asm__ volatile("mov %%ss, %0" : "+r"(ss));
	CHECK_EQ(mailbox->ring ? SEL_UCODE | 3 : SEL_KCODE, cs);
	CHECK_EQ(mailbox->ring ? SEL_UDATA | 3 : SEL_KDATA, ss);
}

/* ZF, and the value where there is one. */
__guest bool lsl(uint32_t selector, uint32_t *limit)
{
	bool zf;

	__asm__ volatile("lsl %2, %1" : "=@ccz"(zf), "+r"(*limit)
			 : "r"(selector));
	return zf;
}

__guest bool lar(uint32_t selector, uint32_t *rights)
{
	bool zf;

	__asm__ volatile("lar %2, %1" : "=@ccz"(zf), "+r"(*rights)
			 : "r"(selector));
	return zf;
}

PROBE(lsl_reads_our_limits,
	.rule = "LSL gives the limit of a visible descriptor of the guest's GDT",
	.cite = "Intel SDM vol. 2, LSL; AMD APM vol. 3, LSL", .rings = BOTH,
	.needs = NEED_MACHINE,
	.control = "an LSL that does nothing is caught")
{
	uint32_t limit = 7;

	CHECK_EQ(true, lsl(SEL_UDATA | 3, &limit));
	CHECK_EQ(0xffffffff, limit);
	limit = 7;
	CHECK_EQ(false, lsl(0, &limit));
	CHECK_EQ(false, lsl(0x58, &limit));
	CHECK_EQ(7, limit);
	/* A system descriptor shows itself to its own level only. */
	CHECK_EQ(!mailbox->ring, lsl(SEL_TSS, &limit));
	CHECK_EQ(mailbox->ring ? 7 : TSS_BYTES - 1, limit);
}

PROBE(lar_reads_our_access_rights,
	.rule = "LAR gives the rights of a visible descriptor of the guest's GDT",
	.cite = "Intel SDM vol. 2, LAR; AMD APM vol. 3, LAR", .rings = BOTH,
	.needs = NEED_MACHINE,
	.control = "a LAR that does nothing is caught")
{
	uint32_t rights = 7;

	/* The GDT's own bytes; bits 19:16 are undefined. */
	CHECK_EQ(true, lar(SEL_UDATA | 3, &rights));
	CHECK_EQ(0x00c0f300, rights & 0x00f0ff00);
	CHECK_EQ(true, lar(SEL_UCODE | 3, &rights));
	CHECK_EQ(0x00a0fb00, rights & 0x00f0ff00);
	rights = 7;
	CHECK_EQ(false, lar(0, &rights));
	CHECK_EQ(false, lar(0x58, &rights));
	CHECK_EQ(7, rights);
	CHECK_EQ(!mailbox->ring, lar(SEL_KDATA, &rights));
}

__guest bool verr(uint32_t selector)
{
	bool zf;

	__asm__ volatile("verr %w1" : "=@ccz"(zf) : "r"(selector));
	return zf;
}

__guest bool verw(uint32_t selector)
{
	bool zf;

	__asm__ volatile("verw %w1" : "=@ccz"(zf) : "r"(selector));
	return zf;
}

PROBE(verr_and_verw_know_our_segments,
	.rule = "VERR and VERW set ZF for what the guest's GDT lets be read, written",
	.cite = "Intel SDM vol. 2, VERR/VERW; AMD APM vol. 3, VERR, VERW",
	.rings = BOTH,
	.needs = NEED_MACHINE,
	.control = "a VERW that does nothing is caught")
{
	CHECK_EQ(true, verr(SEL_UCODE | 3));
	CHECK_EQ(false, verw(SEL_UCODE | 3));
	CHECK_EQ(true, verr(SEL_UDATA | 3));
	CHECK_EQ(true, verw(SEL_UDATA | 3));
	CHECK_EQ(!mailbox->ring, verw(SEL_KDATA));
	CHECK_EQ(false, verr(0));
	CHECK_EQ(false, verr(0x58));
}
