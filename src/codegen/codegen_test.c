/* Oracles: exact results of the compiled code; refusals that name the symbols. */
#include "ir/ir_testing.h"
#include "base/dtype.h"
#include "codegen/codegen.h"
#include <elf.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(NULL);
}

static loom_status object_of(const char *src, const codegen_options *o, char **object, size_t *size) {
  MlirModule m;
  LOOM_TRY(ir_parse_own(&ir, "code.mlir", src, strlen(src), &m));
  loom_status st = codegen_object(&ir, m, o, object, size);
  ir_close_module(m);
  return st;
}

static loom_status link_text(const char *src, const codegen_options *o, codegen_image **out) {
  char *object;
  size_t size;
  *out = NULL;
  LOOM_TRY(object_of(src, o, &object, &size));
  return codegen_link(&ctx, object, size, o, out);
}

static const char axpy[] =
    "llvm.func @expf(f32) -> f32\nllvm.func @bump(i64)\n"
    "llvm.func @axpy(%a: f32, %p: !llvm.ptr) -> f32 {\n  %c = llvm.mlir.constant(3 : i64) : i64\n  llvm.call @bump(%c) : (i64) -> ()\n"
    "  %x = llvm.load %p : !llvm.ptr -> f32\n  %y = llvm.fmul %a, %x : f32\n  llvm.store %y, %p : f32, !llvm.ptr\n"
    "  %e = llvm.call @expf(%y) : (f32) -> f32\n  llvm.return %e : f32\n}\n";

static int64_t bumped;
static void bump(int64_t n) { bumped += n; }

static void *address_of(void (*f)(int64_t)) {
  void *p;
  memcpy(&p, &f, sizeof p);
  return p;
}

static void test_granted_symbols_link_and_run_at_every_level(void **state) {
  (void)state;
  codegen_symbol grants[] = {{"bump", address_of(bump)}};
  for (int level = 0; level <= 3; level++) {
    codegen_options o = {.opt_level = level, .grants = grants, .n_grants = 1};
    codegen_image *image;
    assert_int_equal(link_text(axpy, &o, &image), LOOM_OK);
    void *p = codegen_lookup(image, "axpy");
    assert_non_null(p);
    float (*f)(float, float *);
    memcpy(&f, &p, sizeof f);
    float x = 0.25f;
    bumped = 0;
    float e = f(2.0f, &x);
    assert_true(x == 0.5f && e == expf(0.5f) && bumped == 3);
    assert_null(codegen_lookup(image, "nope"));
    assert_null(codegen_lookup(image, "getpid"));   /* the process is not searched */
    codegen_unlink(image);
    codegen_unlink(image);   /* harmless */
  }
}

/* Doubles next to the middle of two bf16, where rounding to f32 first would lose the side that they are on. */
static void test_doubles_round_once_to_bf16(void **state) {
  (void)state;
  static const double x[] = {0,  -0.0, 1, 0x1.01p0, 0x1.010000000001p0, 0x1.00fffffffffffp0, 0x1.03p0, 0x1.02fffffffffffp0, 0x1.030000000001p0, 0x1p-133, 0x1p-134, 0x1.000000001p-134,
                             0x1.ffp127, 0x1.feffffffffp127, 0x1.fep127, 1e300, -1e300, INFINITY, -INFINITY, NAN, 1e-310, 0x1.8p-134, 0.1, -0x1.010000000001p5};
  codegen_image *image;
  assert_int_equal(link_text("llvm.func @narrow(%x: f64, %p: !llvm.ptr) {\n  %y = llvm.fptrunc %x : f64 to bf16\n  llvm.store %y, %p : bf16, !llvm.ptr\n  llvm.return\n}\n",
                             &(codegen_options){.opt_level = 2}, &image), LOOM_OK);
  void *p = codegen_lookup(image, "narrow");
  void (*narrow)(double, void *);
  memcpy(&narrow, &p, sizeof narrow);
  for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
    unsigned char got[2], want[2];
    narrow(x[i], got);
    dtype_store(DTYPE_BF16, want, x[i]);
    double g = dtype_load(DTYPE_BF16, got), w = dtype_load(DTYPE_BF16, want);
    if (!(g == w || (isnan(g) && isnan(w))))
      fail_msg("%a is %a in bf16, expected %a", x[i], g, w);
  }
  codegen_unlink(image);
}

