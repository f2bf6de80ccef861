/* Random functions on tensors: their kernels against the same function as code of this CPU. */
#include "base/rng.h"
#include "base/testing.h"
#include "compile_network.h"
#include "dialect/dialect.h"
#include "network/network_in_place.h"
#include "program/program.h"
#include <math.h>

/* ---- random functions ---- */

typedef struct made { int rank; int64_t shape[8]; } made;
typedef struct maker { rng random; arena *mem; text out; made value[40]; int n, next; } maker;

static int64_t elems_of(const made *v) {
  int64_t n = 1;
  for (int d = 0; d < v->rank; d++)
    n *= v->shape[d];
  return n;
}

static const char *type_of(maker *m, const made *v) {
  text t = text_new(m->mem);
  text_add(&t, "tensor<");
  for (int d = 0; d < v->rank; d++)
    text_addf(&t, "%" PRId64 "x", v->shape[d]);
  text_add(&t, "f32>");
  return text_str(&t);
}

static const char *dims(maker *m, int rank, const char *each) {      /* "d0, d1" */
  text t = text_new(m->mem);
  for (int d = 0; d < rank; d++)
    text_addf(&t, "%s%s%d", d ? ", " : "", each, d);
  return text_str(&t);
}

static const char *numbers(maker *m, int n, const int64_t *v) {
  text t = text_new(m->mem);
  for (int d = 0; d < n; d++)
    text_addf(&t, d ? ", %" PRId64 : "%" PRId64, v[d]);
  return text_str(&t);
}

static const char *parallel(maker *m, int rank) {
  text t = text_new(m->mem);
  for (int d = 0; d < rank; d++)
    text_addf(&t, "%s\"parallel\"", d ? ", " : "");
  return text_str(&t);
}

static int add(maker *m, made v) {
  m->value[m->n] = v;
  return m->n++;
}

static void empty(maker *m, const char *name, const made *v) { text_addf(&m->out, "  %%%s = tensor.empty() : %s\n", name, type_of(m, v)); }

static void turn(maker *m, int x) {
  made v = m->value[x], r = v;
  int64_t perm[8];
  for (int d = 0; d < v.rank; d++) {
    int64_t k = rng_range(&m->random, 0, d);
    perm[d] = perm[k];
    perm[k] = d;
  }
  for (int d = 0; d < v.rank; d++)
    r.shape[d] = v.shape[perm[d]];
  int t = add(m, r);
  empty(m, arena_printf(m->mem, "e%d", t), &r);
  text_addf(&m->out, "  %%v%d = linalg.transpose ins(%%v%d : %s) outs(%%e%d : %s) permutation = [%s]\n", t, x, type_of(m, &v), t, type_of(m, &r), numbers(m, v.rank, perm));
}

static void reshape(maker *m, int x) {
  made v = m->value[x], flat = {1, {elems_of(&v)}}, r = {0};
  int64_t left = flat.shape[0];
  while (r.rank < 3) {
    int64_t f = rng_range(&m->random, 1, 6);
    if (left % f == 0) {
      r.shape[r.rank++] = f;
      left /= f;
    }
  }
  r.shape[r.rank++] = left;
  int t = add(m, r);
  text_addf(&m->out, "  %%f%d = tensor.collapse_shape %%v%d [[%s]] : %s into %s\n", t, x, dims(m, v.rank, ""), type_of(m, &v), type_of(m, &flat));
  text_addf(&m->out, "  %%v%d = tensor.expand_shape %%f%d [[0, 1, 2, 3]] output_shape [%s] : %s into %s\n", t, t, numbers(m, 4, r.shape), type_of(m, &flat), type_of(m, &r));
}

static void cut(maker *m, int x) {
  made v = m->value[x], r = v;
  int64_t offset[8], stride[8];
  for (int d = 0; d < v.rank; d++) {
    stride[d] = rng_range(&m->random, 1, 2);
    offset[d] = rng_range(&m->random, 0, v.shape[d] / 3);
    r.shape[d] = (v.shape[d] - offset[d] + stride[d] - 1) / stride[d];
  }
  int t = add(m, r);
  text_addf(&m->out, "  %%v%d = tensor.extract_slice %%v%d[%s] [%s] [%s] : %s to %s\n", t, x, numbers(m, v.rank, offset), numbers(m, v.rank, r.shape), numbers(m, v.rank, stride), type_of(m, &v),
            type_of(m, &r));
}

