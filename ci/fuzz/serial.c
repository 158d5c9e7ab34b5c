/*
 * libFuzzer's view of serial.h: make fuzz.
 */
#include "serial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	serial_fuzz_one(data, n);
	return 0;
}
