/*
 * Recognises instructions of 64-bit code, as far as defects wait for them.
 */
#include "defect/part.h"

#define REX(byte)	(((byte) & 0xf0) == 0x40)

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
	case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3:
		return true;
	default:
		return false;
	}
}

/* ModRM, SIB and displacement. */
static unsigned int operand_bytes(const uint8_t *modrm, bool registers)
{
	unsigned int mod = *modrm >> 6, rm = *modrm & 7, bytes = 1;

	if (registers || mod == 3)
		return bytes;
	if (rm == 4) {
		bytes++;
		if (!mod && (modrm[1] & 7) == 5)
			return bytes + 4;
	} else if (!mod && rm == 5) {
		return bytes + 4;
	}
	return bytes + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

bool insn_matches(const struct defect_insn *insn, const uint8_t *code,
		  unsigned int *bytes, unsigned int *rm)
{
	unsigned int n = 0, reg;
	uint8_t rex = 0;

	while (n < 4 && is_prefix(code[n]))
		n++;
	if (REX(code[n]))
		rex = code[n++];
	for (unsigned int i = 0; i < insn->bytes; i++)
		if (code[n + i] != insn->code[i])
			return false;
	n += insn->bytes;
	*rm = 0;
	if (insn->modrm) {
		reg = (code[n] >> 3 & 7) | (rex & 4) << 1;
		if (insn->ext && reg != insn->ext - 1u)
			return false;
		if (insn->memory && code[n] >> 6 == 3)
			return false;
		*rm = (code[n] & 7) | (rex & 1) << 3;
		n += operand_bytes(code + n, insn->registers);
	}
	*bytes = n + insn->imm;
	return true;
}