/* For every type that a wide vector is cut to, and every lane: one element is written, its neighbours are left. */
static void test_a_store_of_one_lane_writes_one_element(void **state) {
  (void)state;
  enum { LANES = 8 };
  static const struct { int wide, narrow; } cases[] = {{32, 8}, {16, 8}, {64, 8}, {32, 16}, {64, 16}, {64, 32}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    for (int lane = 0; lane < LANES; lane++) {
      const int wide = cases[c].wide, narrow = cases[c].narrow;
      const char *mask = "";
      for (int i = 0; i < LANES; i++)
        mask = arena_printf(&ctx.mem, "%s%s%s", mask, i ? ", " : "", i == lane ? "true" : "false");
      const char *src = arena_printf(&ctx.mem, "llvm.func @f(%%p: !llvm.ptr, %%q: !llvm.ptr) {\n  %%x = llvm.load %%p {alignment = 1 : i64} : !llvm.ptr -> vector<8xi%d>\n  %%y = llvm.trunc %%x : vector<8xi%d> to vector<8xi%d>\n"
                                               "  %%m = llvm.mlir.constant(dense<[%s]> : vector<8xi1>) : vector<8xi1>\n"
                                               "  llvm.intr.masked.store %%y, %%q, %%m {alignment = 1 : i32} : vector<8xi%d>, vector<8xi1> into !llvm.ptr\n  llvm.return\n}\n", wide, wide, narrow, mask, narrow);
      codegen_image *image;
      assert_int_equal(link_text(src, &(codegen_options){.opt_level = 2}, &image), LOOM_OK);
      void *p = codegen_lookup(image, "f");
      void (*f)(const void *, void *);
      memcpy(&f, &p, sizeof f);
      unsigned char from[LANES * 8], to[LANES * 8 + 8], want[sizeof to];
      for (size_t i = 0; i < sizeof from; i++)
        from[i] = (unsigned char)(i + 1);
      memset(to, 0xee, sizeof to);
      memset(want, 0xee, sizeof want);
      memcpy(want + lane * narrow / 8, from + lane * wide / 8, (size_t)narrow / 8);
      f(from, to);
      assert_memory_equal(to, want, sizeof to);
      codegen_unlink(image);
    }
}

/* A bf16 that is loaded in one block, chosen in others and stored in the last is moved, subnormal numbers and all. */
static void test_a_bf16_goes_from_block_to_block_unchanged(void **state) {
  (void)state;
  static const char src[] =
      "llvm.func @f(%p: !llvm.ptr, %q: !llvm.ptr, %n: i64) {\n  %a = llvm.load %p : !llvm.ptr -> bf16\n  %v = llvm.load %p {alignment = 2 : i64} : !llvm.ptr -> vector<2xbf16>\n"
      "  %zero = llvm.mlir.constant(0 : i64) : i64\n  %one = llvm.mlir.constant(1 : i64) : i64\n  %two = llvm.mlir.constant(2 : i64) : i64\n  llvm.br ^loop(%zero, %a : i64, bf16)\n"
      "^loop(%i: i64, %x: bf16):\n  %to = llvm.getelementptr %q[%i] : (!llvm.ptr, i64) -> !llvm.ptr, bf16\n  llvm.store %x, %to : bf16, !llvm.ptr\n"
      "  %odd = llvm.and %i, %one : i64\n  %is_odd = llvm.icmp \"eq\" %odd, %one : i64\n  llvm.cond_br %is_odd, ^next(%a : bf16), ^other\n"
      "^other:\n  %second = llvm.extractelement %v[%one : i64] : vector<2xbf16>\n  llvm.br ^next(%second : bf16)\n"
      "^next(%y: bf16):\n  %j = llvm.add %i, %one : i64\n  %more = llvm.icmp \"ult\" %j, %n : i64\n  llvm.cond_br %more, ^loop(%j, %y : i64, bf16), ^done\n"
      "^done:\n  %end = llvm.getelementptr %q[%n] : (!llvm.ptr, i64) -> !llvm.ptr, bf16\n  llvm.store %v, %end {alignment = 2 : i64} : vector<2xbf16>, !llvm.ptr\n  llvm.return\n}\n";
  static const uint16_t from[][2] = {{1, 0x7f}, {0x8001, 0x80}, {0x3f80, 0x0040}, {0xff80, 0x807f}};
  for (int level = 0; level <= 3; level++) {
    codegen_image *image;
    assert_int_equal(link_text(src, &(codegen_options){.opt_level = level, .passes = "function(instsimplify)"}, &image), LOOM_OK);
    void *p = codegen_lookup(image, "f");
    void (*f)(const void *, void *, int64_t);
    memcpy(&f, &p, sizeof f);
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
      uint16_t to[6], want[6] = {from[i][0], from[i][1], from[i][0], from[i][1], from[i][0], from[i][1]};
      f(from[i], to, 4);
      assert_memory_equal(to, want, sizeof to);
    }
    codegen_unlink(image);
  }
}

