/* What the tests of target/cpu share: an ir_ctx a test, random numbers, functions compiled for a CPU. */
#ifndef LOOM_CPU_TESTING_H
#define LOOM_CPU_TESTING_H
#include "ir/ir_testing.h"
#include "target/cpu/cpu.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static uint64_t seed = 1;

static inline int open_ir(void **state) {
  (void)state;
  return ir_test_open(NULL);
}

#define CPU_TEST(f) cmocka_unit_test_setup_teardown(f, open_ir, close_ir)

static inline uint32_t next_random(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33);
}

/* NULL is the running CPU; the others must be narrower than it. */
static const char *const cpus[] = {NULL, "x86-64-v3", "x86-64"};
enum { N_CPUS = sizeof cpus / sizeof *cpus };
static inline bool can_run(const char *cpu) { return !cpu || codegen_vector_bytes(cpu) <= codegen_vector_bytes(NULL); }

/* The tile functions of `m` (closed); st: how making it went. */
static inline codegen_image *link_for(loom_status st, MlirModule m, const char *cpu) {
  codegen_options o = cpu_tile_options(cpu);
  char *object;
  size_t size;
  codegen_image *image = NULL;
  if (st == LOOM_OK)
    st = cpu_lower_tiles_for(&ir, m, codegen_vector_bytes(cpu));
  if (st == LOOM_OK)
    st = codegen_object(&ir, m, &o, &object, &size);
  if (st == LOOM_OK)
    st = codegen_link(&ctx, object, size, &o, &image);
  for (const diag_item *d = ctx.diag.first; d; d = d->next)
    print_message("%s\n", d->text);
  assert_int_equal(st, LOOM_OK);
  ir_close_module(m);
  return image;
}

/* The tile functions of `src`; upstream's passes `before` (NULL: none) run first. */
static inline codegen_image *compile_for(const char *src, const char *cpu, const char *before) {
  MlirModule m;
  loom_status st = ir_parse(&ir, "tiles.mlir", src, strlen(src), &m);
  if (st == LOOM_OK && before)
    st = ir_run_pipeline(&ir, m, before);
  return link_for(st, m, cpu);
}

static inline cpu_tile_fn tile(codegen_image *image, const char *name) {
  void *p = codegen_lookup(image, name);
  assert_non_null(p);
  cpu_tile_fn f;
  memcpy(&f, &p, sizeof f);
  return f;
}
#endif
