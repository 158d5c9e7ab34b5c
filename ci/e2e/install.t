#!/bin/bash
# vmgauge needs one file: of what `make install` puts in place the program is
# all that it takes to run. Beside it are a manual page and completions, which
# say what --help says because they come from the same tables.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"

capture make -s -C "$root" BUILD="$BUILD" install DESTDIR="$work/image" \
	PREFIX=/opt/gauge
check "make install succeeds" exited 0
share=opt/gauge/share
cat >wanted <<END
opt/gauge/bin/vmgauge
$share/bash-completion/completions/vmgauge
$share/doc/vmgauge/LICENSE
$share/doc/vmgauge/README.md
$share/doc/vmgauge/detect.schema.json
$share/doc/vmgauge/differ.schema.json
$share/doc/vmgauge/result.schema.json
$share/doc/vmgauge/soak.schema.json
$share/fish/vendor_completions.d/vmgauge.fish
$share/man/man1/vmgauge.1
$share/zsh/site-functions/_vmgauge
END
check "it installs what it says and nothing else" \
	cmp wanted <(cd image && find . -type f | sed 's,^\./,,' | sort)
check "what is read only may be read by everybody" \
	[ "$(find "image/$share" -type f ! -perm 644; find image -type d \
		! -perm 755)" = "" ]
man=image/$share/man/man1/vmgauge.1
bash_file=image/$share/bash-completion/completions/vmgauge
zsh_file=image/$share/zsh/site-functions/_vmgauge
fish_file=image/$share/fish/vendor_completions.d/vmgauge.fish

# The verbs, as --help lists them, and each verb's long options.
"$VMGAUGE" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' >verbs
options()
{
	"$VMGAUGE" "$1" --help | grep -oE '^ +(-[a-z?][^-]*)?--[a-z-]+' |
		grep -oE -- '--[a-z-]+' | grep -vxE -- '--(help|usage|version)'
}

# Everything of --help is there; $1 is what a page says in one verb's part.
everything_in()
{
	local verb option bad=0

	while read -r verb; do
		"$1" "$verb" >part
		[ -s part ] || { echo "no $verb"; bad=1; }
		for option in $(options "$verb"); do
			grep -qE -- "(^|[^-a-z])$option([^-a-z]|\$)" part ||
				{ echo "$verb $option"; bad=1; }
		done
	done <verbs
	return $bad
}

# Two verbs share bench's options, and the page says so.
in_man()
{
	sed 's/ Fl \\-/ --/g; s/\\-/-/g' "$man" |
		awk -v verb="$1" '/^.S[sh] / { on = $0 == ".Ss vmgauge " verb }
				  on' >of_verb
	cat of_verb
	! grep -q '^The options are those of' of_verb ||
		in_man "$(sed -n 's/^.Cm \(.*\) \.$/\1/p' of_verb)"
}

in_bash()
{
	awk -v verb="$1" '$1 == verb ":*)" { on = 1 } on; /;;/ { on = 0 }' \
		"$bash_file"
}

in_zsh()
{
	awk -v verb="$1" '$0 == "\t" verb ")" { on = 1 } on; /;;/ { on = 0 }' \
		"$zsh_file"
}

in_fish()
{
	sed -n "s/.*_from $1' -l /--/p" "$fish_file"
}

check "there are verbs" [ "$(wc -l <verbs)" -gt 8 ]
check "and bench has options" [ "$(options bench | wc -l)" -gt 10 ]
for page in man bash zsh fish; do
	check "every verb and option of --help is in that of $page" \
		everything_in in_$page
done
if command -v mandoc >/dev/null; then
	capture mandoc -T lint -W all "$man"
	check "mandoc has nothing to say of the manual" exited 0
	check "not even of its style" [ ! -s "$out" ]
else
	skip "mandoc has nothing to say of the manual" "mandoc is not installed"
fi
if command -v man >/dev/null && command -v groff >/dev/null; then
	capture env MANWIDTH=80 man --warnings -l "$man"
	check "man formats it" exited 0
	check "without a warning" [ ! -s "$err" ]
	check "and it says what the exit codes mean" says "everything was skipped"
else
	skip "man formats it" "man and groff are not installed"
fi
check "it hangs on the time of the commit and on nothing else" cmp \
	<(SOURCE_DATE_EPOCH=0 "$VMGAUGE" manual mdoc) \
	<(sleep 1; SOURCE_DATE_EPOCH=0 COLUMNS=50 "$VMGAUGE" manual mdoc)
