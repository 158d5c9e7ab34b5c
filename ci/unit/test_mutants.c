/*
 * Every probe has been seen to fail.
 *
 * Each row spoils the machine or the guest's own code in one way, between
 * the VM's creation and its first instruction, and demands that the probe
 * notices. What a probe's `control` says in words is done here. A probe that
 * does not pass on this host unspoilt proves nothing there, and is skipped.
 */
#include <asm/prctl.h>
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "image.h"
#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "registry.h"
#include "target/target.h"

enum { EAX, EBX, ECX, EDX };
enum { STUB_BYTES = 16, VEC_GP = 13, VEC_PF = 14 };
#define HELD_PORT	0x5650		/* where containment's host halves wait */

struct mutant;
typedef void tamper_fn(struct item_host *h, const struct mutant *m);

struct mutant {
	const char *item;
	unsigned int ring;
	enum abi_verdict verdict;	/* wanted; 0 = ABI_FAIL */
	tamper_fn *fn;

	/* code_patch: the nth match in any of the functions, by '|' */
	const char *functions;
	unsigned int nth;		/* 0 counts as 1 */
	uint8_t bytes, code[8], mask[8], patch[8];

	/* stubs: what the guest's entry stub of `vector` does instead */
	unsigned int vector;
	uint8_t change;

	/* cpuid_change: (old & ~clear) ^ flip */
	uint32_t leaf, clear, flip;
	unsigned int reg;

	/* register_set */
	uint32_t index;
};

static bool missed;			/* the tampering itself went wrong */

static void miss(const struct mutant *m, const char *why)
{
	print_message("# %s: cannot be spoilt: %s\n", m->item, why);
	missed = true;
}

/* Is `name` one of the functions, or a piece that the compiler cut off? */
static bool function_listed(const char *functions, const char *name)
{
	for (const char *at = functions; at; at = strchr(at, '|')) {
		size_t n;

		at += *at == '|';
		n = strcspn(at, "|");
		if (!strncmp(at, name, n) && (!name[n] || name[n] == '.'))
			return true;
	}
	return false;
}

static bool code_matches(const struct mutant *m, const uint8_t *at)
{
	for (unsigned int i = 0; i < m->bytes; i++) {
		uint8_t mask = m->mask[i] ? m->mask[i] : 0xff;

		if ((at[i] & mask) != m->code[i])
			return false;
	}
	return true;
}

/* Where only some bits are given, the others stay as they are. */
static void code_replace(const struct mutant *m, uint8_t *at)
{
	for (unsigned int i = 0; i < m->bytes; i++) {
		if (!m->patch[0])
			at[i] = 0x90;
		else if (!m->mask[i])
			at[i] = m->patch[i];
	}
}

static bool function_patch(struct item_host *h, const struct mutant *m,
			   const Elf64_Sym *sym, unsigned int *left)
{
	uint8_t *code = h->ram + sym->st_value;

	for (uint64_t i = 0; i + m->bytes <= sym->st_size; i++) {
		if (!code_matches(m, code + i) || --*left)
			continue;
		code_replace(m, code + i);
		return true;
	}
	return false;
}

static const Elf64_Shdr *symbols(void)
{
	const Elf64_Ehdr *elf = (const void *)image_elf_start;
	const Elf64_Shdr *section = (const void *)(image_elf_start +
						   elf->e_shoff);

	for (int i = 0; i < elf->e_shnum; i++)
		if (section[i].sh_type == SHT_SYMTAB)
			return &section[i];
	return NULL;
}

static void code_patch(struct item_host *h, const struct mutant *m)
{
	const Elf64_Ehdr *elf = (const void *)image_elf_start;
	const Elf64_Shdr *section = (const void *)(image_elf_start +
						   elf->e_shoff);
	const Elf64_Shdr *s = symbols();
	const Elf64_Sym *sym = (const void *)(image_elf_start + s->sh_offset);
	const char *name = (const char *)image_elf_start +
			   section[s->sh_link].sh_offset;
	unsigned int left = m->nth ? m->nth : 1;

	for (uint64_t i = 0; i < s->sh_size / sizeof(*sym); i++)
		if (ELF64_ST_TYPE(sym[i].st_info) == STT_FUNC &&
		    function_listed(m->functions, name + sym[i].st_name) &&
		    function_patch(h, m, &sym[i], &left))
			return;
	miss(m, "the instruction is not there");
}

