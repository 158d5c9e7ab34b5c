#!/bin/bash
# The payload in a container, by each engine that is installed. That a
# container contains is judged here, since who else would; that the probes
# can tell is, too: part by part, a container is left open.
. "$(dirname "$0")/lib.sh"

inside='containment/container_*'

# A name ends in the process that made it: one that lives may be another test's.
groups_of_the_dead()
{
	local group pid

	find /sys/fs/cgroup -name '*vmgauge-[0-9]*' 2>/dev/null |
	while read -r group; do
		pid=${group##*vmgauge-}
		[ -e "/proc/${pid%%[!0-9]*}" ] || [ ! -e "$group" ] ||
			echo "$group"
	done
}

leftovers()
{
	compgen -G '/tmp/vmgauge-container-*'
	compgen -G '/var/tmp/vmgauge-container-*'
	compgen -G '/dev/shm/vmgauge-container-*'
	groups_of_the_dead
	grep -o '[^ ]*vmgauge-container-[^ ]*' /proc/mounts
}

before=$(leftovers | sort)

# Of this test's own runs: what others have there while they run is soon gone.
nothing_left()
{
	[ -z "$(comm -13 <(echo "$before") <(leftovers | sort))" ]
}

# Why an engine cannot be used here; empty when it can.
unavailable()
{
	vmgauge conform --target "container:$1" --ring 3 \
		containment/container_ipc/host_name_is_its_own
	[ "$code" -eq 77 ] || return
	sed -n 's/^ok .* # SKIP //p' "$out"
}

engine()
{
	local why name=$1

	why=$(unavailable "$name")
	if [ -n "$why" ]; then
		skip "container:$name" "$why"
		return
	fi
	# The CPU is the same as for a plain process, with what it is known for.
	sed "s/^native\t/container:$name\t/" "$root/ci/expected/native.tsv" \
		>known.tsv
	vmgauge conform --target "container:$name" --ring 3 \
		--expect known.tsv -o "$name.json"
	check "$name: conform: exit code 0" exited 0
	check "$name: every probe of containment passes" holds "$name.json" \
		"all(x['verdict'] == 'pass' for x in d['results']
		     if x['id'].startswith('containment/container_'))" \
		"sum(x['id'].startswith('containment/container_')
		     for x in d['results']) >= 17"
	check "$name: the CPU's probes do as in a process" holds "$name.json" \
		"sum(x['verdict'] in ('pass', 'tell')
		     for x in d['results']) >= 35" \
		"set(all_of('target')) == {'container:$name'}"
	check "$name: the document is valid" valid "$name.json"
	check "$name: its backend is no virtualisation" holds "$name.json" \
		"d['env']['backend']['kind'] == 'none'" \
		"'($name)' in d['env']['backend']['title']"
	vmgauge bench --target "container:$name" --ring 3 --budget 8 \
		-o "$name-bench.json" exit/cpuid 'process/*' 'lifecycle/*'
	check "$name: bench: exit code 0" exited 0
	check "$name: start and teardown have values" holds \
		"$name-bench.json" \
		"all(x['verdict'] == 'pass' for x in d['results'])" \
		"r('lifecycle/process_start', 3)['ns'] > 1e6" \
		"r('lifecycle/process_teardown', 3)['ns'] > 0" \
		"r('lifecycle/process_start', 3)['n'][1] == 4"
	check "$name: that document is valid" valid "$name-bench.json"
	vmgauge bench --target "container:$name" --ring 3 --deadline 10 \
		--budget 100 -o "$name-late.json" memory/chase_64m
	check "$name: what is late hangs" holds "$name-late.json" \
		"all_of('verdict') == ['hang']"
	check "$name: nothing is left behind" within 30 nothing_left
}

for name in bwrap runc lxc; do
	engine $name
done

# A container without a part must be found out by the probes of that part,
# and by no other: bwrap can leave out each.
open_part()
{
	local part=$1 names=$2

	vmgauge conform --target "container:bwrap,without=$part" --ring 3 \
		-o open.json "$inside"
	check "without $part: exit code 1" exited 1
	check "without $part: $names" holds open.json \
		"{x['id'].split('/')[2] for x in d['results']
		  if x['verdict'] == 'fail'} - {'network_is_empty'} ==
		 set('$names'.split())"
}
if [ -n "$(unavailable bwrap)" ]; then
	skip "parts left out" "no bwrap"
else
	open_part pid "outside_has_no_process_ids signals_stay_inside"
	open_part net "sockets_outside_cannot_be_reached"
	open_part ipc "shared_memory_outside_is_not_found"
	open_part uts "host_name_is_its_own"
	open_part seccomp "filter_refuses_system_calls"
	open_part caps "no_capability_is_left"
	open_part fds "no_descriptor_comes_along"
	open_part files "files_outside_are_not_there"
fi

# Without any container, each probe fails that can on this host.
vmgauge conform --target container:none --ring 3 -o none.json "$inside"
check "no container: exit code 1" exited 1
if [ "$(id -u)" -eq 0 ]; then
	check "no container: no probe of containment passes" holds none.json \
		"{x['id'] for x in d['results'] if x['verdict'] != 'fail'} <=
		 {'containment/container_network/network_is_empty',
		  'containment/container_leaks/memory_of_the_kernel_cannot_be_read',
		  'containment/container_leaks/devices_are_the_harmless_ones'}"
else
	skip "no container: no probe of containment passes" "needs root"
fi
check "no container: nothing is left behind" within 30 nothing_left

# What people do wrong, and what is missing.
vmgauge conform --target container "$inside"
check "an engine has to be named" refused container:bwrap container:runc
vmgauge conform --target container:docker "$inside"
check "one that there is" refused container:bwrap
vmgauge conform --target container:bwrap,without=sense "$inside"
check "a part that there is" refused "without 'sense'"
vmgauge inside
check "inside is not for people" refused "not for people"
vmgauge inside /etc/passwd
check "nor is another file a box" refused "not a box"

mkdir fake
fake()
{
	printf '#!/bin/sh\n%s\n' "$2" >"fake/$1"
	chmod 755 "fake/$1"
}
with_fake()
{
	PATH=$work/fake:$PATH vmgauge conform --target "container:$1" --ring 3 \
		"$inside"
}
chmod 755 "$work"
fake bwrap 'echo "bwrap: No permissions to create a new namespace" >&2; exit 1'
with_fake bwrap
check "an engine that may not: exit code 77" exited 77
check "with what it said" says "No permissions to create a new namespace"
fake bwrap 'kill -9 $$'
with_fake bwrap
check "an engine that dies: exit code 77" exited 77
check "with a reason" says "did not start"
fake bwrap 'exec sleep 600'
with_fake bwrap
check "an engine that hangs: exit code 77" exited 77
check "with a reason" says "did not start in time"
rm fake/bwrap

# Found nowhere, although it may be installed.
if have_namespace && command -v bwrap >/dev/null; then
	bwrap=$(command -v bwrap)
	capture "${namespace[@]}" sh -c \
		'mount --bind /dev/null "$1" && shift && exec "$@"' sh \
		"$(realpath "$bwrap")" "$VMGAUGE" conform \
		--target container:bwrap --ring 3 "$inside"
	check "an engine that is missing: exit code 77" exited 77
	check "with the package's name" says "apt-get install bubblewrap"
else
	skip "an engine that is missing" "nothing to hide it with"
fi
check "nothing is left behind" within 30 nothing_left

finish