/* Comparisons of vectors of bf16 have code, and decide as those of the numbers that they are. */
static void test_vectors_of_bf16_are_compared(void **state) {
  (void)state;
  static const char *const words[] = {"olt", "une", "ueq"};
  static const uint16_t numbers[] = {0, 0x8000, 1, 0x8001, 0x3f80, 0xbf80, 0x7f80, 0x7fc0};      /* 0, -0, the least numbers, 1, -1, infinite, no number */
  enum { N = sizeof numbers / sizeof *numbers, LANES_MAX = 32 };
  for (int lanes = 4; lanes <= LANES_MAX; lanes *= 2)
    for (int w = 0; w < 3; w++) {
      char src[640];
      codegen_image *image;
      snprintf(src, sizeof src, "llvm.func @f(%%p: !llvm.ptr, %%q: !llvm.ptr, %%r: !llvm.ptr) {\n  %%a = llvm.load %%p {alignment = 2 : i64} : !llvm.ptr -> vector<%dxbf16>\n"
                                "  %%b = llvm.load %%q {alignment = 2 : i64} : !llvm.ptr -> vector<%dxbf16>\n  %%c = llvm.fcmp \"%s\" %%a, %%b : vector<%dxbf16>\n"
                                "  %%d = llvm.sext %%c : vector<%dxi1> to vector<%dxi16>\n  llvm.store %%d, %%r {alignment = 2 : i64} : vector<%dxi16>, !llvm.ptr\n  llvm.return\n}\n",
               lanes, lanes, words[w], lanes, lanes, lanes, lanes);
      assert_int_equal(link_text(src, &(codegen_options){.opt_level = 2}, &image), LOOM_OK);
      void *p = codegen_lookup(image, "f");
      void (*f)(const uint16_t *, const uint16_t *, int16_t *);
      memcpy(&f, &p, sizeof f);
      for (int turn = 0; turn < N; turn++) {
        uint16_t a[LANES_MAX], b[LANES_MAX];
        int16_t got[LANES_MAX];
        for (int i = 0; i < lanes; i++) {
          a[i] = numbers[i % N];
          b[i] = numbers[(i + turn) % N];
        }
        f(a, b, got);
        for (int i = 0; i < lanes; i++) {
          uint32_t bits[] = {(uint32_t)a[i] << 16, (uint32_t)b[i] << 16};
          float x[2];
          memcpy(x, bits, sizeof x);
          bool is = w == 0 ? x[0] < x[1] : w == 1 ? !(x[0] <= x[1] && x[0] >= x[1]) : !(x[0] < x[1] || x[0] > x[1]);
          assert_int_equal(got[i], -is);
        }
      }
      codegen_unlink(image);
    }
}

