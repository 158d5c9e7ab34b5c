# vmgauge. `make help` says what there is; everything built lies in build/.
#
# Sources are found by wildcard. Files of microbench/ and conformance/ are
# compiled twice: into the runner and into the guest image (runner/suite.h).

BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
SHARE    := $(PREFIX)/share
ZSHDIR   ?= $(SHARE)/zsh/site-functions
ifeq ($(origin CC),default)
CC       := gcc
endif
PYTHON   ?= python3
SANITIZE ?=
V        ?= 0
Q        := $(if $(filter 1,$(V)),,@)
VERSION  := $(shell ci/version)
LIBS     := hwloc jansson libseccomp liburing sqlite3

WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
CFLAGS   ?= -O2 -g
LDFLAGS  ?=
SAN      := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)
HOST_C   := -std=gnu11 -D_GNU_SOURCE $(WARN) $(SAN) -pthread -Irunner -Iguests \
	    -Iguests/x86_64 -I. $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
HOST_LD  := $(SAN) $(LDFLAGS) -pthread $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lpfm -lZydis -lm
GUEST_C  := -std=gnu11 $(WARN) -O2 -g -ffreestanding -fno-pic -fno-pie -mno-red-zone \
	    -mgeneral-regs-only -mcmodel=small -fno-stack-protector -fcf-protection=none \
	    -fno-asynchronous-unwind-tables \
	    -Iguests -Iguests/x86_64 -Irunner
GUEST_LD := -nostdlib -static -Wl,--build-id=sha1 -Wl,-z,noexecstack \
	    -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings

