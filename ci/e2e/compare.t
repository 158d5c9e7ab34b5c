#!/bin/bash
# compare is a gate: it finds what was made slower or broken, raises no alarm
# about what was not, and refuses what cannot be compared.
. "$(dirname "$0")/lib.sh"

# forge IN OUT STATEMENT...: a document with changes; `d` is the document and
# `r(id)` the results of an item. The null target has no times of its own: the
# first lines make it a host that has.
forge()
{
	"$python" - "$@" <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1], encoding="utf-8"))
		b = d["env"]["backend"]
		b.update(times_meaningful=True, software_host=None)
		def r(name):
		    return [x for x in d["results"] if x["id"] == name]
		def scale(name, by):
		    for x in r(name):
		        x["instances"] = [v * by for v in x["instances"]]
		        x["samples"] = [[v * by for v in s] for s in x["samples"]]
		for code in sys.argv[3:]:
		    exec(code)
		json.dump(d, open(sys.argv[2], "w", encoding="utf-8"))
	END
}

strict()
{
	node "$root/ci/tap_strict.mjs" <"$1"
}

node "$root/ci/tap_strict.mjs" --selftest >selftest 2>&1 && have_parser=1 ||
	have_parser=0

# strictly NAME FILE: as a parser that was written elsewhere reads it.
strictly()
{
	if [ $have_parser = 1 ]; then
		check "$1: strictly TAP 14" strict "$2"
	else
		skip "$1: strictly TAP 14" "$(tail -1 selftest)"
	fi
}

for seed in 1 2 3 4; do
	"$VMGAUGE" run --target null:noise=1,vm=1 --seed $seed --quick \
		--budget 3600 -o run$seed 'exit/*' 'fidelity/msr/*' >/dev/null
	forge run$seed/result.json $seed.json
done

vmgauge compare 1.json 2.json -o aa.json
check "two runs without a change: exit code 0" exited 0
check "no row regressed or improved" holds aa.json \
	'd["summary"]["regressed"] == 0 and d["summary"]["improved"] == 0' \
	'not d["worse"]' 'd["schema"] == "vmgauge-compare/1"'
check "every row of both is there" holds aa.json \
	"len(d['results']) == len(__import__('json').load(
	 open('1.json'))['results'])" "not d['only_in_base']"
check "most are the same" holds aa.json \
	'd["summary"]["same"] > 10 * d["summary"]["unclear"]'
check "the table has a row of each bench" grep -q '^exit/cpuid ring=0 ' "$out"
check "nothing foreign to a terminal" \
	[ "$(tr -d '\n\t -~' <"$out" | wc -c)" -eq 0 ]
cp "$out" first.out
vmgauge compare 1.json 2.json
check "the same documents give the same bytes" cmp first.out "$out"
mkdir there && cp 2.json there/result.json
vmgauge compare 1.json there/
check "a directory stands for its result.json" cmp first.out "$out"
vmgauge compare --base 1.json --new 2.json
check "--base and --new name the same" cmp first.out "$out"
vmgauge compare 2.json --base 1.json
check "a word beside --base is NEW" cmp first.out "$out"

# What is slower is found, what is faster is told.
forge run2/result.json slow.json 'scale("exit/cpuid", 1.1)' \
	'scale("exit/hlt_userspace", 0.9)'
vmgauge compare 1.json slow.json -o slow.cmp
check "10 % slower: exit code 1" exited 1
one_slower()
{
	holds slow.cmp "{x['id'] for x in d['results']
		if x['gate'] and x['gate']['verdict'] == 'regressed'} ==
		{'exit/cpuid'}" "{x['id'] for x in d['results']
		if x['gate'] and x['gate']['verdict'] == 'improved'} ==
		{'exit/hlt_userspace'}" "all(x['worse'] == (x['id'] ==
		'exit/cpuid') for x in d['results'])"
}
check "that row and no other" one_slower
check "the interval holds the truth" holds slow.cmp "all(
	x['gate']['interval']['low'] < 1.1 < x['gate']['interval']['high']
	and x['gate']['cliffs_delta'] > 0.9
	for x in d['results'] if x['id'] == 'exit/cpuid')"
check "it stands first in the table" \
	[ "$(sed -n 2p "$out" | cut -c1-10)" = exit/cpuid ]
vmgauge compare slow.json 1.json -o faster.cmp
check "the other way round it is faster" holds faster.cmp "all(
	x['gate']['verdict'] == 'improved' for x in d['results']
	if x['id'] == 'exit/cpuid')"