/*
 * An entry stub is [push 0] push VECTOR; jmp. There is room before the jump,
 * and the frame lies on the stack: error code first, then RIP.
 */
static void stub_change(struct item_host *h, const struct mutant *m,
			const uint8_t *insn, size_t bytes)
{
	uint8_t *stub = h->ram + ABI_IMAGE_GPA + m->vector * STUB_BYTES;
	uint8_t *push = stub;
	int32_t far;
	uint8_t *to;

	while (push < stub + 4 && !(push[0] == 0x6a && push[1] == m->vector))
		push++;
	if (push == stub + 4) {
		miss(m, "the entry stub looks different");
		return;
	}
	if (push[2] == 0xeb) {
		to = push + 4 + (int8_t)push[3];
	} else {
		memcpy(&far, push + 3, 4);
		to = push + 7 + far;
	}
	memcpy(push, insn, bytes);
	push += bytes;
	*push++ = 0x6a;
	*push++ = (uint8_t)m->vector;
	*push++ = 0xe9;
	far = (int32_t)(to - (push + 4));
	memcpy(push, &far, 4);
}

static void vector_change(struct item_host *h, const struct mutant *m)
{
	uint8_t *stub = h->ram + ABI_IMAGE_GPA + m->vector * STUB_BYTES;

	for (uint8_t *push = stub; push < stub + 4; push++) {
		if (push[0] == 0x6a && push[1] == m->vector) {
			push[1] = m->change;
			return;
		}
	}
	miss(m, "the entry stub looks different");
}

static void error_code_change(struct item_host *h, const struct mutant *m)
{
	uint8_t xorl[] = { 0x83, 0x34, 0x24, m->change };

	stub_change(h, m, xorl, sizeof(xorl));
}

static void rip_change(struct item_host *h, const struct mutant *m)
{
	uint8_t addq[] = { 0x48, 0x83, 0x44, 0x24, 8, m->change };

	stub_change(h, m, addq, sizeof(addq));
}

static void cpuid_set(struct item_host *h, const struct mutant *m,
		      struct kvm_cpuid2 *cpuid)
{
	struct error e;

	if (KVM_IOCTL(h->vcpu->fd, KVM_SET_CPUID2, cpuid, &e) < 0)
		miss(m, e.text);
}

/* The VM's CPUID, with room for one more entry; the caller frees it. */
static struct kvm_cpuid2 *cpuid_copy(struct item_host *h)
{
	const struct kvm_cpuid2 *from = h->vm->sys->cpuid;
	size_t bytes = sizeof(*from) + from->nent * sizeof(from->entries[0]);
	struct kvm_cpuid2 *to = calloc(1, bytes + sizeof(from->entries[0]));

	assert_non_null(to);
	memcpy(to, from, bytes);
	return to;
}

static uint32_t *cpuid_word(struct kvm_cpuid2 *cpuid, uint32_t leaf,
			    unsigned int reg)
{
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == leaf)
			return &cpuid->entries[i].eax + reg;
	return NULL;
}

static void cpuid_change(struct item_host *h, const struct mutant *m)
{
	struct kvm_cpuid2 *cpuid = cpuid_copy(h);
	uint32_t *word = cpuid_word(cpuid, m->leaf, m->reg);

	if (word) {
		*word = (*word & ~m->clear) ^ m->flip;
		cpuid_set(h, m, cpuid);
	} else {
		miss(m, "there is no such leaf");
	}
	free(cpuid);
}

