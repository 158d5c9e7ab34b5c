#!/bin/bash
# Neither the unit tests nor a run make a sanitizer speak.
#
# Warnings are the other builds' affair. This one is only run: -O1 halves the
# time of the compiler, where gcc supposes other lengths of texts.
. "$(dirname "$0")/lib.sh"

limit_s=2700
export ASAN_OPTIONS=exitcode=99:detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:exitcode=99:print_stacktrace=1
export LSAN_OPTIONS=exitcode=99

# sane NAME COMMAND...: any exit code but a sanitizer's or a signal's.
sane()
{
	local name=$1

	shift
	capture "$@"
	check "$name" unharmed
}

unharmed()
{
	[ "$code" -lt 99 ] &&
		! grep -E 'Sanitizer|runtime error' "$err" "$out"
}

LC_ALL=C capture make -s -j2 -C "$root" SANITIZE=address,undefined \
	BUILD="$BUILD/asan" CFLAGS="-O1 -g1 -Wno-format-truncation" all unit
if ! check "it builds with sanitizers" exited 0; then
	finish
	exit
fi
check "without a word" [ ! -s "$err" ]
for unit in "$BUILD"/asan/unit/test_*; do
	[ -x "$unit" ] || continue
	(cd "$root" && capture env CMOCKA_MESSAGE_OUTPUT=TAP "$unit"
	 exit "$code")
	code=$?
	check "sanitized ${unit##*/}" exited 0 ||
		grep -A 2 '^not ok' "$out" | sed 's/^/# /'
done
gauge=$BUILD/asan/vmgauge
sane "sanitized run on null" "$gauge" run --target null --quick -o null
sane "sanitized run that crashes" "$gauge" run --target null:end=crash \
	--quick -o crash 'exit/c*'
sane "sanitized resume of a finished run" "$gauge" run --resume null
sane "sanitized bench" "$gauge" bench --target null -o x.json exit/cpuid
sane "sanitized conform" "$gauge" conform --target null:end=fail
sane "sanitized report" "$gauge" report null/result.json -o page
sane "sanitized info" "$gauge" info
sane "sanitized list" "$gauge" list --targets
sane "sanitized explain" "$gauge" explain exit/cpuid
for bad in "bench nothing" "run --target nothing" "bench --vcpus 0" \
	   "report nothing.json -o page" "run --resume nothing" \
	   "conform --expect nothing" "bench --target null -o no/x exit/cpuid"; do
	# shellcheck disable=SC2086
	sane "sanitized refusal: $bad" "$gauge" $bad
done
head -c 5000 x.json >cut.json
sane "sanitized refusal of a truncated file" "$gauge" report cut.json -o page
if have_kvm; then
	sane "sanitized conform on kvm" "$gauge" conform
	sane "sanitized bench on kvm" "$gauge" bench --instances 2 \
		--deadline 1000 --budget 20 'exit/*'
else
	skip "sanitized run on kvm" "/dev/kvm may not be opened"
fi
finish
