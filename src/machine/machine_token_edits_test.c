/* Tokens of chips and functions in upstream's text forms are left out, doubled, or others, one at a time, and the text ends behind each.
 * Oracle: it is refused or read; it fails exactly when it reports an error, with a status of the user's and a place inside of the text; a chip that is read is written, and read back as the same. */
#include "base/file.h"
#include "machine/machine_testing.h"
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

typedef loom_status (*reader)(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out);

static bool is_word(char c) { return isalnum((unsigned char)c) || strchr("_.%@$#-", c); }

/* The end of the token at `p`. */
static const char *end_of(const char *p) {
  const char *q = p;
  if (*p == '"') {
    const char *close = strchr(p + 1, '"');
    return close ? close + 1 : p + strlen(p);
  }
  while (*q && is_word(*q))
    q++;
  return q > p ? q : p + 1;
}

typedef struct edited { const char *path; reader read; int ok, refused, lines; } edited;

static void look(edited *e, const char *what, const char *bytes, size_t size) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = NULL, *again;
  const loom_status st = e->read(&ctx, e->path, bytes, size, &m);
  int errors = 0;
  for (const diag_item *d = ctx.diag.first; d; d = d->next)
    if (d->severity == DIAG_ERROR) {
      errors++;
      const bool is_here = d->span.source && strcmp(d->span.source->path, e->path) == 0;      /* not in a file beside it */
      if (d->span.line < 0 || (is_here && d->span.line > e->lines + 2) || !d->text[0])
        fail_msg("%s: %s at %d:%d", what, d->text, d->span.line, d->span.col);
    }
  if ((st != LOOM_OK) != (errors > 0) || (st != LOOM_OK && st != LOOM_EINPUT && st != LOOM_EUNSUP && st != LOOM_ELIMIT && st != LOOM_EIO))
    fail_msg("%s: status %d with %d errors: %s", what, (int)st, errors, ctx.diag.first ? ctx.diag.first->text : "");
  if (st == LOOM_OK) {
    const char *yaml = machine_to_yaml(&ctx.mem, m);
    if (machine_from_yaml(&ctx, "again.yaml", yaml, strlen(yaml), &again) != LOOM_OK)
      fail_msg("%s: a chip that does not read back: %s\n%s", what, ctx.diag.first->text, yaml);
    if (strcmp(machine_to_yaml(&ctx.mem, again), yaml) != 0)
      fail_msg("%s: another chip when it is read back", what);
    assert_non_null(machine_describe(&ctx.mem, m));
    const int before = ctx.diag.errors;
    const loom_status checked = machine_check(&ctx, m);
    if ((checked != LOOM_OK) != (ctx.diag.errors > before))
      fail_msg("%s: checked with status %d", what, (int)checked);
  }
  *(st == LOOM_OK ? &e->ok : &e->refused) += 1;
  loom_ctx_done(&ctx);
}

static void edit_tokens(const char *path, const char *whole, reader read, size_t kinds) {
  static const char *const others[] = {"", "-1", "99999999999999999999", "x", "?", "\"s\"", "%0", "(", "}", "// ", "0", "1.5"};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  edited e = {.path = path, .read = read, .lines = 1};
  const size_t size = strlen(whole);
  for (const char *p = whole; *p; p++)
    e.lines += *p == '\n';
  look(&e, "nothing edited", whole, size);
  assert_int_equal(e.ok, 1);
  size_t nth = 0;
  for (const char *p = whole; *p; p = end_of(p)) {
    if (isspace((unsigned char)*p))
      continue;
    nth++;
    const char *end = end_of(p);
    const int n = (int)(end - p), before = (int)(p - whole);
    const arena_mark mark = arena_save(&ctx.mem);
    for (size_t i = 0; i < kinds; i++) {      /* in turn: all at all tokens take long */
      const char *other = others[(nth * kinds + i) % COUNT_OF(others)], *s = arena_printf(&ctx.mem, "%.*s%s%s", before, whole, other, end);
      look(&e, arena_printf(&ctx.mem, "'%.*s' at byte %d becomes '%s'", n, p, before, other), s, strlen(s));
    }
    const char *twice = arena_printf(&ctx.mem, "%.*s %s", before + n, whole, p), *cut = arena_printf(&ctx.mem, "%.*s", before + n, whole);
    look(&e, arena_printf(&ctx.mem, "'%.*s' at byte %d twice", n, p, before), twice, strlen(twice));
    look(&e, arena_printf(&ctx.mem, "ends behind byte %d", before + n), cut, strlen(cut));
    arena_release(&ctx.mem, mark);
  }
  assert_true(e.ok > 10 && e.refused > 10 * e.ok / 100);
  loom_ctx_done(&ctx);
}

static const char mesh[] =
    "#map = affine_map<(d0) -> (d0)>\n"
    "module attributes {loom.n = 2 : index} {\n"
    "  %mat = df.mat \"PE\" {shape = [16, 16, 16], throughput = 64}   // one of four\n"
    "  %vec = df.vec \"SIMD\" {shape = [32]}\n"
    "  %x = df.spatial_dim \"x\", 4\n"
    "  %y = df.spatial_dim \"y\", 2\n"
    "  %cores = df.core \"core\" {scaleout=(%x, %y) , scalein=(%mat, %vec, [4,1])}\n"
    "  %L1 = df.memory \"L1\" {scaleout=(%x, %y) , size = 524288, bandwidth = 20}\n"
    "  %mux = df.mux %cores, %L1, {map = affine_map<(d0, d1) -> (d0, d1)>}\n"
    "  %h = df.interconnects \"rows\" %L1 : !df.memory, %L1 : !df.memory, {map = affine_map<(d0, d1) -> ((d0 + 1) mod 4, d1)>, bandwidth = 48, spatial_dims = [@x]} : !df.interconnect\n"
    "  %d = df.spatial_dim \"d\", 2\n"
    "  %dram = df.memory \"DRAM\" {scaleout=(%d) , size = 1073741824, bandwidth = 100}\n"
    "  %noc = df.interconnects \"NoC\" %L1: !df.memory, %dram : !df.memory, {map = affine_map<(d0, d1) -> (d0 floordiv 2)>}\n"
    "}\n";

