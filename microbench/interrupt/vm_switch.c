/*
 * Two VMs that take turns on one CPU.
 *
 * One thread enters one VM's guest and then the other's, each until its next
 * exit to user space. What a turn is dearer than one of a single guest is the
 * switch: another VMCS or VMCB, another guest's registers, TLB and predictors,
 * and whatever barrier the kernel puts between guests (IBPB on a switch of
 * VMs, not of vCPUs of one VM). The scheduler has no part in it.
 */
#include "../lifecycle/small_vm.h"

/* 1: out %eax,$SMALL_PORT; jmp 1b */
static const uint8_t out_code[] = { 0xe7, SMALL_PORT, 0xeb, 0xfc };

/* One at a time: instances follow each other. */
static struct {
	struct vm vm[2];
	unsigned int vms;
	struct vcpu *turn[2];
} switching;

__host int vcpu_begin(struct item_host *h, struct vcpu *v)
{
	static const struct kvm_regs regs = {
		.rip = SMALL_CODE_GPA, .rflags = 0x3002,
	};
	uint8_t *ram = vm_memory_at(v->vm, 0, SMALL_RAM_BYTES);
	struct error e;
	int rc = entry_long_mode(v, ram, SMALL_CODE_GPA, 0, &e);

	if (rc)
		return host_said(h, rc, &e);
	rc = small_vm_ring3(h, v, &regs);
	return rc ? rc : small_vm_run(h, v, KVM_EXIT_IO);
}

__host int switching_make(struct item_host *h, unsigned int vms,
			  unsigned int vcpus)
{
	const struct vm_config config = {
		.ram_bytes = SMALL_RAM_BYTES, .backing = BACKING_ANON,
		.vcpus = vcpus,
	};
	int rc = 0;

	switching.vms = 0;
	while (!rc && switching.vms < vms) {
		rc = small_vm_make(h, &switching.vm[switching.vms], &config,
				   out_code, sizeof(out_code));
		switching.vms += !rc;
	}
	if (rc)
		return rc;
	switching.turn[0] = &switching.vm[0].vcpu[0];
	switching.turn[1] = &switching.vm[vms - 1].vcpu[vcpus - 1];
	rc = vcpu_begin(h, switching.turn[0]);
	if (!rc && switching.turn[1] != switching.turn[0])
		rc = vcpu_begin(h, switching.turn[1]);
	return rc;
}

__host int two_vms(struct item_host *h)
{
	return switching_make(h, 2, 1);
}

__host int two_vcpus(struct item_host *h)
{
	return switching_make(h, 1, 2);
}

__host int one_vcpu(struct item_host *h)
{
	return switching_make(h, 1, 1);
}

__host void switching_end(struct item_host *h)
{
	(void)h;
	while (switching.vms)
		vm_destroy(&switching.vm[--switching.vms]);
}

__host int turns_block(struct item_host *h, uint64_t ops)
{
	int rc = 0;

	for (uint64_t i = 0; i < ops && !rc; i++) {
		rc = small_vm_run(h, switching.turn[0], KVM_EXIT_IO);
		if (!rc)
			rc = small_vm_run(h, switching.turn[1], KVM_EXIT_IO);
	}
	return rc;
}

#define SWITCH(id, text, how, setup_fn)					\
	BENCH(id,							\
		.summary = text,					\
		.reading = how,						\
		.cite = "C. Dall et al., ARM Virtualization: Performance and Architectural "	\
			"Implications, ISCA 2016: VM Switch",		\
		.per = "turn", .per_op = 2,				\
		.needs = NEED_VMM,					\
		.host_setup = HOST(setup_fn),				\
		.host_block = HOST(turns_block),			\
		.host_teardown = HOST(switching_end),			\
		.exits = EXITS(0, 0),					\
	)

SWITCH(vm_switch, "A turn of two VMs on one CPU, entry to exit",
       "Less vm_switch_none it is the switch. The published rows have the scheduler in "
       "it, this has not. Exits are counted of the bench's own vCPU, which has none.",
       two_vms);
SWITCH(vm_switch_vcpu, "A turn of two vCPUs of one VM on one CPU, entry to exit",
       "As vm_switch, but the memory is the same: less than that by what the kernel does to "
       "keep VMs apart.", two_vcpus);
SWITCH(vm_switch_none, "A turn of one vCPU alone, entry to exit",
       "What vm_switch and vm_switch_vcpu are compared with: an exit to user space.", one_vcpu);
