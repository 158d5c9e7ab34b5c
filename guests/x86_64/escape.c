/*
 * A way out of exceptions without a way back; see escape.h.
 */
#include "escape.h"
#include "guest.h"
#include "irq.h"

uint64_t escape_frame[6];

static void *escape_to[5];

static __attribute__((noreturn)) void escape_handler(void)
{
	/* Above the saved RBP lies what the CPU pushed last. */
	const uint64_t *frame = (uint64_t *)__builtin_frame_address(0) + 1;

	for (int i = 0; i < 6; i++)
		escape_frame[i] = frame[i];
	__builtin_longjmp(escape_to, 1);
}

bool escape_try(unsigned int vector, void (*fn)(void))
{
	volatile bool entered = true;

	irq_install(vector, escape_handler);
	if (!__builtin_setjmp(escape_to)) {
		fn();
		entered = false;
	}
	irq_uninstall(vector);
	__asm__ volatile("cld" ::: "memory");
	return entered;
}