static void unary(maker *m, int x) {
  static const char *const ops[] = {"math.tanh", "arith.negf", "math.absf"};
  made v = m->value[x];
  int t = add(m, v);
  text_addf(&m->out, "  %%v%d = %s %%v%d : %s\n", t, ops[rng_range(&m->random, 0, 2)], x, type_of(m, &v));
}

static void binary(maker *m, int x) {
  static const char *const ops[] = {"arith.addf", "arith.subf", "arith.mulf", "arith.maximumf"};
  made v = m->value[x];
  int y = x;
  for (int k = 0; k < m->n; k++)
    if (type_of(m, &m->value[k]) && text_eq(type_of(m, &m->value[k]), type_of(m, &v)) && rng_range(&m->random, 0, 1))
      y = k;
  int t = add(m, v);
  text_addf(&m->out, "  %%v%d = %s %%v%d, %%v%d : %s\n", t, ops[y == x ? 2 * rng_range(&m->random, 0, 1) : rng_range(&m->random, 0, 3)], x, y, type_of(m, &v));      /* x - x says nothing */
}

/* x minus the sum of x along a dim, at every place of that dim. */
static void center(maker *m, int x) {
  made v = m->value[x], r = {0};
  int dim = (int)rng_range(&m->random, 0, v.rank - 1);
  text kept = text_new(m->mem);
  for (int d = 0; d < v.rank; d++)
    if (d != dim) {
      r.shape[r.rank++] = v.shape[d];
      text_addf(&kept, "%sd%d", kept.size ? ", " : "", d);
    }
  int t = add(m, v);
  const char *all = dims(m, v.rank, "d");
  empty(m, arena_printf(m->mem, "e%d", t), &r);
  empty(m, arena_printf(m->mem, "o%d", t), &v);
  text_addf(&m->out, "  %%i%d = linalg.fill ins(%%zero : f32) outs(%%e%d : %s) -> %s\n", t, t, type_of(m, &r), type_of(m, &r));
  text_addf(&m->out, "  %%s%d = linalg.reduce ins(%%v%d : %s) outs(%%i%d : %s) dimensions = [%d] (%%a: f32, %%b: f32) { %%c = arith.addf %%a, %%b : f32  linalg.yield %%c : f32 }\n", t, x,
            type_of(m, &v), t, type_of(m, &r), dim);
  text_addf(&m->out,
            "  %%v%d = linalg.generic {indexing_maps = [affine_map<(%s) -> (%s)>, affine_map<(%s) -> (%s)>, affine_map<(%s) -> (%s)>], iterator_types = [%s]} ins(%%v%d, %%s%d : %s, %s) outs(%%o%d : %s) {\n"
            "  ^bb0(%%a: f32, %%b: f32, %%c: f32):\n    %%d = arith.subf %%a, %%b : f32\n    linalg.yield %%d : f32\n  } -> %s\n",
            t, all, all, all, text_str(&kept), all, all, parallel(m, v.rank), x, t, type_of(m, &v), type_of(m, &r), t, type_of(m, &v), type_of(m, &v));
}

static void soften(maker *m, int x) {
  made v = m->value[x];
  int t = add(m, v);
  empty(m, arena_printf(m->mem, "e%d", t), &v);
  text_addf(&m->out, "  %%v%d = linalg.softmax dimension(%d) ins(%%v%d : %s) outs(%%e%d : %s) -> %s\n", t, (int)rng_range(&m->random, 0, v.rank - 1), x, type_of(m, &v), t, type_of(m, &v), type_of(m, &v));
}

