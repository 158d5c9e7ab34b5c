/*
 * libFuzzer's view of mailbox.h: make fuzz.
 */
#include "mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (mailbox_fuzz_one(data, n) != 2)
		abort();
	return 0;
}
