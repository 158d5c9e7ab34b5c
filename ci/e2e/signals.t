#!/bin/bash
# Ctrl-C ends a run with exit code 130, keeps what was finished and says how
# to go on; a reader that goes away ends a verb without a crash.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"

lines()
{
	wc -l 2>/dev/null <run/journal.jsonl || echo 0
}

# begun PID: it is in the middle, or has ended already.
begun()
{
	[ "$(lines)" -gt 5 ] || ! kill -0 "$1" 2>/dev/null
}

# stopped SIGNAL ARG...: that signal in the middle of a run; $late records were
# written after it. A run that was over before, as one may be on a machine that
# looks seldom, is none.
stopped()
{
	local signal=$1 pid before try

	shift
	for try in 1 2 3 4 5; do
		rm -rf run
		"$VMGAUGE" run -o run "$@" >"$out" 2>"$err" &
		pid=$!
		within 100 begun $pid
		kill -STOP $pid
		before=$(lines)
		kill -"$signal" $pid
		kill -CONT $pid
		wait $pid
		code=$?
		late=$(($(lines) - before))
		[ -e run/result.json ] || break
	done 2>/dev/null
}

interrupted()
{
	local name=$1

	shift
	stopped "$@"
	check "$name: exit code 130" exited 130
	check "$name: after what it was at, no more" [ "$late" -le 1 ]
	check "$name: it says how to go on" \
		complains "vmgauge run --resume run"
	check "$name: in one line" [ "$(wc -l <"$err")" -eq 1 ]
	check "$name: there is no document yet" nothing_at run/result.json
	check "$name: the journal is whole" holds run/journal.jsonl \
		"len(d) > 5"
	vmgauge run --resume run
	check "$name: and is gone on with" judged
	check "$name: to the end" holds run/result.json "d['run']['complete']"
}

# That many instances take long enough for a signal to come in time.
slow=(--target null --instances 60 'exit/*')
interrupted "SIGINT" INT "${slow[@]}"
interrupted "SIGTERM" TERM "${slow[@]}"
if have_kvm; then
	interrupted "SIGINT, kvm" INT --budget 20 exit/cpuid 'fidelity/msr/*'
else
	skip "SIGINT, kvm" "/dev/kvm is not there or may not be opened"
fi

# bench has no journal: what it has measured is shown and saved all the same.
"$VMGAUGE" bench --target null:end=hang,at=rdtsc --deadline 100000 --ring 0 \
	--seed 3 -o part.json exit/cpuid exit/rdtsc >"$out" 2>"$err" &
within 100 caught $! INT
sleep 1
kill -INT $!
wait $!
code=$?
check "bench, interrupted: exit code 130" exited 130
check "bench, interrupted: the document is valid" valid part.json
check "bench, interrupted: and says that it is not complete" \
	holds part.json "not d['run']['complete']"

capture bash -c '"$1" list | head -1 >/dev/null; exit ${PIPESTATUS[0]}' \
	list "$VMGAUGE"
check "a reader that goes away is no crash" [ "$code" -lt 128 ]
capture bash -c '"$1" conform --target null | head -1 >/dev/null
	exit ${PIPESTATUS[0]}' conform "$VMGAUGE"
check "neither for conform" [ "$code" -lt 128 ]

# On a terminal there is a progress line, and it is gone at the end.
if command -v script >/dev/null; then
	script -qec "'$VMGAUGE' bench --target null exit/cpuid" typescript \
		</dev/null >/dev/null 2>&1
	check "on a terminal there is progress" \
		grep -q 'exit/cpuid ring' typescript
	gone()
	{
		tr '\r' '\n' <typescript | grep -a ' left: .* ring [03]' |
			tail -1 >line
		[ -s line ] && tr -d '\n' <typescript |
			grep -qaP 'ring [03]\x1b\[K\r\x1b\[K'
	}
	check "that is removed before the table" gone
else
	skip "progress on a terminal" "script is not installed"
fi
finish
