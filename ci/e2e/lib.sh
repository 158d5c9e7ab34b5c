# shellcheck shell=bash disable=SC2034
# What the end-to-end tests have in common: a place to work in, the program
# with its exit code and output at hand, and test points as TAP.
#
#	. "$(dirname "$0")/lib.sh"
#	vmgauge list --names
#	check "list succeeds" exited 0
#	finish
#
# BUILD is the build directory (build), VMGAUGE the program under test. A test
# judges vmgauge and not the machine: what KVM answers here is never asked for.
# Each works in its own directory, $work, and leaves nothing behind.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$(realpath -m "${BUILD:-$root/build}")
VMGAUGE=$(realpath -m "${VMGAUGE:-$BUILD/vmgauge}")
# Distributions install Python modules for their own interpreter.
python=${PYTHON:-/usr/bin/python3}
[ -x "$python" ] || python=python3
work=$(mktemp -d "${TMPDIR:-/tmp}/vmgauge-e2e-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
cd "$work" || exit 1
mkdir tmp
export TMPDIR=$work/tmp LC_ALL=C.UTF-8
out=$work/out err=$work/err
code=0 tests=0
limit_s=900	# for one command, on a slow and busy machine

# The machine's own limits and settings must not leak into a test.
unset NO_COLOR HARNESS_VERSION HARNESS_ACTIVE MAKEFLAGS MAKELEVEL MFLAGS

echo "TAP version 13"

if [ ! -x "$VMGAUGE" ]; then
	echo "Bail out! no program at $VMGAUGE: make"
	exit 1
fi

# check NAME COMMAND...: one test point, which passes when the command does.
check()
{
	local name=$1

	shift
	tests=$((tests + 1))
	if "$@" >"$work/said" 2>&1; then
		echo "ok $tests - $name"
		return 0
	fi
	echo "not ok $tests - $name"
	echo "# wanted: $*" | head -c 300 | tr '\n' ' '
	printf '\n# exit code %s\n' "$code"
	head -c 2000 "$work/said" | sed 's/^/#	/'
	head -c 1500 "$err" 2>/dev/null | sed 's/^/# stderr: /'
	echo
	return 1
}

# skip NAME REASON: a point that cannot be judged here.
skip()
{
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

finish()
{
	echo "1..$tests"
}

note()
{
	echo "# $*"
}

# capture COMMAND...: sets $code and $elapsed_ms; output in $out and $err.
capture()
{
	local begin=${EPOCHREALTIME/./}

	timeout -k 5 "$limit_s" "$@" >"$out" 2>"$err" </dev/null
	code=$?
	elapsed_ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
}

vmgauge()
{
	capture "$VMGAUGE" "$@"
}

exited()
{
	[ "$code" -eq "$1" ]
}

# Any verdict may come out, but a run that went as it should is 0 or 1.
judged()
{
	[ "$code" -eq 0 ] || [ "$code" -eq 1 ]
}

# items NAME: into the array `items`, those of ci/expected/NAME.items. Who has no
# such list has all.
items()
{
	items=()
	[ ! -f "$root/ci/expected/$1.items" ] ||
		mapfile -t items < <(grep -v '^#' "$root/ci/expected/$1.items")
}

# After a conform --expect: nothing that is not in the list, or else those.
as_expected()
{
	exited 0 || { grep '^not ok' "$out" | grep -v '# TODO'; return 1; }
}

# refused TEXT...: exit code 2 and one line for people, which has each TEXT.
refused()
{
	local text

	[ "$code" -eq 2 ] || { echo "exit code $code"; return 1; }
	[ "$(wc -l <"$err")" -eq 1 ] || { echo "not one line"; return 1; }
	grep -q '^vmgauge: ' "$err" || { echo "not from vmgauge"; return 1; }
	for text; do
		grep -qF -- "$text" "$err" || { echo "no '$text'"; return 1; }
	done
}

says()
{
	grep -qF -- "$1" "$out"
}

complains()
{
	grep -qF -- "$1" "$err"
}

# A path that is not there, nor any temporary file that was to become it.
nothing_at()
{
	local dir=.

	[ "${1%/*}" = "$1" ] || dir=${1%/*}
	[ -z "$(compgen -G "$1*"; compgen -G "$dir/.${1##*/}*"
		compgen -G "$dir/.vmgauge.*.tmp")" ]
}

# within SECONDS COMMAND...: the command succeeds, soon or as late as that. For
# what others do in their own time: nothing is told by how long it took.
within()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# Processes of the program that this test began: other tests run beside it.
still_running()
{
	local process

	for process in /proc/[0-9]*; do
		[ "$process/exe" -ef "$VMGAUGE" ] &&
			grep -qszxF "TMPDIR=$TMPDIR" "$process/environ" &&
			tr '\0' ' ' <"$process/cmdline"
	done 2>/dev/null
}

nothing_runs()
{
	[ -z "$(still_running)" ]
}

# What was killed is gone as soon as it had a CPU once more.
none_running()
{
	within 30 nothing_runs || { still_running; return 1; }
}

# caught PID SIGNAL: the program does what it has to on that signal. Before, a
# process of a script ignores SIGINT, or dies of others.
caught()
{
	local mask

	mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)
	[ -n "$mask" ] && ((0x$mask >> ($(kill -l "$2") - 1) & 1))
}

# holds FILE EXPRESSION: a Python expression about the document `d`; results
# by id and ring are in `r`. See judge.py.
holds()
{
	"$python" "$root/ci/e2e/judge.py" "$@"
}

# The records of a journal, without its header and its notes of resumes.
measured()
{
	grep '^{"instance"' "$1"
}

# valid FILE...: by the schema, as an independent validator reads it.
valid()
{
	"$python" "$root/ci/validate_schema.py" "$@"
}

# host_lost NAME: after a ci/host whose --check had nothing to say: it did not
# bring the program to its end. Then NAME has failed, and its words are shown.
host_lost()
{
	[ "$code" -eq 99 ] || return 1
	check "$1" exited 0
	return 0
}

# Only opening tells: a file mode says nothing about a container's rules.
have_kvm()
{
	[ -c /dev/kvm ] && { : <>/dev/kvm; } 2>/dev/null
}

need_kvm()
{
	have_kvm || skip_all "/dev/kvm is not there or may not be opened"
}

# In front of a command: mounts of its own, as root there.
namespace=(unshare -m)
[ "$(id -u)" -eq 0 ] || namespace=(unshare -rm)

have_namespace()
{
	"${namespace[@]}" mount -t tmpfs tmpfs /mnt 2>/dev/null
}
