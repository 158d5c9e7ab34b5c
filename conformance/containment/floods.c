/*
 * A guest that does nothing but exit, by one kind of exit or another, is
 * killed as fast as any, and costs its neighbour no more than a spinning one.
 */
#include "endless.h"

#define CITE	"Intel SDM vol. 3, VM Exits; AMD APM vol. 2, Instruction and "	\
		"Exception Intercepts; Popek and Goldberg, resource control"
#define NONE	0x0bad0000u		/* an MSR that nobody has */

ENDLESS(cpuid_flood, "A guest floods its host with CPUID", CITE,
	.needs = NEED_VMM, .rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	for (;;)
		cpuid_reg(0, 0, 0);
}

ENDLESS(port_flood, "A guest floods its VMM with port accesses", CITE,
	.needs = NEED_VMM, .rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	for (uint32_t i = 0;; i++) {
		outl(ABI_PORT_USER, i);
		inl(ABI_PORT_USER);
	}
}

static uint8_t text[4096];

ENDLESS(string_port_flood, "A guest floods its VMM with REP OUTSB and INSB",
	CITE, .needs = NEED_VMM)
{
	bell_ring(ABI_BELL_READY);
	for (;;) {
		const uint8_t *from = text;
		uint8_t *to = text;
		uint64_t n = sizeof(text);

		__asm__ volatile("cld\n\trep outsb" : "+S"(from), "+c"(n)
				 : "d"(ABI_PORT_USER) : "memory", "cc");
		n = sizeof(text);
		__asm__ volatile("cld\n\trep insb" : "+D"(to), "+c"(n)
				 : "d"(ABI_PORT_USER) : "memory", "cc");
	}
}

ENDLESS(mmio_flood, "A guest floods its VMM with MMIO", CITE,
	.needs = NEED_VMM, .rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	for (uint32_t i = 0;; i++) {
		mmio_write32(ABI_MMIO_GPA + (i & 0xffc), i);
		mmio_read32(ABI_HOLE_GPA + (i & 0xffc));
	}
}

ENDLESS(msr_flood, "A guest floods KVM with MSRs that do not exist", CITE,
	.needs = NEED_VMM)
{
	uint64_t value;

	bell_ring(ABI_BELL_READY);
	for (uint32_t i = 0;; i++) {
		wrmsr_safe(NONE + (i & 0xffff), i);
		rdmsr_safe(NONE + (i & 0xffff), &value);
	}
}

ENDLESS(control_register_flood, "A guest floods KVM with MOV to CR0 and CR3",
	CITE, .needs = NEED_VMM | NEED_PREEMPTION)
{
	uint64_t cr0 = read_cr0();

	bell_ring(ABI_BELL_READY);
	for (;;) {
		write_cr0(cr0 ^ CR0_TS);
		write_cr0(cr0);
		write_cr3(read_cr3());
	}
}

ENDLESS(exception_flood, "A guest does nothing but raise #UD", CITE,
	.needs = NEED_VMM, .rings = RING3)
{
	bell_ring(ABI_BELL_READY);
	for (;;)
		asm_safe("ud2", ::: "memory");
}

ENDLESS(apic_flood, "A guest floods its in-kernel local APIC", CITE
	"; Intel SDM vol. 3, APIC",
	.needs = NEED_VMM | NEED_IRQCHIP, .rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	for (uint64_t i = 0;; i += 16) {
		mmio_read32(0xfee00000 + (i & 0xff0));
		mmio_write32(0xfec00000, (uint32_t)(i >> 4 & 0x3f));
		mmio_read32(0xfec00010);
	}
}

ENDLESS(doorbell_flood, "A guest rings ioeventfds that nobody reads",
	CITE "; Linux, KVM API, KVM_IOEVENTFD",
	.needs = NEED_VMM | NEED_IOEVENTFD, .rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	for (uint32_t i = 0;; i++) {
		outl(ABI_PORT_EVENTFD, i);
		mmio_write32(ABI_MMIO_GPA + ABI_MMIO_EVENTFD, i);
	}
}

ENDLESS(coalesced_flood, "A guest fills the coalesced ring for ever",
	CITE "; Linux, KVM API, KVM_REGISTER_COALESCED_MMIO",
	.needs = NEED_VMM | NEED_COALESCED, .rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	for (uint32_t i = 0;; i++)
		mmio_write32(ABI_MMIO_GPA + ABI_MMIO_COALESCED, i);
}

ENDLESS(cache_flush_flood, "A guest flushes all caches for ever",
	"Intel SDM vol. 2, WBINVD; AMD APM vol. 3, WBINVD",
	.needs = NEED_VMM)
{
	bell_ring(ABI_BELL_READY);
	for (;;)
		__asm__ volatile("wbinvd" ::: "memory");
}

ENDLESS(translation_flush_flood, "A guest flushes its TLB for ever",
	"Intel SDM vol. 2, INVLPG; AMD APM vol. 3, INVLPG",
	.needs = NEED_VMM | NEED_PREEMPTION)
{
	bell_ring(ABI_BELL_READY);
	for (uint64_t i = 0;; i += 4096) {
		invlpg((void *)(i & 0x7ff000));
		write_cr3(read_cr3());
	}
}

/* Some KVMs come back to it for ever: whose memory could the store be? */
ENDLESS(descriptor_store_flood, "A guest stores its GDTR where no memory is",
	"CVE-2018-10853 class, as commonly cited; Intel SDM vol. 2, SGDT",
	.needs = NEED_VMM)
{
	bell_ring(ABI_BELL_READY);
	for (;;)
		__asm__ volatile("sgdt (%0)\n\tsidt (%0)"
				 :: "r"(ABI_HOLE_GPA) : "memory");
}
