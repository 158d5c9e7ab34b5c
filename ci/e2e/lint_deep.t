#!/bin/bash
# The analyser has nothing to say where it may follow paths as long as it wants
# (ci/lint --deep): lint.t asks the same within bounds.
. "$(dirname "$0")/lib.sh"

limit_s=2700
command -v clang-tidy >/dev/null || skip_all "clang-tidy is not installed"
command -v cppcheck >/dev/null || skip_all "cppcheck is not installed"
capture "$root/ci/lint" --deep
check "ci/lint --deep has nothing to say" exited 0
exited 0 || sed 's/^/# /' "$out"
finish
