#!/bin/bash
# cppcheck and clang-tidy have nothing to say (ci/lint).
. "$(dirname "$0")/lib.sh"

limit_s=2700
command -v cppcheck >/dev/null || command -v clang-tidy >/dev/null ||
	skip_all "neither cppcheck nor clang-tidy is installed"
capture "$root/ci/lint"
check "ci/lint has nothing to say" exited 0
exited 0 || sed 's/^/# /' "$out"
finish