static void test_ungranted_symbols_are_refused_by_name(void **state) {
  (void)state;
  const char *src = "llvm.func @getpid() -> i32\nllvm.func @system(!llvm.ptr) -> i32\nllvm.func @memcpy(!llvm.ptr, !llvm.ptr, i64)\n"
                    "llvm.func @evil(%p: !llvm.ptr, %n: i64) -> i32 {\n  llvm.call @memcpy(%p, %p, %n) : (!llvm.ptr, !llvm.ptr, i64) -> ()\n"
                    "  %a = llvm.call @getpid() : () -> i32\n  %b = llvm.call @system(%p) : (!llvm.ptr) -> i32\n"
                    "  %c = llvm.add %a, %b : i32\n  llvm.return %c : i32\n}\n";
  codegen_options o = {.opt_level = 2};
  codegen_image *image;
  assert_int_equal(link_text(src, &o, &image), LOOM_EINPUT);
  assert_null(image);
  const char *said = ctx.diag.first->text;
  assert_non_null(strstr(said, "2 symbols"));
  assert_non_null(strstr(said, "getpid"));
  assert_non_null(strstr(said, "system"));
  assert_null(strstr(said, "memcpy"));
  assert_non_null(ctx.diag.first->help);
}

static void test_address_of_an_ungranted_symbol_is_refused_too(void **state) {
  (void)state;
  const char *src = "llvm.mlir.global external @environ() : !llvm.ptr\n"
                    "llvm.func @peek() -> !llvm.ptr {\n  %a = llvm.mlir.addressof @environ : !llvm.ptr\n"
                    "  %b = llvm.load %a : !llvm.ptr -> !llvm.ptr\n  llvm.return %b : !llvm.ptr\n}\n";
  codegen_options o = {.opt_level = 2};
  codegen_image *image;
  assert_int_equal(link_text(src, &o, &image), LOOM_EINPUT);
  assert_non_null(strstr(ctx.diag.first->text, "environ"));
}

