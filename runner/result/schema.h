/*
 * result.schema.json, as embedded into the program: text without a NUL.
 *
 *	fwrite(result_schema_start, 1,
 *	       result_schema_end - result_schema_start, stdout);
 */
#ifndef VMGAUGE_RESULT_SCHEMA_H
#define VMGAUGE_RESULT_SCHEMA_H

extern const char result_schema_start[];
extern const char result_schema_end[];

/* The same of detect.schema.json. */
extern const char detect_schema_start[];
extern const char detect_schema_end[];

#endif
