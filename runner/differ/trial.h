/*
 * Differential instruction test: the same bytes from the same state, run in
 * places that must not differ.
 *
 * A *trial* is a short sequence of instructions with the state that they begin
 * in; a *place* runs trials (the CPU itself in a process, a guest at CPL3 or
 * CPL0, KVM's instruction emulator); an *outcome* is all that software can see
 * afterwards. Everything here has the caller's memory and no pointers, so that
 * it may lie in memory that processes share.
 *
 * Every place has the same addresses: slot i of the arena at DIFFER_VA, with
 * a page of data that ends where nothing is mapped, a page of stack and 256
 * bytes of code. A trial keeps its slot for life, since addresses are values.
 */
#ifndef VMGAUGE_DIFFER_TRIAL_H
#define VMGAUGE_DIFFER_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIFFER_SLOTS		64u
#define DIFFER_UNITS_MAX	8u
#define DIFFER_INSNS_MAX	6u	/* of a unit */
#define DIFFER_INSN_BYTES	15u	/* the architecture's most */
#define DIFFER_TRIAL_INSNS	(DIFFER_UNITS_MAX * DIFFER_INSNS_MAX)

#define DIFFER_VA		0x20000000ull
#define DIFFER_DATA_VA(slot)	(DIFFER_VA + (slot) * 0x2000ull)
#define DIFFER_STACK_VA(slot)	(DIFFER_VA + 0x100000 + (slot) * 0x1000ull)
#define DIFFER_CODE_BYTES	1024u
#define DIFFER_CODE_VA(slot)						\
	(DIFFER_VA + 0x180000 + (slot) * (uint64_t)DIFFER_CODE_BYTES)
#define DIFFER_ARENA_BYTES	0x190000ull

/* What is set and compared of a page: data up to its end, stack around RSP. */
#define DIFFER_WINDOW_BYTES	512u
#define DIFFER_DATA_OFFSET	(0x1000 - DIFFER_WINDOW_BYTES)
#define DIFFER_STACK_OFFSET	0x700u
/* Where R15 and RSP point; only a PUSH, a POP and a CALL change one of them. */
#define DIFFER_BASE(slot)						\
	(DIFFER_DATA_VA(slot) + DIFFER_DATA_OFFSET + DIFFER_WINDOW_BYTES / 2)
#define DIFFER_RSP(slot)						\
	(DIFFER_STACK_VA(slot) + DIFFER_STACK_OFFSET + DIFFER_WINDOW_BYTES / 2)

enum { REG_AX, REG_CX, REG_DX, REG_BX, REG_SP, REG_BP, REG_SI, REG_DI };
enum { DIFFER_BASE_REG = 15, DIFFER_GPRS = 16 };

/* As guest.S knows it, too. The area is XSAVE's in its standard format. */
#define DIFFER_FX_BYTES		512u
#define DIFFER_XSTATE_BV	512u
#define DIFFER_YMM		576u
#define DIFFER_XSAVE_BYTES	832u

struct cpu_state {
	uint64_t gpr[DIFFER_GPRS];	/* in the order of their numbers */
	uint64_t rip;
	uint64_t rflags;
	uint64_t vector;		/* of what ended it ... */
	uint64_t error;
	uint64_t cr2;			/* ... of a #PF only */
	uint64_t unused[3];
	uint8_t xsave[DIFFER_XSAVE_BYTES] __attribute__((aligned(64)));
};

_Static_assert(sizeof(struct cpu_state) == 1024, "guest.S has it as a number");

enum place_kind {
	PLACE_NATIVE,			/* a process on this CPU */
	PLACE_CPL3,
	PLACE_CPL0,
	PLACE_MMIO,			/* CPL3, and no memory behind the data */
	PLACE_FEP,			/* CPL3, forced emulation */
	PLACES,
};

#define PLACE_BIT(p)	(1u << (p))
#define PLACES_ALL	(PLACE_BIT(PLACES) - 1)
#define PLACES_GUEST	(PLACES_ALL & ~PLACE_BIT(PLACE_NATIVE))

const char *place_name(enum place_kind kind);

/* One instruction, and what the test has to know of it. */
struct insn {
	uint8_t bytes[DIFFER_INSN_BYTES];
	uint8_t length;
	uint8_t rip_disp;	/* where its displacement is; 0: not RIP's */
	bool memory;		/* it has an explicit operand there */
	bool maybe;		/* a branch may skip it */
	bool keeps;		/* flags that it writes may stay as they are */
	uint16_t mnemonic;	/* the decoder's number; 0: no instruction */
	uint32_t form;		/* the same for the same opcode and operands */
	int16_t rip_target;	/* offset from the slot's base */
	uint32_t flags_read;
	uint32_t flags_written;
	uint32_t flags_undefined;
};

/* What is kept or dropped as a whole: an instruction and what it needs. */
struct unit {
	struct insn insn[DIFFER_INSNS_MAX];
	uint32_t insns;
	uint32_t places;	/* PLACE_BIT()s where the manual allows no other */
};

struct trial {
	uint64_t seed, index;	/* it can be made again from these two */
	uint32_t slot;
	uint32_t units;
	struct unit unit[DIFFER_UNITS_MAX];
	struct cpu_state in;
	uint8_t data[DIFFER_WINDOW_BYTES];
	uint8_t stack[DIFFER_WINDOW_BYTES];
};

enum outcome_end {
	OUTCOME_NONE = 0,	/* it did not run */
	OUTCOME_ENDED,		/* at its end, or in the exception of `out` */
	OUTCOME_HUNG,
	OUTCOME_DIED,		/* the vCPU or the process */
};

struct outcome {
	enum outcome_end end;
	struct cpu_state out;	/* after a death only RIP, and only if known */
	uint8_t data[DIFFER_WINDOW_BYTES];
	uint8_t stack[DIFFER_WINDOW_BYTES];
	char note[120];		/* what died, how */
};

/* The sequence as it lies in its slot. */
struct layout {
	uint8_t code[DIFFER_CODE_BYTES];
	uint32_t bytes;		/* without the UD2 that ends it */
	uint32_t insns;
	uint16_t at[DIFFER_TRIAL_INSNS + 1];	/* each one's offset, the end's */
};

void trial_layout(const struct trial *t, enum place_kind place,
		  struct layout *to);

/* How many instructions lie before `rip`; -1: not at an instruction. */
int layout_index(const struct layout *l, const struct trial *t, uint64_t rip);

/* Its places: where each of its units may run. */
uint32_t trial_places(const struct trial *t);

/*
 * Whether nothing in it reads a flag that the manual leaves undefined; what is
 * undefined after the first `n` instructions.
 */
bool trial_sound(const struct trial *t);
uint32_t trial_undefined(const struct trial *t, unsigned int n);

/* Instruction n counted over all units, or NULL. */
const struct insn *trial_insn(const struct trial *t, unsigned int n);

#endif
