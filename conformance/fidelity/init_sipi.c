/*
 * INIT and SIPI: a CPU begins in real mode, at the page that the SIPI names,
 * with the registers of the manual's table.
 */
#include "apic.h"
#include "modes.h"
#include "sipi.h"
#include "suite.h"

#define TABLE	"Intel SDM vol. 3, Processor State After Reset (INIT column); AMD " \
		"APM vol. 2, Initial Processor State"
#define START	"Intel SDM vol. 3, Multiple-Processor Initialization, INIT and " \
		"SIPI; AMD APM vol. 2, Multiple Processor Initialization"
#define PATIENCE_CYCLES	(1ull << 29)

/* Where the code below leaves what it finds, in words of 32 bits. */
enum { EAX, EBX, ECX, EDX, ESI, EDI, EBP, ESP, CR0, CR2, CR3, CR4, CS, DS, SS,
       FLAGS, GDT, GDT_BASE, IDT, IDT_BASE, STARTS, WORDS };
#define FOUND	((volatile uint32_t *)(uintptr_t)(REAL_GPA + 0x6000))

#define STORE(reg, n)	"movl %%" reg ", %%cs:0x6000 + 4 * " #n "\n\t"
#define STORE_BY_EAX(insn, n)	insn "\n\t" STORE("eax", n)

__guest void landing_make(void)
{
	const uint8_t *begin;
	uint64_t bytes;

	__asm__ volatile("lea 1f(%%rip), %0\n\tlea 2f(%%rip), %1\n\t"
			 "sub %0, %1\n\tjmp 2f\n\t.code16\n\t1:\n\t"
			 STORE("eax", 0) STORE("ebx", 1) STORE("ecx", 2)
			 STORE("edx", 3) STORE("esi", 4) STORE("edi", 5)
			 STORE("ebp", 6) STORE("esp", 7)
			 STORE_BY_EAX("mov %%cr0, %%eax", 8)
			 STORE_BY_EAX("mov %%cr2, %%eax", 9)
			 STORE_BY_EAX("mov %%cr3, %%eax", 10)
			 STORE_BY_EAX("mov %%cr4, %%eax", 11)
			 STORE_BY_EAX("mov %%cs, %%eax", 12)
			 STORE_BY_EAX("mov %%ds, %%eax", 13)
			 STORE_BY_EAX("mov %%ss, %%eax", 14)
			 "mov %%cs, %%ax\n\tmov %%ax, %%ss\n\t"
			 "mov $0xfff0, %%esp\n\tpushfl\n\tpop %%eax\n\t"
			 STORE("eax", 15)
			 "sgdtl %%cs:0x6000 + 4 * 16 + 2\n\t"
			 "sidtl %%cs:0x6000 + 4 * 18 + 2\n\t"
			 "lock incl %%cs:0x6000 + 4 * 20\n\t"
			 "3: cli\n\thlt\n\tjmp 3b\n\t.code64\n\t2:"
			 : "=&r"(begin), "=&r"(bytes) :: "memory");
	__builtin_memcpy((void *)(uintptr_t)REAL_GPA, begin, bytes);
	for (unsigned int i = 0; i < WORDS; i++)
		FOUND[i] = 0x55555555;
	FOUND[STARTS] = 0;
}

__guest bool starts_wait(uint32_t starts)
{
	uint64_t begin = tsc_read();

	while (FOUND[STARTS] < starts &&
	       tsc_read() - begin < PATIENCE_CYCLES)
		__asm__ volatile("pause" ::: "memory");
	return FOUND[STARTS] >= starts;
}

__guest void sipi_to_landing(void)
{
	xapic_target(1);
	xapic_write(APIC_ICR, APIC_ICR_STARTUP | APIC_ICR_ASSERT |
		    REAL_GPA >> 12);
}

__guest void landing_start(void)
{
	xapic_start();
	landing_make();
	bell_ring(ABI_BELL_CPUS);
	init_send(1);
	sipi_to_landing();
}

PROBE(sipi_starts_at_the_page_it_names,
	.rule = "A CPU that got INIT and SIPI with vector VVH begins at VV00H:0",
	.cite = START, .needs = NEED_IRQCHIP, .vcpus = 2, .sipi = true,
	.control = "a store that does nothing is caught")
{
	landing_start();
	CHECK(starts_wait(1));
	CHECK_EQ(REAL_GPA >> 4, FOUND[CS]);
}

PROBE(init_leaves_the_table_s_registers,
	.rule = "After INIT: general registers 0 but EDX, EFLAGS 2, CR2 to CR4 0, CR0 10H",
	.cite = TABLE, .needs = NEED_IRQCHIP, .vcpus = 2, .sipi = true,
	.control = "a store that does nothing is caught")
{
	landing_start();
	CHECK(starts_wait(1));
	for (unsigned int i = EAX; i <= ESP; i++)
		if (i != EDX)
			CHECK_EQ(0, FOUND[i]);
	CHECK_EQ(cpuid_reg(1, 0, 0) >> 8 & 15, FOUND[EDX] >> 8 & 15);
	CHECK_EQ(0x10, FOUND[CR0] & ~(uint32_t)(CR0_CD | CR0_NW));
	CHECK_EQ(0, FOUND[CR2] | FOUND[CR3] | FOUND[CR4]);
	CHECK_EQ(0, FOUND[DS] | FOUND[SS]);
	CHECK_EQ(2, FOUND[FLAGS]);
	CHECK_EQ(0xffff, FOUND[GDT] >> 16);
	CHECK_EQ(0xffff, FOUND[IDT] >> 16);
	CHECK_EQ(0, (FOUND[GDT_BASE] | FOUND[IDT_BASE]) & 0xffffff);
}

PROBE(second_sipi_is_ignored,
	.rule = "A SIPI to a CPU that runs is ignored; after another INIT it starts anew",
	.cite = START, .needs = NEED_IRQCHIP, .vcpus = 2, .sipi = true,
	.control = "a store that does nothing is caught")
{
	uint64_t begin;

	landing_start();
	CHECK(starts_wait(1));
	sipi_to_landing();
	for (begin = tsc_read(); tsc_read() - begin < 1 << 24;)
		;
	CHECK_EQ(1, FOUND[STARTS]);
	init_send(1);
	sipi_to_landing();
	CHECK(starts_wait(2));
}
