#!/bin/bash
# What export writes is read back by those it is for, with the same numbers and
# verdicts, whatever an item, a parameter or a reason is called.
. "$(dirname "$0")/lib.sh"

formats="bencher github go openmetrics csv ktap junit"

"$VMGAUGE" run --target null:noise=1,vm=1 --seed 3 --quick -o run \
	'exit/*' 'fidelity/*' >/dev/null

# forge OUT STATEMENT...: the document of that run with changes.
forge()
{
	"$python" - "$@" <<-'END'
		import json, sys
		d = json.load(open("run/result.json", encoding="utf-8"))
		r = d["results"]
		p = [x for x in r if x["kind"] == "probe"]
		b = [x for x in r if x["kind"] == "bench"]
		for code in sys.argv[2:]:
		    exec(code)
		json.dump(d, open(sys.argv[1], "w", encoding="utf-8"))
	END
}

# read_back FORMAT FILE RESULT: 77 if there is no reader here.
read_back()
{
	"$python" "$root/ci/validate_export.py" "$@"
}

# each NAME RESULT: every format of it, read back.
each()
{
	local format

	for format in $formats; do
		vmgauge export --format "$format" "$2" -o "$format.out"
		check "$1: $format is written" exited 0
		read_back "$format" "$format.out" "$2" >read.out 2>&1
		if [ $? -eq 77 ]; then
			skip "$1: $format reads back" "its reader is not installed"
		else
			check "$1: $format reads back" \
				read_back "$format" "$format.out" "$2"
		fi
	done
}

each "a run" run/result.json
check "a directory stands for its result.json" cmp <("$VMGAUGE" export \
	--format go run) <("$VMGAUGE" export --format go run/result.json)
vmgauge export --format csv run
check "without -o it goes to standard output" cmp "$out" csv.out

# Each verdict, and each that was expected
forge bad.json 'p[0].update(verdict="fail", reason="want 1, got 2")' \
	'p[1].update(verdict="hang", reason="no answer")' \
	'p[2].update(verdict="crash", reason="it died")' \
	'p[3].update(verdict="error", reason="ours")' \
	'p[4].update(verdict="skip", reason="no PMU")' \
	'p[5].update(verdict="tell", reason="it shows")' \
	'p[6].update(verdict="fail", reason="r", expected_failure="known")' \
	'p[7].update(verdict="hang", reason="r", expected_failure="known")' \
	'b[0].update(verdict="crash", reason="it died")' \
	'b[1]["better"] = "higher"' 'b[2]["ci"] = None'
each "every verdict" bad.json
count()
{
	[ "$(grep -c "$2" "$1")" -eq "$3" ] || grep -c "$2" "$1"
	[ "$(grep -c "$2" "$1")" -eq "$3" ]
}
check "KTAP: hang is TIMEOUT" count ktap.out ' # TIMEOUT no answer' 1
check "KTAP: a known failure is XFAIL" count ktap.out ' # XFAIL' 2
check "JUnit: a failure tells its reason" \
	grep -q '<failure type="fail" message="want 1, got 2">' junit.out
check "JUnit: and how to repeat it" grep -q '>vmgauge conform .*</failure>' \
	junit.out
check "what is better when higher is no 'smaller is better'" \
	[ "$(grep -c '"name"' github.out)" -lt "$(grep -c '"value"' bencher.out)" ]
if perl -MTAP::Parser -e 1 2>/dev/null; then
	tap_parser()
	{
		perl -MTAP::Parser -e '
			open my $f, "<", "ktap.out"; my $tap = join "", <$f>;
			$tap =~ s/^KTAP version 1\n//;
			my $p = TAP::Parser->new({ tap => $tap });
			$p->run; exit(scalar($p->parse_errors) ||
				$p->tests_run != $p->tests_planned)'
	}
	check "KTAP: Perl's TAP parser counts the same" tap_parser
fi

# Names and reasons that somebody chose
evil='\x1b[31m]]></testcase>\"`$(x)\u202e\n# SKIP, \\\\ {}=1 \t\r-- \u00e9 <!--'
forge evil.json "e = \"$evil\"" 'b[0]["id"] = "exit/" + e' \
	'b[1]["params"] = {e: e, "n": None, "f": 1.5, "t": True}' \
	'b[2]["target"] = e' 'b[3]["unit"] = e' 'd["run"]["id"] = e' \
	'd["env"]["cpu"]["model"] = e' 'd["env"]["kernel"]["release"] = e' \
	'p[0].update(verdict="fail", reason=e, id=e)' \
	'p[1].update(verdict="skip", reason=e)' \
	'p[2].update(verdict="crash", reason=e, repeat=e)' \
	'p[3].update(verdict="fail", reason="=cmd", expected_failure=e)' \
	'p[4].update(verdict="skip", reason="@SUM(A1)")'
each "hostile names" evil.json
harmless()
{
	"$python" -c 'import sys, unicodedata
text = open(sys.argv[1], "rb").read().decode()
bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf")} - set("\r\n\t")
sys.exit(f"{bad}" if bad else 0)' "$1"
}
for format in $formats; do
	check "hostile names: $format has no control characters" \
		harmless "$format.out"
done
check "no cell of the CSV is a formula" count csv.out ',"[=@+-]' 0

# Nothing to export is no error of a format
forge none.json 'd["results"] = []'
each "no results" none.json

# Each reader has been seen to refuse
broken()
{
	sed "$2" "$1.out" >broken.out
	! cmp -s "$1.out" broken.out && ! read_back "$1" broken.out bad.json
}
each "again" bad.json >/dev/null
tests=$((tests - 14))
check "bencher's reader refuses" broken bencher 's/"value"/"valu"/'
check "github's reader refuses" broken github '0,/"name"/s//"nam"/'
check "go's reader refuses" broken go 's,/op,,'
check "csv's reader refuses" broken csv '3s/,/;/'
check "ktap's reader refuses" broken ktap 's/^ok 7 /ok 8 /'
if "$python" -c 'import prometheus_client, junitparser' 2>/dev/null; then
	check "openmetrics' reader refuses" broken openmetrics '/EOF/d'
	check "junit's reader refuses" broken junit '0,/<failure/s//<skipped/
		0,/<.failure/s//<\/skipped/'
fi

# Refusals
for bad in "" "--format csv" "--format xml run" "run" "--format go no.json" \
	   "--format go run run" "--format csv run -o no/such/place"; do
	# shellcheck disable=SC2086
	vmgauge export $bad
	check "export $bad: refused in one line" refused
done
vmgauge export --format xml run
# shellcheck disable=SC2086
check "an unknown format: the known ones are named" refused $formats
forge later.json 'd["schema"] = "vmgauge-result/2"'
vmgauge export --format csv later.json
check "a later schema: refused" refused later.json upgrade
if have_namespace; then
	# shellcheck disable=SC2016
	capture "${namespace[@]}" bash -c '
		mkdir -p disk && mount -t tmpfs -o size=8k tmpfs disk || exit 99
		"$0" export --format csv run -o disk/x; code=$?
		ls -A disk >left; exit $code' "$VMGAUGE"
	check "a full disk: refused" refused disk/x "disk full"
	check "and nothing half-written" [ ! -s left ]
else
	skip "a full disk" "file systems cannot be mounted here"
fi
vmgauge export --help
check "--help" exited 0
check "names every format" says openmetrics
finish
