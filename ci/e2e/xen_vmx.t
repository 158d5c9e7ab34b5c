#!/bin/bash
# Xen as a target under Bochs's VMX: minutes, so that `make check` leaves it to
# `make check-slow`. What is the same under QEMU's SVM: xen.t.
. "$(dirname "$0")/lib.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vmgauge
command -v bochs-bin >/dev/null || skip_all "bochs-bin is not installed"
[ -r "$cache/xen/xen" ] ||
	skip_all "no hypervisor in $cache/xen: make deps-hosts"

limit_s=2700	# 4 minutes on a machine that does nothing else
vmgauge conform --target xen:vmx \
	--expect "$root/ci/expected/xen-vmx.tsv" -o vmx.json
check "all probes on Xen, VMX: nothing that is not expected" as_expected
note "they took $((elapsed_ms / 1000)) s"
check "the document is valid" valid vmx.json
check "nothing is left in TMPDIR" [ -z "$(ls "$TMPDIR")" ]
finish