/* The matrix of all of its elements times its transpose. */
static void square(maker *m, int x) {
  made v = m->value[x], flat = {1, {elems_of(&v)}}, a = {2, {v.shape[0], elems_of(&v) / v.shape[0]}}, r = {2, {a.shape[0], a.shape[0]}};
  int t = add(m, r);
  text_addf(&m->out, "  %%f%d = tensor.collapse_shape %%v%d [[%s]] : %s into %s\n", t, x, dims(m, v.rank, ""), type_of(m, &v), type_of(m, &flat));
  text_addf(&m->out, "  %%a%d = tensor.expand_shape %%f%d [[0, 1]] output_shape [%s] : %s into %s\n", t, t, numbers(m, 2, a.shape), type_of(m, &flat), type_of(m, &a));
  empty(m, arena_printf(m->mem, "e%d", t), &r);
  text_addf(&m->out, "  %%i%d = linalg.fill ins(%%zero : f32) outs(%%e%d : %s) -> %s\n", t, t, type_of(m, &r), type_of(m, &r));
  text_addf(&m->out,
            "  %%v%d = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\", \"reduction\"]} "
            "ins(%%a%d, %%a%d : %s, %s) outs(%%i%d : %s) {\n  ^bb0(%%a: f32, %%b: f32, %%c: f32):\n    %%p = arith.mulf %%a, %%b : f32\n    %%s = arith.addf %%c, %%p : f32\n    linalg.yield %%s : f32\n  } -> %s\n",
            t, t, t, type_of(m, &a), type_of(m, &a), t, type_of(m, &r), type_of(m, &r));
}

static void join(maker *m, int x) {
  made v = m->value[x], r = v;
  int dim = (int)rng_range(&m->random, 0, v.rank - 1);
  r.shape[dim] *= 2;
  int t = add(m, r);
  text_addf(&m->out, "  %%v%d = tensor.concat dim(%d) %%v%d, %%v%d : (%s, %s) -> %s\n", t, dim, x, x, type_of(m, &v), type_of(m, &v), type_of(m, &r));
}

static void surround(maker *m, int x) {
  made v = m->value[x], r = v;
  int64_t low[8], high[8];
  for (int d = 0; d < v.rank; d++) {
    low[d] = rng_range(&m->random, 0, 1);
    high[d] = rng_range(&m->random, 0, 1);
    r.shape[d] += low[d] + high[d];
  }
  int t = add(m, r);
  text args = text_new(m->mem);
  for (int d = 0; d < v.rank; d++)
    text_addf(&args, "%s%%p%d: index", d ? ", " : "", d);
  text_addf(&m->out, "  %%v%d = tensor.pad %%v%d low[%s] high[%s] {\n  ^bb0(%s):\n    tensor.yield %%zero : f32\n  } : %s to %s\n", t, x, numbers(m, v.rank, low), numbers(m, v.rank, high),
            text_str(&args), type_of(m, &v), type_of(m, &r));
}

/* Each element of the first dim twice, or the whole of it twice. */
static void repeat(maker *m, int x) {
  made v = m->value[x], r = v;
  r.shape[0] *= 2;
  int t = add(m, r);
  const char *all = dims(m, v.rank, "d");
  text index = text_new(m->mem);
  text_addf(&index, rng_range(&m->random, 0, 1) ? "d0 floordiv 2" : "d0 mod %" PRId64, v.shape[0]);
  for (int d = 1; d < v.rank; d++)
    text_addf(&index, ", d%d", d);
  empty(m, arena_printf(m->mem, "e%d", t), &r);
  text_addf(&m->out,
            "  %%v%d = linalg.generic {indexing_maps = [affine_map<(%s) -> (%s)>, affine_map<(%s) -> (%s)>], iterator_types = [%s]} ins(%%v%d : %s) outs(%%e%d : %s) {\n"
            "  ^bb0(%%a: f32, %%b: f32):\n    %%d = math.absf %%a : f32\n    linalg.yield %%d : f32\n  } -> %s\n",
            t, all, text_str(&index), all, all, parallel(m, v.rank), x, type_of(m, &v), t, type_of(m, &r), type_of(m, &r));
}

/* Places in a dim of `below`, some of them twice, as a constant of so many elements. */
static void places(maker *m, int t, const made *shape, int64_t below) {
  text list = text_new(m->mem);
  int64_t n = elems_of(shape);
  for (int64_t i = 0; i < n; i++)
    text_addf(&list, i ? ", %" PRId64 : "%" PRId64, rng_range(&m->random, 0, below - 1));
  text type = text_new(m->mem);
  for (int d = 0; d < shape->rank; d++)
    text_addf(&type, "%" PRId64 "x", shape->shape[d]);
  text_addf(&m->out, "  %%l%d = arith.constant dense<[%s]> : tensor<%" PRId64 "xi64>\n", t, text_str(&list), n);
  if (shape->rank == 1)
    text_addf(&m->out, "  %%n%d = tensor.cast %%l%d : tensor<%" PRId64 "xi64> to tensor<%" PRId64 "xi64>\n", t, t, n, n);
  else
    text_addf(&m->out, "  %%n%d = tensor.expand_shape %%l%d [[%s]] output_shape [%s] : tensor<%" PRId64 "xi64> into tensor<%si64>\n", t, t, dims(m, shape->rank, ""),
              numbers(m, shape->rank, shape->shape), n, text_str(&type));
}