/* What the code generator calls for what the CPU cannot do, and what a kernel may call by name. */
static void test_calls_that_nobody_granted_are_refused(void **state) {
  (void)state;
  static const struct { const char *source, *symbol; } rows[] = {
      {"llvm.func @f(%a: i128, %b: i128) -> i128 {\n  %c = llvm.sdiv %a, %b : i128\n  llvm.return %c : i128\n}\n", "__divti3"},
      {"llvm.func @dlopen(!llvm.ptr, i32) -> !llvm.ptr\nllvm.func @f(%p: !llvm.ptr, %n: i32) -> !llvm.ptr {\n  %c = llvm.call @dlopen(%p, %n) : (!llvm.ptr, i32) -> !llvm.ptr\n"
       "  llvm.return %c : !llvm.ptr\n}\n", "dlopen"},
      {"llvm.func @mmap(!llvm.ptr) -> i32 attributes {llvm.linkage = #llvm.linkage<extern_weak>}\n"
       "llvm.func @f(%p: !llvm.ptr) -> i32 {\n  %c = llvm.call @mmap(%p) : (!llvm.ptr) -> i32\n  llvm.return %c : i32\n}\n", "mmap"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    codegen_options o = {.opt_level = 2};
    codegen_image *image;
    const diag_mark before = diag_save(&ctx);
    assert_int_equal(link_text(rows[i].source, &o, &image), LOOM_EINPUT);
    assert_null(image);
    assert_non_null(strstr((*before.last)->text, rows[i].symbol));
  }
}

/* LLVM's code generator for RISC-V has no integers of rounded bf16, whatever its passes make of them. */
static void test_roundings_of_bf16_have_code_on_vectors(void **state) {
  (void)state;
  static const codegen_machine machine = {.triple = "riscv64-unknown-elf", .cpu = "generic-rv64", .features = "+m,+a,+f,+d,+c,+v,+zvl256b,+zfh,+zvfh,+zfbfmin,+zvfbfmin", .abi = "lp64d", .vscale = 4, .has_lanes = true};
  static const char *const roundings[] = {"ceil", "floor", "trunc", "round", "roundeven", "rint", "nearbyint"}, *const pipelines[] = {"function(sroa)", "function(instcombine<no-verify-fixpoint>)"};
  for (size_t i = 0; i < sizeof roundings / sizeof *roundings; i++)
    for (size_t k = 0; k < sizeof pipelines / sizeof *pipelines; k++) {
      const codegen_options o = {.opt_level = 2, .passes = pipelines[k], .machine = &machine};
      char *object;
      size_t size;
      assert_int_equal(object_of(arena_printf(&ctx.mem, "llvm.func @f(%%p: !llvm.ptr<1>, %%q: !llvm.ptr<1>) {\n  %%x = llvm.load %%p : !llvm.ptr<1> -> vector<8xbf16>\n"
                                 "  %%r = llvm.intr.%s(%%x) : (vector<8xbf16>) -> vector<8xbf16>\n  %%i = llvm.fptosi %%r : vector<8xbf16> to vector<8xi32>\n"
                                 "  llvm.store %%i, %%q : vector<8xi32>, !llvm.ptr<1>\n  llvm.return\n}\n", roundings[i]), &o, &object, &size), LOOM_OK);
      assert_true(size > 0);
    }
}

/* Objects as the code generator makes them, with one thing that code which only computes does not have. */
static void test_objects_that_do_more_than_compute_are_refused(void **state) {
  (void)state;
  static const char plain[] = "llvm.func @f(%a: i32) -> i32 {\n  %b = llvm.add %a, %a : i32\n  llvm.return %b : i32\n}\n";
  static const char constructor[] = "llvm.func @f() {\n  llvm.return\n}\nllvm.mlir.global_ctors ctors = [@f], priorities = [0 : i32], data = [#llvm.zero]\n";
  codegen_options o = {.opt_level = 0};      /* the optimiser would take a constructor away that does nothing */
  codegen_image *image;
  char *object;
  size_t size;
  diag_mark before = diag_save(&ctx);
  assert_int_equal(link_text(constructor, &o, &image), LOOM_EINPUT);
  assert_non_null(strstr((*before.last)->text, "constructors"));
  enum { WRITABLE, INDIRECT, KINDS };
  for (int kind = 0; kind < KINDS; kind++) {
    assert_int_equal(object_of(plain, &o, &object, &size), LOOM_OK);
    assert_int_equal(codegen_check(&ctx, object, size, &o), LOOM_OK);
    Elf64_Ehdr head;
    memcpy(&head, object, sizeof head);
    for (size_t i = 0; i < head.e_shnum; i++) {
      Elf64_Shdr s;
      char *at = object + head.e_shoff + i * sizeof s;
      memcpy(&s, at, sizeof s);
      if (kind == WRITABLE && (s.sh_flags & SHF_EXECINSTR))
        s.sh_flags |= SHF_WRITE;
      memcpy(at, &s, sizeof s);
      for (size_t k = 0; kind == INDIRECT && s.sh_type == SHT_SYMTAB && k < s.sh_size / sizeof(Elf64_Sym); k++) {
        Elf64_Sym symbol;
        memcpy(&symbol, object + s.sh_offset + k * sizeof symbol, sizeof symbol);
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
          symbol.st_info = (unsigned char)ELF64_ST_INFO(ELF64_ST_BIND(symbol.st_info), STT_GNU_IFUNC);
        memcpy(object + s.sh_offset + k * sizeof symbol, &symbol, sizeof symbol);
      }
    }
    before = diag_save(&ctx);
    assert_int_equal(codegen_check(&ctx, object, size, &o), LOOM_EINPUT);
    assert_non_null(strstr((*before.last)->text, kind == WRITABLE ? "both written and executed ('.text" : "chosen while it is linked ('f')"));
    assert_int_equal(codegen_link(&ctx, object, size, &o, &image), LOOM_EINPUT);
    assert_null(image);
  }
}

static void test_damaged_objects_are_refused(void **state) {
  (void)state;
  codegen_symbol grants[] = {{"bump", address_of(bump)}};
  codegen_options o = {.opt_level = 1, .grants = grants, .n_grants = 1};
  char *object;
  size_t size;
  assert_int_equal(object_of(axpy, &o, &object, &size), LOOM_OK);
  codegen_image *image;
  const size_t cuts[] = {0, 10, 64, size / 2, size - 1};
  for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    char *part = arena_strndup(&ctx.mem, object, cuts[i]);
    assert_int_equal(codegen_link(&ctx, part, cuts[i], &o, &image), LOOM_EINPUT);
    assert_non_null(strstr(ctx.diag.first->text, "damaged"));
  }
  assert_int_equal(codegen_link(&ctx, "not an object, but long enough to hold a header of sixty-four bytes", 67, &o, &image), LOOM_EINPUT);
}

