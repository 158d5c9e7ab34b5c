#!/bin/bash
# A soak ends with a verdict, a document and a plot; one that is killed goes on
# from its last beat, in another part; and what is asked wrongly is refused.
. "$(dirname "$0")/lib.sh"

vmgauge soak --minutes 0
check "no time at all is refused" refused --minutes "'0'" "above 0"
vmgauge soak --hours many
check "and what is no number" refused --hours "'many'"
vmgauge soak --deadline 3
check "and a deadline that nobody makes" refused --deadline "'3'"
vmgauge soak --minutes 0.1 nosuchitem
check "and an item that there is not" refused nosuchitem
vmgauge soak --resume nowhere
check "and a soak that there is not" refused nowhere
mkdir other
vmgauge run --target null fidelity/msr -o other
vmgauge soak --resume other
check "and a run that is no soak" refused other "no soak"

# Row by row: each beat, all numbers, and times that only grow.
soaked()
{
	valid "$1/soak.json" && holds "$1/soak.json" "d['schema'] == 'vmgauge-soak/1'" \
		"d['verdict'] == 'pass'" "d['parts'] == $2" \
		"len(d['beats']['t_s']) > 10" \
		"d['beats']['t_s'] == sorted(d['beats']['t_s'])" \
		"all(len(d['beats'][x]) == len(d['beats']['t_s'])
		     for x in d['trends'])" \
		"sum(d['verdicts'].values()) == d['runs'] > 5" \
		"not any(x['grows'] for x in d['trends'].values())"
}

vmgauge soak --minutes 0.1 --target null fidelity/msr --seed 1 -o null
check "a soak of six seconds passes" exited 0
check "and says so" says "verdict: pass"
check "its document tells all" soaked null 1
sed 's/"grows": *false/"grows": 0/' null/soak.json >spoilt.json
check "a schema describes it, and tells what is none" [ \
	"$(valid null/soak.json spoilt.json | grep -c '^not ok')" -eq 1 ]
if command -v gnuplot >/dev/null; then
	check "and is drawn" grep -q '</svg>' null/soak.svg
fi
vmgauge soak --minutes 0.1 --target null -o null
check "a directory holds one" refused "resume it"

"$VMGAUGE" soak --minutes 0.15 --target null fidelity/msr --seed 1 -o killed \
	>"$out" 2>"$err" &
beats()
{
	local count

	count=$(grep -cs '^{"beat"' killed/journal.jsonl)
	[ "${count:-0}" -ge 20 ]
}
within 100 beats
kill -9 $!
wait $! 2>/dev/null
check "a killed one has no document" nothing_at killed/soak.json
vmgauge soak --resume killed
check "and goes on" exited 0
check "from where it was, in a part of its own" soaked killed 2
check "and no longer than it was to" holds killed/soak.json \
	"d['soaked_s'] < 2 * d['duration_s']"
vmgauge soak --resume killed
check "a finished one has only its verdict left" says "verdict: pass"

vmgauge soak --minutes 0.1 'containment/container_*' -o skipped
check "where every row is skipped there is nothing to say" exited 77

if have_kvm; then
	vmgauge soak --minutes 0.15 fidelity/tsc exit/pio_userspace --ring 3 \
		--confine -o here
	check "on KVM, confined" soaked here 1
	check "with a latency" holds here/soak.json \
		"len([x for x in d['beats']['latency_cycles'] if x]) > 5"
else
	skip "on KVM, confined" "no /dev/kvm"
fi
finish
