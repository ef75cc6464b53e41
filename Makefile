# SPDX-License-Identifier: Apache-2.0
#
# Everything about xbr that is made is made from here, under build/.
#
## targets:
##   all         the agent, the command and the manual pages (what plain `make` makes)
##   demo        installs what is missing, builds, and shows a working bridge
##   check       installs what is missing, and runs all tests: unit, sim, bpf, net, and a short fuzz
##   check-unit  tests/unit, under sanitizers
##   check-bpf   tests/bpf: the BPF programs frame by frame, under sanitizers
##   check-net   tests/net: agent, command and datapath on network namespaces
##   check-sim   tests/sim: spanning tree, simulated
##   fuzz        tests/fuzz, each target for FUZZ_SECONDS
##   bench       installs what is missing, and measures xbr and its peers side by side (docs/performance.md)
##   bench-quick the same for every day, under 60 s; fails when a row is under its "at least"
##   vm-check    boots other kernels under qemu (vm/kernels.list, from Debian packages) and runs tests there, some 15 minutes
##   demo-vm     two virtual machines joined by xbr, VLANs, VEPA, and their throughput beside the kernel's bridge
##   vm-shell    a shell on another kernel: KERNEL=6.1, or the path of a vmlinuz
##   lint        every check of tests/lint, and the proof that each can fail
##   format      clang-format on all C files
##   deps        installs the Debian packages of docs/build-deps.txt that are missing
##   fresh-check proves `make demo check` on a fresh Debian 12 (debootstrap, some minutes)
##   install     into PREFIX (/usr/local), with DESTDIR for packagers
##   uninstall   takes that away again
##   clean       removes build/
##
## variables:
##   V=1                 show commands            WERROR=1          warnings are errors
##   TESTS='fdb ...'     suites of check-unit and check-bpf to run; default all
##   PYTEST_ARGS='...'   more arguments for tests/net, e.g. -k name
##   FUZZ_SECONDS=10     for each fuzz target     NET_JOBS=2        workers of tests/net
##   BENCH_ARGS='...'    more arguments for tests/bench/bench.py, e.g. --rows B1,B4
##   KERNELS='6.1 ...'   for vm-check, instead of all    KERNEL=6.12         for vm-shell
##   FRESH_DIR=DIR       where fresh-check puts its Debian; default a new folder in /var/tmp

VERSION := 0.1.0

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR    ?= $(PREFIX)/sbin
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
LIBDIR     ?= $(PREFIX)/lib
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

FUZZ_SECONDS ?= 10
SIM_NETWORKS ?= 30
NET_JOBS     ?= 2

CC         = gcc
FUZZ_CC    = clang
BPF_CC    := $(or $(shell command -v clang-19),clang)
BPFTOOL    = bpftool
MULTIARCH  = $(shell $(CC) -print-multiarch)
CFLAGS     = -O2 -g

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all demo check check-unit check-sim check-bpf check-net fuzz bench bench-quick lint format deps bench-deps fresh-check \
	vm-check vm-shell demo-vm vm-deps install uninstall clean help hint man test-programs

# A user's PATH has no sbin: bpftool, ip, ethtool and tc live there.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

# What needs root asks for it itself.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# A second make of the same Makefile, as parallel as the machine unless the user said how parallel.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
SUBMAKE  = +@$(MAKE) --no-print-directory $(PARALLEL)

# Recipes begin with $(call begin,WORD): a folder for the result, and one short line; V=1 shows commands instead.
Q := $(if $(V),,@)
begin = @mkdir -p $(@D)$(if $(V),, && printf '  %-6s %s\n' $1 $(if $(filter CC% BPF,$1),$<,$@))

# ---- sources ----------------------------------------------------------------------------------------

