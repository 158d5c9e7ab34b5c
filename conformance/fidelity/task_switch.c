/*
 * The hardware's task switch. No operating system of today makes one but for
 * double faults, and every hypervisor has to emulate it whole.
 */
#include "modes.h"
#include "suite.h"

#define TASKS	"Intel SDM vol. 3, Task Management; AMD APM vol. 2, Task " \
		"Management, Switching Tasks"

#define NT_FLAG		(1u << 14)

/* A task that answers 7000 more than it finds in its own EAX. */
__guest void other_task_make(void)
{
	const void *code;
	struct tss32 *t = &mode_tss[1];

	CODE32(code, "4: add $7000, %%eax\n\tmov %%eax, %c1\n\tiret\n\tjmp 4b",
	       "i"(&mode_tss[1].esp2) : "memory");
	*t = (struct tss32){
		.eip = (uint32_t)(uintptr_t)code, .eflags = 2, .eax = 5,
		.esp = REAL_GPA + 0x7ff0, .es = SEL_DATA32, .cs = SEL_CODE32,
		.ss = SEL_DATA32, .ds = SEL_DATA32, .fs = SEL_DATA32,
		.gs = SEL_DATA32, .trap_iomap = 104u << 16,
	};
}

PROBE(task_switch_by_call_comes_back_by_iret,
	.rule = "CALL to a TSS runs its task, nested; IRET resumes the caller's",
	.cite = TASKS,
	.control = "a load that gives its address is caught")
{
	const void *code;

	other_task_make();
	CODE32(code, "movl $3f, mode_resume\n\tmov $0x1234, %%eax\n\t"
	       "lcall %1, $0\n\t3:", "i"(SEL_TSS32_OTHER) : "memory");
	CHECK_EQ(0x1234, mode32_call(code, MODE_CR0, 0, 0));
	CHECK_EQ(NO_FAULT, mode_fault.vector);
	CHECK_EQ(7005, mode_tss[1].esp2);
	CHECK_EQ(7005, mode_tss[1].eax);	/* saved as it left */
	CHECK_EQ(SEL_TSS32, mode_tss[1].link);
	CHECK_EQ(0x1234, mode_tss[0].eax);
	CHECK_EQ(0, mode_tss[0].eflags & NT_FLAG);
}

PROBE(task_gate_leads_to_its_task,
	.rule = "CALL through a task gate switches to the task that it names",
	.cite = TASKS,
	.control = "a load that gives its address is caught")
{
	const void *code;

	other_task_make();
	CODE32(code, "movl $3f, mode_resume\n\tmov $0x1234, %%eax\n\t"
	       "lcall %1, $0\n\t3:", "i"(SEL_TASK_GATE) : "memory");
	CHECK_EQ(0x1234, mode32_call(code, MODE_CR0, 0, 0));
	CHECK_EQ(NO_FAULT, mode_fault.vector);
	CHECK_EQ(7005, mode_tss[1].esp2);
}

PROBE(busy_task_cannot_be_called,
	.rule = "CALL to a busy TSS raises #GP with its selector",
	.cite = TASKS,
	.control = "a load that gives its address is caught")
{
	const void *code;

	CODE32(code, "movl $3f, mode_resume\n\tlcall %1, $0\n\t3:",
	       "i"(SEL_TSS32) : "memory");
	mode32_call(code, MODE_CR0, 0, 0);
	CHECK_EQ(VEC_GP, mode_fault.vector);
	CHECK_EQ(SEL_TSS32, mode_fault.error_code);
}

PROBE(task_switch_sets_ts,
	.rule = "Every task switch sets CR0.TS",
	.cite = "Intel SDM vol. 3, Control Registers, CR0.TS; AMD APM vol. 2, "
		"Task Switched (TS) Bit",
	.control = "a CALL that does nothing is caught")
{
	const void *code;

	other_task_make();
	CODE32(code, "movl $3f, mode_resume\n\tclts\n\tlcall %1, $0\n\t"
	       "3: mov %%cr0, %%eax\n\tclts", "i"(SEL_TSS32_OTHER) : "memory");
	CHECK_EQ(CR0_TS, mode32_call(code, MODE_CR0, 0, 0) & CR0_TS);
}
