#!/bin/bash
# VMX + EPT: Bochs, which does not interrupt a vCPU that spins without an exit:
# of what never ends by itself there is nothing here.
. "$(dirname "$0")/assisted.sh"

# shellcheck disable=SC2034 # read by assisted.sh
probes=('fidelity/*' 'containment/memory/*' 'containment/registers/*'
	'containment/state/*')
# shellcheck disable=SC2034 # read by assisted.sh
more=('lifecycle/*' 'interrupt/*' 'scale/*')

assisted vmx "VMX + EPT"
finish