/* Elements of x, that along one dim at places that a tensor says: one for all, or one for each element; in a body that counts the others itself, or in the order of their maps. */
static void take(maker *m, int x) {
  made v = m->value[x], r = v;
  int dim = (int)rng_range(&m->random, 0, v.rank - 1);
  r.shape[dim] = rng_range(&m->random, 2, 6);
  bool for_each = elems_of(&r) < 200 && rng_range(&m->random, 0, 1);
  made line = {1, {r.shape[dim]}};
  int t = add(m, r);
  places(m, t, for_each ? &r : &line, v.shape[dim]);
  const char *all = dims(m, v.rank, "d"), *map = for_each ? all : arena_printf(m->mem, "d%d", dim);
  text type = text_new(m->mem), index = text_new(m->mem);
  for (int d = 0; d < (for_each ? r.rank : 1); d++)
    text_addf(&type, "%" PRId64 "x", for_each ? r.shape[d] : line.shape[d]);
  empty(m, arena_printf(m->mem, "e%d", t), &r);
  text_addf(&m->out, "  %%v%d = linalg.generic {indexing_maps = [affine_map<(%s) -> (%s)>, affine_map<(%s) -> (%s)>], iterator_types = [%s]} ins(%%n%d : tensor<%si64>) outs(%%e%d : %s) {\n"
            "  ^bb0(%%a: i64, %%b: f32):\n    %%at = arith.index_cast %%a : i64 to index\n", t, all, map, all, all, parallel(m, v.rank), t, text_str(&type), t, type_of(m, &r));
  for (int d = 0; d < v.rank; d++) {
    text_addf(&index, "%s%s", d ? ", " : "", d == dim ? "%at" : arena_printf(m->mem, "%%j%d", d));
    if (d != dim)
      text_addf(&m->out, "    %%j%d = linalg.index %d : index\n", d, d);
  }
  text_addf(&m->out, "    %%c = tensor.extract %%v%d[%s] : %s\n    %s\n    linalg.yield %%d : f32\n  } -> %s\n", x, text_str(&index), type_of(m, &v),
            rng_range(&m->random, 0, 1) ? "%d = arith.addf %c, %c : f32" : "%d = arith.maximumf %c, %c : f32", type_of(m, &r));
}

/* Elements of x put into it once more, along one dim at places that a tensor says; the last of those that go to one place stays. */
static void put(maker *m, int x) {
  made v = m->value[x];
  int dim = (int)rng_range(&m->random, 0, v.rank - 1), t = add(m, v);
  made line = {1, {rng_range(&m->random, 1, v.shape[dim])}};
  places(m, t, &line, v.shape[dim]);
  text from = text_new(m->mem), to = text_new(m->mem);
  for (int d = 0; d < v.rank; d++) {
    text_addf(&m->out, "  %%k%d_%d = arith.constant %" PRId64 " : index\n", t, d, d == dim ? line.shape[0] : v.shape[d]);
    text_addf(&from, "%s%%j%d", d ? ", " : "", d);
    text_addf(&to, d == dim ? "%s%%at" : "%s%%j%d", d ? ", " : "", d);
  }
  for (int d = 0; d < v.rank; d++)
    text_addf(&m->out, "  %%%s%d%s = scf.for %%j%d = %%c0 to %%k%d_%d step %%c1 iter_args(%%x%d = %%%s%d) -> (%s) {\n", d ? "y" : "v", d ? d : t, d ? "" : "", d, t, d, d, d ? "x" : "v", d ? d - 1 : x,
              type_of(m, &v));
  text_addf(&m->out, "  %%p = tensor.extract %%n%d[%%j%d] : tensor<%" PRId64 "xi64>\n  %%at = arith.index_cast %%p : i64 to index\n  %%q = tensor.extract %%v%d[%s] : %s\n", t, dim, line.shape[0], x,
            text_str(&from), type_of(m, &v));
  bool computes = rng_range(&m->random, 0, 1);
  if (computes)
    text_add(&m->out, "  %w = arith.mulf %q, %q : f32\n");
  text_addf(&m->out, "  %%z = tensor.insert %s into %%x%d[%s] : %s\n  scf.yield %%z : %s\n", computes ? "%w" : "%q", v.rank - 1, text_str(&to), type_of(m, &v), type_of(m, &v));
  for (int d = v.rank - 1; d > 0; d--)
    text_addf(&m->out, "  }\n  scf.yield %%y%d : %s\n", d, type_of(m, &v));
  text_add(&m->out, "  }\n");
}

