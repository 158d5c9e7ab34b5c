/*
 * Instructions that only a hypervisor answers.
 */
#include "way.h"

/* No hypervisor knows a call of this number. */
#define NO_CALL		0x00ffffffull

WAY(hypercall_instructions,
	.kind = WAY_VALUE,
	.probe.rule = "VMCALL and VMMCALL at CPL3: both raise #UD where nobody is below",
	.probe.cite = "Intel SDM vol. 3, VMCALL (#UD outside of VMX operation); AMD "
		      "APM vol. 3, VMMCALL (#UD when not intercepted)",
	.probe.rings = RING3)
{
	uint64_t a = NO_CALL, value = 0;

	if (asm_safe("vmcall", : "+a"(a) :: "rbx", "rcx", "rdx", "rsi",
		     "memory", "cc") != VEC_UD)
		value |= 1;
	a = NO_CALL;
	if (asm_safe("vmmcall", : "+a"(a) :: "rbx", "rcx", "rdx", "rsi",
		     "memory", "cc") != VEC_UD)
		value |= 2;
	value_put(value, !value ? "both raise #UD" : value == 3 ?
		  "neither raises #UD" : value == 1 ?
		  "VMCALL does not raise #UD" : "VMMCALL does not raise #UD");
}
