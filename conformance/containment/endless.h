/*
 * What probes of liveness share: guests that never end, and whose neighbour
 * must not notice more than a share of the machine.
 *
 * The body is what the guest does for ever. The runner kicks it at random
 * instants; the guest has no say in the verdict.
 */
#ifndef VMGAUGE_CONTAINMENT_ENDLESS_H
#define VMGAUGE_CONTAINMENT_ENDLESS_H

#include "suite.h"

#define KICKS	6

/* The two mutants that each of them is held against. */
#define ENDLESS_CONTROL							\
	"a vCPU that leaves 150 ms after its kick is caught"

#define ENDLESS(id, text, cited, ...)					\
	PROBE(id,							\
		.rule = text ": it leaves its CPU within 100 ms of a "	\
			"kick, and its neighbour's p99 is under 100 ms",	\
		.cite = cited, .control = ENDLESS_CONTROL,		\
		.watch = WATCH_OUTSIDE | WATCH_NEIGHBOUR,		\
		.kills = KICKS, __VA_ARGS__)

#endif
