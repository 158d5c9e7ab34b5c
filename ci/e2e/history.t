#!/bin/bash
# history keeps what many runs measured, finds the run that changed it, judges
# the newest by its own past, and loses nothing whatever happens meanwhile.
. "$(dirname "$0")/lib.sh"

export XDG_DATA_HOME=$work/data
"$VMGAUGE" bench --target null --ring 3 exit/cpuid -o one.json >/dev/null

# forge DIR COUNT STATEMENT...: documents of a host whose three benches have a
# noise of 1 %. In a statement `i` is the run, `d` the document, `r` its results
# and scale(result, factor) changes one. Days follow each other.
forge()
{
	"$python" - "$@" <<-'END'
		import copy, json, os, random, statistics, sys
		where, count = sys.argv[1], int(sys.argv[2])
		draw = random.Random(where)
		one = json.load(open("one.json", encoding="utf-8"))
		one["env"]["backend"].update(times_meaningful=True,
		                             software_host=None)
		os.makedirs(where, exist_ok=True)
		def scale(result, by):
		    for key in "instances", "samples":
		        result[key] = [[x * by for x in v] if key == "samples"
		                       else v * by for v in result[key]]
		    for at in "low", "high":
		        result["ci"][at] *= by
		    result["median"] *= by
		def bench(name, mean):
		    run = mean * draw.gauss(1, 0.01)
		    v = [run * draw.gauss(1, 0.005) for _ in range(11)]
		    return dict(one["results"][0], id="exit/" + name,
		        samples=[[x] for x in v], instances=v, n=[1, 11],
		        median=statistics.median(v), ci={"low": sorted(v)[1],
		        "high": sorted(v)[9], "level": 0.988})
		for i in range(count):
		    d = copy.deepcopy(one)
		    day = f"2026-{1 + i // 28:02d}-{1 + i % 28:02d}"
		    d["run"].update(id=f"{where}-{i}", started=day + "T00:00:00Z")
		    r = d["results"] = [bench("a", 1000), bench("b", 50),
		                        bench("c", 9e6)]
		    for code in sys.argv[3:]:
		        exec(code)
		    with open(f"{where}/{i:03d}.json", "w", encoding="utf-8") as f:
		        json.dump(d, f)
	END
}

# asked STORE SQL TEXT: what SQLite itself answers.
asked()
{
	"$python" - "$@" <<-'END'
		import sqlite3, sys
		got = sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()
		print(got)
		sys.exit(str(got[0][0]) != sys.argv[3])
	END
}

whole()
{
	asked "$1" "PRAGMA integrity_check" ok &&
		asked "$1" "SELECT count(*) FROM document d WHERE results !=
			(SELECT count(*) FROM point WHERE document=d.id)" 0
}

# the content, wherever in the file it lies
content()
{
	"$python" -c 'import sqlite3, sys
for line in sqlite3.connect(sys.argv[1]).iterdump():
    print(line)' "$1"
}

same_content()
{
	content "$1" | cmp - "$2"
}

nothing_beside()
{
	[ -z "$(compgen -G "$1-*"; compgen -G "$1.*.new")" ]
}

# added N COMPLETED THERE
added()
{
	says ": $1 added, $2 completed, $3 there already"
}

default=$XDG_DATA_HOME/vmgauge/history.sqlite
forge plain 40
forge slow 20 'scale(r[0], 1.1)' 'd["run"].update(started=f"2026-03-{i+1:02d}"
	"T00:00:00Z")'

# What is said before there is anything
vmgauge history list
check "no store yet: exit code 2 and the mend" \
	refused "$default" "vmgauge history add"
