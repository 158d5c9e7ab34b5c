#!/bin/bash
# A guest that never comes back costs its deadline and no more, and the next
# item runs as if nothing had happened. Which items hang is the machine's
# affair: those that do here are looked for, and the null target always has one.
. "$(dirname "$0")/lib.sh"

# What a busy machine may add, to start and to tear down, and by how much a
# deadline may grow there; see WORKER_PATIENCE in runner/target/worker.h.
slack_ms=10000 patience=4

# Whatever number of instances was asked for, the hang is waited for once.
once()
{
	holds hang/journal.jsonl "1 == sum(x['instance']['verdict'] == 'hang'
		for x in d[1:] if 'instance' in x)"
}

# costs NAME DEADLINE_MS ARG...: with a hang in it, against without.
costs()
{
	local name=$1 deadline_ms=$2

	shift 2
	vmgauge run --quick --deadline "$deadline_ms" -o hang "$@" --ring 0
	check "$name: exit code 1" exited 1
	check "$name: the deadline passed" [ "$elapsed_ms" -ge "$deadline_ms" ]
	check "$name: once" once
	check "$name: and not much more" [ "$elapsed_ms" -lt \
		$(((base_ms + deadline_ms) * patience + slack_ms)) ]
	note "$elapsed_ms ms, of them $base_ms ms without a hang"
	check "$name: the verdict is hang, with the reason" \
		holds hang/result.json "len([x for x in d['results']
		if x['verdict'] == 'hang' and x['reason']]) == 1"
	check "$name: the document is valid" valid hang/result.json
	rm -rf hang
}

vmgauge run --quick --target null -o base exit/cpuid exit/rdtsc --ring 0
base_ms=$elapsed_ms
rm -rf base
for deadline in 300 2000; do
	costs "null, $deadline ms" $deadline \
		--target null:end=hang,at=cpuid exit/cpuid exit/rdtsc
done

if ! have_kvm; then
	skip kvm "/dev/kvm is not there or may not be opened"
	finish
	exit
fi

# The names of what hung in a document.
hung()
{
	"$python" -c '
import json, sys
print(*[x["id"] for x in json.load(open(sys.argv[1]))["results"]
        if x["verdict"] == "hang"][:3])' "$1"
}

# What hangs twice is no accident of a busy machine.
vmgauge run --quick --deadline 1000 --instances 3 -o look 'exit/*' --ring 0
hanging=$(hung look/result.json)
if [ -n "$hanging" ]; then
	# shellcheck disable=SC2086
	vmgauge bench --deadline 1500 --instances 3 --budget 10 -o twice.json \
		$hanging --ring 0
	hanging=$(hung twice.json)
fi
note "what hangs here: ${hanging:-nothing}"
if [ -z "$hanging" ]; then
	skip "kvm: a hang" "no operation of the exit family hangs here"
	finish
	exit
fi
vmgauge run --quick --instances 3 -o base exit/cpuid --ring 0
base_ms=$elapsed_ms
for item in $hanging; do
	costs "$item" 1500 --instances 3 exit/cpuid "$item"
done
vmgauge bench --deadline 1500 --instances 3 -o next.json "${hanging%% *}" \
	exit/cpuid --ring 0
check "the next item runs as if nothing had happened" holds next.json \
	"r('exit/cpuid')['verdict'] == 'pass'"
check "what hung has its post-mortem" holds next.json \
	"r('${hanging%% *}')['postmortem']['registers']['rip']"
check "no process is left behind" none_running
finish