static void cpuid_extend(struct item_host *h, const struct mutant *m)
{
	struct kvm_cpuid2 *cpuid = cpuid_copy(h);

	cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2){
		.function = *cpuid_word(cpuid, 0, EAX) + 1,
		.eax = 1, .ebx = 2, .ecx = 3, .edx = 4,
	};
	cpuid_set(h, m, cpuid);
	free(cpuid);
}

static void hypervisor_leaf_empty(struct item_host *h, const struct mutant *m)
{
	struct kvm_cpuid2 *cpuid = cpuid_copy(h);
	uint32_t *word = cpuid_word(cpuid, 0x40000000, EAX);

	if (word) {
		memset(word, 0, 4 * sizeof(*word));
		cpuid_set(h, m, cpuid);
	} else {
		miss(m, "there is no such leaf");
	}
	free(cpuid);
}

/* KVM shows its MSRs only to who finds them in CPUID, when told so. */
static void synthetic_msrs_hide(struct item_host *h, const struct mutant *m)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args[0] = 1,
	};
	struct kvm_cpuid2 *cpuid = cpuid_copy(h);
	uint32_t *features = cpuid_word(cpuid, 0x40000001, EAX);
	struct error e;

	if (features)
		*features = 0;
	if (KVM_IOCTL(h->vcpu->fd, KVM_ENABLE_CAP, &cap, &e) < 0)
		miss(m, e.text);
	cpuid_set(h, m, cpuid);
	free(cpuid);
}

static void register_set(struct item_host *h, const struct mutant *m)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = { m->index, 0, 0x1234000 } };
	struct error e;

	if (KVM_IOCTL(h->vcpu->fd, KVM_SET_MSRS, &msrs.head, &e) != 1)
		miss(m, "KVM_SET_MSRS did not take it");
}

static void dr2_set(struct item_host *h, const struct mutant *m)
{
	struct kvm_debugregs regs;
	struct error e;

	if (KVM_IOCTL(h->vcpu->fd, KVM_GET_DEBUGREGS, &regs, &e) < 0) {
		miss(m, e.text);
		return;
	}
	regs.db[2] = 0x1234000;
	if (KVM_IOCTL(h->vcpu->fd, KVM_SET_DEBUGREGS, &regs, &e) < 0)
		miss(m, e.text);
}

static void xmm5_set(struct item_host *h, const struct mutant *m)
{
	struct kvm_fpu fpu;
	struct error e;

	if (KVM_IOCTL(h->vcpu->fd, KVM_GET_FPU, &fpu, &e) < 0) {
		miss(m, e.text);
		return;
	}
	fpu.xmm[5][7] = 0x5e;
	if (KVM_IOCTL(h->vcpu->fd, KVM_SET_FPU, &fpu, &e) < 0)
		miss(m, e.text);
}

static void slot_add(struct item_host *h, const struct mutant *m, uint64_t gpa)
{
	struct error e;

	if (vm_memory_add(h->vm, gpa, 4096, 0, MEMORY_ANON, &e) < 0)
		miss(m, e.text);
}

static void hole_fill(struct item_host *h, const struct mutant *m)
{
	slot_add(h, m, ABI_HOLE_GPA);
}

static void last_page_fill(struct item_host *h, const struct mutant *m)
{
	struct kvm_cpuid2 *cpuid = cpuid_copy(h);
	uint32_t *widths = cpuid_word(cpuid, 0x80000008, EAX);

	slot_add(h, m, (1ull << (*widths & 0xff)) - 4096);
	free(cpuid);
}

static void canary_break(struct item_host *h, const struct mutant *m)
{
	(void)m;
	h->ram[h->ram_bytes + 9] ^= 1;
}

/* Registers the probe's slot again, this time for writing. */
static void slot_make_writable(struct item_host *h, const struct mutant *m)
{
	const struct slot *s = h->opaque;
	struct kvm_userspace_memory_region region = {
		.slot = (uint32_t)(s - h->vm->slot),
		.guest_phys_addr = s->gpa, .userspace_addr = (uintptr_t)s->hva,
	};
	struct error e;

	for (int i = 0; i < 2; i++, region.memory_size = s->bytes)
		if (KVM_IOCTL(h->vm->fd, KVM_SET_USER_MEMORY_REGION, &region,
			      &e) < 0)
			miss(m, e.text);
}

