#!/bin/bash
# A terminal is shown more than a pipe: tables that fit it, dots, sparklines,
# color, and a progress line. Where it cannot show them there is the plain text,
# byte for byte.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"

export TERM=xterm-256color
unset COLUMNS

# on COLUMNS ARG...: vmgauge on a terminal of that width.
on()
{
	capture "$python" "$root/ci/e2e/on_terminal.py" "$1" "$VMGAUGE" "${@:2}"
}

fits()
{
	! sed 's/\x1b\[[0-9;]*[mK]//g; s/.*\r//' "$out" |
		grep -E "^.{$(($1 + 1)),}"
}

has_dots()
{
	grep -q '─*●─*' "$out"
}

has_escapes()
{
	grep -q $'\x1b' "$out"
}

ascii()
{
	! LC_ALL=C grep -q '[^ -~]' "$out"
}

not()
{
	! "$@"
}

# plain NAME WIDTH ARG...: what the terminal shows is what a pipe gets.
plain()
{
	vmgauge "${@:3}"
	cp "$out" piped
	on "$2" "${@:3}"
	check "$1" cmp "$out" piped
}

null=(bench --target null --instances 11)
vmgauge "${null[@]}" --seed 1 -o a.json 'exit/c*' 'exit/pio_*'
vmgauge "${null[@]}" --seed 1 --target null:cost=2600 -o b.json 'exit/c*' \
	'exit/pio_*'
gate=(compare a.json b.json --across "software,mutants")
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	cost=$((i > 6 ? 2600 : 2000))
	vmgauge "${null[@]}" --seed $i --target null:cost=$cost -o h$i.json \
		exit/cpuid --ring 0
	sed -i "s/\"started\": *\"20..-..-../\"started\": \"2030-01-$((10 + i))/" \
		h$i.json
done
vmgauge history --store s.sqlite add h*.json
check "the store has what is to be shown" exited 0

# What is measured twice is not the same twice: tables of documents are.
for verb in compare list show; do
	case $verb in
	compare) args=("${gate[@]}") wrong=1 ;;
	*)	 args=(history --store s.sqlite "$verb") wrong=0 ;;
	esac
	for width in 80 140; do
		on $width "${args[@]}"
		check "$verb on $width columns exits as ever" exited $wrong
		check "no line of it is longer" fits $width
		TERM=dumb plain "$verb on a dumb terminal is plain" $width \
			"${args[@]}"
	done
	on 140 "${args[@]}"
	check "$verb is in color" has_escapes
	cp "$out" colored
	NO_COLOR=1 on 140 "${args[@]}"
	check "none with NO_COLOR" not has_escapes
	cp "$out" uncolored
	check "which changes nothing else" \
		cmp uncolored <(sed 's/\x1b\[[0-9;]*m//g' colored)
	NO_COLOR='' on 140 "${args[@]}"
	check "an empty NO_COLOR is none" cmp "$out" colored
	on 140 "${args[@]}" --no-color
	check "nor with --no-color" cmp "$out" uncolored
	LC_ALL=C on 140 "${args[@]}" --no-color
	check "$verb in a locale without UTF-8 is ASCII" ascii
	TERM='' plain "$verb on an unknown terminal is plain" 140 "${args[@]}"
	vmgauge "${args[@]}"
	cp "$out" piped
	TERM=dumb COLUMNS=60 NO_COLOR=1 LC_ALL=C vmgauge "${args[@]}"
	check "$verb to a pipe hangs on no setting" cmp "$out" piped
	check "and has no escape" not has_escapes
done

on 140 "${gate[@]}"
check "compare draws changes with their intervals" has_dots
check "what is worse is red" grep -q $'\x1b\[31m.*regressed' "$out"
vmgauge "${gate[@]}"
grep -o '^exit/[^ ]* ring=[03]' "$out" | sort >rows
check "there are rows to be shown" [ -s rows ]
on 80 "${gate[@]}"
check "every row stands in the narrow one, too" cmp rows \
	<(grep -o '^exit/[^ ]* ring=[03]' "$out" | sort)
on 140 history --store s.sqlite show
check "history draws a series, and where it changed" \
	grep -q '[▁▂▃▄]\{4\}│[▅▆▇█]\{4\}' "$out"
on 140 history --store s.sqlite show -o shown
vmgauge history --store s.sqlite show
check "a file gets plain text, wherever standard output goes" \
	cmp shown "$out"

# A document is foreign: what it says moves no cursor.
sed 's/"exit\/cpuid"/"exit\/cp\\u001b[2Juid\\u009b31m"/' a.json >hostile.json
NO_COLOR=1 on 100 compare hostile.json hostile.json --across software
check "escapes in a document are shown, not obeyed" not has_escapes

for width in 80 140; do
	on $width "${null[@]}" 'exit/*'
	check "bench on $width columns succeeds" exited 0
	sed -i 's/.*\r\x1b\[K//; s/\x1b\[[0-9;]*m//g' "$out"
	check "no line of it is longer" fits $width
	check "every bench is in it" \
		[ "$(grep -c '^exit/' "$out")" -gt 40 ]
done
check "bench draws its medians" has_dots
on 80 "${null[@]}" --no-color 'memory/*'
check "the reason of a skip is whole, on lines that fit" fits 80

on 100 "${null[@]}" --budget 3 exit/cpuid scale/compute --vcpus 4
check "progress tells how far and how long still" \
	grep -qE $'\r\\[[0-9]+/[0-9]+\\] about [0-9]+ s left: ' "$out"
check "and how many vCPUs" grep -q 'left: scale/[a-z_]* x4 ring' "$out"
check "the line is gone in the end" not grep -qE 's left[^\r]*$' "$out"
on 44 "${null[@]}" exit/mmio_userspace_read
check "on a narrow terminal it is cut and does not wrap" \
	awk 'BEGIN { RS = "\r" } /left:/ { sub(/\033.*/, "")
		if (length($0) > 43) exit 1; n++ } END { exit !n }' "$out"
TERM=dumb on 80 "${null[@]}" exit/cpuid
check "a dumb terminal has no progress line" not grep -q ' left: ' "$out"
check "and no escape" not has_escapes
vmgauge "${null[@]}" exit/cpuid
check "nor has a pipe" [ ! -s "$err" ]
check "a terminal's table is none of a pipe's" not has_escapes
finish
