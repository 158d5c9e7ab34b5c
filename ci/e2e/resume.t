#!/bin/bash
# Whatever kills a run, what it had finished is kept, and --resume finishes
# the rest. Killed by SIGKILL at moments that chance picks.
. "$(dirname "$0")/lib.sh"

lines()
{
	wc -l 2>/dev/null <"$1/journal.jsonl" || echo 0
}

# killed DIR LINES ARG...: a run that is killed a moment after it has added
# LINES records to DIR's journal. Fails when it has ended before.
killed()
{
	local dir=$1 until=$(($(lines "$1") + $2)) pid deadline

	shift 2
	"$VMGAUGE" "$@" >"$out" 2>"$err" &
	pid=$!
	deadline=$((SECONDS + 60))
	while [ "$(lines "$dir")" -lt "$until" ] && [ $SECONDS -lt $deadline ] &&
	      kill -0 $pid 2>/dev/null; do
		sleep 0.01
	done
	sleep "0.0$((RANDOM % 90 + 10))"
	kill -KILL $pid 2>/dev/null || { wait $pid; return 1; }
	wait $pid 2>/dev/null
	[ $? -eq 137 ]
}

# The same from the beginning. Where the run had ended before anybody looked,
# as it may on a busy machine, once more.
begun_and_killed()
{
	local try

	for try in 1 2 3 4 5; do
		rm -rf "$1"
		killed "$@" && return
	done
	return 1
}

# Whenever it was killed, a document is whole or is not there.
no_half()
{
	[ ! -e "$1/result.json" ] || valid "$1/result.json"
}

# What was whole in the journal OLD is still at the beginning of NEW.
kept()
{
	local whole

	whole=$("$python" -c 'import sys
print(open(sys.argv[1], "rb").read().rfind(b"\n") + 1)' "$1")
	[ "$whole" -gt 0 ] && cmp -n "$whole" "$1" "$2"
}

complete()
{
	holds "$1/result.json" 'd["run"]["complete"]' \
		"len(d['results']) == len({(x['id'], x['params']['ring'],
		 x['params'].get('vcpus')) for x in d['results']}) == $2"
}

# By item, ring, vCPUs, round, and whether it was for the decomposition.
once_each()
{
	holds "$1/journal.jsonl" "(lambda i: len(i) == len(set(i)))(
		[(x['instance']['id'], x['instance']['ring'],
		  x['instance']['vcpus'], x['instance'].get('round'), 'decomposition' in x['instance'])
		 for x in d[1:] if 'instance' in x])"
}

# torture NAME DIR KILLS RESULTS ARG...
torture()
{
	local name=$1 dir=$2 kills=$3 results=$4 i done=0

	shift 4
	check "$name: killed for the first time" \
		begun_and_killed "$dir" 3 run -o "$dir" "$@"
	for ((i = 2; i <= kills + 1; i++)); do
		cp "$dir/journal.jsonl" before.jsonl
		if [ $i -le "$kills" ] &&
		   killed "$dir" $((RANDOM % 20 + 1)) run --resume "$dir"; then
			done=$((done + 1))
			check "$name: kill $i: what was finished is kept" \
				kept before.jsonl "$dir/journal.jsonl"
			check "$name: kill $i: no half of a document" \
				no_half "$dir"
			continue
		fi
		vmgauge run --resume "$dir"
		break
	done
	note "killed $((done + 1)) times"
	check "$name: the last resume finishes it" judged
	check "$name: what was finished is kept" \
		kept before.jsonl "$dir/journal.jsonl"
	check "$name: the document is complete" complete "$dir" "$results"
	check "$name: and valid" valid "$dir/result.json"
	check "$name: it tells that it was resumed" \
		holds "$dir/result.json" "d['run']['resumed'] >= 1"
	check "$name: nothing was measured twice" once_each "$dir"
	check "$name: there is a report" [ -s "$dir/report/index.html" ]
}

results()
{
	"$VMGAUGE" list "$@" | awk '/^(bench|probe) / { n += split($2, x, ",") }
		END { print n }'
}

# Rows that scale are as many as there are counts of vCPUs: never killed, then.
# What a budget on a slow machine leaves out, the resume of a finished run would
# measure.
vmgauge run --target null --quick --budget 1 -o whole
torture null on-null 4 "$("$python" -c '
import json
print(len(json.load(open("whole/result.json"))["results"]))')" \
	--target null --quick --budget 3600
if have_kvm; then
	torture kvm on-kvm 3 \
		"$(results exit/cpuid exit/pio_userspace 'fidelity/msr/*')" \
		--budget 15 exit/cpuid exit/pio_userspace 'fidelity/msr/*'
else
	skip kvm "/dev/kvm is not there or may not be opened"