vmgauge compare 1.json slow.json --threshold 15
check "--threshold 15: not a regression" exited 0
forge 1.json more1.json 'r("exit/cpuid")[0]["better"] = "higher"'
forge slow.json more.json 'r("exit/cpuid")[0]["better"] = "higher"'
vmgauge compare more1.json more.json -o more.cmp
check "where more is better, more is an improvement" holds more.cmp \
	"[x['gate']['verdict'] for x in d['results']
	  if x['id'] == 'exit/cpuid'][0] == 'improved'"

# Verdicts
forge 2.json bad.json 'p = [x for x in d["results"] if x["kind"] == "probe"]' \
	'p[0].update(verdict="fail", reason="a | b <i> `c`")' \
	'p[1].update(verdict="hang", reason="no answer")' \
	'p[2].update(verdict="skip", reason="no PMU")' \
	'p[3].update(verdict="fail", reason="r", expected_failure="known # 1")' \
	'r("exit/cpuid")[0].update(verdict="crash", reason="it died")'
vmgauge compare 1.json bad.json -o bad.cmp
check "newly failing: exit code 1" exited 1
check "each change has its name" holds bad.cmp \
	"sorted(x['change'] for x in d['results'] if x['change']) ==
	 ['newly crashing', 'newly failing', 'newly failing', 'newly hanging',
	  'newly skipped']" \
	"sum(x['worse'] for x in d['results']) == 3" \
	"d['summary']['newly_wrong_expected'] == 1"
check "the table tells the reason" says "newly hanging: no answer"
vmgauge compare bad.json 1.json
check "newly passing: exit code 0" exited 0
check "and told" says "newly passing"
vmgauge compare bad.json bad.json
check "as wrong as it was: exit code 0" exited 0
check "the same file twice is allowed, and said" says "are the same run"
forge 2.json known.json 'p = [x for x in d["results"] if x["kind"] == "probe"]' \
	'p[0].update(verdict="fail", reason="r", expected_failure="known")'
vmgauge compare 1.json known.json
check "an expected failure is no alarm" exited 0
vmgauge compare --base 1.json --new bad.json --new 3.json -o two.cmp
check "of several runs the worst verdict counts" exited 1
check "and a skip only where all skip" holds two.cmp \
	"d['summary']['newly_skipped'] == 0" \
	"d['summary']['newly_wrong'] == 3"
forge 2.json skipped.json \
	'[x.update(verdict="skip", reason="no\x1b guest") for x in d["results"]]'
vmgauge compare 1.json skipped.json
check "a gate that sees nothing does not pass" \
	refused skipped.json "skipped all" "no? guest"

# Machines and harnesses
vmgauge compare 1.json bad.json --tap
cp "$out" bad.tap
check "--tap: exit code 1" exited 1
strictly "--tap" bad.tap
check "what is worse is not ok, and nothing else" \
	[ "$(grep '^not ok' bad.tap | grep -vc '# TODO')" -eq 3 ]
check "what is expected is a TODO" grep -q '^not ok .*# TODO known' bad.tap
vmgauge compare 1.json slow.json --tap
cp "$out" slow.tap
strictly "--tap of a regression" slow.tap
check "a regression is not ok" grep -q '^not ok .*exit/cpuid.*regressed' slow.tap
capture prove -e "$VMGAUGE compare --tap 1.json" 2.json
check "prove takes it" says "Result: PASS"
vmgauge compare 1.json bad.json --markdown
cp "$out" bad.md
check "--markdown: exit code 1" exited 1
check "it says so first" [ "$(head -1 bad.md)" = \
	"### vmgauge compare: something is worse" ]
check "foreign text stays in its cell" \
	[ "$(grep -c '<i>' bad.md)" -eq 0 ]
cells()
{
	! sed 's/\\|//g; s/`[^`]*`//g' bad.md | grep '^|' |
		awk -F'|' 'NF != 9 { print; bad = 1 } END { exit !bad }'
}
check "every row has seven cells" cells
vmgauge compare 1.json 2.json --markdown --tap
check "two formats at once" refused --markdown --tap

# The floor
vmgauge compare --learn-floor 1.json 2.json 3.json 4.json -o floor.json
check "--learn-floor succeeds" exited 0
check "the table has the rows, and the host's prior" holds floor.json \
	'd["schema"] == "vmgauge-floor/1" and d["runs"] == 4' \
	'len(d["results"]) > 40 and 0 < d["prior"]["sd"] < 0.05'
vmgauge compare 1.json slow.json --floor floor.json -o learned.cmp
check "what was learned is used" holds learned.cmp "any(
	x['gate'] and x['gate']['floor_from'] == 'runs' for x in d['results']) or
	all(x['gate']['floor_percent'] <= 2.1 for x in d['results'] if x['gate'])"
