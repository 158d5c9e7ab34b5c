/*
 * From a prepared container to a child that runs its engine.
 */
#ifndef VMGAUGE_TARGET_LAUNCH_H
#define VMGAUGE_TARGET_LAUNCH_H

#include "target/container/container.h"

/* Borrows the container. */
struct process_launcher launcher_of(struct container *c);

/* Adds what the engine complained of to the error; returns rc. */
int launch_explain(struct container *c, int rc, struct error *e);

#endif
