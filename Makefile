# graphcut: one Makefile, not recursive. `make help` lists the targets.
#
#   CONFIG   release (default), bundle, debug, sanitize (ASan + UBSan), thread (TSan), fuzz (clang, libFuzzer)
#   CC       gcc or clang
#   WERROR   1 makes warnings errors
#   V        1 shows the commands

CONFIG ?= release
PREFIX ?= /usr/local
VERSION := 0.1.0
ABI := 0

# A line a file; V=1 shows the commands.
quiet := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

build := build/$(CONFIG)
gen := $(build)/gen

# ---- dependencies --------------------------------------------------------------------------------------------------

PACKAGES := libprotobuf-c libgvc libpcre2-8 jansson libzip
# Only their headers are needed: the library is opened when it is wanted.
HEADERS := libopenjp2
missing := $(strip $(foreach p,$(PACKAGES) $(HEADERS),$(shell pkg-config --exists $(p) || echo $(p)))\
  $(if $(wildcard /usr/include/dnnl.h /usr/local/include/dnnl.h),,dnnl)\
  $(shell command -v protoc-c >/dev/null || echo protoc-c))
ifneq ($(missing),)
ifeq ($(filter help clean format,$(MAKECMDGOALS)),)
$(error missing: $(missing). Run ./install-deps.sh, which installs the Debian packages)
endif
endif

# ---- flags ---------------------------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-missing-field-initializers
CFLAGS_release := -O2 -g
CFLAGS_bundle := $(CFLAGS_release)
CFLAGS_debug := -Og -g3
# NULL plus 0, which tensors without elements give, is no finding: C2y defines it.
CFLAGS_sanitize := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
  $(if $(findstring clang,$(CC)),-fno-sanitize=pointer-overflow)
CFLAGS_thread := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS_sanitize := -fsanitize=address,undefined
LDFLAGS_thread := -fsanitize=thread
LDFLAGS_fuzz := -fsanitize=address,undefined

# No fused multiply-adds behind our back: the same bits from every compiler and for every cut.
all_cflags := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -ffp-contract=off -fno-math-errno -fno-trapping-math -pthread \
  $(WARNINGS) $(if $(WERROR),-Werror) $(CFLAGS_$(CONFIG)) -DGCUT_VERSION='"$(VERSION)"' \
  $(shell pkg-config --cflags $(PACKAGES) $(HEADERS)) -MMD -MP $(CFLAGS)
all_ldflags := $(LDFLAGS_$(CONFIG)) -pthread $(LDFLAGS)
libs := $(shell pkg-config --libs $(PACKAGES)) -ldnnl -lgomp -lm -ldl

# ---- sources -------------------------------------------------------------------------------------------------------

# CUDA: the toolkit that nvcc belongs to, or nothing; CUDA_ARCHS: compute capabilities, the last also as PTX, without what
# is only that card's (90a: Hopper with wgmma and setmaxnreg).
NVCC ?= $(shell command -v nvcc)
CUDA_ARCHS ?= 80 90a

# cuDNN's headers are no part of the toolkit.
cuda_home := $(if $(NVCC),$(abspath $(dir $(realpath $(NVCC)))..))
dnn_header := $(if $(NVCC),$(wildcard $(cuda_home)/include/cudnn_graph.h /usr/include/cudnn_graph.h))
without_dnn := $(if $(dnn_header),exec/cuda/dnn_none.c,exec/cuda/dnn.c exec/cuda/dnn_plan.c)