static void read_zero(struct vcpu *v, void *opaque, uint64_t offset,
		      void *data, unsigned int bytes, bool write)
{
	(void)v, (void)opaque, (void)offset;
	if (!write)
		memset(data, 0, bytes);
}

static void port_claim(struct item_host *h, const struct mutant *m)
{
	struct error e;

	if (range_claim(&h->vm->pio, 0x5640, 8, read_zero, NULL, &e))
		miss(m, e.text);
}

/* What a host half waits for, and what comes instead. */
static struct range held;
static const struct mutant *held_for;

static void held_call(struct vcpu *v, uint64_t offset, void *data,
		      unsigned int bytes)
{
	held.fn(v, held.opaque, offset, data, bytes, true);
}

static void port_hold(struct item_host *h, const struct mutant *m,
		      range_fn *instead)
{
	for (unsigned int i = 0; i < h->vm->pio.count; i++) {
		struct range *r = &h->vm->pio.range[i];

		if (r->start != HELD_PORT)
			continue;
		held = *r;
		held_for = m;
		r->fn = instead;
		r->opaque = h;
		return;
	}
	miss(m, "no host half waits at the port");
}

static void slot_keep(struct item_host *h, const struct mutant *m)
{
	port_hold(h, m, read_zero);
}

static void gs_moved(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		     unsigned int bytes, bool write)
{
	(void)opaque, (void)write;
	if (offset)
		syscall(SYS_arch_prctl, ARCH_SET_GS, 0x1000);
	held_call(v, offset, data, bytes);
	if (offset)
		syscall(SYS_arch_prctl, ARCH_SET_GS, 0);
}

static void gs_move(struct item_host *h, const struct mutant *m)
{
	port_hold(h, m, gs_moved);
}

static void mxcsr_changed(struct vcpu *v, void *opaque, uint64_t offset,
			  void *data, unsigned int bytes, bool write)
{
	uint32_t before, flushing;

	(void)opaque, (void)write;
	__asm__ volatile("stmxcsr %0" : "=m"(before));
	flushing = before | 0x8000;
	if (offset)
		__asm__ volatile("ldmxcsr %0" :: "m"(flushing));
	held_call(v, offset, data, bytes);
	__asm__ volatile("ldmxcsr %0" :: "m"(before));
}

static void mxcsr_change(struct item_host *h, const struct mutant *m)
{
	port_hold(h, m, mxcsr_changed);
}

static void reading_changed(struct vcpu *v, void *opaque, uint64_t offset,
			    void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;

	(void)write;
	held_call(v, offset, data, bytes);
	if (offset)
		h->mailbox->ret[2] ^= 4;
}

static void reading_change(struct item_host *h, const struct mutant *m)
{
	port_hold(h, m, reading_changed);
}

