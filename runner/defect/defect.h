/*
 * Defects of the built-in VMM, planted on demand (--inject NAME): what proves
 * that the probes see a machine that misbehaves. The VMM with one of them is
 * a mutant; ci/mutants runs them all.
 *
 * KVM is not touched. A defect waits for something (the first entry, a port
 * access, an MSR, an instruction, an exception) and then answers wrongly, as
 * a VMM with a bug in just that place would. To wait may take machinery that
 * a guest could notice by itself: an MSR filter, single-stepping, hardware
 * breakpoints on the gates of the guest's IDT. With "idle" in the list all of
 * that is armed and nothing is changed: a probe that fails then, too, has not
 * seen the defect.
 *
 * Adding one is a line in table_*.c.
 */
#ifndef VMGAUGE_DEFECT_DEFECT_H
#define VMGAUGE_DEFECT_DEFECT_H

#include <jansson.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define DEFECTS_MAX	8		/* planted together */

struct vcpu;
struct vm;
struct slot;

enum defect_property { DEFECT_FIDELITY, DEFECT_CONTAINMENT };

/* When it acts. */
enum defect_on {
	ON_CREATED = 0,		/* by .change of PLACE_CPUID, or by .slot */
	ON_ENTRY,		/* before the first instruction */
	ON_PIO_READ,		/* a port was served, but not the doorbell */
	ON_PIO_WRITE,
	ON_MMIO_READ,
	ON_MMIO_WRITE,
	ON_RDMSR,		/* of .msr */
	ON_WRMSR,
	ON_NO_MSR,		/* RDMSR and WRMSR of what KVM refuses */
	ON_BEFORE,		/* an instruction that .insn describes */
	ON_AFTER,
	ON_EXCEPTION,		/* .vector: its frame is on the stack */
	ON_DIRTY_LOG,		/* is read: it loses the first page */
	ON_WIRE,		/* the VMM's own is set to .level: it is not */
};

/* What it does then. */
enum defect_act {
	ACT_CHANGE = 0,		/* .change; and .fn, where there is one */
	/*
	 * The instruction, as if it had run; of ON_EXCEPTION: one that raised
	 * it, and goes on behind itself. Without .insn the exception.
	 */
	ACT_SKIP,
	ACT_RAISE,		/* .vector instead of running it, code 0 */
	ACT_LOSE,		/* a write that nobody is told of */
	ACT_TWICE,		/* ... or that somebody is told of twice */
	ACT_REFUSE,		/* an MSR: #GP */
	ACT_DELIVER,		/* another exception: .as, with the code 0 */
};

/* Where a change is made; `index` says which of them. */
enum defect_place {
	PLACE_NONE = 0,
	PLACE_CPUID,		/* EAX to EDX of .leaf */
	PLACE_DATA,		/* that a port, MMIO or an MSR gives or takes */
	PLACE_GPR,		/* by the number that instructions have for it */
	PLACE_RM,		/* the register that ModRM.rm names */
	PLACE_FLAGS,
	PLACE_CR,		/* 0, 2, 3, 4, 8 */
	PLACE_EFER,
	PLACE_DR,		/* 0 to 3, 6, 7 */
	PLACE_MSR,		/* that of .msr */
	PLACE_XCR0,
	PLACE_XSAVE,		/* the word of 8 bytes at that offset */
	PLACE_FRAME,		/* enum defect_frame */
};

enum defect_frame { FRAME_CODE, FRAME_RIP, FRAME_CS, FRAME_FLAGS, FRAME_RSP };

enum { GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI,
       GPR_R8, GPR_R9, GPR_R10, GPR_R11 };

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/* It becomes (old & ~clear) ^ flip. */
struct defect_change {
	enum defect_place place;
	uint32_t index;
	uint64_t clear, flip;
};

