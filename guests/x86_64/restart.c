/*
 * Starting the image again in place, so that many items share one boot and
 * none of them what another left behind: its memory is as it was loaded, the
 * CPU's registers as the first boot found them. What cannot be put back (a
 * CPU in VMX operation keeps CR4.VMXE) has a name.
 */
#include "boot.h"
#include "guest.h"

#define MSR_CSTAR	0xc0000083u
#define MSR_MISC_ENABLE	0x1a0u
#define MSR_DEBUGCTL	0x1d9u
#define DR6_RESET	0xffff0ff0ull
#define DR7_RESET	0x400ull

extern uint8_t data_start[], data_end[], data_copy[], bss_start[], bss_end[];
extern const uint8_t gdt_pointer[], idt_pointer[], pml4[];
void image_again(void) __attribute__((noreturn));

static const struct {
	uint32_t msr;
	const char *name;
} msrs[] = {
	{ MSR_EFER, "EFER" }, { MSR_PAT, "PAT" }, { MSR_APICBASE, "APIC_BASE" },
	{ MSR_SYSENTER_CS, "SYSENTER_CS" },
	{ MSR_SYSENTER_ESP, "SYSENTER_ESP" },
	{ MSR_SYSENTER_EIP, "SYSENTER_EIP" },
	{ MSR_STAR, "STAR" }, { MSR_LSTAR, "LSTAR" }, { MSR_CSTAR, "CSTAR" },
	{ MSR_FMASK, "FMASK" }, { MSR_FS_BASE, "FS_BASE" },
	{ MSR_GS_BASE, "GS_BASE" }, { MSR_KERNEL_GS_BASE, "KERNEL_GS_BASE" },
	{ MSR_TSC_AUX, "TSC_AUX" }, { MSR_TSC_ADJUST, "TSC_ADJUST" },
	{ MSR_SPEC_CTRL, "SPEC_CTRL" }, { MSR_MISC_ENABLE, "MISC_ENABLE" },
	{ MSR_DEBUGCTL, "DEBUGCTL" },
};

#define MSRS	(sizeof(msrs) / sizeof(msrs[0]))

static __keep struct {
	uint64_t cr0, cr4, xcr0, msr[MSRS];
	bool has_xcr0, has_msr[MSRS];
	const char *spoilt;
} saved;

void machine_save(void)
{
	saved.cr0 = read_cr0();
	saved.cr4 = read_cr4();
	saved.has_xcr0 = saved.cr4 & CR4_OSXSAVE;
	if (saved.has_xcr0)
		saved.xcr0 = xgetbv(0);
	for (size_t i = 0; i < MSRS; i++)
		saved.has_msr[i] = rdmsr_safe(msrs[i].msr, &saved.msr[i]) ==
				   NO_FAULT;
	__builtin_memcpy(data_copy, data_start,
			 (size_t)(data_end - data_start));
}

/* What cannot be put back is named once, and is how things are from then. */
static void settle(uint64_t *want, uint64_t is, const char *name)
{
	if (*want == is)
		return;
	*want = is;
	saved.spoilt = name;
}

static void registers_restore(void)
{
	uint64_t v;

	write_cr0_safe(saved.cr0);
	write_cr4_safe(saved.cr4);
	if (saved.has_xcr0)
		xsetbv_safe(0, saved.xcr0);
	/* With DR7.GD set the first access is a #DB, which clears GD. */
	asm_safe("mov %0, %%dr7", :: "r"(DR7_RESET));
	asm_safe("mov %0, %%dr7", :: "r"(DR7_RESET));
	write_dr6(DR6_RESET);
	write_dr0(0);
	write_dr1(0);
	write_dr2(0);
	write_dr3(0);
	write_cr8(0);
	asm_safe("fninit", ::: "memory");
	__asm__ volatile("push $2\n\tpopfq" ::: "memory", "cc");
	settle(&saved.cr0, read_cr0(), "CR0");
	settle(&saved.cr4, read_cr4(), "CR4");
	for (size_t i = 0; i < MSRS; i++) {
		if (!saved.has_msr[i])
			continue;
		if (rdmsr_safe(msrs[i].msr, &v) == NO_FAULT &&
		    v == saved.msr[i])
			continue;
		wrmsr_safe(msrs[i].msr, saved.msr[i]);
		rdmsr_safe(msrs[i].msr, &v);
		settle(&saved.msr[i], v, msrs[i].name);
	}
}

void machine_restart(void)
{
	/* First what a fault needs: an item may have swapped its tables. */
	__builtin_memcpy(data_start, data_copy,
			 (size_t)(data_end - data_start));
	__asm__ volatile("mov %0, %%cr3\n\tlgdt %1\n\tlidt %2"
			 :: "r"(pml4), "m"(gdt_pointer[0]),
			    "m"(idt_pointer[0]) : "memory");
	saved.spoilt = NULL;
	registers_restore();
	__builtin_memset(bss_start, 0, (size_t)(bss_end - bss_start));
	image_again();
}

const char *machine_spoilt(void)
{
	return saved.spoilt;
}
