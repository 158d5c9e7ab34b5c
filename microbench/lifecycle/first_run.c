/*
 * From a vCPU that is ready to run until its guest has executed something.
 *
 * The first KVM_RUN makes what KVM had put off: the vCPU's structures in
 * hardware, a root of tables, the mapping of the page with the code. The
 * same guest after a reset shows what is left when all of that is there.
 */
#include "image.h"
#include "small_vm.h"

static const uint8_t hlt_code[] = { 0xf4 };

struct running {
	struct vm vm;
	bool there;
	struct kvm_sregs sregs;		/* as after a reset of ours */
	struct kvm_regs regs;
};

__host int running_setup(struct item_host *h)
{
	h->opaque = calloc(1, sizeof(struct running));
	return h->opaque ? 0 : -ENOMEM;
}

__host void running_drop(struct running *r)
{
	if (r->there)
		vm_destroy(&r->vm);
	r->there = false;
}

__host void running_teardown(struct item_host *h)
{
	if (h->opaque)
		running_drop(h->opaque);
	free(h->opaque);
	h->opaque = NULL;
}

/* Without an irqchip a HLT is an exit to user space. */
__host int hlt_rewind(struct item_host *h)
{
	const struct vm_config config = {
		.ram_bytes = SMALL_RAM_BYTES, .vcpus = 1,
	};
	struct running *r = h->opaque;
	int rc;

	running_drop(r);
	rc = small_vm_make(h, &r->vm, &config, hlt_code, sizeof(hlt_code));
	r->there = !rc;
	return rc;
}

__host int hlt_block(struct item_host *h, uint64_t ops)
{
	struct running *r = h->opaque;

	(void)ops;
	return small_vm_run(h, &r->vm.vcpu[0], KVM_EXIT_HLT);
}

/* The first instruction, and no other. */
__host int hlt_verify(struct item_host *h)
{
	struct running *r = h->opaque;
	struct kvm_regs regs;
	struct error e;
	int rc = host_said(h, KVM_IOCTL(r->vm.vcpu[0].fd, KVM_GET_REGS, &regs,
					&e), &e);

	if (!rc && regs.rip != SMALL_CODE_GPA + sizeof(hlt_code)) {
		host_verdict(h, ABI_ERROR, "the guest is not behind its first instruction");
		rc = -EPROTO;
	}
	return rc;
}

#define RUNNING								\
	.cite = "Linux, KVM API, KVM_RUN",				\
	.needs = NEED_VMM,						\
	.exits = EXITS(0, 0),						\
	.host_teardown = HOST(running_teardown)

BENCH(first_run,
	.summary = "The first KVM_RUN of a VM, through its guest's first instruction",
	.reading = "A guest of one HLT, which exits to user space. Compare reset_to_first: the "
		   "difference is what KVM makes on the first entry.",
	.max_ops = 1,
	.max_blocks = 4,
	.host_setup = HOST(running_setup),
	.host_rewind = HOST(hlt_rewind),
	.host_block = HOST(hlt_block),
	.host_verify = HOST(hlt_verify),
	RUNNING,
);

__host int reset_setup(struct item_host *h)
{
	int rc = running_setup(h), fd;
	struct running *r = h->opaque;
	struct error e;

	if (!rc)
		rc = hlt_rewind(h);
	if (rc)
		return rc;
	fd = r->vm.vcpu[0].fd;
	rc = KVM_IOCTL(fd, KVM_GET_SREGS, &r->sregs, &e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_GET_REGS, &r->regs, &e);
	return host_said(h, rc, &e);
}

__host int reset_block(struct item_host *h, uint64_t ops)
{
	struct running *r = h->opaque;
	int fd = r->vm.vcpu[0].fd, rc = 0;
	struct error e;

	while (ops-- && !rc) {
		rc = KVM_IOCTL(fd, KVM_SET_SREGS, &r->sregs, &e);
		if (rc >= 0)
			rc = KVM_IOCTL(fd, KVM_SET_REGS, &r->regs, &e);
		rc = host_said(h, rc, &e);
		if (!rc)
			rc = hlt_block(h, 1);
	}
	return rc;
}

BENCH(reset_to_first,
	.summary = "A vCPU put back to its initial state, through its guest's first instruction",
	.reading = "KVM_SET_SREGS, KVM_SET_REGS and KVM_RUN of a VM that has run before.",
	.host_setup = HOST(reset_setup),
	.host_block = HOST(reset_block),
	.host_verify = HOST(hlt_verify),
	RUNNING,
);

/*
 * The image with this very item, whose guest half rings for the host's when
 * all of its own setup is done. Its bell is the first exit that it takes.
 */
__host int image_put(struct item_host *h, struct running *r)
{
	uint8_t *ram = vm_memory_at(&r->vm, 0, ABI_RAM_BYTES);
	struct abi_mailbox *mb = (void *)(ram + ABI_MAILBOX_GPA);
	struct image_entry entry;
	struct error e;
	int rc = image_load(image_elf_start,
			    (size_t)(image_elf_end - image_elf_start), ram,
			    ABI_RAM_BYTES, &entry, &e);

	if (!rc)
		rc = entry_long_mode(&r->vm.vcpu[0], ram, entry.entry_gpa,
				     ABI_MAILBOX_GPA, &e);
	if (rc)
		return host_said(h, rc, &e);
	mb->magic = ABI_MAGIC;
	mb->version = ABI_VERSION;
	mb->bytes = sizeof(*mb);
	memcpy(mb->item, h->mailbox->item, sizeof(mb->item));
	return 0;
}

__host int image_rewind(struct item_host *h)
{
	const struct vm_config config = {
		.ram_bytes = ABI_RAM_BYTES, .vcpus = 1,
	};
	struct running *r = h->opaque;
	struct error e;
	int rc;

	running_drop(r);
	rc = host_said(h, vm_create(&r->vm, h->vm->sys, &config, &e), &e);
	r->there = !rc;
	return rc ? rc : image_put(h, r);
}

__host int image_block(struct item_host *h, uint64_t ops)
{
	struct running *r = h->opaque;

	(void)ops;
	return small_vm_run(h, &r->vm.vcpu[0], KVM_EXIT_IO);
}

__host int image_verify(struct item_host *h)
{
	struct running *r = h->opaque;
	struct kvm_run *run = r->vm.vcpu[0].run;
	uint32_t bell;

	memcpy(&bell, (uint8_t *)run + run->io.data_offset, sizeof(bell));
	if (run->io.port == ABI_PORT_BELL && run->io.size == sizeof(bell) &&
	    bell == ABI_BELL_READY)
		return 0;
	host_verdict(h, ABI_ERROR, "the image did not ring that it is ready");
	return -EPROTO;
}

BENCH(run_to_ready,
	.summary = "KVM_RUN of a fresh VM until vmgauge's image is ready",
	.reading = "From a vCPU's initial state through the image's start and setup to its first "
		   "doorbell: what a small guest's boot costs beside its own instructions.",
	.max_ops = 1,
	.max_blocks = 4,
	.host_setup = HOST(running_setup),
	.host_rewind = HOST(image_rewind),
	.host_block = HOST(image_block),
	.host_verify = HOST(image_verify),
	RUNNING,
);
