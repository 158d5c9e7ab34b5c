/*
 * The guest's side of suite.h: code is kept, host halves are dropped. That
 * there is one can still be seen: HOST(fn) is no address, but not NULL.
 */
#ifndef VMGAUGE_SIDE_H
#define VMGAUGE_SIDE_H

#define GUEST(fn)	(fn)
#define HOST(fn)	((__typeof__(&(fn)))1)
#define __guest		static __attribute__((unused))
#define __host		static __attribute__((unused))

#include "guest.h"

#endif
