#!/bin/bash
# Whatever is wrong with what vmgauge is given, it says so in one line that
# names the thing and the mend, ends with exit code 2, and leaves nothing
# half-written and nothing finished lost.
. "$(dirname "$0")/lib.sh"

bench=(bench --target null --instances 3)
limit_s=60

# refuses NAME TEXT... -- ARG...: that command is refused with these words.
refuses()
{
	local name=$1 text=()

	shift
	while [ "$1" != -- ]; do
		text+=("$1")
		shift
	done
	shift
	vmgauge "$@"
	check "$name" refused "${text[@]}"
}

# --- words on the command line
refuses "unknown verb" "'frobnicate'" run report -- frobnicate
for verb in info list explain bench conform run report soak; do
	refuses "$verb: unknown option" --frobnicate --help -- \
		$verb --frobnicate
done
refuses "option without its value" "--seed" -- bench --seed
for verb in bench list explain; do
	refuses "$verb: a name that is nearly one: it is suggested" \
		"'exit/cpiud'" "exit/cpuid" -- $verb exit/cpiud
done
refuses "one glob that matches does not hide one that does not" \
	"'nowhere/*'" "near names" "vmgauge list" -- \
	bench exit/cpuid 'nowhere/*'
refuses "a probe is no bench" "near names" -- \
	bench 'fidelity/msr/*'
refuses "explain without an item" "vmgauge list" -- explain
for value in 0 -1 x '1,' '' 99999999999999999999; do
	refuses "--vcpus '$value'" --vcpus -- bench --vcpus "$value"
done
for value in 1 0,1 x '' 0,3,3; do
	refuses "--ring '$value'" "--ring '$value'" "0,3" -- \
		bench --ring "$value"
done
for value in 0 -1 x 1x '' 99999999999999999999; do
	refuses "--seed '$value'" "--seed '$value'" "whole number" -- \
		bench --seed "$value"
done
for value in 0 -5 x nan inf '' 1e9; do
	refuses "--budget '$value'" "--budget '$value'" "seconds" -- \
		bench --budget "$value"
done
for value in 0 9 x '' 1000000; do
	refuses "--deadline '$value'" "--deadline '$value'" "whole number" -- \
		bench --deadline "$value"
done
for value in 0 x 1001; do
	refuses "--instances '$value'" "--instances '$value'" "whole number" \
		-- bench --instances "$value"
done
refuses "unknown policy" "nowhere" "compact, scatter" -- \
	bench --policy nowhere
refuses "unknown target" "'nowhere'" "vmgauge list --targets" -- \
	bench --target nowhere
refuses "target: the empty name" "''" "vmgauge list --targets" -- \
	bench --target ''
for option in cost=x cost=-1 cost=nan speed=1 cost end=never shape=round; do
	refuses "--target null:$option" "'$option'" "cost=" -- \
		bench --target "null:$option"
done
refuses "kvm takes no options that it does not know" "kvm" "frob" -- \
	bench --target kvm:frob=1
refuses "no item at the ring that is asked for" "--ring" -- \
	bench exit/hlt_userspace --ring 3
refuses "--resume is run's" "--resume" "run" -- "${bench[@]}" --resume . exit/cpuid

# --- files that are to be read
"$VMGAUGE" "${bench[@]}" -o good.json exit/cpuid >/dev/null
check "a good document to spoil" valid good.json

report_refuses()
{
	local name=$1 file=$2

	refuses "report: $name" "$file" "${@:3}" -- report "$file" -o page
	check "report: $name: nothing was made" nothing_at page
}

head -c 3000 good.json >truncated.json
printf '{"schema": "vmgauge-result/1"}\n' >hollow.json
printf '{"fio version": "fio-3.33", "jobs": []}\n' >foreign.json
sed 's|vmgauge-result/1|vmgauge-result/2|' good.json >later.json
sed 's|"results":\[|"results":[{"id":1},|' good.json >wrong.json
: >empty.json
head -c 5000 /dev/urandom >noise.json
printf '[1, 2]\n' >list.json
python_nest='import sys; sys.stdout.write("[" * 100000)'
"$python" -c "$python_nest" >deep.json
report_refuses "a file that is not there" nothing.json "check the name"
report_refuses "a directory" tmp
report_refuses "an empty file" empty.json
report_refuses "a truncated file" truncated.json
report_refuses "noise" noise.json
report_refuses "JSON that is no object" list.json
report_refuses "JSON nested without end" deep.json
report_refuses "another program's JSON" foreign.json
report_refuses "a document of a later version" later.json "2"
report_refuses "a document without content" hollow.json
report_refuses "a document with a result that is none" wrong.json
refuses "report: one bad file among good ones" truncated.json -- \
	report good.json truncated.json -o page
