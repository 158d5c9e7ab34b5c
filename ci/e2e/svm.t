#!/bin/bash
# SVM + NPT: QEMU's TCG. It does not intercept XSETBV, so that one row has no
# exit to count.
. "$(dirname "$0")/assisted.sh"

assisted svm "SVM + NPT" exit/xsetbv
finish
