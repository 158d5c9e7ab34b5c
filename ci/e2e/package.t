#!/bin/bash
# `make deb` makes a Debian package that Debian's own judge finds nothing wrong
# with, that is the same whoever builds it, and that runs where it is unpacked.
# Its version is that of git; sources without git have one, too, and build.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"

limit_s=2700
unset DEBFULLNAME DEBEMAIL
share=usr/share

field()
{
	dpkg-deb -f "$package" "$1"
}

package_test()
{
	capture make -s -C "$root" BUILD="$BUILD" deb
	check "make deb succeeds" exited 0
	check "without a word of complaint" [ ! -s "$err" ]
	package=$(tail -n 1 "$out")
	check "it says where the package is" [ -s "$package" ]
	mv "$package" .
	package=$work/${package##*/}
	check "it is that of this version" [ "$(field Version)" = \
		"$("$root/ci/version" | tr - +)" ]
	check "Debian's order knows it" dpkg --validate-version \
		"$(field Version)"
	check "it depends on what it links with" grep -q 'libc6.*libjansson4' \
		<<<"$(field Depends)"
	check "gnuplot is recommended: it can do without" \
		grep -q gnuplot <<<"$(field Recommends)"
	for name in copyright changelog.gz README.md result.schema.json; do
		check "$name is in it" grep -q "\./$share/doc/vmgauge/$name$" \
			<<<"$(dpkg-deb -c "$package")"
	done
	check "all files are root's" [ -z "$(dpkg-deb -c "$package" |
		awk '$2 != "root/root"')" ]

	mkdir unpacked
	dpkg-deb -x "$package" unpacked
	dpkg-deb -e "$package" control
	check "the sums in it are those of its files" \
		eval '(cd unpacked && md5sum --quiet -c ../control/md5sums)'
	capture unpacked/usr/bin/vmgauge --version
	check "the program in it is of this version" \
		says "vmgauge $("$root/ci/version")"
	capture unpacked/usr/bin/vmgauge bench --target null --instances 3 \
		-o x.json exit/cpuid
	check "it measures" exited 0
	check "it is bound when it starts, not when it measures" \
		grep -q BIND_NOW <<<"$(readelf -d unpacked/usr/bin/vmgauge)"
	check "calls of libc know the sizes of their buffers" \
		grep -q '_chk@GLIBC' <<<"$(readelf -W --dyn-syms \
			unpacked/usr/bin/vmgauge)"
	check "with all items" cmp <(unpacked/usr/bin/vmgauge list --names) \
		<("$VMGAUGE" list --names)
	capture unpacked/usr/bin/vmgauge run --target null --quick -o run \
		exit/cpuid
	check "and reports" [ -s run/report/index.html ]
	check "the guest image is whole" holds x.json \
		"d['vmgauge']['image_sha256'] ==
		 '$(sha256sum <"$BUILD/guest/image.elf" | cut -d' ' -f1)'"
	check "zsh looks where its functions are" \
		[ -s "unpacked/$share/zsh/vendor-completions/_vmgauge" ]

	if command -v lintian >/dev/null; then
		capture env HOME="$work" lintian --allow-root \
			--fail-on error,warning "$package"
		check "lintian is content" exited 0
		check "and says nothing" [ ! -s "$out" ]
	else
		skip "lintian is content" "lintian is not installed"
	fi

	sleep 1
	capture make -s -C "$root" BUILD="$BUILD" deb
	check "the same sources give the same package" cmp "$package" \
		"$(tail -n 1 "$out")"
	rm -f "$(tail -n 1 "$out")"
	DEBFULLNAME="A Name" DEBEMAIL=name@debian.org capture make -s \
		-C "$root" BUILD="$BUILD" deb
	package=$(tail -n 1 "$out")
	check "a maintainer can be named" \
		[ "$(field Maintainer)" = "A Name <name@debian.org>" ]
	rm -f "$package"
}

commit()
{
	git -C "$1" -c user.name=n -c user.email=n@debian.org commit -q \
		--allow-empty -m c
}

version_of()
{
	"$1/ci/version"
}

version_test()
{
	local tree=$work/tree

	mkdir -p "$tree/ci"
	cp "$root/ci/version" "$tree/ci"
	cp "$root/.gitattributes" "$tree"
	check "without git there is a version" \
		grep -qxE '[0-9]+\.[0-9]+\.[0-9]+' <<<"$(version_of "$tree")"
	git init -q "$work"
	commit "$work"
	git -C "$work" tag v9.9.9
	check "a repository around the sources lends them none" \
		grep -qxE '0\.[0-9.]+' <<<"$(version_of "$tree")"
	git init -q "$tree"
	git -C "$tree" add .
	commit "$tree"
	hash=$(git -C "$tree" rev-parse --short HEAD)
	check "before any tag it names the commit" \
		grep -qx "[0-9.]*-g$hash" <<<"$(version_of "$tree")"
	git -C "$tree" tag v1.2.3
	git -C "$tree" tag nonsense
	check "a tag is the version" [ "$(version_of "$tree")" = 1.2.3 ]
	commit "$tree"
	hash=$(git -C "$tree" rev-parse --short HEAD)
	check "commits after it are counted" \
		[ "$(version_of "$tree")" = "1.2.3-1-g$hash" ]
	mkdir archive
	git -C "$tree" archive HEAD | tar -x -C archive
	check "an archive that git made knows it" \
		[ "$(version_of archive)" = "1.2.3-1-g$hash" ]
	echo >>"$tree/ci/version"
	check "a change that is not committed shows" \
		[ "$(version_of "$tree")" = "1.2.3-1-g$hash-dirty" ]
}

# As from an archive: the files of the tree, and no .git.
tarball_test()
{
	mkdir tarball
	tar -C "$root" --exclude=./build --exclude=./.git --exclude=./results \
		-cf - . | tar -xf - -C tarball
	capture make -s -j2 -C tarball BUILD="$work/built" \
		DESTDIR="$work/from-tarball" install
	check "sources without git build and install" exited 0
	capture from-tarball/usr/local/bin/vmgauge --version
	check "with a version" grep -qxE 'vmgauge [0-9]+\.[0-9]+\.[0-9]+' "$out"
}

if command -v dpkg-shlibdeps >/dev/null && command -v git >/dev/null &&
	[ -e "$root/.git" ]; then
	package_test
else
	skip "make deb succeeds" "dpkg-dev or git is not installed"
fi
tarball_test
if command -v git >/dev/null; then
	version_test
else
	skip "a tag is the version" "git is not installed"
fi
finish