vmgauge manual troff
check "an unknown form of it is refused" refused mdoc

# completed WORD...: what bash makes of that line, the last word begun.
completed()
{
	bash --norc -c '. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_vmgauge; printf "%s\n" "${COMPREPLY[@]}"' bash "$bash_file" \
		"$VMGAUGE" "$@"
}

check "bash completes a verb" [ "$(completed comp)" = compare ]
check "an option" [ "$(completed bench --tar)" = --target ]
check "an item, by asking the program" \
	[ "$(completed bench exit/mov_cr)" = exit/mov_cr3 ]
check "a target" [ "$(completed conform --target nul)" = null ]
check "also behind =" [ "$(completed bench --target = nul)" = null ]
check "a word of few" [ "$(completed run --policy sc)" = scatter ]
check "a format of export" [ "$(completed export --format juni)" = junit ]
check "an action" [ "$(completed history sho)" = show ]
check "a file" [ "$(completed compare want)" = wanted ]
check "a directory, and no file" \
	[ "$(completed run --resume ima)$(completed run --resume want)" = image ]
check "nothing of another verb" [ "$(completed info --targ)" = "" ]
if command -v zsh >/dev/null; then
	# Its own functions, which need a keyboard, say here what they got.
	capture zsh -f -c 'compadd() { print -l $items }
		_arguments() { print -l -- $@ }; _files() { print file }
		_describe() { print -l $verbs }
		source =(sed "\$d" "$1")
		words=("$2" b) CURRENT=2; _vmgauge
		words=("$2" bench --) CURRENT=3; _vmgauge
		vmgauge_program=$2; _vmgauge_items' zsh "$zsh_file" "$VMGAUGE"
	check "zsh reads its own" [ ! -s "$err" ]
	check "a verb with its summary" says "bench:measure"
	check "a target" says "--target="
	check "an item" says "exit/mov_cr3"
else
	skip "zsh reads its own" "zsh is not installed"
fi
if command -v fish >/dev/null; then
	completed_by_fish()
	{
		HOME=$work/tmp PATH=$work/image/opt/gauge/bin:$PATH fish -N -c \
			"source $fish_file; complete -C'vmgauge $1'" |
			cut -f1
	}
	check "fish completes a verb" \
		[ "$(completed_by_fish comp)" = compare ]
	check "an option" [ "$(completed_by_fish 'bench --tar')" = --target ]
	check "a target" \
		[ "$(completed_by_fish 'bench --target nul')" = null ]
	check "an item" \
		[ "$(completed_by_fish 'bench exit/mov_cr3')" = exit/mov_cr3 ]
	check "an action" [ "$(completed_by_fish 'history sho')" = show ]
else
	skip "fish completes a verb" "fish is not installed"
fi
check "that may be executed by everybody" \
	[ "$(stat -c %a image/opt/gauge/bin/vmgauge)" = 755 ]

mkdir "$work/elsewhere"
mv image/opt/gauge/bin/vmgauge elsewhere/gauge
cd "$work/elsewhere" || exit 1
# Where it was built must not be needed, so it is out of sight if it can be.
runner=()
if have_namespace; then
	cat >hide <<-'END'
		#!/bin/bash
		mount -t tmpfs tmpfs "$HIDDEN" && exec "$@"
	END
	chmod +x hide
	export HIDDEN=$BUILD
	case $PWD in
	"$BUILD"/*) ;;
	*) runner=("${namespace[@]}" "$PWD/hide") ;;
	esac
fi
there()
{
	capture "${runner[@]}" ./gauge "$@"
}
there list --names
check "list works from elsewhere" exited 0
check "with every item" cmp "$out" <("$VMGAUGE" list --names)
there report --schema
check "the schema is in it" \
	cmp "$out" <("$VMGAUGE" report --schema)
there bench --target null --instances 3 -o x.json exit/cpuid
check "it measures" exited 0
check "the hash of its guest image is that of the build's" holds x.json \
	"d['vmgauge']['image_sha256'] ==
	 '$(sha256sum <"$BUILD/guest/image.elf" | cut -d' ' -f1)'"
there run --target null --quick -o run exit/cpuid
check "it makes its report" [ -s run/report/index.html ]
if have_kvm; then
	there bench --instances 3 -o kvm.json exit/cpuid --ring 0
	check "the guest image is in it: kvm gives a verdict" judged
	check "which is not our own error" holds kvm.json \
		"r('exit/cpuid')['verdict'] != 'error'"
else
	skip "the guest image is in it" "/dev/kvm may not be opened"
fi
finish