static void test_modules_outside_the_llvm_dialect_are_refused(void **state) {
  (void)state;
  codegen_options o = {.opt_level = 2};
  char *object;
  size_t size;
  assert_int_equal(object_of("func.func @f(%x: index) -> index {\n  return %x : index\n}\n", &o, &object, &size), LOOM_EBUG);
  assert_int_equal(ctx.diag.first->severity, DIAG_ERROR);
  assert_int_equal(ctx.diag.first->span.line, 1);
}

static void test_objects_are_the_same_twice(void **state) {
  (void)state;
  codegen_options o = {.opt_level = 2};
  char *a, *b;
  size_t na, nb;
  assert_int_equal(object_of(axpy, &o, &a, &na), LOOM_OK);
  assert_int_equal(object_of(axpy, &o, &b, &nb), LOOM_OK);
  assert_int_equal(na, nb);
  assert_memory_equal(a, b, na);
}

static void test_llvm_text_is_for_the_asked_cpu(void **state) {
  (void)state;
  MlirModule m;
  assert_int_equal(ir_parse_own(&ir, "code.mlir", axpy, strlen(axpy), &m), LOOM_OK);
  const char *out;
  codegen_options o = {.opt_level = 1, .cpu = "x86-64"};
  assert_int_equal(codegen_llvm_text(&ir, m, &o, &out), LOOM_OK);
  assert_non_null(strstr(out, "define float @axpy(float"));
  assert_non_null(strstr(out, "target triple = "));
  ir_close_module(m);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, open_ir, close_ir)
  const struct CMUnitTest tests[] = {
      T(test_granted_symbols_link_and_run_at_every_level), T(test_doubles_round_once_to_bf16), T(test_a_store_of_one_lane_writes_one_element), T(test_a_bf16_goes_from_block_to_block_unchanged), T(test_vectors_of_bf16_are_compared),
      T(test_roundings_of_bf16_have_code_on_vectors), T(test_ungranted_symbols_are_refused_by_name),
      T(test_address_of_an_ungranted_symbol_is_refused_too), T(test_calls_that_nobody_granted_are_refused), T(test_objects_that_do_more_than_compute_are_refused), T(test_damaged_objects_are_refused),
      T(test_modules_outside_the_llvm_dialect_are_refused), T(test_objects_are_the_same_twice), T(test_llvm_text_is_for_the_asked_cpu),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
