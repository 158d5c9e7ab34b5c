#!/bin/bash
# compare --live decides between two commands in the time it is given, raises
# no alarm where they are the same, and leaves nothing behind; --inject is a
# slowdown that cannot pass as a measurement.
. "$(dirname "$0")/lib.sh"

# side OPTION[,OPTION...]: a command whose costs are known.
side()
{
	echo "'$VMGAUGE' bench --target null:noise=1,vm=1${1:+,$1}"
}

live()
{
	vmgauge compare --live --across software "$@"
}

clean()
{
	[ -z "$(ls -A "$TMPDIR")" ]
}

live "$(side)" "$(side)" exit/cpuid exit/hlt_userspace --limit 16 --seed 1 \
	-o aa.json
check "the same twice: exit code 0" exited 0
check "every row is decided, as the same" holds aa.json \
	'd["summary"]["same"] == len(d["results"]) == 3' \
	'd["live"]["ended"] == "every row was decided"' 'not d["worse"]'
check "looks were declared, and alpha is all of it" holds aa.json \
	'sorted(d["live"]["looks"]) == d["live"]["looks"]' \
	'abs(sum(d["live"]["alpha"]) - 0.005) < 1e-12' \
	'd["live"]["rounds"] in d["live"]["looks"]' \
	'd["live"]["looks"][2] == d["live"]["rounds_planned"]'
check "slices are counted, and the warm-up is not" holds aa.json \
	'all(x[s]["runs"] == 2 * d["live"]["rounds"] for x in d["results"]
	     for s in ("base", "new"))'
check "inside the time" [ "$elapsed_ms" -lt 19000 ]
check "the table says how it went" says "looks declared after"
check "nothing is left behind" clean

live "$(side)" "$(side cost=2100)" exit/cpuid exit/hlt_userspace --limit 16 \
	-o slow.json
check "5 % slower: exit code 1" exited 1
check "every row of it" holds slow.json \
	'all(x["gate"]["verdict"] == "regressed" for x in d["results"])' \
	'all(x["gate"]["interval"]["low"] < 1.05 < x["gate"]["interval"]["high"]
	     and x["gate"]["p_holm"] <= 0.005 for x in d["results"])'
live "$(side cost=2100)" "$(side)" exit/cpuid --limit 16 -o fast.json
check "5 % faster: exit code 0" exited 0
check "improved" holds fast.json 'd["summary"]["improved"] == 2'
live "$(side)" "$(side cost=2100)" exit/cpuid --limit 6 --threshold 10
check "5 % slower, --threshold 10: exit code 0" exited 0
live "$(side)" "$(side cost=2100)" exit/cpuid --limit 16 --markdown
check "--markdown says it first" [ "$(head -1 "$out")" = \
	"### vmgauge compare: something is worse" ]
live "$(side)" "$(side cost=2100)" exit/cpuid --limit 16 --tap
check "--tap: a regression is not ok" \
	[ "$(grep -c '^not ok .*exit/cpuid.*regressed' "$out")" -eq 2 ]

# What noise hides is unclear, and why.
noisy="'$VMGAUGE' bench --target null:noise=30,vm=60"
live "$noisy" "$noisy" exit/cpuid --ring --limit 3
check "an option of the child's that is no word of ours" refused --ring
live "$noisy" "$noisy" exit/cpuid --limit 3 -o noisy.json
check "noise: exit code 0" exited 0
check "unclear, and what it would take" holds noisy.json \
	'all(x["gate"]["verdict"] == "unclear" and "rounds" in x["reason"]
	     for x in d["results"])' 'd["live"]["ended"] == "the time was over"'
live "sleep 0.3; $(side)" "sleep 0.3; $(side)" exit/cpuid --limit 3 \
	-o few.json
check "too few rounds decide nothing" holds few.json \
	'all("too few rounds" in x["reason"] for x in d["results"])'

# Verdicts are compared, too.
live "$(side)" "$(side end=hang,at=hlt) --deadline 100" exit/cpuid \
	exit/hlt_userspace --limit 16 -o hang.json
check "what newly hangs: exit code 1" exited 1
check "and the rest is decided" holds hang.json \
	'[x["change"] for x in d["results"] if x["worse"]] == ["newly hanging"]' \
	'd["summary"]["same"] == 2'