static void test_df(void **state) {
  (void)state;
  edit_tokens("mesh.mlir", mesh, machine_from_df, 5);
}

static void test_adl(void **state) {
  loom_ctx *ctx = *state;
  char *bytes;
  size_t size;
  assert_int_equal(file_read(ctx, LOOM_SOURCE_DIR "/tests/data/machines/mesh8_adl.mlir", 1 << 20, &bytes, &size), LOOM_OK);
  edit_tokens("mesh8_adl.mlir", bytes, machine_from_adl, 5);
}

/* One element with all that is its own, spread over the mesh; functions that move and compute. */
static const char several[] =
    "module @arch_system {\n"
    "  %0 = adl.spatial_dim \"dim_channel\", 8\n"
    "  %1 = adl.spatial_dim \"dim_x\", 4\n"
    "  %2 = adl.spatial_dim \"dim_y\", 2\n"
    "  %3 = adl.memory.bank \"mem_DRAM_bank\", {bsize = 8192 : i64, nblk = 196608 : i64}\n"
    "  %4 = adl.memory.array \"mem_DRAM\", [%0] of %3\n"
    "  %7 = adl.memory.bank \"mem_L1_bank\", {bsize = 16, nblk = 5464}\n"
    "  %10 = adl.memory.array \"mem_L1\", [%1, %2] of %7\n"
    "  %11 = adl.resource.quantitative \"res_port\", {capacity = 2}\n"
    "  %12 = adl.processor.compute @proc_matrix_lane, from %7 to %7, with [%11]\n"
    "  %14 = adl.processor.dmover \"in\", from %4 to %10\n"
    "  %15 = adl.processor.dmover @proc_out, [(%10, %4)]\n"
    "  %16 = adl.arch.compose @arch_element, arch[%12], mem[%7]\n"
    "  %17 = adl.arch.scale \"arch_x_y\", [%1, %2] of %16, mem_region %10\n"
    "  %18 = adl.arch.compose @arch_system, arch[%17, %14, %15], mem[%4, %10]\n"
    "  module @proc_matrix_lane {\n"
    "    func.func @matmul_f16(%a: memref<?x?xf16>) {\n"
    "      %M = loom.sym @M : index\n"
    "      loom.bind_mem %a, @mem_L1 : memref<?x?xf16>\n"
    "      linalg.matmul ins(%a) outs(%a)\n"
    "      return\n"
    "    }\n"
    "  }\n"
    "}\n";

static void test_adl_with_functions(void **state) {
  (void)state;
  edit_tokens("several.mlir", several, machine_from_adl, 5);
}

static void edit_file(loom_ctx *ctx, const char *path, reader read) {
  char *bytes;
  size_t size;
  assert_int_equal(file_read(ctx, path, 1 << 20, &bytes, &size), LOOM_OK);
  edit_tokens(path, bytes, read, 1);
}

static void test_chips(void **state) {
  static const char *const files[] = {"chip/chip.yaml", "placed/chip.yaml"};
  for (size_t i = 0; i < COUNT_OF(files); i++)
    edit_file(*state, arena_printf(&((loom_ctx *)*state)->mem, LOOM_SOURCE_DIR "/tests/data/%s", files[i]), machine_from_chip);
}

/* A file of functions, added with the costs beside it to a chip that has none. */
static char dir[] = "/tmp/loom-machine-XXXXXX";
static loom_status read_functions(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out) {
  LOOM_TRY(machine_load(ctx, "single", NULL, out));
  FILE *f = fopen(path, "w");
  assert_true(f && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
  return machine_add_compute_dir(ctx, *out, dir);
}

static void test_functions(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *functions, *costs; } files[] = {{"matrix_lane.mlir", "matrix_lane.perf.yaml"}, {"noc0.mlir", "noc0.perf.yaml"}};
  assert_non_null(mkdtemp(dir));
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    char *bytes;
    size_t size;
    const char *costs = file_join(&ctx->mem, dir, files[i].costs), *functions = file_join(&ctx->mem, dir, files[i].functions);
    assert_int_equal(file_read(ctx, arena_printf(&ctx->mem, LOOM_SOURCE_DIR "/tests/data/compute_dir/%s", files[i].costs), 1 << 20, &bytes, &size), LOOM_OK);
    assert_int_equal(file_write(ctx, costs, bytes, size), LOOM_OK);
    assert_int_equal(file_read(ctx, arena_printf(&ctx->mem, LOOM_SOURCE_DIR "/tests/data/compute_dir/%s", files[i].functions), 1 << 20, &bytes, &size), LOOM_OK);
    edit_tokens(functions, bytes, read_functions, 2);
    assert_true(unlink(costs) == 0 && unlink(functions) == 0);
  }
  assert_int_equal(rmdir(dir), 0);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
  const struct CMUnitTest tests[] = {T(test_df), T(test_adl), T(test_adl_with_functions), T(test_chips), T(test_functions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
