#!/bin/bash
# The payload in a plain process. What the CPU answers is not judged here:
# that every item ends in a verdict, with a reason where there is no value,
# is; and that nothing of a process is left behind.
. "$(dirname "$0")/lib.sh"

vmgauge list --targets
check "list --targets shows native" says "native"
if grep -A1 '^native' "$out" | grep -q unavailable; then
	skip_all "$(grep -A1 '^native' "$out" | sed -n 's/.*unavailable: //p')"
fi

vmgauge bench --target native:fast exit/cpuid
check "options are refused" refused "native takes no options"

# A process that others keep from its CPU is slow, and nothing hangs.
patient=(--deadline 60000)

# Probes: golden values.
golden()
{
	vmgauge conform --target native "${patient[@]}" \
		--expect "$root/ci/expected/native.tsv" -o "$1"
}
golden golden.json
check "conform ends as it should" judged
verdicts()
{
	holds golden.json \
		"all(x['verdict'] in ('pass', 'tell', 'skip') or
		     x['expected_failure'] for x in d['results'])" \
		"all(x['reason'] for x in d['results']
		     if x['verdict'] == 'skip')" \
		"all(any(w in x['reason'] for w in ('CPL0', 'vCPU', 'hostile'))
		     for x in d['results'] if x['params']['ring'] == 0)" \
		"set(all_of('target')) == {'native'}"
}
check "no probe fails on a real CPU; what is skipped says why" verdicts
check "a good part of what can run at CPL3 does" holds golden.json \
	"sum(x['verdict'] in ('pass', 'tell') and x['params']['ring'] == 3
	     for x in d['results']) >= 18"
check "a probe keeps what it checked" holds golden.json \
	"r('fidelity/exceptions/divide_error_points_at_the_divide',
	   3)['checks_total'] == 3"
check "the document is valid" valid golden.json
check "its backend is no virtualisation" holds golden.json \
	"d['env']['backend']['kind'] == 'none'" \
	"'a plain process' in d['env']['backend']['title']"
same=1
for again in 1 2; do
	golden "again$again.json"
	holds "again$again.json" "[(x['id'], x['verdict'], x['reason'])
		for x in d['results']] == [(x['id'], x['verdict'], x['reason'])
		for x in __import__('json').load(open('golden.json'))['results']]" ||
		same=0
done
check "three runs, the same verdicts" [ $same = 1 ]

# Benches: the bare column.
vmgauge bench --target native --quick "${patient[@]}" -o bare.json
check "bench succeeds" exited 0
measured_all()
{
	holds bare.json "set(all_of('verdict')) <= {'pass', 'skip'}" \
		"all(x['reason'] for x in d['results']
		     if x['verdict'] == 'skip')" \
		"all(r(n, 3)['verdict'] == 'pass' for n in (
		     'exit/cpuid', 'exit/control_loop', 'process/syscall',
		     'process/page_fault', 'process/futex_wake',
		     'process/pipe', 'memory/chase_16k', 'memory/chase_64m',
		     'memory/read_bandwidth', 'lifecycle/process_start',
		     'lifecycle/process_teardown'))"
}
check "every bench has a value or a reason" measured_all
check "a process makes no exits: nothing is attested, nothing is not" \
	holds bare.json "all(x['attest'] is None for x in d['results']
		if x['verdict'] == 'pass')"
check "the table says so" says "none to attest"
check "no place for a page at hand: slower than one that is" holds bare.json \
	"r('memory/chase_64m', 3)['median'] > 3 *
	 r('memory/chase_16k', 3)['median']"
check "asking the kernel is dearer than counting" holds bare.json \
	"r('process/syscall', 3)['median'] > 20"
check "the document is valid" valid bare.json
vmgauge report bare.json -o page
check "there is a report of it" [ -s page/index.html ]

# A hang costs its deadline; the next item runs.
vmgauge bench --target native --deadline 10 --budget 100 --ring 3 -o late.json \
	memory/curve_4k_256m exit/empty
check "what is late hangs" holds late.json \
	"r('memory/curve_4k_256m', 3)['verdict'] == 'hang'" \
	"'10 ms' in r('memory/curve_4k_256m', 3)['reason']"
check "exit code 1" exited 1

# The payload does not outlive a runner that is killed.
children()
{
	test "$(pgrep -cf "$VMGAUGE.*--seed 7654321")" "$@"
}
"$VMGAUGE" bench --target native --seed 7654321 --budget 60 --ring 3 \
	memory/copy_bandwidth >/dev/null 2>&1 &
runner=$!
check "there is a payload" within 100 children -ge 2
kill -9 $runner
wait $runner 2>/dev/null
check "a killed runner leaves no process" within 60 children -eq 0

finish