ITEMS    := $(wildcard microbench/*/*.c conformance/*/*.c)
RUNNER   := $(wildcard runner/*.[cS] runner/*/*.[cS] runner/*/*/*.[cS] reports/*.[cS])
GUEST    := $(wildcard guests/*.[cS] guests/x86_64/*.[cS])
HOST_O   := $(patsubst %,$(BUILD)/host/%.o,$(RUNNER) $(ITEMS))
GUEST_O  := $(patsubst %,$(BUILD)/guest/%.o,$(GUEST) $(ITEMS))
LIB_O    := $(filter-out $(BUILD)/host/runner/main.c.o,$(HOST_O))
UNIT     := $(patsubst ci/unit/%.c,$(BUILD)/unit/%,$(wildcard ci/unit/test_*.c))
IMAGE    := $(BUILD)/guest/image.elf
IMAGE32  := $(BUILD)/guest/image32.elf
ISO      := $(BUILD)/vmgauge.iso
FLAGS    := $(CC) $(CFLAGS) $(LDFLAGS) $(HOST_C) $(GUEST_C) $(VERSION)

# What an item's file is called in names: exit, or fidelity/msr.
prefix    = $(if $(filter microbench/%,$1),$(notdir $(patsubst %/,%,$(dir $1))),$(patsubst conformance/%.c,%,$1))

.DELETE_ON_ERROR:
.PHONY: all run check check-slow check-all figures deps deps-check deps-hosts install clean help lint fuzz FORCE

all: $(BUILD)/vmgauge

help:
	@sed -n 's/^#: //p' $(firstword $(MAKEFILE_LIST))
#: make            build build/vmgauge (CC=gcc|clang SANITIZE=address,undefined V=1)
#: make run        install what is missing, build, measure and probe; leaves results/
#: make check      the same for the tests (under 30 minutes)
#: make check-slow what check leaves out: VMX + EPT, controls on the hosts, deep lint (20 minutes)
#: make check-all  both, every software host's boot, and 20 runs in a row (2 hours)
#: make figures    measure every figure that the project claims (F=GLOB for some)
#: make deps       install what is missing to build and run (apt or dnf)
#: make deps-hosts fetch the emulators and kernels of the software hosts
#: make iso        a CD that boots the image on any PC; see vmgauge import
#: make site       a sample report over this host, software hosts and all targets
#: make lint       cppcheck and clang-tidy
#: make fuzz       libFuzzer on readers of foreign files and on our devices (T=SECONDS each)
#: make install    program, manual, completions under $(DESTDIR)$(PREFIX) (/usr/local)
#: make deb        the same as a Debian package in build/
#: make clean      remove build/

deps:
	$(Q)ci/deps run

deps-check:
	$(Q)ci/deps check

deps-hosts:
	$(Q)ci/hosts/deps

run: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(BUILD)/vmgauge run $(ARGS) || [ $$? -eq 1 ]	# 1: findings, in the report

check: deps-check
	$(Q)$(MAKE) --no-print-directory all unit $(BUILD)/bare $(BUILD)/instance $(IMAGE32)
	$(Q)BUILD=$(BUILD) ci/check

check-slow: deps-check
	$(Q)$(MAKE) --no-print-directory all
	$(Q)BUILD=$(BUILD) ci/check --slow

check-all: check
	$(Q)$(MAKE) --no-print-directory check-slow
	$(Q)for host in svm-smp vmx xen; do \
		VMGAUGE_HOST=$$host prove --timer --comments --exec '' \
			ci/e2e/host_boot.t || exit; \
	done
	$(Q)BUILD=$(BUILD) ci/figures 'verdicts/*'

figures: deps
	$(Q)$(MAKE) --no-print-directory all $(BUILD)/bare $(BUILD)/bare_irq $(BUILD)/instance \
		$(BUILD)/trust
	$(Q)BUILD=$(BUILD) ci/figures $(F)

# The program writes these itself, from the tables that it parses options with.
MANUAL   := $(patsubst %,$(BUILD)/manual/%,mdoc bash zsh fish)
$(MANUAL): $(BUILD)/manual/%: $(BUILD)/vmgauge
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  MANUAL  $@'
	$(Q)SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct \
		2>/dev/null || date +%s)} $< manual $* >$@

install: all $(MANUAL)
	install -D -m 755 $(BUILD)/vmgauge $(DESTDIR)$(PREFIX)/bin/vmgauge
	install -D -m 644 $(BUILD)/manual/mdoc $(DESTDIR)$(SHARE)/man/man1/vmgauge.1
	install -D -m 644 $(BUILD)/manual/bash \
		$(DESTDIR)$(SHARE)/bash-completion/completions/vmgauge
	install -D -m 644 $(BUILD)/manual/zsh $(DESTDIR)$(ZSHDIR)/_vmgauge
	install -D -m 644 $(BUILD)/manual/fish \
		$(DESTDIR)$(SHARE)/fish/vendor_completions.d/vmgauge.fish
	install -d -m 755 $(DESTDIR)$(SHARE)/doc/vmgauge
	install -m 644 README.md LICENSE runner/result/*.schema.json \
		$(DESTDIR)$(SHARE)/doc/vmgauge

.PHONY: deb
deb:
	$(Q)ci/deb $(BUILD)

clean:
	rm -rf $(BUILD)

# Objects depend on the flags they were made with, so that a changed CC,
# SANITIZE or version rebuilds and a repeated command does not.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@

$(BUILD)/host/%.c.o: %.c $(BUILD)/flags
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  CC      $<'
	$(Q)$(CC) $(HOST_C) $(CFLAGS) -MMD -MP -DITEM_PREFIX='"$(call prefix,$<)"' \
		-DVERSION='"$(VERSION)"' -c $< -o $@

$(BUILD)/host/%.S.o: %.S $(BUILD)/flags
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  AS      $<'
	$(Q)$(CC) -I. -DIMAGE='"$(IMAGE)"' -DIMAGE_SHA256='"$(IMAGE).sha256"' -MMD -MP -c $< -o $@

$(BUILD)/guest/%.o: % $(BUILD)/flags
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  GUEST   $<'
	$(Q)$(CC) $(GUEST_C) -MMD -MP -DITEM_PREFIX='"$(call prefix,$<)"' -c $< -o $@

$(IMAGE): $(GUEST_O) guests/x86_64/image.ld
	@[ $(V) = 1 ] || echo '  IMAGE   $@'
	$(Q)$(CC) $(GUEST_LD) -T guests/x86_64/image.ld $(GUEST_O) -o $@.debug
	$(Q)objcopy --strip-debug -R .multiboot1 $@.debug $@
	$(Q)sha256sum $@ >$@.sha256

# The same bytes for loaders that know Multiboot 1 only: Xen's, old GRUBs'.
$(IMAGE32): $(IMAGE)
	@[ $(V) = 1 ] || echo '  IMAGE   $@'
	$(Q)objcopy -O elf32-i386 --strip-debug --strip-unneeded --set-start \
		0x$$(nm $<.debug | sed -n 's/ [tT] boot_start$$//p') $<.debug $@

.PHONY: iso
iso: $(ISO)

$(ISO): $(IMAGE) $(IMAGE32) guests/x86_64/grub.cfg
	@command -v grub-mkrescue >/dev/null || { echo "grub-mkrescue is not installed:" \
		"packages grub-common, grub-pc-bin, xorriso (and grub-efi-amd64-bin, mtools" \
		"for UEFI)" >&2; exit 2; }
	@[ $(V) = 1 ] || echo '  ISO     $@'
	$(Q)rm -rf $(BUILD)/iso && mkdir -p $(BUILD)/iso/boot/grub
	$(Q)cp $(IMAGE) $(BUILD)/iso/boot/vmgauge.elf
	$(Q)cp $(IMAGE32) $(BUILD)/iso/boot/vmgauge32.elf
	$(Q)cp guests/x86_64/grub.cfg $(BUILD)/iso/boot/grub/grub.cfg
	$(Q)grub-mkrescue -o $@ $(BUILD)/iso >$(BUILD)/iso.log 2>&1 || \
		{ cat $(BUILD)/iso.log >&2; rm -f $@; exit 1; }

$(BUILD)/host/runner/image.S.o: $(IMAGE)
$(BUILD)/host/runner/result/schema.S.o: runner/result/result.schema.json \
	runner/result/detect.schema.json
$(BUILD)/host/reports/style.S.o: reports/style.css

$(BUILD)/vmgauge: $(HOST_O)
	@[ $(V) = 1 ] || echo '  LINK    $@'
	$(Q)$(CC) $(HOST_O) $(HOST_LD) -o $@

.PHONY: unit
unit: $(UNIT)

# ci/unit/fault_calls.h
FAULT_LD := $(foreach f,ioctl mmap munmap mprotect madvise memfd_create eventfd open fopen calloc malloc pthread_create sigaction ftruncate pread poll read syscall,-Wl,--wrap=$f)
$(foreach t,vmm_faults lifecycle_faults irq backing backing_lost userfault,$(eval UNIT_LD_test_$t := $(FAULT_LD)))

UNIT_LD_test_detect := -Wl,--wrap=ioctl
UNIT_LD_test_confine := $(foreach f,unshare setrlimit footprint_oom_kills,-Wl,--wrap=$f)
UNIT_LD_test_smp := -Wl,--wrap=pthread_create

$(BUILD)/unit/%: ci/unit/%.c $(LIB_O)
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  UNIT    $@'
	$(Q)$(CC) $(HOST_C) $(CFLAGS) -Ici/unit -MMD -MP -MF $@.d -DVERSION='"$(VERSION)"' \
		$< $(LIB_O) $(UNIT_LD_$*) $(HOST_LD) -lcmocka -o $@

# The bare loop is what the VMM is compared with: plain C, nothing shared.
$(BUILD)/bare: ci/bare.c
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  CC      $<'
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 $(WARN) $< -o $@

$(BUILD)/bare_irq: ci/bare_irq.c
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  CC      $<'
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 $(WARN) -pthread $< -o $@

$(BUILD)/instance: ci/instance.c $(LIB_O)
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  CC      $<'
	$(Q)$(CC) $(HOST_C) $(CFLAGS) -MMD -MP -MF $@.d $< $(LIB_O) $(HOST_LD) -o $@

$(BUILD)/trust: ci/trust.c $(LIB_O)
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  CC      $<'
	$(Q)$(CC) $(HOST_C) $(CFLAGS) -MMD -MP -MF $@.d $< $(LIB_O) $(HOST_LD) -o $@

lint:
	$(Q)ci/lint

.PHONY: site
site: all
	$(Q)BUILD=$(BUILD) ci/site $(BUILD)/site

T        ?= 60

fuzz: deps-check
	$(Q)$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/fuzz \
		SANITIZE=fuzzer-no-link,address,undefined \
		$(patsubst ci/fuzz/%.c,$(BUILD)/fuzz/fuzz-%,$(wildcard ci/fuzz/*.c))
	$(Q)BUILD=$(BUILD) ci/fuzz/run $(T)

# A device's threads are steps of the fuzzer's: see ci/fuzz/device.h.
FUZZ_LD := -Wl,--wrap=virtio_queue_thread_start
FUZZ_LD_device := $(FUZZ_LD)
UNIT_LD_test_fuzz_corpus := $(FUZZ_LD)

$(BUILD)/fuzz-%: ci/fuzz/%.c $(LIB_O)
	@mkdir -p $(@D); [ $(V) = 1 ] || echo '  FUZZ    $@'
	$(Q)$(CC) $(HOST_C) $(CFLAGS) -fsanitize=fuzzer -MMD -MP -MF $@.d $< $(LIB_O) $(FUZZ_LD_$*) $(HOST_LD) -o $@

-include $(HOST_O:.o=.d) $(GUEST_O:.o=.d) $(wildcard $(BUILD)/unit/*.d $(BUILD)/*.d)
