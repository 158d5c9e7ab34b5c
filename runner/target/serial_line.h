/*
 * From frames to answers, between serial.c and serial_line.c only.
 */
#ifndef VMGAUGE_TARGET_SERIAL_LINE_H
#define VMGAUGE_TARGET_SERIAL_LINE_H

#include "target/serial.h"

/* Takes the key and the fields of a line whose CRC was right. */
void serial_line(struct serial *s, const char *key);

/* The answer that is being read, if any, will not become whole. */
void serial_break_off(struct serial *s);

#endif