rooms := tracer formats partition exec
lib_src := $(filter-out $(without_dnn),$(shell find $(rooms) -name '*.c' $(if $(NVCC),,-not -path 'exec/cuda/*') | LC_ALL=C sort))
tool_src := $(sort $(wildcard tools/*.c))
test_src := $(shell find tests -name '*_test.c' $(if $(NVCC),,-not -path 'tests/exec/cuda/*') | LC_ALL=C sort)
support_src := $(sort $(wildcard tests/support/*.c))
generator_src := $(sort $(wildcard tests/generators/*.c))
fuzz_src := $(sort $(wildcard tests/fuzz/*_fuzz.c))
example_src := $(sort $(wildcard examples/*.c))

lib_obj := $(lib_src:%.c=$(build)/%.o) $(gen)/formats/onnx/onnx.pb-c.o
tool_obj := $(tool_src:%.c=$(build)/%.o)
support_obj := $(support_src:%.c=$(build)/%.o)
test_bin := $(test_src:%.c=$(build)/%)
support_lib := $(build)/tests/support/libsupport.a
generator_bin := $(generator_src:%.c=$(build)/%)
fuzz_bin := $(fuzz_src:%.c=$(build)/%)
replay_bin := $(fuzz_src:%_fuzz.c=$(build)/%_replay)
example_bin := $(example_src:%.c=$(build)/%)

static_lib := $(build)/libgraphcut.a
shared_lib := $(build)/libgraphcut.so.$(VERSION)
command := $(build)/graphcut
failing_command := $(build)/tests/cli/failing

.PHONY: all
all: $(command) $(static_lib) $(shared_lib) ## build the command and the libraries
	@ln -sfn $(CONFIG)/graphcut build/graphcut

$(gen)/formats/onnx/onnx.pb-c.c: formats/onnx/onnx.proto
	@mkdir -p $(@D)
	$(call say,PROTO,$<)
	$(quiet)protoc-c --proto_path=formats/onnx --c_out=$(@D) $<
$(gen)/formats/onnx/onnx.pb-c.h: $(gen)/formats/onnx/onnx.pb-c.c
$(gen)/formats/onnx/onnx.pb-c.o: $(gen)/formats/onnx/onnx.pb-c.c
	$(call say,CC,$<)
	$(quiet)$(CC) $(all_cflags) -w -c -o $@ $<

# Foreign types stay in the folder that owns them: only formats/onnx sees the generated header.
$(build)/formats/onnx/%.o: private room_flags := -I$(gen)/formats/onnx
$(patsubst %.c,$(build)/%.o,$(filter formats/onnx/%,$(lib_src))): | $(gen)/formats/onnx/onnx.pb-c.h

$(build)/formats/dot/page_html.o: formats/dot/page.html

# Kernels are loops over rows: vector code pays at any length.
$(build)/exec/cpu/ops/%.o: private room_flags := $(if $(filter release bundle,$(CONFIG)),-O3)

# Kernels: a fat binary of each .cu file, whatever the CONFIG, and one object that has them all, with a list that ends in 0.
ifneq ($(NVCC),)
$(if $(dnn_header),,$(info cudnn_graph.h is not there: building without cuDNN))
cuda_src := $(sort $(wildcard exec/cuda/ops/*.cu))
cuda_flags := -std=c++17 -O3 -Iinclude $(foreach a,$(CUDA_ARCHS),-gencode arch=compute_$(a),code=sm_$(a)) \
  -gencode arch=compute_$(patsubst %a,%,$(lastword $(CUDA_ARCHS))),code=compute_$(patsubst %a,%,$(lastword $(CUDA_ARCHS)))
empty :=
kernels := build/kernels-$(subst $(empty) $(empty),-,$(strip $(CUDA_ARCHS)))
fatbins := $(cuda_src:exec/cuda/ops/%.cu=$(kernels)/%.fatbin)
all_cflags += -DGCUT_CUDA
lib_obj += $(gen)/exec/cuda/fatbins.o
$(kernels)/%.fatbin: exec/cuda/ops/%.cu
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(quiet)$(NVCC) $(cuda_flags) -MD -MP -MF $(@:.fatbin=.d) -MT $@ -fatbin -o $@ $<
$(gen)/exec/cuda/archs: FORCE # other CUDA_ARCHS are other kernels
	@mkdir -p $(@D)
	@echo "$(CUDA_ARCHS)" | cmp -s - $@ || echo "$(CUDA_ARCHS)" > $@
.PHONY: FORCE
$(gen)/exec/cuda/fatbins.s: $(fatbins) $(gen)/exec/cuda/archs
	$(quiet){ echo '.section .rodata'; \
	  for f in $(fatbins); do printf '.balign 64\n%s: .incbin "%s"\n' $$(basename $$f .fatbin) $$f; done; \
	  printf '.section .data.rel.ro,"aw"\n.balign 8\n.global gcut__cuda_fatbins\n.hidden gcut__cuda_fatbins\ngcut__cuda_fatbins:\n'; \
	  for f in $(fatbins); do echo .quad $$(basename $$f .fatbin); done; \
	  echo '.quad 0'; echo '.section .note.GNU-stack,"",@progbits'; } > $@
$(gen)/exec/cuda/fatbins.o: $(gen)/exec/cuda/fatbins.s
	$(quiet)$(CC) -c -o $@ $<
$(build)/exec/cuda/%.o: private room_flags := -isystem $(cuda_home)/include
$(build)/tests/exec/cuda/%.o: private room_flags := -isystem $(cuda_home)/include
else
$(info nvcc is not there: building without CUDA)
endif

# tools/ and examples/ see the public headers alone.
$(build)/tools/%.o: tools/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(quiet)$(CC) $(all_cflags) -Iinclude -c -o $@ $<
$(build)/examples/%.o: examples/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(quiet)$(CC) $(all_cflags) -Iinclude -c -o $@ $<
$(build)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(quiet)$(CC) $(all_cflags) -I. -Iinclude $(room_flags) -c -o $@ $<

# Profiles of machines are part of the library, as they stand in their files.
$(build)/formats/json/profile_json.o: $(wildcard formats/json/profiles/*.json)

$(static_lib): $(lib_obj)
	@rm -f $@
	$(call say,AR,$@)
	$(quiet)ar rcs $@ $^
$(shared_lib): $(lib_obj)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -shared -Wl,-soname,libgraphcut.so.$(ABI) -o $@ $^ $(libs)
	@ln -sf $(@F) $(build)/libgraphcut.so.$(ABI)
	@ln -sf $(@F) $(build)/libgraphcut.so
$(command): $(tool_obj) $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -o $@ $^ $(libs)
$(build)/examples/%: $(build)/examples/%.o $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -o $@ $^ $(libs)
$(support_lib): $(support_obj)
	@rm -f $@
	$(call say,AR,$@)
	$(quiet)ar rcs $@ $^
$(build)/tests/generators/%: $(build)/tests/generators/%.o $(support_lib) $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -o $@ $^ $(libs)
$(build)/tests/%_test: $(build)/tests/%_test.o $(support_lib) $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) $(wrap_flags) -o $@ $^ $(libs) -lcmocka
# Programs whose allocations can be made to fail (tests/support/failing.h).
$(build)/tests/%nomem_test $(failing_command): private wrap_flags := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc
$(failing_command): $(tool_obj) $(build)/tests/cli/failing.o $(support_lib) $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) $(wrap_flags) -o $@ $^ $(libs)
$(build)/tests/fuzz/%_fuzz: $(build)/tests/fuzz/%_fuzz.o $(support_lib) $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -fsanitize=fuzzer -o $@ $^ $(libs)
$(build)/tests/fuzz/%_replay: $(build)/tests/fuzz/%_fuzz.o $(build)/tests/fuzz/replay.o $(support_lib) $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -o $@ $^ $(libs)

conformance_src := $(sort $(wildcard tests/conformance/*.c))
conformance := $(build)/tests/conformance/conformance
$(conformance): $(conformance_src:%.c=$(build)/%.o) $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -o $@ $^ $(libs)

cuts := $(build)/tests/cuts/cuts
$(cuts): $(build)/tests/cuts/cuts.o $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -o $@ $^ $(libs)

# ---- checks --------------------------------------------------------------------------------------------------------

.PHONY: check
check: all tests ## build and run every test
	tests/run.sh $(build)

.PHONY: tests
tests: $(test_bin) $(failing_command) $(generator_bin) $(replay_bin) $(example_bin) $(conformance) $(cuts) ## build the tests without running them

.PHONY: demo
demo: $(command) ## cut and stream a small decoder, check its outputs, draw the cuts
	@ln -sfn $(CONFIG)/graphcut build/graphcut
	$(command) cut examples/models/llama/model.onnx --targets LlamaDecoderLayer
	$(command) run examples/models/llama/model.onnx --targets LlamaDecoderLayer --offload sequential --device cpu \
	  --input examples/models/llama/inputs.npz --expect examples/models/llama/outputs.npz --atol 1e-4 --self-check
	$(command) draw examples/models/llama/model.onnx --targets LlamaDecoderLayer --set batch=1,seq=128 -o demo.svg
	@echo "the cuts are drawn in demo.svg"

.PHONY: conformance
conformance: $(conformance) ## run the official ONNX cases: a table by folder and operator
	$(conformance)

MODELS ?= examples/models

.PHONY: models
models: $(command) $(generator_bin) ## run every model of MODELS whole and cut, with one batch and seven, and convert it
	MODELS=$(MODELS) tests/run.sh $(build) tests/cli/models.sh

.PHONY: strategies
strategies: $(command) $(build)/tests/generators/batches ## run every strategy on every model of MODELS, CPU and sim: a table
	tests/strategies.sh $(build) $(MODELS)

.PHONY: published
published: $(command) ## what others measured beside what the clock predicts
	GRAPHCUT=$(command) sh tests/cli/published.sh

.PHONY: cuts
cuts: $(cuts) ## cut every model of MODELS in every way, run the parts (ONNX Runtime too): a table
	tests/cuts.sh $(build) $(MODELS)

# ---- the card ------------------------------------------------------------------------------------------------------

.PHONY: check-gpu
check-gpu: $(command) $(conformance) ## run cases and models on a card: CASES, MODELS; GCUT_REQUIRE_GPU=1 where there must be one
	MODELS="$(MODELS) tests/data/runtime tests/data/convolutions tests/data/attention" tests/gpu.sh $(build)

ifneq ($(NVCC),)
# Only what it uses: the program runs on machines that lack the other libraries.
$(build)/tests/cuda/%.o: private room_flags := -isystem $(cuda_home)/include
$(build)/tests/cuda/%_bench: $(build)/tests/cuda/%_bench.o $(build)/tests/cuda/card.o $(static_lib)
	$(call say,LINK,$@)
	$(quiet)$(CC) $(all_ldflags) -Wl,--as-needed -o $@ $^ $(libs)

$(build)/tests/cuda/elementwise_bench: $(build)/tests/cuda/elementwise_cases.o
$(build)/tests/cuda/attend_bench: $(build)/tests/cuda/attend_cases.o

.PHONY: bench-attend
bench-attend: $(build)/tests/cuda/attend_bench ## check attention kernels on a card and time them
	$<

.PHONY: bench-elementwise
bench-elementwise: $(build)/tests/cuda/elementwise_bench ## check chains of elementwise operators on a card and time them
	$<

.PHONY: bench-products
bench-products: $(addprefix $(build)/tests/cuda/,product_bench joint_bench finish_bench) ## check products of our own on a card, alone and joined, and time them beside cuBLASLt
	for program in $^; do $$program || exit; done

.PHONY: bench-experts
bench-experts: $(build)/tests/cuda/experts_bench ## check products of rows that choose their matrices on a card and time them
	$<

.PHONY: bench-convolutions
bench-convolutions: $(build)/tests/cuda/convolution_bench ## time convolutions of well-known networks on a card
	$<

# A card in software: the kernels' sources compiled for the host behind a stand-in for the driver, cuBLASLt and cuDNN.
# Kernels in the card's assembly are left out.
emulated := $(build)/emulated
emulated_cu := $(shell grep -LE 'asm volatile|(attend|mma|hopper)\.cuh' $(cuda_src))
emulated_card := $(emulated)/libcuda.so.1 $(emulated)/libcublasLt.so.13 $(if $(dnn_header),$(emulated)/libcudnn.so.9) \
  $(emulated)/alone/libcublasLt.so.13 $(emulated)/alone/libcudnn.so.9
emulate_flags := -isystem $(cuda_home)/include -I. -Iinclude $(WARNINGS) -O2 -g -fPIC -fvisibility=hidden -ffp-contract=off -MMD -MP
$(emulated)/kernels.cpp: $(emulated_cu) $(wildcard exec/cuda/ops/*.h exec/cuda/ops/*.cuh)
	@mkdir -p $(@D)
	for file in $(emulated_cu); do echo "#line 1 \"$$file\""; cat $$file; done | \
	  sed -e 's/const __grid_constant__ \([a-z0-9_]*\) /const \1 \&/' \
	    -e 's/extern "C" __global__/extern "C" __attribute__((visibility("default")))/' \
	    -e 's/extern __shared__ \([a-zA-Z0-9_]*\) \([a-z]*\)\[\];/\1 *\2 = (\1 *)emulated_shared;/' > $@
$(emulated)/kernels.o: $(emulated)/kernels.cpp tests/emulate/kernel_shim.h
	g++ -std=c++17 $(filter-out -Wstrict-prototypes -Wmissing-prototypes,$(emulate_flags)) -w -Iexec/cuda/ops \
	  -include tests/emulate/kernel_shim.h -c -o $@ $<
$(emulated)/%.o: tests/emulate/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(quiet)$(CC) -std=c11 -D_GNU_SOURCE $(emulate_flags) -c -o $@ $<
$(emulated)/libcuda.so.1: $(emulated)/card.o $(emulated)/product_wide.o $(emulated)/grouped_wide.o $(emulated)/kernels.o
	g++ -shared -Wl,-soname,$(@F) -o $@ $^ -pthread -ldl
$(emulated)/libcublasLt.so.13: $(emulated)/blas.o
$(emulated)/libcudnn.so.9: $(emulated)/dnn.o $(emulated)/dnn_convolution.o
$(emulated)/libcublasLt.so.13 $(emulated)/libcudnn.so.9:
	$(call say,LINK,$@)
	$(quiet)$(CC) -shared -Wl,-soname,$(@F) -o $@ $^

# Part of every check but those of sanitizers, which do not follow the card's change of stacks.
ifneq ($(filter release debug,$(CONFIG)),)
tests: $(emulated_card)
endif

.PHONY: check-emulated
check-emulated: $(command) $(conformance) $(emulated_card) ## run the card's cases without a card, with its libraries and without
	for folder in $(emulated) $(emulated)/alone; do \
	  LD_LIBRARY_PATH=$$folder:$$LD_LIBRARY_PATH GCUT_REQUIRE_GPU=1 SANITIZED= MODELS="$(MODELS) tests/data/runtime tests/data/convolutions" \
	    tests/gpu.sh $(build) || exit; \
	done

# The same card beside a cuBLASLt and a cuDNN with nothing in them, which count as none.
$(emulated)/alone/libcublasLt.so.13 $(emulated)/alone/libcudnn.so.9: $(emulated)/libcuda.so.1
	@mkdir -p $(@D)
	$(quiet)$(CC) -shared -Wl,-soname,$(@F) -o $@ -x c /dev/null
	@ln -sf ../libcuda.so.1 $(@D)/libcuda.so.1
endif

.PHONY: bench-gpu
bench-gpu: $(command) ## on a card: an 8B decoder (MODEL=, PyTorch's export without weights) beside PyTorch
	tests/gpu/bench.sh $(command) $(MODEL)

FUZZ_SECONDS ?= 600

.PHONY: fuzz fuzz-targets
fuzz: ## fuzz every entry for FUZZ_SECONDS each (clang, libFuzzer); what it finds is left in build/fuzz/found
	$(MAKE) CC="$(if $(filter clang%,$(notdir $(CC))),$(CC),clang)" CONFIG=fuzz fuzz-targets
	tests/fuzz/run.sh build/fuzz $(FUZZ_SECONDS)
fuzz-targets: $(fuzz_bin) $(build)/tests/generators/hostile

.PHONY: golden
golden: tests ## rewrite the golden files from what is made now; read the difference before committing it
	for t in $(test_bin); do GCUT_GOLDEN=1 $$t >/dev/null 2>&1 || echo "$$t fails"; done
	git diff --stat tests/golden

.PHONY: format
format: ## lay out the sources by .clang-format
	git ls-files '*.c' '*.h' | xargs clang-format -i

.PHONY: format-check
format-check: ## fail where a source is not laid out by .clang-format
	git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror

.PHONY: lint
lint: ## check the rooms' dependency rule and other house rules
	tests/lint.sh

# The table of operators, as `graphcut ops` prints it; tests/cli/operators.sh checks that it is current.
.PHONY: docs
docs: $(command) pictures ## write docs/operators.md and draw the pictures
	{ printf '# Operators\n\nMade from tracer/ops/list.h by `make docs`; `graphcut ops` prints it.\n\n'; \
	  $(command) ops | sed 's/^/    /; s/ *$$//'; } > docs/operators.md

# Those of large models are drawn where MODELS has their graphs (no weights): skeletons/llama-3-8b and llama-3.2-11b-vision.
llama := examples/models/llama/model.onnx --set batch=1,seq=128
decoder := $(MODELS)/skeletons/llama-3-8b/model.onnx
vision := $(MODELS)/skeletons/llama-3.2-11b-vision/model.onnx
vision_layers := MllamaSelfAttentionDecoderLayer,MllamaCrossAttentionDecoderLayer

.PHONY: pictures
pictures: $(command) ## draw the pictures of README and docs/; MODELS=FOLDER: those of large models, too
	@mkdir -p docs/pictures
	for theme in "" --dark; do \
	  suffix=$${theme#-}; suffix=$${suffix:+.dark}; \
	  draw() { picture=$$1; shift; $(command) draw "$$@" $$theme -o docs/pictures/$$picture$$suffix.svg; }; \
	  draw decoder $(llama) --targets LlamaDecoderLayer && draw matmul $(llama) --targets MatMul && \
	  draw layers $(llama) --view layers && draw heat $(llama) --view layers --by weights || exit 1; \
	  test -f $(vision) || continue; \
	  draw vision $(vision) --targets $(vision_layers) || exit 1; \
	done
	@test -f $(vision) || echo "docs/pictures/vision.svg and vision.dark.svg stay as they are: there is no $(vision)"
	@test -f $(decoder) || echo "docs/pictures/sequential.svg and prefetch.svg stay as they are: there is no $(decoder)"
	for offload in sequential prefetch; do test ! -f $(decoder) || $(command) simulate $(decoder) --set batch=1,seq=2048 --batches 4 \
	  --budget 4G --targets LlamaDecoderLayer --profile rtx4090-assumed --offload $$offload --timeline docs/pictures/$$offload.svg \
	  >/dev/null || exit 1; done

.PHONY: bench
bench: all $(generator_bin) ## times of reading, tracing, cutting, against size (and models of BENCH: see tests/bench.sh)
	MODELS=$(MODELS) tests/bench.sh $(build) $(BENCH)

# The bundle's executable finds its libraries beside itself, those that libraries need included.
bundle_name := graphcut-$(VERSION)-linux-x86_64
BUNDLE_ARCHS ?= 75 80 86 89 90a 100 120

.PHONY: bundle
bundle: ## one tarball with everything but glibc and the driver, kernels for cards from Turing on: build/NAME.tar.xz
	$(MAKE) CONFIG=bundle CUDA_ARCHS="$(BUNDLE_ARCHS)" LDFLAGS="$(LDFLAGS) -Wl,--disable-new-dtags,-rpath,'\$$\$$ORIGIN/../lib'" build/bundle/graphcut
	tools/bundle.sh build/bundle/graphcut $(bundle_name) build/$(bundle_name).tar.xz

# ---- install -------------------------------------------------------------------------------------------------------

man_pages := $(build)/man/graphcut.1

$(build)/man/graphcut.1: $(command)
	@mkdir -p $(@D)
	$(command) help --man > $@
$(build)/completions: $(command)
	@mkdir -p $@
	for shell in bash zsh fish; do $(command) help --$$shell > $@/graphcut.$$shell || exit 1; done
	@touch $@

.PHONY: install
install: all $(man_pages) $(build)/completions ## install the command, libraries, headers, pkg-config file and man page (PREFIX, DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/graphcut $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	  $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(command) $(DESTDIR)$(PREFIX)/bin/graphcut
	install -m 644 include/graphcut/*.h $(DESTDIR)$(PREFIX)/include/graphcut/
	install -m 644 $(static_lib) $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(shared_lib) $(DESTDIR)$(PREFIX)/lib/
	ln -sf $(notdir $(shared_lib)) $(DESTDIR)$(PREFIX)/lib/libgraphcut.so.$(ABI)
	ln -sf $(notdir $(shared_lib)) $(DESTDIR)$(PREFIX)/lib/libgraphcut.so
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@PACKAGES@|$(PACKAGES)|' tools/graphcut.pc.in \
	  > $(DESTDIR)$(PREFIX)/lib/pkgconfig/graphcut.pc
	install -m 644 $(man_pages) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(build)/completions/graphcut.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/graphcut
	install -m 644 $(build)/completions/graphcut.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_graphcut
	install -m 644 $(build)/completions/graphcut.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/

.PHONY: clean
clean: ## remove everything that was built
	rm -rf build

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# Objects of programs that pattern rules link are kept. Not all targets: an object that is missing from an archive is made.
.SECONDARY: $(patsubst %.c,$(build)/%.o,$(test_src) $(generator_src) $(example_src) $(wildcard tests/fuzz/*.c tests/cuda/*.c))
.DELETE_ON_ERROR:
-include $(shell find $(build) $(kernels) -name '*.d' 2>/dev/null)