echo 0 >count
live "$(side)" "n=\$((\$(cat count) + 1)); echo \$n >count
[ \$n -lt 4 ] && set -- \"\$@\" --target null || set -- \"\$@\" --target null:end=crash
'$VMGAUGE' bench" exit/cpuid --limit 3 -o late.json
check "what crashes in a later slice: exit code 1" exited 1
check "told by name" holds late.json \
	'all(x["change"] == "newly crashing" for x in d["results"])'
live "$(side)" "$(side end=skip)" exit/cpuid --limit 3
check "a side that skips everything is no pass" refused "skipped all"

# Commands that go wrong
live "$(side)" "exit 3;" exit/cpuid --limit 3
check "a command that fails: refused" refused "exit code 3"
live "$(side)" "$VMGAUGE.not.there" exit/cpuid --limit 3
check "a command that is not there: refused" refused not.there "exit code 127"
live "$(side)" "$VMGAUGE" exit/nonsense --limit 3
check "an item that is not there: refused, with its words" refused \
	exit/nonsense
live "$(side)" "true" exit/cpuid --limit 3
check "a command that leaves no document: refused" refused slice.json
live "$(side)" "cp '$root/README.md' slice; f() { for o; do :; done; cp slice \"\$o\"; }; f" \
	exit/cpuid --limit 3
check "one that leaves something else: refused" refused slice.json
live "$(side)" "sleep 777;" exit/cpuid --limit 1
check "a command that does not end: refused" refused "did not end within"
check "soon after the limit" [ "$elapsed_ms" -lt 14000 ]
check "and it is ended" [ -z "$(pgrep -f 'sleep 777')" ]
live "$(side)" "f() { for o; do :; done; touch \"\${o%/*}/.half\"
(trap '' INT; sleep 7787) & exit 3; }; f" exit/cpuid --limit 3
check "half a file and a process left behind: refused" refused "exit code 3"
check "and both are gone" [ -z "$(pgrep -f 'sleep 7787'; ls -A "$TMPDIR")" ]
vmgauge compare --live "$(side)" "$(side)" exit/cpuid --limit 3
check "times that mean nothing: refused" refused "times mean nothing"
live "$(side)"
check "one command: refused" refused CMD_BASE CMD_NEW
live --base "$work/aa.json" a b
check "documents beside it: refused" refused CMD_BASE
live "$(side)" "$(side)" --limit 0
check "--limit 0" refused --limit
vmgauge compare --limit 3 aa.json aa.json
check "--limit without --live" refused --live
check "nothing is left behind by any" clean

timeout --preserve-status -s INT 1 "$VMGAUGE" compare --live --across software \
	"$(side)" "$(side)" exit/cpuid --limit 20 >"$out" 2>"$err" </dev/null
code=$?
check "SIGINT: exit code 130" exited 130
check "SIGINT leaves nothing behind" clean

# --inject
vmgauge bench --inject spin_ns=9 --target null exit/cpuid
check "--inject goes with the built-in VMM alone" refused --target
for bad in spin_ns= spin_ns=0 spin_ns=-3 spin_ns=x spin=3 ''; do
	vmgauge bench --inject "$bad" exit/cpuid
	check "--inject '$bad'" refused --inject
done
if ! have_kvm; then
	skip "a slowdown in the VMM" "/dev/kvm is not there"
	finish
	exit
fi
vmgauge bench --inject spin_ns=50000 exit/pio_userspace --ring 3 --budget 1 \
	--instances 6 -o injected.json
check "a slowed VMM measures" exited 0
check "the table says it is one" says "slowed by --inject"
check "the document says so twice" holds injected.json \
	'd["env"]["injected"] == {"spin_ns": 50000}' \
	'all("injected_slowdown" in x["flags"] for x in d["results"])'
check "as the schema has it" valid injected.json
check "each exit takes as much longer" holds injected.json \
	'all(x["ns"] > 50000 for x in d["results"])'
vmgauge bench exit/pio_userspace --ring 3 --budget 1 --instances 6 -o plain.json
check "others say nothing of the kind" holds plain.json \
	'"injected" not in d["env"]'
vmgauge compare plain.json injected.json
check "it is refused as a measurement" refused injected.json "--across mutants"
vmgauge compare plain.json injected.json --across mutants
check "--across mutants allows it, and says so" says "injected on purpose"
vmgauge compare --live --across mutants "'$VMGAUGE' bench --ring 3" \
	"'$VMGAUGE' bench --ring 3 --inject spin_ns=50000" exit/pio_userspace \
	--limit 24
check "and --live finds it" exited 1
check "by name" says regressed
finish