/* Left pending, so that it arrives where a real one would. */
static void trap_raised(struct vcpu *v, void *opaque, uint64_t offset,
			void *data, unsigned int bytes, bool write)
{
	sigset_t set, before;

	(void)opaque, (void)write;
	sigemptyset(&set);
	sigaddset(&set, SIGTRAP);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	if (offset)
		raise(SIGTRAP);
	held_call(v, offset, data, bytes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void trap_raise(struct item_host *h, const struct mutant *m)
{
	port_hold(h, m, trap_raised);
}

#define PROBE_OF(name)		"probe_" name "_run"
#define CODE(n, ...)		.fn = code_patch, .bytes = n, .code = { __VA_ARGS__ }
#define VECTOR(v, as)		.fn = vector_change, .vector = v, .change = as
#define ERROR_CODE(v, x)	.fn = error_code_change, .vector = v, .change = x
#define RIP(v)			.fn = rip_change, .vector = v, .change = 1

static const struct mutant mutants[] = {
#include "mutants.inc"
};

static struct target_context ctx;
static struct registry registry;

static void tamper(struct item_host *h, void *opaque)
{
	const struct mutant *m = opaque;

	m->fn(h, m);
}

/* The verdict of one run, spoilt or not; a guest that died has failed. */
static enum abi_verdict probe_verdict(const struct mutant *m, bool spoilt,
				      char *reason, size_t bytes)
{
	static struct observation seen;
	struct run_request r = {
		.item = m->item, .ring = m->ring, .deadline_ms = 2000,
	};
	enum abi_verdict verdict;
	struct error e;

	for (size_t i = 0; i < registry.count; i++)
		if (!strcmp(registry.item[i].name, m->item))
			r.probe = registry.item[i].probe;
	if (!r.probe)
		fail_msg("there is no probe %s", m->item);
	ctx.tamper = spoilt ? tamper : NULL;
	ctx.tamper_opaque = (void *)(uintptr_t)m;
	if (target_kvm.unsupported(&ctx, &r))
		return ABI_SKIP;
	if (target_run_once(&target_kvm, &ctx, &r, &seen, &e))
		fail_msg("%s: %s", m->item, e.text);
	verdict = seen.mailbox.verdict;
	snprintf(reason, bytes, "%s", seen.mailbox.reason);
	if (seen.end != RUN_DONE) {
		verdict = ABI_FAIL;
		snprintf(reason, bytes, "%s", seen.end_reason);
	}
	observation_clear(&seen);
	return verdict;
}

static void probe_notices(void **state)
{
	const struct mutant *m = *state;
	char reason[ABI_TEXT_MAX + 64] = "";
	enum abi_verdict plain, spoilt;
	/* A tell is a verdict that is turned into a pass, or made. */
	enum abi_verdict want = m->verdict ? m->verdict : ABI_FAIL;

	if (ctx.state == NULL) {
		print_message("# skipped: no usable /dev/kvm\n");
		skip();
	}
	if (m->fn == code_patch && !symbols()) {
		print_message("# skipped: the image carries no symbols\n");
		skip();
	}
	plain = probe_verdict(m, false, reason, sizeof(reason));
	if (plain != (want == ABI_PASS ? ABI_TELL : ABI_PASS)) {
		print_message("# skipped: unspoilt it does not pass here: "
			      "%s\n", reason);
		skip();
	}
	missed = false;
	spoilt = probe_verdict(m, true, reason, sizeof(reason));
	assert_false(missed);
	if (getenv("VERBOSE"))
		print_message("# verdict %d: %s\n", spoilt, reason);
	if (want == ABI_FAIL)
		assert_in_range(spoilt, ABI_FAIL, ABI_ERROR);
	else
		assert_int_equal(spoilt, want);
}

/* Nobody adds a probe without having seen it fail. */
static void every_probe_has_a_mutant(void **state)
{
	unsigned int without = 0;

	(void)state;
	for (size_t i = 0; i < registry.count; i++) {
		bool found = !registry.item[i].probe;

		for (size_t j = 0; !found && j < sizeof(mutants) /
						 sizeof(*mutants); j++)
			found = !strcmp(mutants[j].item, registry.item[i].name);
		if (found)
			continue;
		print_message("# no mutant: %s\n", registry.item[i].name);
		without++;
	}
	assert_int_equal(without, 0);
}

#define COUNT	(sizeof(mutants) / sizeof(*mutants))

int main(void)
{
	static struct CMUnitTest tests[COUNT + 1];
	struct error e;
	int rc;

	if (registry_open(&registry, &e)) {
		fprintf(stderr, "test_mutants: %s\n", e.text);
		return 1;
	}
	if (target_kvm.open(&ctx, &e))
		ctx.state = NULL;
	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){
			.name = mutants[i].item, .test_func = probe_notices,
			.initial_state = (void *)(uintptr_t)&mutants[i],
		};
	tests[COUNT] = (struct CMUnitTest)
		cmocka_unit_test(every_probe_has_a_mutant);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	target_kvm.close(&ctx);
	registry_close(&registry);
	return rc;
}
