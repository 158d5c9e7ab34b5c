/*
 * What a serial log comes to: records of items, and a count of what was not
 * whole. Used by verb_import.c.
 */
#ifndef VMGAUGE_IMPORTED_H
#define VMGAUGE_IMPORTED_H

#include <stdio.h>

#include "session.h"
#include "target/serial.h"

struct imported {
	struct session *session;	/* planned: a series for each item */
	struct serial serial;
	struct serial_machine machine;	/* of the first boot that told */
	struct series *last;		/* the item that answered last */
	FILE *complaints;		/* where what is not whole is named */
	unsigned int byes;		/* boots that came to their end */
	unsigned int unknown;		/* answers to items that are not here */
	unsigned int spoilt;		/* ran in a state that one left behind */
	bool machines_differ;
	bool out_of_memory;
};

/* Reads all of the log; counts are in `serial` afterwards. */
void imported_read(struct imported *in, const void *log, size_t bytes);

/* "env" of the document: the machine that the log is from, where it tells. */
json_t *imported_env(const struct imported *in, const char *log_name);

#endif