AGENT   := $(wildcard agent/*.c agent/*/*.c)
CLI     := $(wildcard cli/*.c)
GRAMMAR := $(wildcard cli/grammar*.c)
HOST    := $(wildcard bpf/host/*.c)
SIM     := $(wildcard tests/sim/*.c)
FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
MANUALS := $(patsubst docs/man/%.scd,build/man/%,$(wildcard docs/man/*.scd))

# Everything that a test may call: all objects but those with a main.
AGENT_PARTS := $(filter-out agent/main.c,$(AGENT)) $(HOST)
CLI_PARTS   := $(filter-out cli/main.c,$(CLI))

# $(call objects,FLAVOUR,SOURCES): obj is the product, san has gcc's sanitizers, fuzz has clang's.
objects = $(patsubst %.c,build/$1/%.o,$2)

# ---- flags ------------------------------------------------------------------------------------------

WARNINGS = -Wall -Wextra -Wshadow -Wconversion $(if $(WERROR),-Werror)
INCLUDES = -Iinclude -Iagent -isystem build
DEFINES  = -D_GNU_SOURCE= -DXBR_VERSION='"$(VERSION)"'
# -MD, not -MMD: the generated skeleton is read as a system header, for it is not ours to keep free of warnings.
COMMON   = -std=gnu17 -fno-strict-aliasing $(WARNINGS) $(INCLUDES) $(DEFINES) -MD -MP

# Tests see the host build of the pipeline, and every header of the house by its path.
TEST_INCLUDES = $(if $(filter tests/% bpf/% build/tests/%,$<),-iquote . -Itests/unit -Ibpf/host -iquote bpf)

SANITIZE = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
HARDEN   = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now

LIBS_AGENT = -lbpf -lmnl -lsystemd -ljansson
LIBS_CLI   = -ljansson

# A stack slot is a pointer's or a number's, not by turns: without CAP_PERFMON the verifier minds.
BPF_CFLAGS = -target bpf -mcpu=v3 -O2 -g -mllvm -no-stack-slot-sharing -Wall -Wextra -Werror -fno-strict-aliasing \
	-Iinclude -Ibpf/kernel -iquote bpf -isystem /usr/include/$(MULTIARCH) -MD -MP

# ---- the product ------------------------------------------------------------------------------------

all: build/xbrd build/xbr man

build/xbrd: $(call objects,obj,$(AGENT) $(GRAMMAR))
	$(call begin,LINK)
	$(Q)$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS_AGENT)

build/xbr: $(call objects,obj,$(CLI))
	$(call begin,LINK)
	$(Q)$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS_CLI)

build/obj/%.o: %.c Makefile | hint
	$(call begin,CC)
	$(Q)$(CC) $(COMMON) $(TEST_INCLUDES) $(CFLAGS) $(HARDEN) $(CPPFLAGS) -c -o $@ $<

# One object for all programs; bpftool's linker drops the DWARF and keeps the BTF.
build/bpf/%.o: bpf/%.c Makefile | hint
	$(call begin,BPF)
	$(Q)$(BPF_CC) $(BPF_CFLAGS) -c -o $@ $<

build/xbr.bpf.o: build/bpf/xbr.bpf.o
	$(call begin,GEN)
	$(Q)$(BPFTOOL) gen object $@ $<

# The same source once more, without any feature: what the compiler need not provide for costs nothing at all.
build/bpf/xbr_plain.bpf.o: bpf/xbr.bpf.c Makefile | hint
	$(call begin,BPF)
	$(Q)$(BPF_CC) $(BPF_CFLAGS) -DXBR_PLAIN -c -o $@ $<

build/xbr_plain.bpf.o: build/bpf/xbr_plain.bpf.o
	$(call begin,GEN)
	$(Q)$(BPFTOOL) gen object $@ $<

build/xbr_plain.skel.h: build/xbr_plain.bpf.o
	$(call begin,GEN)
	$(Q)$(BPFTOOL) gen skeleton $< name xbr_plain > $@

build/xbr.skel.h: build/xbr.bpf.o
	$(call begin,GEN)
	$(Q)$(BPFTOOL) gen skeleton $< name xbr_bpf > $@

# Before the first build no .d file tells who includes the skeleton.
SKELETON_USERS := $(wildcard agent/datapath/*.c tests/*/*.c)
$(foreach flavour,obj san fuzz,$(call objects,$(flavour),$(SKELETON_USERS))): | build/xbr.skel.h build/xbr_plain.skel.h

man: $(MANUALS)

build/man/%: docs/man/%.scd
	$(call begin,MAN)
	$(Q)scdoc < $< > $@

build/xbr.bash: build/xbr
	$(call begin,GEN)
	$(Q)build/xbr completion bash > $@

-include $(shell find build -name '*.d' 2>/dev/null)

# ---- tests ------------------------------------------------------------------------------------------

check: deps
	+@MAKE='$(MAKE) --no-print-directory $(PARALLEL)' tests/summary.sh check-unit check-sim check-bpf check-net fuzz

check-unit: build/tests/unit
	$(Q)$(SUDO) build/tests/unit $(TESTS)

check-bpf: build/tests/bpf
	$(Q)$(SUDO) build/tests/bpf $(TESTS)

