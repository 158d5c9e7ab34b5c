/*
 * The few string functions that a freestanding image needs. The compiler may
 * call memset and memcpy on its own account.
 */
#include "guest.h"

void *memset(void *to, int c, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);

void *memset(void *to, int c, size_t bytes)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(c)
			 : "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes)
			 :: "memory");
	return to;
}

void text_copy(char *to, size_t bytes, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < bytes && from[i]; i++)
		to[i] = from[i];
	to[i] = '\0';
}

bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}