check "and none is made" [ ! -e "$default" ]
vmgauge history add plain/*.json
check "results are added" exited 0
check "and counted" added 40 0 0
check "by default into the XDG data directory" whole "$default"
check "nothing lies beside it" nothing_beside "$default"
vmgauge history add plain/*.json
check "adding them again: exit code 0" exited 0
check "and nothing happens" added 0 0 40
"$python" -c 'import json
json.dump(json.load(open("plain/000.json")), open("copy.json", "w"), indent=3)'
vmgauge history add copy.json
check "another layout of the same result is the same" added 0 0 1
mkdir -p run && cp plain/000.json run/result.json
vmgauge history add run
check "a directory stands for its result.json" added 0 0 1
vmgauge history list
check "list has a line a run" [ "$(grep -c '^2026-.*plain-' "$out")" -eq 40 ]
vmgauge history gate
check "gate: nothing is worse" exited 0
check "and each bench is judged" [ "$(grep -c '^exit/[abc] ' "$out")" -eq 3 ]
check "by runs, not by the least floor" says " of each bench those since"

# A change, and who brought it
vmgauge history add slow/000.json
vmgauge history gate -o gate.json
check "10 % slower: gate exits with 1" exited 1
check "and names the bench" grep -q '^exit/a .*regressed' "$out"
check "as JSON, too" holds gate.json 'd["worse"]' \
	"[x['id'] for x in d['results'] if x['worse']] == ['exit/a']"
vmgauge history gate plain-30
check "an earlier run is judged by what was before it" exited 0
vmgauge history gate --threshold 15
check "below the threshold it is no change" exited 0
vmgauge history gate --markdown
check "gate --markdown" says "### vmgauge compare: something is worse"
vmgauge history gate --tap
check "gate --tap" says "not ok 1 - exit/a"
vmgauge history add slow/*.json
vmgauge history show
check "show names the run that introduced it" \
	grep -q 'slow-0 .* worse (p 0.00' "$out"
check "and no other" [ "$(grep -c ' (p ' "$out")" -eq 1 ]
cp "$out" first.out
vmgauge history show
check "the same twice" cmp first.out "$out"
vmgauge history show exit/b
check "show of one item" [ "$(grep -c 'change points$' "$out")" -eq 1 ]
check "with no change" says ", 0 change points"
vmgauge history show exit/a --points
check "--points shows every one" [ "$(grep -c '^    2026' "$out")" -eq 60 ]
check "and no line ends in blanks" eval '! grep -q " $" "$out"'
vmgauge history gate
check "what is old is no longer new: exit code 0" exited 0

# What it draws and exports
vmgauge history plot -o plot.svg
check "plot" exited 0
well_formed()
{
	"$python" -c 'import sys, xml.dom.minidom
xml.dom.minidom.parse(sys.argv[1])' "$1"
}
if command -v gnuplot >/dev/null; then
	check "is SVG" well_formed plot.svg
	check "has a panel a series" \
		[ "$(grep -c '(cycles), host' plot.svg)" -eq 3 ]
	check "tells the change" grep -q '+1[01]\.[0-9] %' plot.svg
	check "leaves nothing in TMPDIR" [ -z "$(ls -A tmp)" ]
fi

capture env PATH="$work" "$VMGAUGE" history plot -o none.svg
check "without gnuplot: refused with the package" refused gnuplot-nox
check "and no file" nothing_at none.svg
vmgauge history export --format json -o history.jsonl
check "export as JSON" exited 0
changes()
{
	"$python" -c 'import json
for line in open("history.jsonl"):
    d = json.loads(line)
    assert len(d["points"]) == 60, d["item"]
    want = ["slow-0"] if d["item"] == "exit/a" else []
    assert [x["run"] for x in d["changes"]] == want, d["changes"]
    for x in d["changes"]:
        assert x["worse"] and 1.08 < x["ratio"] < 1.12, x'
}
check "with each change, its run and its size" changes
vmgauge history export exit/a -o history.csv
rows()
{
	"$python" -c 'import csv, json, sys
rows = list(csv.DictReader(open("history.csv", newline="")))
assert len(rows) == 60
for i in range(40):
    want = json.load(open(f"plain/{i:03d}.json"))["results"][0]["median"]
    assert abs(float(rows[i]["median"]) / want - 1) < 1e-9
    assert json.loads(rows[i]["params"]) == {"ring": 3}'
}
check "export as CSV reads back" rows

# Another host in the middle
forge kernel 12 'd["env"]["kernel"]["release"] = "9.9.9"' \
	'd["env"]["fingerprint"] = "00000000deadbeef"' \
	'd["run"].update(started=f"2026-04-{i+1:02d}T00:00:00Z")' \
	'scale(r[1], 1.2)'
vmgauge history add kernel/000.json
vmgauge history gate
check "the first run of another kernel cannot be judged" \
	refused "kernel-0" "60 earlier runs" "--across kernels"
vmgauge history gate --across kernels
check "unless that is the question" exited 1
check "which then finds the bench" grep -q '^exit/b .*regressed' "$out"
vmgauge history add kernel/*.json
vmgauge history show
check "each fingerprint has its own series" \
	[ "$(grep -c 'change points$' "$out")" -eq 6 ]
check "and the change of it is said" grep -q \
	'note: the fingerprint of host .* changed with kernel-0: env.kernel' \
	"$out"
vmgauge history list
check "in the list, too" says "changed with kernel-0"
vmgauge history show --across kernels exit/b
check "joined, the kernel is what changed" \
	grep -q 'kernel-0 .* worse .*env.kernel.release .* to 9.9.9' "$out"
vmgauge history show --host 00000000dead exit/b
check "--host chooses one" [ "$(grep -c 'change points$' "$out")" -eq 1 ]
forge build 1 'd["vmgauge"]["image_sha256"] = "f" * 64' \
	'd["run"].update(started="2026-05-01T00:00:00Z")' \
	'd["env"]["fingerprint"] = "00000000deadbeef"'
vmgauge history add build/000.json
vmgauge history gate
check "another guest image: refused" refused "first of its guest image" \
	"--across builds"
vmgauge history gate --across builds
check "unless allowed" judged
forge nohost 1 'd["env"]["fingerprint"] = None' \
	'd["run"].update(started="2026-06-01T00:00:00Z")'
vmgauge history add nohost/000.json
vmgauge history gate
check "a result of an unknown host is kept but not judged" \
	refused "nohost-0" "which host"

# Verdicts
forge fails 3 'd["run"].update(started=f"2026-07-{i+1:02d}T00:00:00Z")' \
	'r.append(dict(r[0], id="exit/d")) if i < 1 else r.append(dict(r[0],
	id="exit/d", verdict="hang", reason="no answer"))'
vmgauge history add --store v.db fails/*.json
vmgauge history gate --store v.db fails-1
check "newly hanging: exit code 1" exited 1
check "and said with the reason" says "newly hanging: no answer"
vmgauge history gate --store v.db
check "as wrong as it was: exit code 0" exited 0

# A run of which a part was added when it was not finished
forge part 1 'd["run"]["complete"] = False; del r[2]'
cp part/000.json part/cut.json
forge part 1
vmgauge history add --store p.db part/cut.json
vmgauge history add --store p.db part/000.json
check "a resumed run takes its part's place" added 0 1 0
check "whole" asked p.db "SELECT count(*) FROM point" 3

# What is no result is refused by name, and changes nothing
content "$default" >before.dump
forge bad 8 'd.update(schema="vmgauge-result/2") if i == 0 else 0' \
	'r[0]["samples"].__setitem__(3, [-5.0]) if i == 1 else 0' \
	'r[0]["instances"].__setitem__(3, 1e25) if i == 2 else 0' \
	'r[0]["samples"].__setitem__(3, [1e25]) if i == 3 else 0' \
	'r[0].update(median=float("nan")) if i == 4 else 0' \
	'r.append(r[0]) if i == 5 else 0' \
	'd["run"].update(started="soon") if i == 6 else 0' \
	'r[0].update(median=float("inf")) if i == 7 else 0'
refusal()
{
	vmgauge history add "$1"
	shift
	check "$1: refused by name" refused "${@:2}"
	check "$1: the store is as it was" same_content "$default" before.dump
}
refusal bad/000.json "a later schema" bad/000.json "schema 2" upgrade
refusal bad/001.json "negative samples" bad/001.json exit/a "negative"
refusal bad/002.json "absurd instances" bad/002.json exit/a "1e+25"
refusal bad/003.json "absurd samples" bad/003.json exit/a "1e+25"
refusal bad/004.json "NaN" bad/004.json "not JSON"
refusal bad/007.json "an infinity" bad/007.json "not JSON"
refusal bad/005.json "a result twice" bad/005.json twice
refusal bad/006.json "no time" bad/006.json run.started
head -c 3000 plain/000.json >cut.json
refusal cut.json "a truncated file" cut.json truncated
refusal nothing.json "no file" nothing.json
forge good 2
vmgauge history add --store half.db good/000.json bad/001.json good/001.json
check "among good ones: refused" refused bad/001.json
check "what was before it is kept, and said" says "1 added"
check "whole" whole half.db

# What is no store
echo "not a database, but long enough to be taken for one at first" >text.db
cp text.db text.bak
vmgauge history add --store text.db plain/000.json
check "a text file as a store: refused" refused text.db "no SQLite file"
check "and left alone" cmp text.db text.bak
"$python" -c 'import sqlite3
c = sqlite3.connect("foreign.db"); c.execute("CREATE TABLE mine(x)"); c.commit()
c = sqlite3.connect("later.db"); c.execute(f"PRAGMA application_id={0x766d6768}")
c.execute("PRAGMA user_version=7"); c.execute("CREATE TABLE t(x)"); c.commit()'
cp foreign.db foreign.bak
vmgauge history add --store foreign.db plain/000.json
check "somebody else's SQLite file: refused" refused foreign.db "no history store"
check "and left alone" cmp foreign.db foreign.bak
vmgauge history list --store later.db
check "a later version: refused" refused later.db "store 7" upgrade
vmgauge history list --store "$work"
check "a directory: refused" refused "no regular file"
vmgauge history add --store no/such/place plain/000.json
check "no directory for it: refused" refused no/such/place
: >empty.db
vmgauge history list --store empty.db
check "an empty file has nothing to read" refused empty.db "empty"
vmgauge history add --store empty.db plain/000.json
check "but can become a store" whole empty.db
vmgauge history add --store :memory: plain/000.json
check "a name that SQLite reads otherwise is a file" [ -f :memory: ]
cp "$default" torn.db
"$python" -c 'f = open("torn.db", "r+b"); f.seek(4096); f.write(b"\xff" * 30000)'
vmgauge history show --store torn.db
check "a damaged store: refused" refused torn.db damaged

# Held by another process
"$python" - "$default" <<-'END' &
	import sqlite3, sys, time, os
	c = sqlite3.connect(sys.argv[1], isolation_level=None)
	c.execute("BEGIN IMMEDIATE")
	open("held", "w").close()
	while not os.path.exists("release"):
	    time.sleep(0.02)
	c.execute("ROLLBACK")
END
holder=$!
for _ in $(seq 500); do [ -e held ] && break; sleep 0.02; done
vmgauge history add --wait 1 slow/000.json good/000.json
check "held by another process: refused after --wait" \
	refused "$default" "another process holds" "1 s" "--wait"
check "and not before" [ "$elapsed_ms" -ge 900 ]
vmgauge history list
check "reading goes on" exited 0
(sleep 1; touch release) &
vmgauge history add --wait 30 slow/000.json
check "given more time, it waits until it is free" exited 0
wait "$holder"
check "unharmed" same_content "$default" before.dump

# Many at once, each a part and all of it
forge many 60
adders=()
for k in 0 1 2 3; do
	"$VMGAUGE" history add --store many.db "many/0${k}"*.json many/*.json \
		>many.$k.out 2>&1 &
	adders+=($!)
done
failed=0
for pid in "${adders[@]}"; do wait "$pid" || failed=1; done
check "four processes may add at once" [ $failed -eq 0 ]
check "each run is there once" asked many.db "SELECT count(*) FROM document" 60
check "whole" whole many.db

# Killed in the middle, again and again
forge kill 200
killed=0
torn=0
for delay in 0.02 0.05 0.08 0.1 0.13 0.16 0.2 0.25; do
	"$VMGAUGE" history add --store kill.db kill/*.json >/dev/null 2>&1 &
	pid=$!
	sleep $delay
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid 2>/dev/null
	[ -s kill.db ] || continue
	"$VMGAUGE" history list --store kill.db >/dev/null 2>"$err" ||
		grep -q empty "$err" || torn=1
	[ -n "$(content kill.db)" ] || continue
	whole kill.db >/dev/null || torn=1
done
check "killed $killed times" [ "$killed" -gt 2 ]
check "and always whole" [ $torn -eq 0 ]
vmgauge history add --store kill.db kill/*.json
check "adding again completes it" asked kill.db \
	"SELECT count(*) FROM document" 200
check "whole" whole kill.db

# Disks that fill up
vmgauge history add --store full.db plain/00*.json
# shellcheck disable=SC2016
capture bash -c 'ulimit -f 130; exec "$0" history add --store full.db "$@"' \
	"$VMGAUGE" kill/*.json
check "a file size limit: refused in one line" refused full.db \
	"limit on file sizes" "kept"
check "the store is whole" whole full.db
vmgauge history add --store full.db kill/*.json
check "with room again, the rest is added" \
	asked full.db "SELECT count(*) FROM document" 210
if have_namespace; then
	# shellcheck disable=SC2016
	capture "${namespace[@]}" bash -c '
		mkdir -p disk && mount -t tmpfs -o size=160k tmpfs disk || exit 99
		"$0" history add --store disk/h "$@"; code=$?
		cp disk/h* .; mount -o remount,size=64m disk
		"$0" history add --store disk/h "$@" >second.out 2>&1
		echo $? >second.code; cp disk/h after.db; exit $code' \
		"$VMGAUGE" kill/*.json
	check "a full disk: refused in one line" refused disk/h "disk full"
	check "the store on it is whole" whole h
	check "and has what was said to be added" asked h \
		"SELECT count(*) FROM document" \
		"$(sed -n 's/.*: \([0-9]*\) added.*/\1/p' "$out")"
	check "with space again, all of it" [ "$(cat second.code)" -eq 0 ]
	check "is there" asked after.db "SELECT count(*) FROM document" 200
	# shellcheck disable=SC2016
	capture "${namespace[@]}" bash -c '
		mkdir -p disk && mount -t tmpfs -o size=8k tmpfs disk || exit 99
		"$0" history plot --store many.db -o disk/p.svg; code=$?
		ls -A disk >left; exit $code' "$VMGAUGE"
	if command -v gnuplot >/dev/null; then
		check "no room for the plot: refused" refused disk/p.svg \
			"disk full"
		check "and no half of it" [ ! -s left ]
	fi
