#!/bin/bash
# The null target has no guest, so the truth is known: the whole chain from
# sampling to verdicts is held against it.
. "$(dirname "$0")/lib.sh"

# The interval of n instances covers the median at its stated level, so one
# bench may well miss; of many, few may.
truth()
{
	local target=$1 cost=$2 least=$3

	vmgauge bench --target "null:cost=$cost,$target" --seed 11 \
		-o truth.json 'exit/*'
	holds truth.json "(lambda kept: sum(
		x['ci']['low'] <= $cost <= x['ci']['high'] for x in kept)
		>= $least * len(kept))(
		[x for x in d['results'] if x['ci'] and x['per'] == 'operation'
		 and 'control' not in x['id'] and x['id'] != 'exit/empty'])" \
		"len(d['results']) > 40"
}
check "a cost of 5,000 is found, within the interval" \
	truth noise=3,vm=1 5000 0.9
check "a small cost too" truth noise=3,vm=1 200 0.9
check "with heavy tails" truth noise=3,vm=1,shape=heavy 5000 0.9
check "with skewed noise" truth noise=10,vm=1,shape=lognormal 5000 0.9

near()
{
	holds exact.json "abs(r('exit/cpuid')['median'] - 5000) < 1" \
		"abs(r('exit/cpuid')['ns'] - 5000) < 1" \
		"abs(r('exit/cpuid')['overhead']['median'] - 10) < 0.1" \
		"not r('exit/cpuid')['flags']"
}
vmgauge bench --target null:cost=5000,noise=0,vm=0 -o exact.json exit/cpuid
check "bench succeeds" exited 0
check "without noise the cost is exact" near
check "the document is valid" valid exact.json
shape()
{
	holds exact.json "r('exit/cpuid')['n'] == [11, 16]" \
		"len(r('exit/cpuid')['samples']) == 11" \
		"{len(x) for x in r('exit/cpuid')['samples']} == {16}" \
		"len(r('exit/cpuid')['instances']) == 11" \
		"len(r('exit/cpuid')['ops']) == 11" \
		"r('exit/cpuid')['ci']['level'] >= 0.95"
}
check "all raw samples are kept" shape
vmgauge bench --target null:cost=50,empty=10 -o small.json exit/cpuid
check "a cost under ten empty loops is flagged" holds small.json \
	"'under_10x_overhead' in r('exit/cpuid')['flags']"

attested()
{
	holds "$1" "r('exit/cpuid')['attest']['attested'] is $2" \
		"bool(r('exit/cpuid')['attest']['reason']) is not $2"
}
check "exits that add up are attested" attested exact.json True
vmgauge bench --target null:extra=1 -o extra.json exit/cpuid
check "one exit too many is not an error" exited 0
check "but is not attested, and why" attested extra.json False
check "with both figures" holds extra.json \
	"r('exit/cpuid')['attest']['expected']['kernel'] == 1" \
	"r('exit/cpuid')['attest']['observed']['kernel'] == 2"
check "the table says so" says "not attested"
check "the document is valid" valid extra.json

# Endings: what is said, and with what exit code.
ending()
{
	vmgauge run --target "null:end=$1" --deadline 50 --quick -o "end-$1" \
		exit/cpuid fidelity/msr/efer_reserved_bit_faults --ring 0
	check "end=$1: exit code $3" exited "$3"
	check "end=$1: the verdict is $2" holds "end-$1/result.json" \
		"set(all_of('verdict')) == {'$2'}"
	check "end=$1: there is a reason, unless it went well" \
		holds "end-$1/result.json" \
		"'$2' == 'pass' or all(all_of('reason'))"
	check "end=$1: the document is valid" valid "end-$1/result.json"
}
ending "done" pass 0
ending hang hang 1
ending crash crash 1
ending silent error 1
ending skip skip 77
ending fail fail 1

vmgauge run --target null:end=crash,at=cpuid --quick -o one 'exit/c*' --ring 0
check "one item that crashes: exit code 1" exited 1
check "the others are as if nothing had happened" holds one/result.json \
	"r('exit/cpuid')['verdict'] == 'crash'" \
	"r('exit/control_loop')['verdict'] == 'pass'"

# A deadline is what a hang costs, once for each series.
begin_ms()
{
	vmgauge bench --target null --deadline 1500 --ring 0 exit/cpuid
	base_ms=$elapsed_ms
}
begin_ms
vmgauge bench --target null:end=hang --deadline 1500 --ring 0 -o hung.json \
	exit/cpuid
check "a hang costs its deadline" [ "$elapsed_ms" -ge 1500 ]
# Eleven instances were asked for.
check "and no more" [ "$elapsed_ms" -lt $((base_ms + 1500 + 10000)) ]
note "a hang took $elapsed_ms ms, the same without $base_ms ms"
check "the reason names the deadline" holds hung.json \
	"'1500 ms' in r('exit/cpuid')['reason']"

# The seed decides all that chance decides.
same()
{
	holds "$1" "d['results'] == __import__('json').load(open('$2'))['results']"
}
differ()
{
	! same "$@"
}
order()
{
	"$python" -c '
import json, sys
for line in list(open(sys.argv[1]))[1:]:
    i = json.loads(line)["instance"]
    print(i["id"], i["ring"], i["round"])' "$1"
}
vmgauge run --target null --quick --seed 42 -o a 'exit/c*'
vmgauge run --target null --quick --seed 42 -o b 'exit/c*'
vmgauge run --target null --quick --seed 43 -o c 'exit/c*'
check "the same seed: identical results" same a/result.json b/result.json
check "the same seed: the same order of runs" \
	[ "$(order a/journal.jsonl)" = "$(order b/journal.jsonl)" ]
check "another seed: other samples" differ a/result.json c/result.json
check "another seed: another order" \
	[ "$(order a/journal.jsonl)" != "$(order c/journal.jsonl)" ]
interleaved()
{
	holds a/journal.jsonl "[x['instance']['round'] for x in d[1:]
		if 'decomposition' not in x['instance']] ==
		sorted(x['instance']['round'] for x in d[1:]
		if 'decomposition' not in x['instance'])" \
		"len({x['instance']['id'] for x in d[1:6]}) > 1"
}
check "benches are interleaved, round by round" interleaved
check "the document tells the seed" holds a/result.json \
	"d['run']['seed'] == 42"

# The whole suite, whatever happens to its items.
vmgauge run --target null --quick -o all
check "the whole suite on null: exit code 0" exited 0
check "every item passes" holds all/result.json \
	"set(all_of('verdict')) <= {'pass', 'skip'}" "d['run']['complete']"
check "the document is valid" valid all/result.json
finish
