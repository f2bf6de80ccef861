/* What kernels may compute on NPUs: every operation below, in every element type, compiled for tpuv3, its machine code executed and held against the interpreter.  The
 * answers are docs/npu-ops.md: LOOM_UPDATE_DOCS=1 writes it, otherwise it must be what is there. */
#include "base/file.h"
#include "base/testing.h"
#include "compile_npu.h"
#include <stdlib.h>

typedef struct op_row { const char *what, *body; } op_row;
/* `x` and `y` are tiles [tm, tn] of the arguments, `row` one of [tn]; what is assigned to `v` is stored. */
static const op_row rows[] = {
  {"add, sub, mul", "v = x + y * x - y"}, {"div", "v = x / y"}, {"neg", "v = -x"}, {"abs", "v = torch.abs(x)"}, {"maximum", "v = torch.maximum(x, y)"},
  {"minimum", "v = torch.minimum(x, y)"}, {"clamp", "v = torch.clamp(x, -1, 1)"}, {"relu", "v = torch.relu(x)"}, {"where", "v = torch.where(x > y, x, y)"},
  {"comparisons", "v = torch.where((x >= y) & (x != y), x, -y)"}, {"floor division", "v = torch.floor_divide(x, y)"}, {"remainder", "v = torch.remainder(x, y)"},
  {"roundings to integers", "v = (torch.ceil(x).to(torch.int32) + torch.floor(y).to(torch.int32) - torch.trunc(x).to(torch.int32) * torch.round(y).to(torch.int32)).to(torch.float32)"},
  {"floor", "v = torch.floor(x)"}, {"ceil", "v = torch.ceil(x)"}, {"round", "v = torch.round(x)"}, {"trunc", "v = torch.trunc(x)"}, {"sqrt", "v = torch.sqrt(torch.abs(x))"},
  {"rsqrt", "v = torch.rsqrt(torch.abs(x) + 1)"}, {"reciprocal", "v = torch.reciprocal(x)"}, {"exp", "v = torch.exp(x)"}, {"exp2", "v = torch.exp2(x)"},
  {"expm1", "v = torch.expm1(x)"}, {"log", "v = torch.log(torch.abs(x) + 1)"}, {"log2", "v = torch.log2(torch.abs(x) + 1)"}, {"log1p", "v = torch.log1p(torch.abs(x))"},
  {"sin, cos", "v = torch.sin(x) + torch.cos(y)"}, {"tanh", "v = torch.tanh(x)"}, {"erf", "v = torch.erf(x)"}, {"pow", "v = torch.pow(torch.abs(x) + 1, y)"}, {"sigmoid", "v = torch.sigmoid(x)"},
  {"silu", "v = torch.nn.functional.silu(x)"}, {"gelu", "v = torch.nn.functional.gelu(x)"}, {"softplus", "v = torch.nn.functional.softplus(x)"},
  {"and, or, xor", "v = (x & y) | (x ^ y)"}, {"shifts", "v = (x << 1) + (x >> 1)"}, {"casts", "v = x.to(torch.float32).to(torch.int32).to(torch.float32)"},
  {"broadcast of a row", "v = x * row[None, :]"}, {"positions", "v = torch.where(tm.index[:, None] >= hl.arange(24)[None, :], x, y)"}, {"sum of rows", "v = x - torch.sum(x, -1)[:, None]"},
  {"sum of columns", "v = x - torch.sum(x, 0)[None, :]"}, {"amax, amin", "v = torch.amax(x, -1)[:, None] - torch.amin(y, -1)[:, None] + x"}, {"product of rows", "v = torch.prod(x, -1)[:, None] + x"},
  {"mean, var", "v = (x - torch.mean(x, -1)[:, None]) + torch.var(x, -1)[:, None]"}, {"softmax", "v = torch.softmax(x, -1)"}, {"argmax, argmin", "v = torch.argmax(x, -1)[:, None] - torch.argmin(y, -1)[:, None] + torch.zeros_like(x)"}, {"cumsum, cumprod", "v = torch.cumsum(x, -1) + torch.cumprod(torch.minimum(y, x), 0)"},
  {"transpose", "v = x + torch.zeros_like(y) + (x.T + 1).T"}, {"sort", "v = torch.sort(x, -1).values"}};
static const dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_I32, DTYPE_I64};

