#!/bin/bash
# VMX + EPT: Bochs, which does not interrupt a vCPU that spins without an exit:
# of what never ends by itself there is nothing here.
. "$(dirname "$0")/assisted.sh"

# shellcheck disable=SC2034 # read by assisted.sh
probes=('fidelity/*' 'containment/memory/*' 'containment/registers/*'
	'containment/state/*')
# One vCPU cannot be kept from the CPU that another one spins on either: rows
# in which somebody waits so are not here. On SVM + NPT other tests have all.
# shellcheck disable=SC2034 # read by assisted.sh
more=('lifecycle/*' 'interrupt/*self_ipi*' 'interrupt/*eoi' 'interrupt/irq*'
	'interrupt/kvm_*' 'interrupt/tscdeadline*' 'interrupt/signal*'
	'interrupt/vm_switch*' interrupt/halt_ipi scale/exit_cpuid scale/ipi_pairs)

assisted vmx "VMX + EPT"
finish