check "10 % slower is still found" exited 1
"$python" -c '
import json
d = json.load(open("floor.json"))
d["prior"] = {"sd": 0.2, "df": None}
[x.update(sd=0.2) for x in d["results"]]
json.dump(d, open("rough.json", "w"))'
vmgauge compare 1.json slow.json --floor rough.json
check "on a host whose runs differ by more, it is unclear" exited 0
check "and why" says "runs of this host differ by up to"
# table ROW PRIOR: a floor whose rows of CPUID, and whose prior, have that sd.
table()
{
	"$python" - "$@" <<-'END'
		import json, sys
		d = json.load(open("floor.json"))
		d["prior"] = {"sd": float(sys.argv[2]), "df": 1e4}
		for x in d["results"]:
		    x.update(sd=0.001, df=1e6)
		    if x["id"] == "exit/cpuid":
		        x["sd"] = float(sys.argv[1] or 0)
		if not sys.argv[1]:
		    d["results"] = [x for x in d["results"]
		                    if x["id"] != "exit/cpuid"]
		json.dump(d, open("table.json", "w"))
	END
	vmgauge compare 1.json slow.json --floor table.json
}
table 0.001 0.001
check "a quiet row on a quiet host: it regressed" exited 1
table 0.2 0.001
check "a row whose runs differ by more: it did not" exited 0
table "" 0.2
check "a row that nobody knows is as the host is" exited 0
table "" 0.001
check "a quiet one: it regressed" exited 1
vmgauge compare --base 1.json --base 3.json --new 2.json --new 4.json -o four.cmp
check "several runs a side" exited 0
check "count together" holds four.cmp "all(x['base']['instances'] == 22
	and x['base']['runs'] == 2 for x in d['results'] if x['gate'])"
vmgauge compare --learn-floor 1.json -o one.json
check "one run is too few to learn from" refused "--learn-floor" "5 or more"
vmgauge compare --learn-floor 1.json 2.json
check "a floor needs a place" refused "-o FILE"
vmgauge compare 1.json 2.json --floor 1.json
check "--floor with a result document" refused 1.json "no floor table"
"$python" -c '
import json
d = json.load(open("floor.json"))
d["fingerprint"] = "0123456789abcdef"
json.dump(d, open("alien.json", "w"))
d = json.load(open("floor.json"))
d["results"][3]["sd"] = -1
json.dump(d, open("torn.json", "w"))
d["schema"] = "vmgauge-floor/9"
json.dump(d, open("later.json", "w"))'
for bad in alien:host torn:'results[3]' later:'another vmgauge'; do
	vmgauge compare 1.json 2.json --floor ${bad%%:*}.json
	check "--floor ${bad%%:*}.json" refused ${bad%%:*}.json "${bad#*:}"
done
head -c 300 floor.json >cut.json
vmgauge compare 1.json 2.json --floor cut.json
check "--floor cut off" refused cut.json "learn the floor again"

# Few instances
forge 1.json few1.json 'for x in d["results"]:
    for k in ("instances", "samples", "ops"):
        if k in x and x["verdict"] == "pass" and x["kind"] == "bench":
            x[k] = x[k][:3]'
forge slow.json few2.json 'for x in d["results"]:
    for k in ("instances", "samples", "ops"):
        if k in x and x["verdict"] == "pass" and x["kind"] == "bench":
            x[k] = x[k][:3]'
vmgauge compare few1.json few2.json -o few.cmp
check "three instances decide nothing" holds few.cmp \
	'd["summary"]["regressed"] == 0 and d["summary"]["same"] == 0'
check "and the reason tells how many would" says "a side"

# What may not be compared
differs()
{
	forge 2.json other.json "$2"
	vmgauge compare 1.json other.json
	check "$1: refused" refused "${@:4}"
	vmgauge compare 1.json other.json --across "$3"
	check "$1: --across $3 allows it" exited 0
}
differs "another host" 'd["env"]["fingerprint"] = "00"
d["env"]["cpu"]["model"] = "Elbrus\x1b[31m"' hosts "env.cpu.model" \
	"Elbrus?[31m" "--across hosts"
check "and it is said what can be claimed" says "claim: env.cpu.model"
vmgauge compare 1.json other.json --across kernels
check "another CPU is not another kernel" refused "--across hosts"
differs "another kernel" 'd["env"]["fingerprint"] = "00"
d["env"]["kernel"]["release"] = "9.9"' kernels "env.kernel.release" 9.9 \
	"--across kernels"
differs "another image" 'd["vmgauge"]["image_sha256"] = "ab" * 32' builds \
	"guest images" abababababab "--across builds"
differs "another target" '[x.update(target="qemu") for x in d["results"]]' \
	targets "in common" "--across targets"
differs "an emulated host" \
	'd["env"]["backend"]["software_host"] = "QEMU TCG"' software \
	other.json "QEMU TCG" --verdicts
