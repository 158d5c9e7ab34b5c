#!/bin/bash
# The differential instruction test: a mutant is found and made small, what
# hangs costs a deadline and no more, and a finding can be run again.
. "$(dirname "$0")/lib.sh"

# Bad input names the option, the value and the mend.
bad()
{
	vmgauge differ "$1" "$2"
	check "refused: $1 $2" refused "$1 '$2'" "$3"
}
bad --where native "two places are wanted"
bad --where , "two places are wanted"
bad --seconds 0 "give seconds"
bad --seconds nan "give seconds"
bad --count 0 "give a whole number"
bad --seed -1 "give a whole number"
bad --deadline 5 "give a whole number from 10"
bad --inject cpl3:r99 "give PLACE:WHAT"
bad --inject nowhere:rax "give PLACE:WHAT"
vmgauge differ --where native,ring9
check "refused: a place that is none" refused "--where 'ring9'" "give some of"
vmgauge differ more
check "an argument is one too many" refused "'more'"
vmgauge differ --replay nothing.json
check "a replay of nothing" refused nothing.json
vmgauge differ --replay nothing.json --seed 1
check "a replay has its own sequences" refused --replay --seed

native_only()
{
	vmgauge differ --where native,cpl3 --seed 1 "$@"
}

# Whoever changes a file by hand hears which part is wrong.
malformed()
{
	"$python" - "$1" "$2" <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1]))
		f = d["findings"][0]
		edits = {
		    "format": lambda: d.update(format="other"),
		    "findings": lambda: d.update(findings=5),
		    "place": lambda: f.update(place="ring9"),
		    "units": lambda: f["units"][0][0].update(bytes="zz"),
		    "state.slot": lambda: f["state"].update(slot=64),
		    "state.gpr": lambda: f["state"]["gpr"].pop("rax"),
		    "state.rflags": lambda: f["state"].update(rflags=2),
		    "state.xsave": lambda: f["state"].update(xsave="00"),
		    "state.data": lambda: f["state"].pop("data"),
		    "state.stack": lambda: f["state"].update(stack="0" * 1023),
		}
		edits[sys.argv[2]]()
		json.dump(d, open("bad.json", "w"))
	END
	vmgauge differ --replay bad.json
	refused bad.json "$2"
}

have_kvm || {
	native_only --count 1
	check "without /dev/kvm it says so" refused /dev/kvm
	finish
	exit 0
}

# What this machine's KVM gets wrong is not this test's matter: each mutant is
# looked for among sequences of its own.
count()
{
	"$python" -c '
import json, sys
d = json.load(open(sys.argv[1]))
print(sum(eval("(" + sys.argv[2] + ")", {"f": f}) for f in d["findings"]))' \
		"$1" "$2"
}

# mutant NAME INJECT EXPRESSION: all such findings are one instruction.
mutant()
{
	local many one

	native_only --count 192 --inject "$2" -o "$1.json" --deadline 100
	check "$1: differences are exit code 1" exited 1
	many=$(count "$1.json" "$3")
	one=$(count "$1.json" "$3 and len(f['units']) == 1 and any(
		i['text'].startswith('${2##*:}') for i in f['units'][0])")
	check "$1: found, each made as small as its unit ($one of $many)" \
		[ "$many" -gt 0 ] && check "$1: ... all" [ "$one" = "$many" ]
}
mutant register cpl3:rbx:xor "f['kind'] == 'register'"
mutant flag cpl3:cf:movzx "f['kind'] == 'flags'"
mutant memory cpl3:memory:lea "f['kind'] == 'memory'"
mutant vector cpl3:xmm3:xchg "f['kind'] == 'vector'"

native_only --count 32 --inject cpl3:hang:push -o hang.json --deadline 50
check "the document is as its schema says" valid register.json hang.json
sed 's/"repeats": *true/"repeats": 1/' register.json >spoilt.json
check "... which tells what is none" [ \
	"$(valid register.json spoilt.json | grep -c '^not ok')" -eq 1 ]
check "a hang is a finding" [ "$(count hang.json "f['kind'] == 'hung'")" -gt 0 ]
check "... and all sequences had their turn" says "sequences 0 to 31"
vmgauge differ --where native,cpl3 --seed 1 --count 32 --deadline 50 \
	--inject native:hang:push -o hang.json
check "so is one of the reference" \
	[ "$(count hang.json "'(the reference)' in f['note']")" -gt 0 ]

# Without its mutant the finding is none; with it, it is there again.
"$python" - <<'END'
import json
d = json.load(open("register.json"))
d["findings"] = [f for f in d["findings"] if f["kind"] == "register"][:1]
json.dump(d, open("one.json", "w"))
END
vmgauge differ --replay one.json
check "a replay without the mutant finds nothing" exited 0
vmgauge differ --replay one.json --inject cpl3:rbx:xor
check "with it, it still differs" exited 1
check "... and says so" says "1 of 1 findings still differ"
for what in format findings place units state.slot state.gpr state.rflags \
	    state.xsave state.data state.stack; do
	check "a file with a wrong $what is refused" malformed one.json $what
done
check "a finding has a probe's source" holds one.json \
	"'PROBE(' in d['findings'][0]['probe']" \
	"'.byte' in d['findings'][0]['probe']"

# The same seed, the same sequences; and a limit is kept.
native_only --count 128 --inject cpl3:rbx:xor -o a.json
native_only --count 128 --inject cpl3:rbx:xor -o b.json
same()
{
	"$python" -c '
import json
a, b = (json.load(open(x)) for x in ("a.json", "b.json"))
key = lambda d: [(f["index"], f["code"], f["kind"]) for f in d["findings"]]
assert key(a) == key(b)'
}
check "the same seed finds the same" same
vmgauge differ --seconds 2 --deadline 50 -o all.json
check "all places, within their time" [ "$elapsed_ms" -lt 60000 ]
check "... and a code of its own" judged
vmgauge differ --count 16 -o all.json
check "every place ran" holds all.json \
	"all(d['places'][p]['run'] > 8
	     for p in ('native', 'cpl3', 'cpl0', 'mmio'))"
vmgauge differ --count 64 -o /nowhere/x.json
check "a place that cannot be written to is told before" refused /nowhere
finish
