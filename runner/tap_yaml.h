/*
 * JSON as a YAML block, for TAP diagnostics. See tap.h for the interface
 * that callers use.
 */
#ifndef VMGAUGE_TAP_YAML_H
#define VMGAUGE_TAP_YAML_H

#include <jansson.h>
#include <stdio.h>

/*
 * Writes the members of `object` as block style YAML 1.2, each line indented
 * by at least `indent` spaces. Strings that are not plain words are double
 * quoted and escaped, so that any string reads back as it was. 0, or -1 with
 * errno set by the stream.
 */
int tap_yaml_write(FILE *out, const json_t *object, int indent);

#endif