vmgauge compare run1 run2
check "a target without times: refused" refused "times mean nothing"
vmgauge compare run1 run2 --verdicts -o verdicts.cmp
check "--verdicts compares verdicts all the same" exited 0
check "and no numbers" holds verdicts.cmp \
	'not any(x["gate"] for x in d["results"])'
differs "two hosts on one side" 'd["env"]["fingerprint"] = "00"' hosts \
	"different hosts"
vmgauge compare --base 1.json --base other.json --new 2.json --across hosts
check "two hosts on one side are refused always" refused "one side is one"
forge 2.json unsure.json 'r("exit/cpuid")[0]["attest"]["attested"] = False' \
	'scale("exit/cpuid", 2)'
vmgauge compare 1.json unsure.json -o unsure.cmp
check "attested against not attested is unclear" holds unsure.cmp \
	"[(x['gate']['verdict'], x['reason']) for x in d['results']
	  if x['id'] == 'exit/cpuid'][0] ==
	 ('unclear', 'not attested in NEW')"
vmgauge compare --base 1.json --base 1.json --new 2.json
check "one run twice on one side" refused 1.json "count twice"
cp 1.json copy.json
vmgauge compare --base 1.json --base copy.json --new 2.json
check "a copy of it, too" refused copy.json "count twice"

# Files from elsewhere
broken()
{
	forge 2.json broken.json "$2"
	vmgauge compare 1.json broken.json -o never.json
	check "$1" refused broken.json "${@:3}"
	check "$1: nothing is left" nothing_at never.json
}
broken "a negative sample" 'r("exit/cpuid")[0]["samples"][1][2] = -7' \
	exit/cpuid samples -7 "cannot be negative"
broken "a negative empty sample" \
	'r("exit/cpuid")[0]["overhead"]["samples"][0][0] = -1' overhead.samples
broken "an absurd sample" 'r("exit/cpuid")[0]["samples"][1][2] = 1e25' 1e+25
broken "an absurd instance" 'r("exit/cpuid")[0]["instances"][0] = -1e25' \
	instances
broken "instances that nobody sampled" \
	'r("exit/cpuid")[0]["instances"] += [1, 2]' instances samples
broken "a value that is NaN" 'r("exit/cpuid")[0]["instances"][0] = float("nan")' \
	JSON
broken "an item twice" 'd["results"].append(dict(r("exit/cpuid")[0]))' twice
broken "a later schema" 'd["schema"] = "vmgauge-result/2"' upgrade
broken "another schema" 'd["schema"] = "other/1"' "other/1"
broken "no item in common" \
	'[x.update(id="x/" + x["id"]) for x in d["results"]]' "in common"
broken "no results" 'd["results"] = []' "in common"
head -c 5000 2.json >cut.json
vmgauge compare 1.json cut.json
check "a truncated file" refused cut.json truncated
mkdir empty
vmgauge compare 1.json empty
check "a directory without a result" refused empty/result.json
vmgauge compare 1.json nowhere.json
check "no such file" refused nowhere.json
: >void.json
vmgauge compare void.json 1.json
check "an empty file" refused void.json "empty file"
vmgauge compare 1.json aa.json
check "a comparison is no result" refused aa.json vmgauge-compare/1

# The command line
vmgauge compare --help
check "--help succeeds" exited 0
check "--help tells the exit codes" says "Exit codes: 0 nothing is worse"
vmgauge compare 1.json
check "one document" refused BASE NEW
vmgauge compare 1.json 2.json 3.json
check "three documents" refused 3.json --new
vmgauge compare 1.json 2.json --across moons
check "--across moons" refused moons hosts kernels
vmgauge compare 1.json 2.json --threshold -1
check "--threshold -1" refused --threshold
vmgauge compare 1.json 2.json --alpha 99
check "--alpha 99" refused --alpha
many=()
for i in $(seq 40); do many+=("--base=$i.json"); done
vmgauge compare "${many[@]}" --bogus
check "an unknown option after many" refused --bogus

# A full disk
vmgauge compare 1.json 2.json -o /dev/full
check "no room for --json: refused" refused /dev/full
check "before anything is printed" [ ! -s "$out" ]
if have_namespace; then
	capture "${namespace[@]}" bash -c 'mkdir -p disk &&
		mount -t tmpfs -o size=8k tmpfs disk || exit 99
		"$0" compare 1.json 2.json -o disk/c.json; code=$?
		ls -A disk >left; exit $code' "$VMGAUGE"
	check "a full disk: refused" refused disk/c.json "disk full"
	check "and nothing half-written" [ ! -s left ]
else
	skip "a full disk" "file systems cannot be mounted here"
fi
vmgauge compare 1.json 2.json -o nowhere/c.json
check "no such directory" refused nowhere/c.json
capture bash -c '"$0" compare 1.json 2.json >/dev/full' "$VMGAUGE"
check "lost output is no success" exited 2
finish
