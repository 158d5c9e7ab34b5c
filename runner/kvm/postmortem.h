/*
 * What is left of a vCPU that did not come back: evidence for the result.
 */
#ifndef VMGAUGE_KVM_POSTMORTEM_H
#define VMGAUGE_KVM_POSTMORTEM_H

#include <jansson.h>

struct vcpu;
struct abi_mailbox;

/* "KVM_EXIT_SHUTDOWN"; "KVM_EXIT_?" for one that has no name here. */
const char *exit_reason_name(unsigned int reason);

/*
 * "postmortem" of the result document: exit reason, suberror, registers,
 * the instruction's bytes, and what the mailbox held last. Best effort: what
 * cannot be read is absent. NULL when out of memory. The vCPU must not run.
 */
json_t *postmortem_json(struct vcpu *v, const struct abi_mailbox *mb);

#endif
