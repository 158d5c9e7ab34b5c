/*
 * The flags that an exception pushes are those of the program that it
 * interrupted, bit for bit.
 */
#include "suite.h"

#define FLAGS	"Intel SDM vol. 3, Exception- or Interrupt-Handler Procedures; AMD APM " \
		"vol. 2, Long-Mode Interrupt Stack Frame"

enum { ARITHMETIC = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF |
		    RFLAGS_OF };

/* With these flags set and the other ones clear. */
#define FAULT_WITH(vec, flags, insn)					\
	do {								\
		uint64_t set_ = (flags);				\
		unsigned int vector_;					\
									\
		vector_ = asm_safe("pushfq\n\tandq %[not], (%%rsp)\n\t"	\
				   "orq %[set], (%%rsp)\n\tpopfq\n\t"	\
				   insn, ::				\
				   [set] "r"(set_),			\
				   [not] "i"(~ARITHMETIC), "a"(0ull),	\
				   "d"(0ull), "D"(1ull << 45),		\
				   "S"(1ull << 63)			\
				   : "memory", "cc");			\
		CHECK_EQ(vec, vector_);					\
		CHECK_EQ(set_, last_fault.rflags & ARITHMETIC);		\
		CHECK_EQ(RFLAGS_FIXED, last_fault.rflags & RFLAGS_FIXED); \
	} while (0)

#define FAULTS_WITH(flags)						\
	do {								\
		FAULT_WITH(VEC_UD, flags, "ud2");			\
		FAULT_WITH(VEC_DE, flags, "divb %%dl");			\
		FAULT_WITH(VEC_PF, flags, "movb $0, (%%rdi)");		\
		FAULT_WITH(VEC_GP, flags, "movb $0, (%%rsi)");		\
	} while (0)

PROBE(faults_push_the_flags_that_were,
	.rule = "The flags pushed by #UD, #DE, #PF and #GP are the program's, bit for bit",
	.cite = FLAGS, .rings = RING0 | RING3,
	.control = "flags that are all set before are caught")
{
	FAULTS_WITH(0);
	FAULTS_WITH(ARITHMETIC);
	FAULTS_WITH(RFLAGS_CF | RFLAGS_OF);
}
