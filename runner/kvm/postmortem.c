/*
 * Post-mortem of a vCPU; see postmortem.h.
 */
#include <stdio.h>
#include <string.h>

#include "abi.h"
#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/postmortem.h"
#include "kvm/vm.h"

#define INSN_BYTES	15

const char *exit_reason_name(unsigned int reason)
{
	static const char *const name[] = {
#define NAME(x)	[KVM_EXIT_##x] = "KVM_EXIT_" #x
		NAME(UNKNOWN), NAME(EXCEPTION), NAME(IO), NAME(HYPERCALL),
		NAME(DEBUG), NAME(HLT), NAME(MMIO), NAME(IRQ_WINDOW_OPEN),
		NAME(SHUTDOWN), NAME(FAIL_ENTRY), NAME(INTR), NAME(SET_TPR),
		NAME(TPR_ACCESS), NAME(NMI), NAME(INTERNAL_ERROR),
		NAME(SYSTEM_EVENT), NAME(IOAPIC_EOI), NAME(HYPERV),
		NAME(X86_RDMSR), NAME(X86_WRMSR), NAME(DIRTY_RING_FULL),
		NAME(X86_BUS_LOCK), NAME(XEN), NAME(NOTIFY),
#undef NAME
	};

	if (reason >= sizeof(name) / sizeof(name[0]) || !name[reason])
		return "KVM_EXIT_?";
	return name[reason];
}

static void put_hex(json_t *o, const char *key, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)v);
	json_object_set_new(o, key, json_string(text));
}

static void registers_put(json_t *o, struct vcpu *v, uint64_t *rip)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	json_t *regs = json_object();

	*rip = 0;
	if (KVM_IOCTL(v->fd, KVM_GET_REGS, &r, NULL) == 0) {
		const struct { const char *name; uint64_t v; } reg[] = {
			{ "rip", r.rip }, { "rflags", r.rflags },
			{ "rax", r.rax }, { "rbx", r.rbx }, { "rcx", r.rcx },
			{ "rdx", r.rdx }, { "rsi", r.rsi }, { "rdi", r.rdi },
			{ "rsp", r.rsp }, { "rbp", r.rbp }, { "r8", r.r8 },
			{ "r9", r.r9 }, { "r10", r.r10 }, { "r11", r.r11 },
			{ "r12", r.r12 }, { "r13", r.r13 }, { "r14", r.r14 },
			{ "r15", r.r15 },
		};

		for (size_t i = 0; i < sizeof(reg) / sizeof(reg[0]); i++)
			put_hex(regs, reg[i].name, reg[i].v);
		*rip = r.rip;
	}
	if (KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, NULL) == 0) {
		put_hex(regs, "cs", s.cs.selector);
		put_hex(regs, "cr0", s.cr0);
		put_hex(regs, "cr2", s.cr2);
		put_hex(regs, "cr3", s.cr3);
		put_hex(regs, "cr4", s.cr4);
		put_hex(regs, "efer", s.efer);
	}
	json_object_set_new(o, "registers", regs);
}

/* The image maps memory one to one, so RIP is a GPA while it is sane. */
static void instruction_put(json_t *o, struct vcpu *v, uint64_t rip)
{
	const uint8_t *p = vm_memory_at(v->vm, rip, INSN_BYTES);
	char text[3 * INSN_BYTES + 1] = "";

	for (int i = 0; p && i < INSN_BYTES; i++)
		snprintf(text + 3 * i, 4, "%02x%s", p[i],
			 i + 1 < INSN_BYTES ? " " : "");
	json_object_set_new(o, "instruction_bytes",
			    p ? json_string(text) : json_null());
}

static void mailbox_put(json_t *o, const struct abi_mailbox *mb)
{
	static const char *const state[] = {
		"fresh", "boot", "setup", "empty", "blocks", "stamps",
		"probe", "done", "panic",
	};
	json_t *rows = json_array();
	char text[ABI_TEXT_MAX + 128], words[ABI_TEXT_MAX + 1];
	uint32_t kept = mb->checks_kept;

	snprintf(text, sizeof(text), "state %s, ops %llu, blocks %u, empty %u",
		 mb->state < 9 ? state[mb->state] : "?",
		 (unsigned long long)mb->ops, mb->blocks_done,
		 mb->empty_done);
	json_array_append_new(rows, json_string(text));
	if (mb->state == ABI_STATE_PANIC) {
		snprintf(text, sizeof(text), "vector %llu, error code %#llx, "
			 "rip %#llx, cr2 %#llx",
			 (unsigned long long)mb->panic.vector,
			 (unsigned long long)mb->panic.error_code,
			 (unsigned long long)mb->panic.rip,
			 (unsigned long long)mb->panic.cr2);
		json_array_append_new(rows, json_string(text));
	}
	if (kept > ABI_CHECKS_MAX)
		kept = ABI_CHECKS_MAX;
	for (uint32_t i = kept > 4 ? kept - 4 : 0; i < kept; i++) {
		const struct abi_check *c = &mb->check[i];

		snprintf(text, sizeof(text), "%s line %u: %s",
			 c->ok ? "held" : "failed", c->line,
			 guest_words(c->expr, sizeof(c->expr), words));
		json_array_append_new(rows, json_string(text));
	}
	json_object_set_new(o, "mailbox", rows);
}

json_t *postmortem_json(struct vcpu *v, const struct abi_mailbox *mb)
{
	const struct kvm_run *run = v->run;
	json_t *o = json_object();
	uint64_t rip;

	if (!o)
		return NULL;
	if (v->run_errno) {
		char text[64];

		snprintf(text, sizeof(text), "KVM_RUN: %s",
			 strerror(v->run_errno));
		json_object_set_new(o, "exit_reason", json_string(text));
	} else if (atomic_load(&v->kicked)) {
		json_object_set_new(o, "exit_reason", json_string("kicked"));
	} else {
		json_object_set_new(o, "exit_reason", json_string(
			exit_reason_name(run->exit_reason)));
	}
	if (!v->run_errno && run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		json_object_set_new(o, "suberror",
				    json_integer(run->internal.suberror));
	if (!v->run_errno && run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		put_hex(o, "hardware_reason",
			run->fail_entry.hardware_entry_failure_reason);
	registers_put(o, v, &rip);
	instruction_put(o, v, rip);
	mailbox_put(o, mb);
	return o;
}
