/*
 * Inside env*.c: the parts of the environment, one function each. All return
 * a new value, null where nothing is known, or NULL when out of memory.
 */
#ifndef VMGAUGE_HOST_ENV_PARTS_H
#define VMGAUGE_HOST_ENV_PARTS_H

#include <jansson.h>
#include <stdint.h>

#include "host/identity.h"

/* A file's text; null when it cannot be read or is empty. */
json_t *env_text(const char *root, const char *path);

/* A string; null for "". */
json_t *env_string(const char *text);

/* The names in a directory that begin with `prefix`, sorted; maybe empty. */
json_t *env_names(const char *root, const char *path, const char *prefix);

/* env_machine.c */
json_t *env_cpu(const char *root, const struct cpu_identity *identity,
		uint32_t tsc_khz);
json_t *env_kernel(const char *root);
json_t *env_mitigations(const char *root);
json_t *env_power(const char *root);
json_t *env_memory(const char *root);

/* env_kvm.c: fd is /dev/kvm, or -1 when it cannot be asked. */
json_t *env_kvm(const char *root, int fd);

#endif