static const char *random_function(arena *mem, uint64_t seed) {
  static void (*const steps[])(maker *, int) = {turn, turn, reshape, reshape, cut, unary, binary, binary, center, soften, square, join, surround, repeat, take, take, put};
  maker *m = ARENA_NEW(mem, maker);
  *m = (maker){.random = rng_new(seed), .mem = mem, .out = text_new(mem)};
  static const made shapes[] = {{2, {4, 6}}, {3, {2, 3, 4}}, {2, {12, 5}}, {4, {2, 3, 2, 4}}};
  made x = shapes[rng_range(&m->random, 0, 3)], y = shapes[rng_range(&m->random, 0, 3)];
  add(m, x);
  add(m, y);
  text_addf(&m->out, "func.func @f(%%v0: %s, %%v1: %s) -> (RESULTS) {\n  %%zero = arith.constant 0.0 : f32\n  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n", type_of(m, &x), type_of(m, &y));
  for (int i = (int)rng_range(&m->random, 3, 8); i > 0; i--) {
    int at = rng_range(&m->random, 0, 2) ? m->n - 1 : (int)rng_range(&m->random, 0, m->n - 1);
    void (*step)(maker *, int) = steps[rng_range(&m->random, 0, (int64_t)COUNT_OF(steps) - 1)];
    if (elems_of(&m->value[at]) > 400 && (step == join || step == surround || step == repeat || step == square))
      step = unary;
    step(m, at);
  }
  int other = (int)rng_range(&m->random, 0, m->n - 1);
  const char *types = arena_printf(mem, "%s, %s", type_of(m, &m->value[m->n - 1]), type_of(m, &m->value[other]));
  text_addf(&m->out, "  return %%v%d, %%v%d : %s\n}\n", m->n - 1, other, types);
  const char *all = text_str(&m->out), *mark = strstr(all, "RESULTS");
  return arena_printf(mem, "%.*s%s%s", (int)(mark - all), all, types, mark + strlen("RESULTS"));
}

/* ---- two engines ---- */

typedef struct fixture { loom_ctx ctx; ir_ctx ir; MlirModule m, copy; program *code; network *net; run_value args[2], results[2]; void *bytes[2], *got[2], *host[2]; const program_function *f; program_functions all; bool is_refused; } fixture;

static void open_function(fixture *x, const char *source, uint64_t seed) {
  loom_ctx_init(&x->ctx);
  x->code = NULL;
  assert_int_equal(ir_open(&x->ctx, &x->ir), LOOM_OK);
  assert_int_equal(dialect_load(&x->ir), LOOM_OK);
  if (ir_parse(&x->ir, "f.mlir", source, strlen(source), &x->m) != LOOM_OK)
    fail_msg("%s\n%s", x->ctx.diag.first->text, source);
  x->all = program_list(&x->ir, x->m);
  x->f = program_find(&x->all, "f");
  x->copy = ir_clone_module(x->m);
  x->is_refused = network_read(&x->ir, x->m, "f", &x->net) != LOOM_OK;
  if (x->is_refused && !strstr(x->ctx.diag.first->text, "over loops of any split"))
    fail_msg("%s\n%s", x->ctx.diag.first->text, source);
  rng random = rng_new(seed + 1000);
  for (int i = 0; i < 2; i++) {
    run_value v = x->f->args[i];
    v.elems = 1;
    for (int d = 0; d < v.rank; d++)
      v.elems *= v.shape[d];
    float *p = ARENA_NEW_N(&x->ctx.mem, float, v.elems);
    for (int64_t e = 0; e < v.elems; e++)
      p[e] = (float)rng_normal(&random);
    v.bytes = x->bytes[i] = p;
    x->args[i] = v;
  }
}

