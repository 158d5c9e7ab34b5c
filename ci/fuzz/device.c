/*
 * libFuzzer's view of device.h: make fuzz.
 */
#include "device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!device_fuzz_one(data, n))
		abort();
	return 0;
}