check "and nothing was made" nothing_at page
refuses "report: no -o" "-o DIR" -- report good.json
refuses "report: no file" "result files" -- report -o page

unreadable()
{
	chmod 000 locked.json
	if [ "$(id -u)" -eq 0 ]; then
		chmod 755 "$work"
		capture setpriv --reuid 65534 --regid 65534 --clear-groups \
			"$VMGAUGE" report locked.json -o tmp/page
	else
		vmgauge report locked.json -o tmp/page
	fi
}
cp good.json locked.json
unreadable
check "report: a file that may not be read" refused locked.json "ermission"

refuses "--expect: a file that is not there" nothing.tsv -- \
	conform --target null --expect nothing.tsv
refuses "--resume: a directory that is not there" nowhere -- \
	run --resume nowhere
mkdir other
refuses "--resume: a directory without a run" other -- run --resume other
printf '{"journal":"somebody-else/1"}\n' >other/journal.jsonl
refuses "--resume: a foreign journal" other/journal.jsonl -- \
	run --resume other
printf 'MZ' >other/journal.jsonl
refuses "--resume: no journal at all" other/journal.jsonl -- \
	run --resume other
: >other/journal.jsonl
refuses "--resume: an empty journal" other/journal.jsonl -- \
	run --resume other

# --- places to write to
: >file
refuses "-o below a directory that is not there" nowhere/x.json -- \
	"${bench[@]}" -o nowhere/x.json exit/cpuid
check "it was not made" nothing_at nowhere
refuses "-o below a file" file/x.json -- "${bench[@]}" -o file/x.json exit/cpuid
mkdir full
refuses "-o names a directory" full -- "${bench[@]}" -o full exit/cpuid
check "nothing was left in it" [ -z "$(ls -A full)" ]
refuses "run: -o below a file" file/x -- \
	run --target null -o file/x exit/cpuid
refuses "run: -o names a file" file -- run --target null -o file exit/cpuid
check "the file is what it was" [ ! -s file ]
refuses "report: -o below a file" file/x -- report good.json -o file/x
refuses "what cannot be written is known before measuring" nowhere/x.json -- \
	bench --target null:end=hang --deadline 300000 -o nowhere/x.json \
	exit/cpuid --ring 0
check "at once, that is" [ "$elapsed_ms" -lt 60000 ]
vmgauge run --target null --quick -o taken exit/cpuid
before=$(cat taken/* 2>/dev/null | sha256sum)
refuses "run: -o names a run that is there" taken --resume -- \
	run --target null --quick -o taken exit/cpuid
check "and that is left alone" \
	[ "$(cat taken/* 2>/dev/null | sha256sum)" = "$before" ]

capture bash -c '"$@" >/dev/full' sh "$VMGAUGE" "${bench[@]}" exit/cpuid
check "standard output that is full is not success" exited 2
check "and is said" complains "vmgauge: "
capture bash -c '"$@" >/dev/full' sh "$VMGAUGE" list
check "list: the same" exited 2
capture bash -c '"$@" >/dev/full' sh "$VMGAUGE" conform --target null
check "conform: the same" exited 2

# --- a limit on file sizes stands in for a quota
capture bash -c 'ulimit -f 1; "$@"' sh "$VMGAUGE" "${bench[@]}" -o limited.json \
	exit/cpuid
check "a document over the file size limit" refused limited.json "ulimit -f"
check "nothing half-written" nothing_at limited.json
cp good.json kept.json
capture bash -c 'ulimit -f 1; "$@"' sh "$VMGAUGE" "${bench[@]}" -o kept.json \
	exit/cpuid
check "over an older document" refused kept.json
check "that is kept" cmp good.json kept.json
finish
