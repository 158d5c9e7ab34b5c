#!/bin/bash
# vmgauge builds by both compilers without a warning: gcc's build is the one
# under test, this is clang's. What sanitizers say: sanitized.t.
. "$(dirname "$0")/lib.sh"

limit_s=2700
command -v clang >/dev/null || skip_all "clang is not installed"

LC_ALL=C capture make -s -j2 -C "$root" CC=clang BUILD="$BUILD/clang" all
check "clang builds it" exited 0
check "without a word" [ ! -s "$err" ]
capture "$BUILD/clang/vmgauge" run --target null --quick -o clang
check "and it runs" exited 0
if have_kvm; then
	capture "$BUILD/clang/vmgauge" conform -o clang.json
	check "its guest image too" judged
	check "without an error of ours" holds clang.json \
		"'error' not in all_of('verdict')"
fi
finish
