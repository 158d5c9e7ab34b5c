/*
 * libFuzzer's view of json.h: make fuzz.
 */
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct json_fuzz fuzz;

	setenv("PATH", "/nowhere", 1);	/* no gnuplot */
	json_fuzz_one(&fuzz, data, n);
	return 0;
}
