/*
 * The runner's side of suite.h: guest halves compile, and are dropped.
 *
 * They are never referenced, so the compiler emits nothing for them; that
 * they must still compile keeps both halves in step.
 */
#ifndef VMGAUGE_SIDE_H
#define VMGAUGE_SIDE_H

#define GUEST(fn)	NULL
#define HOST(fn)	(fn)
#define __guest		static __attribute__((unused))
#define __host		static __attribute__((unused))

#include "guest.h"
#include "item_host.h"

#endif
