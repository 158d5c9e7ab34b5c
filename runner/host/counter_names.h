/*
 * Inside counters*.c: from our events to perf's, by libpfm4's tables.
 */
#ifndef VMGAUGE_HOST_COUNTER_NAMES_H
#define VMGAUGE_HOST_COUNTER_NAMES_H

#include "host/counters.h"

/*
 * Fills attr with the event's type and config, user and kernel both counted,
 * enabled from the start. 0, or -errno when libpfm4 does not know the event.
 */
int counter_encode(enum counter_event event, struct perf_event_attr *attr);

#endif