/* 64-bit code: what stands behind the prefixes. */
struct defect_insn {
	uint8_t bytes, code[3];
	uint8_t ext;		/* ModRM.reg must be this less 1; 0: any */
	bool modrm;
	bool registers;		/* ModRM names registers whatever its mod */
	bool memory;		/* only with an operand in memory */
	uint8_t imm;		/* bytes behind */
};

enum defect_cpl { CPL_ANY = 0, CPL_0, CPL_3 };

struct defect_now;
typedef void defect_fn(struct vcpu *v, struct defect_now *now);

struct defect {
	const char *name;
	const char *does;		/* what the VMM does wrong */
	const char *breaks;		/* the rule; NULL: the manual allows it */
	enum defect_property property;
	enum defect_on on;
	enum defect_act act;
	struct defect_change change;
	defect_fn *fn;
	struct defect_insn insn;
	enum defect_cpl cpl;		/* of the instruction */
	bool for_leaf;			/* only when EAX was .leaf before it */
	uint32_t leaf, msr;
	uint8_t vector, as, level;
	/* Spoils a memslot before KVM is told; whether there was anything to. */
	bool (*slot)(struct kvm_userspace_memory_region *region, bool *told);
};

/* What a function of a defect may look at. */
struct defect_now {
	const struct defect *defect;
	uint8_t *data;			/* PLACE_DATA; NULL: none */
	unsigned int bytes;
	uint64_t at;			/* the GPA or the port */
	bool unclaimed;			/* nobody serves that address */
};

struct defects {
	const struct defect *planted[DEFECTS_MAX];
	unsigned int count;
	bool idle;			/* all is armed, nothing is done */
	/* Of each, by all vCPUs so far: what was done, what KVM refused. */
	uint64_t acted[DEFECTS_MAX], refused[DEFECTS_MAX];
};

/* All of them, by index; NULL beyond the last. */
const struct defect *defect_at(size_t i);

/* "a,b,idle". -EINVAL names what there is not, or is too much. */
int defects_parse(struct defects *d, const char *names, struct error *e);

/* Their names, "idle" too; NULL when out of memory. */
json_t *defects_names(const struct defects *d);

/*
 * Hooks of the VMM; each for a VM whose config has defects, and only then.
 */
void defects_cpuid(struct defects *d, struct kvm_cpuid2 *cpuid);
/* What KVM made of it: there are some that know better. */
void defects_cpuid_kept(struct defects *d, const struct kvm_cpuid2 *cpuid);
/* The slot as KVM is to be told of it; false: leave it as it is. */
bool defects_slot(struct defects *d,
		  struct kvm_userspace_memory_region *region);
/* Asks KVM for exits of the MSRs that are waited for, `also` one more. */
int defects_msr_filter(struct vm *vm, uint32_t also, struct error *e);

/* A dirty log that KVM gave, of so many words. */
void defects_dirty(struct defects *d, uint64_t *bitmap, size_t words);

/* A wire's new level; false: KVM is not to hear of it. */
bool defects_wire(struct defects *d, unsigned int level);

/* State of a vCPU between its exits. */
struct defect_vcpu {
	bool entered;			/* it has run before */
	bool stepping;			/* single steps are on */
	bool passing;			/* one, over a breakpoint's address */
	bool turn;			/* what is done every second time */
	uint8_t put_off;		/* an interrupt that is late; 0: none */
	uint64_t gate_rip[4];		/* where breakpoints are */
	uint8_t gate_vector[4];
	unsigned int gates;
	/* An instruction of ON_AFTER that runs now. */
	const struct defect *after;
	uint64_t after_rip;
	unsigned int after_bytes, after_rm;
};

/* Before each KVM_RUN. */
void defects_enter(struct vcpu *v);
/* Serves exits that are the machinery's own; false: it is the guest's. */
bool defects_serve(struct vcpu *v);
/*
 * After the VMM has served an exit. True: KVM has another exit ready, which
 * came up while this one was completed.
 */
bool defects_served(struct vcpu *v);

#endif
