/*
 * KVM's hypercalls against their published ABI: many IPIs by one call, and what
 * an unknown call and one of CPL3 are answered.
 */
#include "apic.h"
#include "irq_log.h"
#include "suite.h"

#define ABI	"Linux, Documentation/virt/kvm/x86/hypercalls.rst"
enum { FEATURE_SEND_IPI = 11, CALL_SEND_IPI = 10, CALL_UNKNOWN = 0xffffff };
#define VECTOR	0x71u
#define ENOSYS_OF_KVM	(-1000ll)
#define EPERM_OF_KVM	(-1ll)
#define PATIENCE_CYCLES	(1ull << 30)

__guest bool is_kvm(void)
{
	uint32_t a, b, c, d;

	arch_cpuid(0x40000000, 0, &a, &b, &c, &d);
	return b == 0x4b4d564b && c == 0x564b4d56 && d == 0x4d &&
	       a >= 0x40000001;
}

__guest const char *not_kvm(void)
{
	return is_kvm() ? NULL : "CPUID: no KVM";
}

__guest const char *no_pv_ipi(void)
{
	uint32_t a, b, c, d;

	if (!is_kvm())
		return not_kvm();
	arch_cpuid(0x40000001, 0, &a, &b, &c, &d);
	return a >> FEATURE_SEND_IPI & 1 ? xapic_missing()
	       : "CPUID: no KVM PV IPIs";
}

__guest int64_t call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
		     uint64_t a3)
{
	int64_t answer = (int64_t)number;

	if (cpu_is_intel())
		__asm__ volatile("vmcall" : "+a"(answer)
				 : "b"(a0), "c"(a1), "d"(a2), "S"(a3)
				 : "memory");
	else
		__asm__ volatile("vmmcall" : "+a"(answer)
				 : "b"(a0), "c"(a1), "d"(a2), "S"(a3)
				 : "memory");
	return answer;
}

PROBE(call_sends_to_whom_the_bitmap_names,
	.rule = "KVM_HC_SEND_IPI interrupts the APIC of each bit, and says how many",
	.cite = ABI ", KVM_HC_SEND_IPI", .needs = NEED_IRQCHIP,
	.skip = GUEST(no_pv_ipi),
	.control = "a hypercall that does nothing is caught")
{
	uint64_t self;

	irq_log_open(NULL);
	self = xapic_read(APIC_ID) >> 24;
	CHECK_EQ(1, call(CALL_SEND_IPI, 1, 0, self, VECTOR));
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(VECTOR, irq_log.vector[0]);
	/* Bit 64 is the first of the second word; nobody has that ID. */
	CHECK_EQ(0, call(CALL_SEND_IPI, 0, 1, self, VECTOR + 1));
	CHECK_EQ(0, call(CALL_SEND_IPI, 0, 0, self, VECTOR + 1));
	CHECK(!irq_log_wait(2, 1 << 22));
	irq_log_close();
}

PROBE(unknown_call_is_refused,
	.rule = "A hypercall of an unknown number gives -KVM_ENOSYS and changes nothing",
	.cite = ABI ", KVM Hypercalls ABI", .skip = GUEST(not_kvm),
	.control = "a hypercall that does nothing is caught")
{
	CHECK_EQ(ENOSYS_OF_KVM, call(CALL_UNKNOWN, 1, 2, 3, 4));
}

PROBE(call_of_cpl3_is_refused,
	.rule = "A hypercall of CPL3 gives -KVM_EPERM",
	.cite = ABI ", KVM Hypercalls ABI; Linux, kvm_para.h, KVM_EPERM",
	.rings = RING3, .skip = GUEST(not_kvm),
	.control = "a hypercall that does nothing is caught")
{
	CHECK_EQ(EPERM_OF_KVM, call(CALL_SEND_IPI, 1, 0, 0, VECTOR));
}
