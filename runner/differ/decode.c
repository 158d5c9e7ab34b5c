/*
 * Zydis' view of an instruction, in the test's own words.
 */
#include <stdio.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "differ/decode.h"

_Static_assert(ZYDIS_MNEMONIC_MAX_VALUE < MNEMONICS, "a mnemonic's number fits");

struct decoded {
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

static bool decode(const uint8_t *bytes, size_t count, struct decoded *d)
{
	ZydisDecoder decoder;

	return ZYAN_SUCCESS(ZydisDecoderInit(&decoder,
			    ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) &&
	       ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count,
			    &d->insn, d->operand));
}

static bool is_memory(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_MEMORY &&
	       op->mem.type != ZYDIS_MEMOP_TYPE_AGEN;
}

/* Opcode, width, and whether an operand is memory, locked or repeated. */
static uint32_t form_of(const ZydisDecodedInstruction *insn, bool memory)
{
	const ZydisInstructionAttributes odd = ZYDIS_ATTRIB_HAS_LOCK |
		ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE |
		ZYDIS_ATTRIB_HAS_REPNE;

	return (uint32_t)insn->mnemonic | (uint32_t)insn->opcode << 11 |
	       (uint32_t)memory << 19 | (uint32_t)insn->operand_width << 20 |
	       (insn->attributes & odd ? 1u << 28 : 0) |
	       (insn->address_width == 32 ? 1u << 29 : 0);
}

bool insn_decode(const uint8_t *bytes, size_t count, struct insn *x)
{
	struct flag_rule rule;
	struct decoded d;

	memset(x, 0, sizeof(*x));
	if (!decode(bytes, count, &d))
		return false;
	memcpy(x->bytes, bytes, d.insn.length);
	x->length = d.insn.length;
	x->mnemonic = (uint16_t)d.insn.mnemonic;
	rule = flag_rule_find(x->mnemonic);
	x->keeps = rule.keeps;
	x->flags_undefined = rule.undefined;
	if (d.insn.cpu_flags) {
		const ZydisAccessedFlags *f = d.insn.cpu_flags;

		x->flags_read = f->tested;
		x->flags_written = f->modified | f->set_0 | f->set_1;
	}
	for (unsigned int i = 0; i < d.insn.operand_count; i++) {
		const ZydisDecodedOperand *op = &d.operand[i];

		x->memory |= is_memory(op);
		if (op->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    op->mem.base == ZYDIS_REGISTER_RIP) {
			x->rip_disp = d.insn.raw.disp.offset;
			/* Meant as an offset from where R15 points. */
			x->rip_target = (int16_t)op->mem.disp.value;
		}
	}
	x->form = form_of(&d.insn, x->memory);
	return true;
}

static int number_of(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(
		ZYDIS_MACHINE_MODE_LONG_64, reg);

	if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15)
		return -1;
	return whole - ZYDIS_REGISTER_RAX;
}

static bool moves_stack(const struct decoded *d)
{
	return d->insn.meta.category == ZYDIS_CATEGORY_PUSH ||
	       d->insn.meta.category == ZYDIS_CATEGORY_POP;
}

static bool register_usable(const struct decoded *d,
			    const ZydisDecodedOperand *op)
{
	bool written = op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	ZydisRegister reg = op->reg.value;
	int number = number_of(reg);

	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		if (!written)
			return true;
		if (number == REG_SP)
			return moves_stack(d) && op->visibility ==
			       ZYDIS_OPERAND_VISIBILITY_HIDDEN;
		return number != DIFFER_BASE_REG;
	case ZYDIS_REGCLASS_XMM:
	case ZYDIS_REGCLASS_YMM:
	case ZYDIS_REGCLASS_FLAGS:
		return true;
	case ZYDIS_REGCLASS_SEGMENT:	/* null in every place, but for two */
		return !written && reg != ZYDIS_REGISTER_CS &&
		       reg != ZYDIS_REGISTER_SS;
	default:
		return reg == ZYDIS_REGISTER_MXCSR;
	}
}