static const char *source_of(arena *m, const op_row *r) {
  return arena_printf(m,
    "import helion\nimport helion.language as hl\nimport torch\n\n@helion.kernel()\ndef op(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:\n"
    "    m, n = a.size()\n    n = hl.specialize(n)\n    out = torch.empty([m, n], dtype=a.dtype)\n    for tm in hl.tile(m):\n        x = a[tm, :]\n        y = b[tm, :]\n        row = c[:]\n"
    "        %s\n        out[tm, :] = v.to(out.dtype)\n    return out\n", r->body);
}

/* "yes", or where it was refused: by whom. */
static const char *answer(const op_row *r, dtype type) {
  enum { M = 20, N = 24 };
  loom_ctx ctx;
  compile_state s = {0};
  compile_npu npu = {0};
  compile_execution e = {0};
  loom_ctx_init(&ctx);
  const char *source = source_of(&ctx.mem, r);
  helion_given given[3] = {{.name = "a", .kind = HELION_GIVEN_TENSOR, .type = type, .rank = 2, .shape = {M, N}}, {.name = "b", .kind = HELION_GIVEN_TENSOR, .type = type, .rank = 2, .shape = {M, N}},
                           {.name = "c", .kind = HELION_GIVEN_TENSOR, .type = type, .rank = 1, .shape = {N}}};
  compile_options o = {.input = "op.py", .source = (char *)source, .source_size = strlen(source), .machine = LOOM_SOURCE_DIR "/machines/tpuv3.yaml", .model = MODEL_LOOM, .accumulate_f32 = true,
                       .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG, .helion = {.given = given, .n_given = 3}};
  run_options run = {.check = true};
  loom_status st = compile_npu_compile(&ctx, &o, &s, &npu);
  const bool is_kernel = s.kernel != NULL;
  const char *out = "yes";
  if (st == LOOM_OK)
    st = compile_npu_execute(&s, &npu, &run, &e);
  if (st == LOOM_OK && (!e.check.ok || e.report.n_faults)) {
    print_error("%s of %s: %s\n", r->what, dtype_torch(type), e.report.n_faults ? e.report.faults.at[0].text : e.check.where);
    out = "WRONG";
  } else if (st != LOOM_OK) {
    if (getenv("LOOM_SHOW"))
      print_message("%s of %s: %s\n", r->what, dtype_torch(type), ctx.diag.first ? ctx.diag.first->text : "?");
    if (st != LOOM_EUNSUP && st != LOOM_EINPUT && st != LOOM_ELIMIT)
      print_error("%s of %s: status %d: %s\n", r->what, dtype_torch(type), st, ctx.diag.first ? ctx.diag.first->text : "?");
    out = st != LOOM_EUNSUP && st != LOOM_EINPUT && st != LOOM_ELIMIT ? "WRONG" : !is_kernel ? "-" : "no";
  }
  compile_npu_close(&npu);
  compile_done(&s);
  loom_ctx_done(&ctx);
  return out;
}

static void test_operations_are_as_the_table_says(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  text t = text_new(&ctx.mem);
  int wrong = 0;
  text_add(&t, "# Operations on NPUs\n\nMade by `LOOM_UPDATE_DOCS=1 build/unit/compile_npu_ops_test`: every operation in a kernel over rows of a matrix, compiled for `tpuv3`, its machine code executed and\n"
               "held against the interpreter. yes: right; no: refused, with its place, where plans or programs are made; -: no operation of that type.\n\n| operation | ");
  for (size_t k = 0; k < COUNT_OF(types); k++)
    text_addf(&t, "%s | ", dtype_torch(types[k]));
  text_add(&t, "as written |\n|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    text_addf(&t, "| %s | ", rows[i].what);
    for (size_t k = 0; k < COUNT_OF(types); k++) {
      const char *a = answer(&rows[i], types[k]);
      wrong += strcmp(a, "WRONG") == 0;
      text_addf(&t, "%s | ", a);
    }
    text a = text_new(&ctx.mem);
    for (const char *c = rows[i].body; *c; c++)
      text_addf(&a, *c == '|' ? "\\%c" : "%c", *c);
    text_addf(&t, "`%s` |\n", text_str(&a));
  }
  assert_int_equal(wrong, 0);
  const char *path = LOOM_SOURCE_DIR "/docs/npu-ops.md";
  char *have;
  size_t size;
  if (getenv("LOOM_UPDATE_DOCS"))
    assert_int_equal(file_write(&ctx, path, text_str(&t), t.size), LOOM_OK);
  assert_int_equal(file_read(&ctx, path, 1 << 20, &have, &size), LOOM_OK);
  assert_string_equal(have, text_str(&t));
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_operations_are_as_the_table_says)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
