/*
 * The guest's side of suite.h: code is kept, host halves are dropped.
 */
#ifndef VMGAUGE_SIDE_H
#define VMGAUGE_SIDE_H

#define GUEST(fn)	(fn)
#define HOST(fn)	NULL
#define __guest		static __attribute__((unused))
#define __host		static __attribute__((unused))

#include "guest.h"

#endif