static bool memory_usable(const struct decoded *d,
			  const ZydisDecodedOperand *op,
			  const struct shape *shape)
{
	int base = number_of(op->mem.base), index = number_of(op->mem.index);
	int64_t disp = op->mem.disp.value;

	if (op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
		return base == REG_SP && moves_stack(d);
	/* FS is thread-local storage in a process. */
	if (op->mem.segment == ZYDIS_REGISTER_FS ||
	    op->mem.type == ZYDIS_MEMOP_TYPE_VSIB || disp < -128 || disp > 127)
		return false;
	if (op->mem.base == ZYDIS_REGISTER_RIP)
		return shape->rip && d->insn.address_width == 64;
	return base == shape->base && index == shape->index &&
	       ((base >= 0) || op->mem.base == ZYDIS_REGISTER_NONE);
}

/* What is random, differs by CPL or place, or has no defined result. */
static bool mnemonic_usable(const ZydisDecodedInstruction *insn)
{
	switch (insn->mnemonic) {
	case ZYDIS_MNEMONIC_PUSHF: case ZYDIS_MNEMONIC_PUSHFQ:
	case ZYDIS_MNEMONIC_POPF: case ZYDIS_MNEMONIC_POPFQ:
	case ZYDIS_MNEMONIC_CLI: case ZYDIS_MNEMONIC_STI:
	case ZYDIS_MNEMONIC_CPUID: case ZYDIS_MNEMONIC_ENTER:
	case ZYDIS_MNEMONIC_LEAVE: case ZYDIS_MNEMONIC_XLAT:
	case ZYDIS_MNEMONIC_UD0: case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_FXSAVE: case ZYDIS_MNEMONIC_FXSAVE64:
	case ZYDIS_MNEMONIC_FXRSTOR: case ZYDIS_MNEMONIC_FXRSTOR64:
	case ZYDIS_MNEMONIC_RCPPS: case ZYDIS_MNEMONIC_RCPSS:
	case ZYDIS_MNEMONIC_RSQRTPS: case ZYDIS_MNEMONIC_RSQRTSS:
	case ZYDIS_MNEMONIC_VRCPPS: case ZYDIS_MNEMONIC_VRCPSS:
	case ZYDIS_MNEMONIC_VRSQRTPS: case ZYDIS_MNEMONIC_VRSQRTSS:
		return false;
	case ZYDIS_MNEMONIC_BSWAP:
	case ZYDIS_MNEMONIC_SHLD: case ZYDIS_MNEMONIC_SHRD:
		return insn->operand_width != 16;
	default:
		return true;
	}
}

static bool category_usable(ZydisInstructionCategory category)
{
	switch (category) {
	case ZYDIS_CATEGORY_CALL: case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_INTERRUPT: case ZYDIS_CATEGORY_IO:
	case ZYDIS_CATEGORY_IOSTRINGOP: case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_SEGOP: case ZYDIS_CATEGORY_STRINGOP:
	case ZYDIS_CATEGORY_SYSCALL: case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_SYSTEM: case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_GATHER: case ZYDIS_CATEGORY_AVX2GATHER:
		return false;
	default:
		return true;
	}
}

/* A bit's number in a register reaches any byte of memory. */
static bool is_bit_string(const struct decoded *d)
{
	return d->insn.meta.category == ZYDIS_CATEGORY_BITBYTE &&
	       is_memory(&d->operand[0]) &&
	       d->operand[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

/*
 * A locked access over two cache lines is a trap or a stall of the whole
 * machine on some hosts: that is not what is looked for.
 */
static bool is_split_lock(const struct decoded *d)
{
	const ZydisDecodedOperand *op = d->operand;
	bool locked = (d->insn.attributes & ZYDIS_ATTRIB_HAS_LOCK) ||
		      d->insn.mnemonic == ZYDIS_MNEMONIC_XCHG;

	if (!locked)
		return false;
	if (!is_memory(op))
		op++;
	return is_memory(op) && op->mem.disp.value % 16;
}

/* GFNI's and AES' instructions have forms that want AVX, too. */
static bool lacks_avx(const struct decoded *d, isa_set isa)
{
	return d->insn.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX &&
	       d->insn.avx.vector_length && !isa_avx(isa) &&
	       d->insn.meta.isa_ext != ZYDIS_ISA_EXT_BMI1 &&
	       d->insn.meta.isa_ext != ZYDIS_ISA_EXT_BMI2;
}

/*
 * The length of a scalar's vector is to be ignored, but the manual calls what
 * a CPU does with another than the shortest unpredictable.
 */
static bool is_long_scalar(const struct decoded *d)
{
	if (d->insn.encoding != ZYDIS_INSTRUCTION_ENCODING_VEX ||
	    !d->insn.raw.vex.L)
		return false;
	for (unsigned int i = 0; i < d->insn.operand_count; i++)
		if (d->operand[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    ZydisRegisterGetClass(d->operand[i].reg.value) ==
		    ZYDIS_REGCLASS_YMM)
			return false;
	return true;
}

bool insn_usable(const struct insn *x, isa_set isa, const struct shape *shape)
{
	struct decoded d;

	if (!decode(x->bytes, x->length, &d) ||
	    !isa_has(isa, d.insn.meta.isa_ext) ||
	    !category_usable(d.insn.meta.category) ||
	    !mnemonic_usable(&d.insn) || is_bit_string(&d) ||
	    is_split_lock(&d) || lacks_avx(&d, isa) || is_long_scalar(&d))
		return false;
	for (unsigned int i = 0; i < d.insn.operand_count; i++) {
		const ZydisDecodedOperand *op = &d.operand[i];

		if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    !register_usable(&d, op))
			return false;
		if (is_memory(op) && !memory_usable(&d, op, shape))
			return false;
		if (op->type == ZYDIS_OPERAND_TYPE_POINTER)
			return false;
	}
	return true;
}

void insn_text(const struct insn *x, uint64_t va, char *to, size_t bytes)
{
	ZydisFormatter f;
	struct decoded d;

	if (!decode(x->bytes, x->length, &d) || d.insn.length != x->length ||
	    ZYAN_FAILED(ZydisFormatterInit(&f, ZYDIS_FORMATTER_STYLE_INTEL)) ||
	    ZYAN_FAILED(ZydisFormatterFormatInstruction(&f, &d.insn, d.operand,
				d.insn.operand_count_visible, to, bytes, va,
				NULL)))
		snprintf(to, bytes, "(bad)");
}

const char *mnemonic_text(uint16_t mnemonic)
{
	const char *text = mnemonic ? ZydisMnemonicGetString(
		(ZydisMnemonic)mnemonic) : NULL;

	return text ? text : "(bad)";
}