else
	skip "a full disk" "file systems cannot be mounted here"
fi

# Names that somebody chose
forge evil 8 'r[0]["id"] = "exit/\x1b[31m</text>\"`$(x);\u202e\n#,=1"' \
	'r[0]["params"] = {"a\"b\n<": "\x07]]>"}' \
	'r[1]["target"] = "null\x1b]0;x\x07"' 'r[2]["unit"] = "\"};\n"' \
	'd["run"]["id"] = "=cmd|\x1b[2J" + str(i)' \
	'd["vmgauge"]["version"] = "\x1b[1m"'
harmless()
{
	"$python" -c 'import sys, unicodedata
text = open(sys.argv[1], "rb").read().decode()
bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf")} - set("\n\t")
sys.exit(f"{bad}" if bad else 0)' "$1"
}
vmgauge history add --store evil.db evil/*.json
check "hostile names are added" exited 0
for action in list "show --points" gate "gate --markdown" "gate --tap"; do
	# shellcheck disable=SC2086
	vmgauge history $action --store evil.db
	check "$action: exit code 0" exited 0
	check "$action: nothing foreign to a terminal" harmless "$out"
done
if command -v gnuplot >/dev/null; then
	vmgauge history plot --store evil.db -o evil.svg
	check "plot of hostile names" exited 0
	check "is SVG" well_formed evil.svg
fi
vmgauge history export --store evil.db
cp "$out" evil.csv
back()
{
	"$python" -c 'import csv, sys
rows = list(csv.DictReader(open("evil.csv", newline="")))
assert len(rows) == 24, len(rows)
assert all(len(r) == 12 and None not in r for r in rows)
assert all(not r["run"].startswith("=") for r in rows)'
}
check "CSV of hostile names reads back" back

# Usage
for bad in "" frobnicate "add" "list x" "plot" "gate a b" "show nothing" \
	   "export --format xml" "gate --alpha 99" "list --wait x" \
	   "show --seed -1" "show --across hosts" "gate nobody" \
	   "show --host ffff" "list --store="; do
	# shellcheck disable=SC2086
	vmgauge history $bad
	check "history $bad: refused in one line" refused
done
vmgauge history --help
check "--help" exited 0
check "names the store and its default" says 'history.sqlite'
capture env -i "$VMGAUGE" history list
check "neither XDG_DATA_HOME nor HOME: refused" refused --store
finish