static void run_on_host(fixture *x) {
  assert_int_equal(program_compile(&x->ir, x->copy, &(program_options){0}, &x->code), LOOM_OK);
  assert_int_equal(program_call(x->code, x->f, x->args, x->results), LOOM_OK);
  for (int i = 0; i < 2; i++)
    x->host[i] = x->results[i].bytes;
}

static void close_function(fixture *x) {
  program_close(x->code);
  ir_close_module(x->m);
  ir_close_module(x->copy);
  ir_close(&x->ir);
  loom_ctx_done(&x->ctx);
}

/* The kernels on a machine, each held against the interpreter, or on the interpreter alone. */
static loom_status run_kernels(fixture *x, const char *on, compile_network *out) {
  compile_options o = {.input = "f.mlir", .machine = arena_printf(&x->ctx.mem, LOOM_SOURCE_DIR "/machines/%s.yaml", on ? on : "wormhole"), .run_threads = 2, .model = MODEL_LOOM, .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG};
  run_options r = {.check = true, .interp_only = !on, .seed = 1};
  return compile_network_run(&x->ctx, &o, text_eq(on, "tpuv3"), x->net, &r, x->bytes, x->got, out);
}

/* Oracle: the function as code of this CPU, within the interpreter's bounds carried through all kernels; every eighth also on a chip or an NPU, and another eighth as
 * kernels of this CPU, kernel by kernel. */
static void test_random_functions_are_what_their_kernels_compute(void **state) {
  (void)state;
  int kernels = 0, copies = 0, refused = 0, cases = (int)testing_number("LOOM_NETWORK_CASES", 120);
  for (uint64_t seed = 0; seed < (uint64_t)cases; seed++) {
    fixture x;
    compile_network n;
    run_check c;
    network_sampled sampled;
    arena mem = {0};
    const char *source = random_function(&mem, seed);
    open_function(&x, source, seed);
    refused += x.is_refused;
    if (x.is_refused) {
      close_function(&x);
      arena_done(&mem);
      continue;
    }
    if (run_kernels(&x, seed % 8 == 4 ? "host" : seed % 8 ? NULL : seed % 16 ? "tpuv3" : "wormhole", &n) != LOOM_OK || !n.runs_the_same)
      fail_msg("seed %d: %s\n%s", (int)seed, x.ctx.diag.first ? x.ctx.diag.first->text : "the kernels do not run as the interpreter says", source);
    run_on_host(&x);
    if (!compile_network_compare(&x.ctx, x.net, &n, x.host, &c, &sampled))
      fail_msg("seed %d: %s\n%s", (int)seed, c.where, source);
    kernels += (int)x.net->kernels.n;
    for (size_t i = 0; i < x.net->kernels.n; i++)
      copies += text_eq(x.net->kernels.at[i].op, "copy");
    compile_network_close(&n);
    close_function(&x);
    arena_done(&mem);
  }
  assert_true(kernels > 200 && copies > 20);
  assert_in_range(refused, 0, cases / 100);      /* indices that no split makes linear are rare, and said */
}

/* Oracle: arguments that are other ones in the same place give other results in the same place, without anything between the two but the calls. */
static void test_kernels_of_this_cpu_work_where_the_tensors_lie(void **state) {
  (void)state;
  static const char source[] = "func.func @f(%x: tensor<24x40xf32>, %y: tensor<24x40xf32>) -> (tensor<24x40xf32>, tensor<24x24xf32>) {\n  %a = arith.addf %x, %y : tensor<24x40xf32>\n"
                               "  %zero = arith.constant 0.0 : f32\n  %e = tensor.empty() : tensor<24x24xf32>\n  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<24x24xf32>) -> tensor<24x24xf32>\n"
                               "  %one = arith.constant dense<1.0> : tensor<40x24xf32>\n"
                               "  %p = linalg.matmul ins(%a, %one : tensor<24x40xf32>, tensor<40x24xf32>) outs(%z : tensor<24x24xf32>) -> tensor<24x24xf32>\n  return %a, %p : tensor<24x40xf32>, tensor<24x24xf32>\n}\n";
  fixture x;
  compile_network n;
  double ms[8];
  open_function(&x, source, 1);
  if (run_kernels(&x, "host", &n) != LOOM_OK)
    fail_msg("%s", x.ctx.diag.first->text);
  assert_true(n.runs_the_same && n.steps.n <= 8);
  for (int e = 0; e < 24 * 40; e++) {
    ((float *)x.bytes[0])[e] = (float)(e % 7);
    ((float *)x.bytes[1])[e] = (float)(e / 40);
  }
  compile_network_again(&n, ms);
  compile_network_close(&n);      /* tensors stay */
  for (int i = 0; i < 24; i++) {
    float sum = 0;
    for (int j = 0; j < 40; j++) {
      const float want = (float)((i * 40 + j) % 7 + i);
      assert_true(((float *)x.got[0])[i * 40 + j] == want);
      sum += want;
    }
    for (int j = 0; j < 24; j++)
      assert_true(((float *)x.got[1])[i * 24 + j] == sum);
  }
  close_function(&x);
}

