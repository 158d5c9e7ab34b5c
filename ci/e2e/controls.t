#!/bin/bash
# What each probe's control spoils is noticed on SVM + NPT, and on VMX + EPT
# where the probe does not pass on SVM: a control is judged only where the
# unspoilt probe passes, and on no one host do all of them.
. "$(dirname "$0")/lib.sh"

limit_s=3600
export VMGAUGE=/bin/bash CMOCKA_MESSAGE_OUTPUT=TAP
controls=$BUILD/unit/test_mutants
as_tap='CMOCKA_MESSAGE_OUTPUT=TAP exec /tmp/controls "$@"'
forced=(--modparam kvm.force_emulation_prefix=1)

# unjudged <OUTPUT: the items whose control was not judged, one a line. Why is
# said before it is said of whom.
unjudged()
{
	awk '/^# not judged/ { not = 1 }
	     /^(not )?ok / { if (not) print $NF; not = 0 }' | sort -u
}

# on HOST TITLE [ITEM]...
on()
{
	local host=$1 title=$2

	shift 2
	"$root/ci/host" "$host" --check >check.txt 2>&1 || {
		skip "$title" "$(head -n 1 check.txt)"
		return 1
	}
	capture "$root/ci/host" "$host" "${forced[@]}" --limit 3000 \
		--file "$controls:/tmp/controls" -- -c "$as_tap" controls "$@"
	! host_lost "$title"
}

# Every control was noticed, or these were not.
noticed()
{
	exited 0 || { grep -A 3 '^not ok' "$out"; return 1; }
}

[ -x "$controls" ] || skip_all "no $controls: make unit"
"$controls" >here.txt 2>&1
unjudged <here.txt >left
note "not judged on this machine: $(wc -l <left)"
if on svm "SVM + NPT"; then
	check "what is spoilt on SVM + NPT is noticed" noticed
	unjudged <"$out" >svm
	check "and most of it is judged there" \
		test "$(wc -l <svm)" -lt "$(($(grep -c '^ok ' "$out") / 4))"
	comm -12 left svm >both
	mv both left
	note "not judged on SVM + NPT, either: $(wc -l <left)"
fi
mapfile -t items <left
if [ ${#items[@]} -gt 0 ] && on vmx "VMX + EPT" "${items[@]}"; then
	check "what is left and spoilt on VMX + EPT is noticed" noticed
	unjudged <"$out" >vmx
	comm -12 left vmx >none
	note "judged nowhere: $(tr '\n' ' ' <none)"
fi
finish
