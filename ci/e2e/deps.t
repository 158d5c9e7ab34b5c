#!/bin/bash
# ci/deps installs what is missing and nothing else, and where it may not, it
# says what to run. It is seen here through a PATH that holds only stand-ins:
# no package manager is ever called.
# shellcheck disable=SC2016,SC2086
. "$(dirname "$0")/lib.sh"

bin=$work/bin
calls=$work/calls
run_packages="make gcc libc6-dev binutils pkg-config libhwloc-dev \
libjansson-dev libsqlite3-dev libseccomp-dev liburing-dev libpfm4-dev \
libzydis-dev gnuplot-nox"
check_packages="perl libcmocka-dev python3 python3-jsonschema clang cppcheck \
clang-tidy util-linux qemu-system-x86 chromium chromium-driver \
python3-selenium python3-prometheus-client python3-junitparser bubblewrap runc \
lxc node-tap-parser python3-html5lib python3-tinycss2 mandoc zsh fish \
dpkg-dev lintian"
run_rpms="make gcc glibc-devel binutils pkgconf-pkg-config hwloc-devel \
jansson-devel sqlite-devel libseccomp-devel liburing-devel libpfm-devel \
zydis-devel gnuplot-minimal"
tools_run="make gcc objcopy pkg-config gnuplot"
tools_check="prove clang cppcheck clang-tidy unshare qemu-system-x86_64 \
chromium chromedriver bwrap runc lxc-start python3 node \
mandoc zsh fish dpkg-shlibdeps lintian"

# stub NAME [SCRIPT]: a program that notes how it was called.
stub()
{
	printf '#!/bin/bash\necho "%s $*" >>"%s"\n%s\n' "$1" "$calls" \
		"${2:-exit 0}" >"$bin/$1"
	chmod +x "$bin/$1"
}

# A machine with nothing on it but a package manager ($1) and a user ($2).
machine()
{
	rm -rf "$bin"
	mkdir "$bin"
	: >"$calls"
	stub id "echo $2"
	stub "$1"
	[ "$1" != apt-get ] || stub apt-cache
	ln -s "$(type -P env)" "$(type -P true)" "$bin/"
}

# Everything is there.
furnish()
{
	local name

	for name in $tools_run $tools_check; do
		stub "$name"
	done
}

# What a manager's stand-in does: programs appear when it installs.
furnishing()
{
	local name

	printf 'case "$*" in *install*)\n'
	for name; do
		printf 'printf "#!/bin/bash\nexit 0\n" >"%s"; %s "%s"\n' \
			"$bin/$name" "$(command -v chmod) +x" "$bin/$name"
	done
	printf ';; esac'
}

# deps ARG...: as on that machine.
deps()
{
	capture env -i PATH="$bin" PYTHON="$bin/python3" \
		/bin/bash "$root/ci/deps" "$@"
}

called()
{
	grep -qxF -- "$1" "$calls"
}

never_called()
{
	! grep -q -- "$1" "$calls"
}

silent()
{
	[ ! -s "$out" ] && [ ! -s "$err" ]
}

install="install -y -q --no-install-recommends"

machine apt-get 0
furnish
deps run
check "run: nothing is missing: success" exited 0
check "and silence" silent
deps check
check "check: nothing is missing: success" exited 0
check "and silence" silent
check "no package manager was called" never_called '^apt-'

machine apt-get 0
stub apt-get "$(furnishing $tools_run)"
deps run
check "run on an empty machine succeeds" exited 0
check "the package lists are fetched first" called "apt-get update -q"
check "and exactly what is needed is installed" \
	called "apt-get $install $run_packages"
check "what it does is said" says "apt-get $install $run_packages"

machine apt-get 0
stub apt-get "$(furnishing $tools_run $tools_check)"
deps check
check "check on an empty machine installs exactly what is needed" \
	called "apt-get $install $run_packages $check_packages"

machine apt-get 0
furnish
rm "$bin/gnuplot"
stub apt-get "$(furnishing gnuplot)"
deps run
check "one program missing: only its package is installed" \
	called "apt-get $install gnuplot-nox"

machine apt-get 0
furnish
stub pkg-config "case \$* in *jansson*) [ -e '$work/jansson' ] ;; esac"
stub apt-get "case \$* in *install*) >'$work/jansson' ;; esac"
deps run
check "one library missing: only its package is installed" \
	called "apt-get $install libjansson-dev"

machine apt-get 0
furnish
stub gcc "read -r -d '' source; case \$source in
	*pfmlib*) [ -e '$work/pfm' ] ;; esac"
stub apt-get "case \$* in *install*) >'$work/pfm' ;; esac"
deps run
check "libpfm4 is looked for by linking" \
	called "apt-get $install libpfm4-dev"
check "and is then there" exited 0

machine apt-get 1000
deps run
check "no root and no sudo: exit code 2" exited 2
check "the exact command is printed" \
	complains "sudo apt-get install $run_packages"
check "nothing was installed" never_called '^apt-get'

machine apt-get 1000
stub sudo 'exit 1'
deps run
check "sudo that asks for a password: exit code 2" exited 2
check "the exact command is printed" \
	complains "sudo apt-get install $run_packages"

machine apt-get 1000
stub apt-get "$(furnishing $tools_run)"
stub sudo '[ "$1" = -n ] && shift; exec "$@"'
deps run
check "sudo without a password: it is used" \
	called "sudo env DEBIAN_FRONTEND=noninteractive apt-get $install $run_packages"
check "and that suffices" exited 0

machine dnf 0
stub dnf "$(furnishing $tools_run)"
deps run
check "dnf where there is no apt-get" called "dnf install -y $run_rpms"
check "and that suffices" exited 0

machine dnf 1000
deps run
check "dnf without root: exit code 2 and the command" \
	complains "sudo dnf install $run_rpms"

machine apt-get 0
rm "$bin/apt-get"
deps run
check "no package manager at all: exit code 2" exited 2
check "what is missing is named" says "$run_packages"

machine apt-get 0
stub apt-get 'case "$*" in *install*) exit 100 ;; esac'
deps run
check "an installation that fails: exit code 2" exited 2
check "and the command again" complains "apt-get install $run_packages"

machine apt-get 0
deps run
check "an installation that changes nothing: exit code 2" exited 2
check "and what is still missing" complains "still of no use: make gcc"

machine apt-get 0
furnish
rm "$bin/chromium"
stub apt-cache 'exit 100'
deps check
check "what a distribution does not have stops nothing" exited 0
check "but is said" says "no package chromium here"
check "and not asked for" never_called 'apt-get install'

deps frobnicate
check "an unknown kind: exit code 2" exited 2
check "and the usage" complains "usage: ci/deps run|check"

# The fake machines above are only as good as the real one.
capture "$root/ci/deps" run
check "this machine was furnished for run" exited 0
finish
