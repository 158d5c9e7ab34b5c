/*
 * Flags that the manual leaves undefined, by instruction: "Flags Affected" in
 * the Intel SDM volume 2, "rFLAGS Affected" in the AMD APM volume 3; where one
 * of them defines what the other does not, it counts as undefined.
 *
 * Where it depends on an operand (OF after a shift by more than one) the flag
 * counts as undefined always. `keeps` is for what writes no flag for a count
 * of zero: what was undefined before may still be. Decoders have such tables,
 * too, and are not always right: theirs is what the unit tests hold this one
 * against.
 */
#include <Zydis/Zydis.h>

#include "differ/decode.h"

enum { C = 1 << 0, P = 1 << 2, A = 1 << 4, Z = 1 << 6, S = 1 << 7, O = 1 << 11 };

#define RULE(m, flags)	{ ZYDIS_MNEMONIC_##m, { (flags), false } }
#define KEEPS(m, flags)	{ ZYDIS_MNEMONIC_##m, { (flags), true } }

static const struct {
	ZydisMnemonic mnemonic;
	struct flag_rule rule;
} rules[] = {
	RULE(AND, A), RULE(OR, A), RULE(XOR, A), RULE(TEST, A),
	RULE(MUL, S | Z | A | P), RULE(IMUL, S | Z | A | P),
	RULE(DIV, C | P | A | Z | S | O), RULE(IDIV, C | P | A | Z | S | O),
	RULE(BSF, C | P | A | S | O), RULE(BSR, C | P | A | S | O),
	RULE(BT, P | A | S | O), RULE(BTS, P | A | S | O),
	RULE(BTR, P | A | S | O), RULE(BTC, P | A | S | O),
	RULE(LZCNT, P | A | S | O), RULE(TZCNT, P | A | S | O),
	RULE(ANDN, P | A), RULE(BEXTR, P | A | S), RULE(BZHI, P | A),
	RULE(BLSI, P | A), RULE(BLSMSK, P | A), RULE(BLSR, P | A),
	KEEPS(SHL, C | A | O), KEEPS(SHR, C | A | O), KEEPS(SAR, C | A | O),
	KEEPS(SHLD, A | O), KEEPS(SHRD, A | O),	/* 16 bits are never used */
	KEEPS(ROL, O), KEEPS(ROR, O), KEEPS(RCL, O), KEEPS(RCR, O),
	KEEPS(CMPSB, 0), KEEPS(CMPSW, 0), KEEPS(CMPSD, 0), KEEPS(CMPSQ, 0),
	KEEPS(SCASB, 0), KEEPS(SCASW, 0), KEEPS(SCASD, 0), KEEPS(SCASQ, 0),
};

struct flag_rule flag_rule_find(uint16_t mnemonic)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].mnemonic == (ZydisMnemonic)mnemonic)
			return rules[i].rule;
	return (struct flag_rule){ 0, false };
}