/* Oracle: the tolerance that moved runs give takes what the kernels compute, also moved by less than a kernel's bound, and refuses the same with one element moved by a hundredth of its
 * row's greatest. */
static void test_moved_runs_tell_rounding_from_errors(void **state) {
  (void)state;
  int functions = 0;
  for (uint64_t seed = 0; seed < 24; seed++) {
    fixture x;
    compile_network n;
    network_sampled sampled;
    arena mem = {0};
    open_function(&x, random_function(&mem, seed), seed);
    if (!x.is_refused && run_kernels(&x, NULL, &n) == LOOM_OK) {
      functions++;
      assert_true(n.sampled.done && n.sampled.ok);
      rng random = rng_new(seed);
      float *got = x.got[0];
      const int64_t at = rng_range(&random, 0, n.want[0].elems - 1);
      double most = 0;
      for (int64_t i = 0; i < n.want[0].elems; i++)
        most = fabs(n.want[0].value[i]) > most ? fabs(n.want[0].value[i]) : most;
      got[at] += (float)(0.01 * most + 1e-30);
      compile_network_sample(&x.ctx, x.net, &n, x.got, &sampled);
      if (sampled.ok || !text_eq(sampled.where, arena_printf(&mem, "result0[%d]", (int)at)))
        fail_msg("seed %d: an error of 1 %% at element %d is not noticed there but at %s: %g of %g", (int)seed, (int)at, sampled.where, sampled.error, sampled.tolerance);
    }
    close_function(&x);
    arena_done(&mem);
  }
  assert_true(functions > 20);
}

/* Does it take its places from contents?  Numbers that are made up could point anywhere. */
static bool looks_up(const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    for (int k = 0; k < r->ops.at[i]->n_index; k++)
      if (r->ops.at[i]->index[k].kind == KERNEL_INDEX_TENSOR)
        return true;
    for (int k = 0; k < r->ops.at[i]->n_regions; k++)
      if (looks_up(&r->ops.at[i]->regions[k]))
        return true;
  }
  return false;
}

static kernel_tensor find_view(const kernel_graph *k) {
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_VIEW)
      return (kernel_tensor)i;
  return -1;
}

/* Oracle: a view that shows other elements gives other results, and the comparison with the host says so. */
static void test_a_wrong_stride_is_noticed(void **state) {
  (void)state;
  int changed = 0, seen = 0;
  for (uint64_t seed = 0; seed < 60; seed++) {
    fixture x;
    compile_network n;
    run_check c;
    network_sampled sampled;
    arena mem = {0};
    open_function(&x, random_function(&mem, seed), seed);
    size_t first = 0;
    while (!x.is_refused && first < x.net->kernels.n && (text_eq(x.net->kernels.at[first].op, "fill") || looks_up(&x.net->kernels.at[first].graph->body)))      /* of zeros, over memory that reads as zero; of row 0 */
      first++;
    kernel_graph *k = !x.is_refused && first < x.net->kernels.n ? x.net->kernels.at[first].graph : NULL;
    kernel_tensor v = k ? find_view(k) : -1;
    kernel_tensor_info *t = v >= 0 ? &k->tensors.at[v] : NULL;
    int64_t stride = 0, size = 0;
    int d = 0;
    while (t && d < t->shape.rank && !(sym_is_const(t->stride[d], &stride) && sym_is_const(t->shape.dim[d], &size) && stride > 1 && size > 1))
      d++;
    if (t && d < t->shape.rank) {
      t->stride[d] = sym_const(&x.ctx.mem, stride - 1);
      bool is_interpreted = run_kernels(&x, NULL, &n) == LOOM_OK;
      run_on_host(&x);
      changed++;
      seen += !is_interpreted || !compile_network_compare(&x.ctx, x.net, &n, x.host, &c, &sampled);
    }
    close_function(&x);
    arena_done(&mem);
  }
  assert_true(changed >= 10);
  assert_in_range(seen, changed - changed / 20, changed);      /* what no result shows, since other elements were put over it, is not noticed */
}

