/*
 * Exceptions that nobody can return from: a double fault, or one whose frame
 * leads nowhere.
 *
 * escape_try() at CPL0 points the vector's gate at a handler that keeps the
 * first words of its stack and leaves for good, runs fn(), and tells whether
 * the handler was entered; escape_frame[0] is then what lies on top, the
 * error code where the vector has one. One vector at a time.
 */
#ifndef VMGAUGE_ESCAPE_H
#define VMGAUGE_ESCAPE_H

#include <stdbool.h>
#include <stdint.h>

extern uint64_t escape_frame[6];

bool escape_try(unsigned int vector, void (*fn)(void));

#endif
