#!/bin/bash
# A VM that its memory cgroup has no room for: the OOM killer ends the VM's
# process and not the runner, the row is an error that names it and the mend,
# no crash of the guest, and the rows behind it are measured.
. "$(dirname "$0")/lib.sh"

have_kvm || skip_all "no /dev/kvm"

name=vmgauge-e2e-$$
v1=/sys/fs/cgroup/memory v2=/sys/fs/cgroup
if mkdir "$v1/$name" 2>/dev/null; then
	group=$v1/$name limit=memory.limit_in_bytes swap=memory.swappiness
elif grep -qsw memory "$v2/cgroup.subtree_control" &&
     mkdir "$v2/$name" 2>/dev/null; then
	group=$v2/$name limit=memory.max swap=memory.swap.max
else
	skip_all "no memory cgroup can be made here"
fi
trap 'rmdir "$group" 2>/dev/null; rm -rf "$work"' EXIT
echo 0 >"$group/$swap" 2>/dev/null	# what swaps does not run out

# within BYTES ARG...: as vmgauge, in the group.
within()
{
	echo "$1" >"$group/$limit" || return
	shift
	# shellcheck disable=SC2016 # the inner shell expands them
	capture bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" \
		"$VMGAUGE" "$@"
}

rows=(memory/chase_64m exit/cpuid --ring 3 --confine --quick --instances 1
      --budget 1)
within $((60 << 20)) bench "${rows[@]}" -o small.json
check "a VM without memory: the runner lives and says so" exited 1
check "its row is an error and no crash" holds small.json \
	"r('memory/chase_64m', 3)['verdict'] == 'error'" \
	"'OOM killer' in r('memory/chase_64m', 3)['reason']" \
	"'limit of its memory cgroup' in r('memory/chase_64m', 3)['reason']"
check "and what needs less is measured" holds small.json \
	"r('exit/cpuid', 3)['verdict'] == 'pass'"

within $((512 << 20)) bench "${rows[@]}" -o large.json
check "with enough of it both are" holds large.json \
	"[x['verdict'] for x in d['results']] == ['pass', 'pass']"
finish