/* Runs the kernel with blocks of 3, its allocation `out` made as usual, or (in >= 0) where argument `in` lies. */
static const double *interpret(fixture *x, const kernel_graph *k, kernel_tensor in, kernel_tensor out, const interp_tensor *apart) {
  arena *m = &x->ctx.mem;
  kernel_graph g = *k;
  interp_tensor *t = ARENA_NEW_N(m, interp_tensor, k->tensors.n);
  VEC_OF(sym_binding) blocks = {0};
  g.tensors.at = ARENA_NEW_N(m, kernel_tensor_info, k->tensors.n);
  memcpy(g.tensors.at, k->tensors.at, k->tensors.n * sizeof *k->tensors.at);
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].kind == KERNEL_SYM_BLOCK && k->symbols.at[i].value < 0)
      vec_push(m, &blocks, ((sym_binding){k->symbols.at[i].name, 3}));
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG)
      assert_int_equal(interp_make_input(&x->ctx, k, (kernel_tensor)i, i, false, &t[i]), LOOM_OK);
  if (in >= 0) {
    t[out] = *apart;
    t[out].value = t[in].value;
    t[out].bound = NULL;
    g.tensors.at[out].role = KERNEL_ARG;
  }
  assert_int_equal(interp_run(&x->ctx, &g, t, &(interp_options){.blocks = blocks.at, .n_blocks = blocks.n, .op_budget = -1}), LOOM_OK);
  if (in < 0)
    *(interp_tensor *)(uintptr_t)apart = t[out];
  return t[out].value;
}

/* Oracle: a kernel that is said to write in place of an argument gives, tile by tile, what it gives with memory of its own; of those that are said not to, some do not. */
static void test_what_is_written_in_place_is_not_read_again(void **state) {
  (void)state;
  int said = 0, others = 0, differ = 0;
  for (uint64_t seed = 0; seed < 60; seed++) {
    fixture x;
    arena mem = {0};
    x.ctx.diag.first = NULL;
    open_function(&x, random_function(&mem, seed), seed);
    for (size_t n = 0; !x.is_refused && n < x.net->kernels.n; n++) {
      const kernel_graph *k = x.net->kernels.at[n].graph;
      for (kernel_tensor out = looks_up(&k->body) ? (kernel_tensor)k->tensors.n : 0; out < (kernel_tensor)k->tensors.n; out++)
        for (kernel_tensor in = 0; in < (kernel_tensor)k->tensors.n; in++) {
          interp_tensor apart = {0}, source = {0};
          if (k->tensors.at[out].role != KERNEL_ALLOC || k->tensors.at[in].role != KERNEL_ARG)
            continue;
          const double *want = interpret(&x, k, -1, out, &apart);
          assert_int_equal(interp_make_input(&x.ctx, k, in, 0, false, &source), LOOM_OK);
          bool is_in_place = network_in_place(k, in, out);
          if (source.elems != apart.elems) {
            continue;
          }
          const double *got = interpret(&x, k, in, out, &apart);
          bool same = memcmp(want, got, (size_t)apart.elems * sizeof *want) == 0;
          if (is_in_place && !same)
            fail_msg("seed %d: kernel %s writes t%d in place of t%d, which it reads again", (int)seed, k->name, out, in);
          said += is_in_place;
          others += !is_in_place;
          differ += !is_in_place && !same;
        }
    }
    close_function(&x);
    arena_done(&mem);
  }
  print_message("%d in place, %d not, of which %d would be wrong\n", said, others, differ);
  assert_true(said > 40 && differ > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_functions_are_what_their_kernels_compute), cmocka_unit_test(test_kernels_of_this_cpu_work_where_the_tensors_lie),
      cmocka_unit_test(test_moved_runs_tell_rounding_from_errors),
      cmocka_unit_test(test_a_wrong_stride_is_noticed),
      cmocka_unit_test(test_what_is_written_in_place_is_not_read_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
