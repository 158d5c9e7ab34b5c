#!/bin/bash
# conform speaks TAP 14: a parser that was written elsewhere takes it in its
# strict mode, and prove runs it as it is. Known failures come from a file.
. "$(dirname "$0")/lib.sh"

strict()
{
	node "$root/ci/tap_strict.mjs" <"$1"
}

if node "$root/ci/tap_strict.mjs" --selftest >selftest 2>&1; then
	have_parser=1
	check "the strict parser rejects what is malformed" true
elif [ $? -eq 2 ] || ! command -v node >/dev/null; then
	have_parser=0
	skip "the strict parser" "$(tail -1 selftest)"
else
	have_parser=0
	check "the strict parser rejects what is malformed" cat selftest -
fi

strictly()
{
	if [ $have_parser = 1 ]; then
		check "$1: strictly TAP 14" strict "$2"
	else
		skip "$1: strictly TAP 14" "there is no parser"
	fi
}

# Every ending that there is, and every item of this machine.
for end in "done" fail skip crash silent; do
	vmgauge conform --target null:end=$end -o $end.json
	cp "$out" $end.tap
	strictly "end=$end" $end.tap
	check "end=$end: one point for each result" holds $end.json \
		"len(d['results']) == $(grep -cE '^(not )?ok ' $end.tap)"
	check "end=$end: the document is valid" valid $end.json
done
vmgauge conform --target null:end=hang,at=efer --deadline 50
cp "$out" hang.tap
strictly "end=hang" hang.tap
vmgauge conform --target null -v 'fidelity/*'
cp "$out" verbose.tap
strictly "verbose" verbose.tap
if have_kvm; then
	vmgauge conform -o kvm.json
	cp "$out" kvm.tap
	check "kvm: conform ends with a judgement" judged
	strictly "kvm" kvm.tap
	check "kvm: one point for each result" holds kvm.json \
		"len(d['results']) == $(grep -cE '^(not )?ok ' kvm.tap)"
	check "kvm: the points that failed are the verdicts that did" \
		holds kvm.json "sum(v in ('fail', 'hang', 'crash', 'error')
		 for v in all_of('verdict')) == $(grep -c '^not ok ' kvm.tap)"
	check "kvm: the document is valid" valid kvm.json
else
	skip kvm "/dev/kvm is not there or may not be opened"
fi

# prove runs it: each of its arguments is a glob.
proved()
{
	capture prove -e "$VMGAUGE conform --target null$1" 'fidelity/msr/*' \
		fidelity/cpuid/
}
proved ""
check "prove takes probes that pass" exited 0
check "all of them" says "Result: PASS"
proved ":end=skip"
check "prove takes skips" says "Result: PASS"
proved ":end=fail"
check "prove takes failures for failures" says "Result: FAIL"
check "and for nothing else" [ "$(grep -c 'Parse errors' "$out")" -eq 0 ]

# Known failures
failing=null:end=fail,at=efer
"$VMGAUGE" conform --target $failing -o failing.json >/dev/null
"$python" - failing.json >known.tsv <<-'END'
	import json, sys
	print("# target\titem\tverdict\tcause")
	seen = {x["id"] for x in json.load(open(sys.argv[1]))["results"]
	        if x["verdict"] == "fail"}
	for name in sorted(seen):
	    print(f"null\t{name}\tfail\tasked for # by \\ us")
END
check "there are failures to expect" [ "$(grep -c fail known.tsv)" -ge 1 ]
vmgauge conform --target $failing
check "a failure that nobody expects: exit code 1" exited 1
vmgauge conform --target $failing --expect known.tsv -o expected.json
check "all failures expected: exit code 0" exited 0
cp "$out" expected.tap
strictly "expected failures" expected.tap
todo()
{
	! grep '^not ok' expected.tap | grep -v '# TODO asked for'
}
check "each is a TODO with its cause" todo
check "the document carries the cause" holds expected.json \
	"all(x['expected_failure'] for x in d['results']
	     if x['verdict'] == 'fail')"
check "and is valid" valid expected.json
capture prove -e "$VMGAUGE conform --target $failing --expect known.tsv" \
	'fidelity/msr/*'
check "prove agrees" says "Result: PASS"
vmgauge conform --target null:end=crash,at=efer --expect known.tsv
check "a crash where a failure was expected is no known failure" exited 1
vmgauge conform --target null:end=fail,at=/c --expect known.tsv
check "what is new fails beside what is known" exited 1
vmgauge conform --target null --expect known.tsv
check "what was expected to fail and passes is no failure" exited 0
vmgauge run --target $failing --quick --expect known.tsv -o run 'fidelity/*'
check "run takes them too" exited 0

malformed()
{
	printf '%b' "$2" >bad.tsv
	vmgauge conform --target null --expect bad.tsv
	check "--expect: $1" refused "bad.tsv:$3:"
}
line='null\tfidelity/a/b\tfail\tcause'
malformed "too few fields" "# comment\n\nnull\tfidelity/a/b\tfail\n" 3
malformed "too many fields" "$line\tmore\n" 1
malformed "an unknown verdict" "null\tfidelity/a/b\tbroken\tcause\n" 1
malformed "an empty cause" "null\tfidelity/a/b\tfail\t \n" 1
malformed "the same item twice" "$line\n# comment\n$line\n" 3
malformed "line ends of another system" "$line\r\n" 1
malformed "spaces for tabs" "null fidelity/a/b fail cause\n" 1
finish
