#!/bin/bash
# VMX + EPT: Bochs.
. "$(dirname "$0")/assisted.sh"

assisted vmx "VMX + EPT"
finish