# Debian's own python3: the packages of docs/build-deps.txt are its.
check-net: all
	$(Q)$(SUDO) env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider \
		-n $(NET_JOBS) --dist loadgroup $(PYTEST_ARGS) tests/net

test-programs: build/tests/unit build/tests/bpf $(FUZZERS)

build/san/%.o: %.c Makefile | hint
	$(call begin,CC.SAN)
	$(Q)$(CC) $(COMMON) $(TEST_INCLUDES) $(SANITIZE) $(CPPFLAGS) -c -o $@ $<

# Archives, so that a test links what it calls and no more (q, not r: folders may have files of the same name).
build/san/agent.a build/fuzz/agent.a: build/%/agent.a: $(patsubst %.c,build/\%/%.o,$(AGENT_PARTS))
build/san/cli.a build/fuzz/cli.a: build/%/cli.a: $(patsubst %.c,build/\%/%.o,$(CLI_PARTS))
build/san/agent.a build/san/cli.a build/fuzz/agent.a build/fuzz/cli.a:
	$(call begin,AR)
	$(Q)rm -f $@ && ar qcs $@ $^

# tests/unit and tests/bpf have the same runner; its table of suites comes from the file names.
suites = $(patsubst tests/$1/test_%.c,%,$(wildcard tests/$1/test_*.c))

build/tests/%.suites.c: tests/% Makefile
	$(call begin,GEN)
	$(Q){ echo '#include "test.h"'; \
		for name in $(call suites,$*); do echo "int test_$${name}_suite(void);"; done; \
		echo 'const struct test_suite test_suites[] = {'; \
		for name in $(call suites,$*); do echo "	{\"$$name\", test_$${name}_suite},"; done; \
		echo '	{NULL, NULL},'; echo '};'; } > $@

