#!/bin/bash
# A disk that fills up in the middle of a run costs what was not finished and
# nothing else: the journal keeps every whole record, the run says how to go
# on, and when there is space again it does.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"

have_namespace || skip_all "file systems cannot be mounted here"

# small BYTES ARG...: vmgauge on a disk of that size, then, after the disk has
# grown, once more to resume. What is on the disk at both times is copied out.
small()
{
	capture "${namespace[@]}" bash -c '
		mkdir -p disk && mount -t tmpfs -o size="$1" tmpfs disk || exit 99
		size=$1 program=$2; shift 2
		"$program" "$@" >first.out 2>first.err; echo $? >first.code
		cp -r disk first; df --output=avail disk | tail -1 >first.left
		mount -o remount,size=64m disk
		"$program" run --resume disk/run >second.out 2>second.err
		echo $? >second.code
		cp -r disk second' small "$1" "$VMGAUGE" "${@:2}"
	code=$(cat first.code)
	cp first.err "$err"
}

again()
{
	code=$(cat second.code)
	cp second.err "$err"
}

whole_lines()
{
	[ -s "$1" ] && [ "$(tail -c 1 "$1" | od -An -c | tr -d ' ')" = '\n' ]
}

continued()
{
	cmp -n "$(stat -c %s first/run/journal.jsonl)" \
		first/run/journal.jsonl second/run/journal.jsonl
}

items=$("$VMGAUGE" list --names 'exit/*' | wc -l)

small 200k run --target null --quick --seed 5 -o disk/run 'exit/*'
check "a full disk in the middle of a run is refused in one line" \
	refused journal.jsonl "disk full" --resume disk/run
check "what was finished is kept" \
	holds first/run/journal.jsonl 'len(d) > 10'
check "and nothing half-written beside it" \
	[ "$(ls -A first/run)" = journal.jsonl ]
check "the journal ends with a whole record" \
	whole_lines first/run/journal.jsonl
again
check "with space again, the run is finished" judged
check "from the first byte the journal is the same" continued
check "the document is complete" holds second/run/result.json \
	'd["run"]["complete"] and d["run"]["resumed"] == 1' \
	"len({x['id'] for x in d['results']}) == $items"
check "and valid" valid second/run/result.json
check "the report is there" [ -s second/run/report/index.html ]

# The journal fits, the document does not.
rm -rf first second
"$VMGAUGE" run --target null --quick --seed 5 -o whole 'exit/*' >"$out" 2>"$err"
size=$(stat -c %s whole/journal.jsonl)
small $(((size / 4096 + 6) * 4))k run --target null --quick --seed 5 \
	-o disk/run 'exit/*'
check "no room for the document: refused in one line" \
	refused "disk full" --resume disk/run
check "nothing half-written beside the journal" \
	[ "$(ls -A first/run)" = journal.jsonl ]
again
check "with space again, it is written" exited 0
check "and complete" holds second/run/result.json 'd["run"]["complete"]'
check "no new measurement was needed" \
	cmp <(measured first/run/journal.jsonl) \
	<(measured second/run/journal.jsonl)

# The document fits, the report does not.
rm -rf first second
size=$((size + $(stat -c %s whole/result.json)))
small $(((size / 4096 + 10) * 4))k run --target null --quick --seed 5 \
	-o disk/run 'exit/*'
check "no room for the report: refused in one line" refused "report"
check "the document is there" valid first/run/result.json
check "and no half of a report" [ ! -e first/run/report/index.html ]
again
check "with space again, it is written" exited 0
check "whole" [ -s second/run/report/index.html ]
finish