fi

# Each resume counts, also one that was killed.
counted()
{
	holds count/result.json "d['run']['resumed'] == $1"
}
both_killed()
{
	local try

	for try in 1 2 3 4 5; do
		begun_and_killed count 2 run --target null --quick -o count \
			'exit/*' && killed count 2 run --resume count && return
	done
	return 1
}
check "a run, killed, and its resume, killed" both_killed
vmgauge run --resume count
check "the second resume finishes it" exited 0
check "both are counted" counted 2

# A finished run
cp -r on-null finished
vmgauge run --resume finished
check "a finished run can be resumed" exited 0
check "it measures nothing" cmp <(measured on-null/journal.jsonl) \
	<(measured finished/journal.jsonl)
check "the results are the same" holds finished/result.json \
	'd["results"] == __import__("json").load(
		open("on-null/result.json"))["results"]'

# It goes on as it was begun.
check "a run with options, killed" begun_and_killed options 2 run \
	--target null:cost=777,noise=0,vm=0 --ring 3 --seed 9 --instances 20 \
	-o options exit/cpuid 'exit/p*'
(cd / && "$VMGAUGE" run --resume "$work/options") >"$out" 2>"$err"
code=$?
check "is resumed from another directory, without its options" exited 0
check "with its options" holds options/result.json \
	"d['run']['seed'] == 9 and d['run']['instances'] == 20" \
	"{x['params']['ring'] for x in d['results']} == {3}" \
	"abs(r('exit/cpuid', 3)['median'] - 777) < 1" \
	"r('exit/cpuid', 3)['n'][0] == 20"

# Two at once: a hang makes the first one slow.
"$VMGAUGE" run --target null:end=hang,at=cpuid --deadline 60000 \
	-o busy exit/cpuid exit/cpuid_xsave >/dev/null 2>&1 &
first=$!
until [ "$(lines busy)" -ge 1 ] || ! kill -0 $first 2>/dev/null; do
	sleep 0.05
done
vmgauge run --resume busy
check "a run that goes on cannot be resumed" refused busy "in use"
kill -KILL $first
wait $first 2>/dev/null
for which in 1 2; do
	"$VMGAUGE" run --resume busy >busy.out 2>busy.$which &
	pid[which]=$!
done
wait -n -p ended "${pid[@]}"
code=$?
[ "$ended" = "${pid[1]}" ] && which=1 other=2 || which=2 other=1
cp busy.$which "$err"
check "of two resumes at once, one says that it is in use" \
	refused busy "in use"
kill -KILL "${pid[other]}"
wait "${pid[other]}" 2>/dev/null

# What a crash may have left
small=(--target null --instances 3 exit/cpuid)
"$VMGAUGE" run -o base "${small[@]}" >/dev/null
spoiled()
{
	rm -rf "$1"
	mkdir "$1"
	cp base/journal.jsonl "$1/"
}
spoiled torn
truncate -s -7 torn/journal.jsonl
cp torn/journal.jsonl before.jsonl
vmgauge run --resume torn
check "a torn last line is measured again" exited 0
check "all before it is kept" kept before.jsonl torn/journal.jsonl
check "the document is complete" complete torn 2
check "and valid" valid torn/result.json
spoiled header
head -n 1 base/journal.jsonl >header/journal.jsonl
vmgauge run --resume header
check "a run killed before its first record is resumed" exited 0
check "the document is complete" complete header 2
spoiled cut
head -c 100 base/journal.jsonl >cut/journal.jsonl
vmgauge run --resume cut
check "a torn header is refused" refused cut/journal.jsonl
spoiled damaged
sed -i '3s/"round"/"ro\x00nd"/' damaged/journal.jsonl
cp damaged/journal.jsonl before.jsonl
vmgauge run --resume damaged
check "damage in the middle is refused, with its line" \
	refused damaged/journal.jsonl:3
check "and nothing is touched" cmp before.jsonl damaged/journal.jsonl
spoiled version
sed -i '1s/\("vmgauge":{"version":\)"[^"]*"/\1"9.9.9-gdeadbee"/' \
	version/journal.jsonl
cp version/journal.jsonl before.jsonl
vmgauge run --resume version
check "another version's run is refused, and says which" \
	refused version 9.9.9-gdeadbee
check "and nothing is touched" cmp before.jsonl version/journal.jsonl
spoiled schema
sed -i '1s|vmgauge-journal/1|vmgauge-journal/2|' schema/journal.jsonl
vmgauge run --resume schema
check "a later journal is refused" refused schema/journal.jsonl
spoiled alien
sed -i '2s|exit/cpuid|exit/nothing|' alien/journal.jsonl
vmgauge run --resume alien
check "a record of no item is refused" refused exit/nothing
finish