build/tests/unit: $(call objects,san,$(wildcard tests/unit/*.c) $(filter-out tests/sim/main.c,$(SIM)))
build/tests/bpf: $(call objects,san,$(wildcard tests/bpf/*.c) tests/unit/main.c)
build/tests/unit build/tests/bpf: build/tests/%: build/san/build/tests/%.suites.o build/san/agent.a build/san/cli.a
	$(call begin,LINK)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS_AGENT) -lcunit

# Spanning tree simulated: the networks of tests/sim, then random ones (tests/sim/README.md).
build/stp-sim: $(call objects,obj,$(SIM) $(wildcard agent/proto/*.c))
	$(call begin,LINK)
	$(Q)$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^

check-sim: build/stp-sim
	$(Q)build/stp-sim $(wildcard tests/sim/*.stp)
	$(Q)build/stp-sim --random $(SIM_NETWORKS)

fuzz: $(FUZZERS)
	@tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZERS)

build/fuzz/%.o: %.c Makefile | hint
	$(call begin,CC.FUZ)
	$(Q)$(FUZZ_CC) $(COMMON) $(TEST_INCLUDES) $(SANITIZE) -fsanitize=fuzzer-no-link -Wno-gnu $(CPPFLAGS) -c -o $@ $<

FUZZ_HELPERS := $(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.c))
$(FUZZERS): build/fuzz/%: build/fuzz/tests/fuzz/%.o $(call objects,fuzz,$(FUZZ_HELPERS)) \
		build/fuzz/agent.a build/fuzz/cli.a
	$(call begin,LINK)
	$(Q)$(FUZZ_CC) $(SANITIZE) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS_AGENT)

# What xbr is compared with, and what measures: installed when a benchmark is run.
bench bench-quick: bench-deps all build/bench/frames
	$(Q)$(SUDO) env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/bench/bench.py $(if $(filter bench-quick,$@),--quick) $(BENCH_ARGS)

build/bench/%.bpf.o: tests/bench/%.bpf.c Makefile | hint
	$(call begin,BPF)
	$(Q)$(BPF_CC) $(BPF_CFLAGS) -c -o $@ $<

build/bench/%.skel.h: build/bench/%.bpf.o
	$(call begin,GEN)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

build/obj/tests/bench/frames.o: | build/bench/frames.skel.h
build/bench/frames: build/obj/tests/bench/frames.o
	$(call begin,LINK)
	$(Q)$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ -lbpf

demo: deps
	$(SUBMAKE) all
	@$(SUDO) tests/demo/demo.sh

fresh-check:
	@$(SUDO) tests/fresh/fresh.sh "$(or $(FRESH_DIR),$$(mktemp -d /var/tmp/xbr-fresh.XXXXXX))" demo check

# ---- other kernels ----------------------------------------------------------------------------------

KERNEL ?= 6.12

vm-check: vm-deps
	$(SUBMAKE) all build/tests/bpf
	@vm/check $(KERNELS)

demo-vm: vm-deps
	$(SUBMAKE) all
	@$(SUDO) env PYTHONDONTWRITEBYTECODE=1 KERNEL=$(KERNEL) /usr/bin/python3 tests/demo/machines.py

vm-shell: vm-deps
	$(SUBMAKE) all
	@vm/run -k $(KERNEL)

# ---- the source itself ------------------------------------------------------------------------------

C_FILES = $(shell find agent bpf cli include tests -name '*.[ch]')

# Each check is a program tests/lint/check-NAME, run in the top folder of the tree it checks.
LINTS := $(patsubst tests/lint/check-%,lint-%,$(wildcard tests/lint/check-*))
.PHONY: $(LINTS) lint-selftest

lint: man $(LINTS) lint-selftest

$(LINTS): lint-%: | hint
	@tests/lint/check-$* && printf '  %-6s %s\n' LINT $*

lint-selftest: | hint
	@tests/lint/selftest.sh && printf '  %-6s %s\n' LINT selftest

format:
	$(Q)clang-format -i $(C_FILES)

# ---- packages ---------------------------------------------------------------------------------------

# $(call missing_of,FILE): the packages of a list that are not installed.
packages   = $(shell sed 's/\#.*//' $1)
installed  = $(shell dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $1 2>/dev/null | sed -n 's/^installed //p')
missing_of = $(if $(shell command -v dpkg-query),$(filter-out $(call installed,$(call packages,$1)),$(call packages,$1)))
missing   := $(call missing_of,docs/build-deps.txt)

APT_GET = $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -q -y

deps:
	$(if $(missing),$(APT_GET) update && $(APT_GET) install --no-install-recommends $(missing))

bench-deps vm-deps: missing_here = $(call missing_of,docs/$@.txt)
bench-deps vm-deps: deps
	$(if $(missing_here),$(APT_GET) update && $(APT_GET) install --no-install-recommends $(missing_here))

hint:
	$(if $(missing),@echo "not installed: $(missing) (\`make deps\` installs them)" >&2)

# ---- installing -------------------------------------------------------------------------------------

UNITS       := $(DESTDIR)$(LIBDIR)/systemd/system
MAN_TARGETS  = $(foreach page,$(MANUALS),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
CONFIG      := $(DESTDIR)$(SYSCONFDIR)/xbr/xbr.conf

install: all build/xbr.bash
	install -D -m 755 build/xbrd $(DESTDIR)$(SBINDIR)/xbrd
	install -D -m 755 build/xbr $(DESTDIR)$(BINDIR)/xbr
	install -D -m 644 build/xbr.bash $(DESTDIR)$(COMPLETIONDIR)/xbr
	$(foreach page,$(MAN_TARGETS),install -D -m 644 build/man/$(notdir $(page)) $(page) &&) true
	install -D -m 644 agent/systemd/xbrd.service $(UNITS)/xbrd.service
	sed -i -e 's|/usr/local/sbin/|$(SBINDIR)/|' -e 's|/usr/local/bin/|$(BINDIR)/|' \
		-e 's|/etc/xbr/|$(SYSCONFDIR)/xbr/|' $(UNITS)/xbrd.service
	install -D -m 644 agent/systemd/sysusers.conf $(DESTDIR)$(LIBDIR)/sysusers.d/xbr.conf
	install -D -m 644 agent/systemd/tmpfiles.conf $(DESTDIR)$(LIBDIR)/tmpfiles.d/xbr.conf
	test -e $(CONFIG) || install -D -m 644 agent/systemd/xbr.conf $(CONFIG)
	@echo 'next: systemd-sysusers && systemctl daemon-reload && systemctl enable --now xbrd'

# The configuration stays if it was changed.
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/xbrd $(DESTDIR)$(BINDIR)/xbr $(DESTDIR)$(COMPLETIONDIR)/xbr $(MAN_TARGETS) \
		$(UNITS)/xbrd.service $(DESTDIR)$(LIBDIR)/sysusers.d/xbr.conf $(DESTDIR)$(LIBDIR)/tmpfiles.d/xbr.conf
	if cmp -s agent/systemd/xbr.conf $(CONFIG); then rm -f $(CONFIG) && rmdir $(dir $(CONFIG)); fi

clean:
	rm -rf build

help:
	@sed -n 's/^## \{0,1\}//p' Makefile
