/* Every operation of the table as it should be, and every small change of it: what is lowered is well-formed text, what is not says why, once.
 * Oracles: of a good operation, LOOM_OK; of any, either LOOM_OK and a body in which every value is made once, before it is used, and every result has
 * a name, or LOOM_EINPUT / LOOM_EUNSUP and one error that begins with the operation's name.  Every reason that the room can give is given by some
 * change.  That the text computes the right numbers is tests/torch's to say; that MLIR takes it, src/pass/torch_lowered_test.c's. */
#include "base/testing.h"
#include "lower/torch/torch_lower_sample.h"

typedef struct row { const char *name, *fn, *detail; } row;
static const row rows[] = {
#define X(name, fn, detail, family) {name, #fn, detail},
#include "lower/torch/torch_ops.def"
#undef X
};

static const row *row_of(const char *name) {
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    if (text_eq(rows[i].name, name))
      return &rows[i];
  return NULL;
}

/* ---- the text ---- */

/* The fault of a body over the operands of `op`; NULL: it has none. */
static const char *fault_of(arena *mem, const char *body, const char *const *results, const tl_op *op) {
  enum { NAMES_MAX = 20000 };
  bool *known = ARENA_NEW_N(mem, bool, NAMES_MAX);
  memset(known, 0, NAMES_MAX * sizeof *known);
  int depth = 0;
  if (strstr(body, "(null)"))
    return "a missing name";
  for (const char *line = body; *line; line += strcspn(line, "\n") + 1) {
    size_t n = strcspn(line, "\n");
    const char *end = line + n, *equals = strstr(line, " = ");
    bool defines = line[2] == '%' && equals && equals < end;
    bool is_loop = strstr(line, "scf.for") && strstr(line, "scf.for") < end, is_block = line[2] == '^' || line[3] == '^' || line[4] == '^';
    for (const char *p = line; p < end; p++) {
      depth += (*p == '{') - (*p == '}');
      if (p[0] != '%' || p[1] != 'v')
        continue;
      long id = strtol(p + 2, NULL, 10);
      const char *after = p + 2 + strspn(p + 2, "0123456789");
      bool is_made = (defines && p == line + 2) || (is_block && *after == ':') || (is_loop && strncmp(after, " = ", 3) == 0);
      if (id < 0 || id >= NAMES_MAX || known[id] == is_made)
        return arena_printf(mem, is_made ? "%%v%ld is made twice" : "%%v%ld is used before it is made", id);
      known[id] = true;
    }
  }
  for (int i = 0; i < op->n_out; i++) {
    if (!results[i] || *results[i] != '%')
      return "a result has no name";
    if (results[i][1] == 'v' && !known[strtol(results[i] + 2, NULL, 10)])
      return "a result is not made";
  }
  return depth ? "open braces" : NULL;
}

/* ---- reasons ---- */
static const char *const reasons[] = {
    "there is no lowering of", "result 1 has no lowering", "a size or a place is not an int", "an operand is not a number", "the result is not an int, a float or a bool", "a tensor has more than 2^48 elements", "eps is not a constant", "normalized_shape has", "a stride, padding, dilation or number",
    "the number of classes", "a source of rank", "for the channels of", "the -1 first elements", "sorted together", "> of tensor<2x9xf32>", "is repeated -1 times", "steps of", "beside tensor<", "entries of rank 1", "padding by", "a dim is of a batch",
    "it has no result", "is not a tensor of a known shape and element type", "is not a constant integer", "there is no dim", "is not a list made by", "entries; at most",
    "result 0 is not a tensor", "result 1 is not a tensor", "and is declared as",
    /* elementwise */
    "an operand is missing; expected a tensor or a number", "there is no 'and' of float32", "there is no 'exp' of int64", "does not fit a result of rank", "dim 0 of an operand is",
    "no operand tells the size of dim", "no operand is a tensor", "is not a constant string", "approximate = \"text\"", "rounding_mode = \"text\"", "is quantized to", "scale and zero point are not known",
    /* reductions, normalisations */
    "the variance of whole numbers", "are cut off dim", "a mean of type int64", "there is no 'not' of float32", "the correction is not a constant", "the order is not a constant", "the order 7;", "a result of an unknown type or without dims", "a result without dims or of an unknown type",
    "batch normalisation in training", "what batch normalisation saves has no known size", "in 7 groups", "dropout in training",
    /* products, windows */
    "do not multiply", "expected tensors of rank 2", "alpha is not a constant", "beta is not a constant", "a tensor without dims does not multiply", "expected a matrix", "the scale is not a constant",
    "the default scale of heads of unknown size", "dropout is not a constant", ": dropout", "heads for", "sizes that are not known", "numbers for 2 dims", "of the result is", "with the window", "groups does not make",
    "operand 1 holds", "a window, stride or dilation of 0", "pooled in 2 dims", "windows of different sizes",
    /* shapes */
    "has not as many elements as", "cannot be told from", "tensors have at most 8 dims", "> as tensor<", "dims for a tensor of rank", "stands there twice", "of the result has no size", "a list of at least", "shifts for",
    "a roll along a dim of unknown size", "a stride of", "element 9223372036854775807 of", "has no diagonal", "its result is used", "the result has 3 dims", "operand 0 is not a list of tensors",
    "of the list is not a tensor", "has rank 3, the result 2", "a step of 0", "leave dim 0 of", "a tensor without dims has no parts", "parts of", "does not fit into", "mode \"text\"",
    /* places, order */
    "expected places", "places tensor<", "index tensors of", "is not a list of at most", "is not a tensor of whole numbers", "no index tensor is there", "the result has more than 8 dims", "the values have rank",
    "places of rank", "the result is not a tensor of rank 2", "a tensor without dims", "of 100 elements", 
    /* from numbers */
    "nothing tells the size of dim", "the result has rank", "a range of unknown size", "steps make no", "a result of unknown size", "is not a number", "has no sizes", "the result has dims",
    /* tm_tensor, StableHLO */
    "tensors in and", "3 tensors in", "tensors sorted together; 1 to 4 are", "scanned into", "updates tensor<3x4xf32> at places", "more than 8 numbers", "or it stands there twice", "a result of unknown sizes or element type",
    "elements becomes one of", "total order", "the direction is not one of", "iota counts along one dim", "tensors are joined along one dim", "operand 0 is tensor<", "elements in a dim of", "has no range",
    "ranges of", "the range", "padding of", "padding between elements", "several tensors reduced together", "the reducer", "do not multiply to", "tensors without dims"};

typedef struct sweep { bool seen[COUNT_OF(reasons)]; long n, n_good; int faults; } sweep;   /* faults: told, and the sweep goes on */

static void note_reason(sweep *w, const char *said) {
  for (size_t i = 0; i < COUNT_OF(reasons); i++)
    w->seen[i] |= strstr(said, reasons[i]) != NULL;
}

/* ---- one operation ---- */
static loom_status lower(loom_ctx *ctx, const sample *s, sweep *w) {
  const tl_op op = sample_op(&ctx->mem, s);
  const char *body = NULL, **results = ARENA_NEW_N(&ctx->mem, const char *, op.n_out + 1);
  loom_status st = torch_lower_op(ctx, &op, &body, results);
  w->n++;
  if (st == LOOM_OK) {
    const char *fault = ctx->diag.errors ? "an error was recorded" : fault_of(&ctx->mem, body, results, &op);
    if (fault && w->faults++ < 20)
      print_error("%s: %s\n%s", sample_text(&ctx->mem, s), fault, body);
    w->n_good++;
    return st;
  }
  const char *said = ctx->diag.errors ? ctx->diag.first->text : "";
  bool begins = text_starts(said, s->name) || text_starts(said, "there is no lowering of '");
  bool is_told = (st == LOOM_EINPUT || st == LOOM_EUNSUP) && ctx->diag.errors == 1 && ctx->diag.first->status == st && begins;
  if (!is_told && w->faults++ < 20)
    print_error("%s: status %d, %d errors, \"%s\"\n", sample_text(&ctx->mem, s), (int)st, ctx->diag.errors, said);
  note_reason(w, said);
  return st;
}

static void lower_change(void *data, const sample *s) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  (void)lower(&ctx, s, data);
  loom_ctx_done(&ctx);
}

/* Operands of a row that is an expression over x, y, z, w: the largest letter says how many. */
static sample expression(arena *mem, const row *r, const char *type) {
  static const struct { char kind; const char *word; } words[] = {{'I', "int"}, {'F', "float"}, {'B', "bool"}};
  bool is_number = text_eq(r->fn, "tl_lower_scalar");
  sample s = {.name = r->name, .n_out = 1, .out = {"2x3xi1"}};
  for (size_t i = 0; i < COUNT_OF(words) && is_number; i++)
    type = words[i].kind == *r->detail ? words[i].word : type;
  for (const char *p = r->detail + 2; *p; p++)
    if (strchr("xyzw", *p) && !isalnum((unsigned char)p[1]) && !isalnum((unsigned char)p[-1]) && s.n_in <= strchr("xyzw", *p) - "xyzw") {
      s.n_in = (int)(strchr("xyzw", *p) - "xyzw") + 1;
    }
  for (int i = 0; i < s.n_in; i++)
    s.in[i] = is_number ? type : arena_printf(mem, "2x3x%s", type);
  if (*r->detail == 'R' || is_number)
    s.out[0] = s.in[0];
  return s;
}

/* ---- tests ---- */
static void test_good_operations_are_lowered(void **state) {
  loom_ctx *ctx = *state;
  sweep w = {0};
  for (size_t i = 0; i < COUNT_OF(torch_lower_good); i++) {
    sample s = sample_read(&ctx->mem, torch_lower_good[i]);
    if (lower(ctx, &s, &w) != LOOM_OK)
      fail_msg("%s: %s", torch_lower_good[i], ctx->diag.first->text);
    assert_int_equal(w.faults, 0);
    const row *r = row_of(s.name);
    assert_non_null(r);
    for (size_t k = 0; k < COUNT_OF(rows); k++)   /* rows that are lowered the same way take the same operands */
      if (!text_eq(r->fn, "tl_lower_map") && text_eq(rows[k].fn, r->fn) && text_eq(rows[k].detail, r->detail)) {
        s.name = rows[k].name;
        if (lower(ctx, &s, &w) != LOOM_OK)
          fail_msg("%s as %s: %s", torch_lower_good[i], rows[k].name, ctx->diag.first->text);
      }
  }
}

static void test_expressions_are_lowered_for_floats_or_whole_numbers(void **state) {
  (void)state;
  static const char *const types[] = {"f32", "f16", "f64", "si32", "ui8", "i1"};
  sweep w = {0};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    int n_good = 0;
    bool is_expression = text_eq(rows[i].fn, "tl_lower_map") || text_eq(rows[i].fn, "tl_lower_scalar");
    for (size_t k = 0; k < COUNT_OF(types) && is_expression; k++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      const sample s = expression(&ctx.mem, &rows[i], types[k]);
      n_good += lower(&ctx, &s, &w) == LOOM_OK;
      loom_ctx_done(&ctx);
    }
    assert_int_equal(w.faults, 0);
    if (!n_good && is_expression)
      fail_msg("%s is lowered for no type", rows[i].name);
  }
}

static void test_every_row_is_tested(void **state) {
  loom_ctx *ctx = *state;
  int missing = 0;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    bool has = text_eq(rows[i].fn, "tl_lower_map") || text_eq(rows[i].fn, "tl_lower_scalar");
    for (size_t k = 0; k < COUNT_OF(torch_lower_good) && !has; k++) {
      const row *r = row_of(sample_read(&ctx->mem, torch_lower_good[k]).name);
      has = r && text_eq(r->fn, rows[i].fn) && text_eq(r->detail, rows[i].detail);
    }
    if (!has) {
      print_error("torch_lower_good has no %s\n", rows[i].name);
      missing++;
    }
  }
  assert_int_equal(missing, 0);
  size_t n;
  assert_string_equal(torch_lower_table(&n)[0].name, rows[0].name);
  assert_int_equal(n, COUNT_OF(rows));
  assert_true(torch_lower_knows("torch.aten.mm"));
  assert_false(torch_lower_knows("torch.aten.m"));
}

static void test_a_change_is_lowered_or_refused_with_a_reason(void **state) {
  loom_ctx *ctx = *state;
  sweep w = {0};
  static const char *const more[] = {   /* what is two changes away from a good one */
      "torch.aten.frob: 3xf32 -> 3xf32", "torch.aten.bitwise_and.Tensor: 3xf32 3xf32 -> 3xf32", "torch.aten.exp: 3xsi64 -> 3xsi64", "torch.aten.batch_norm: 2x3xf32 none none 3xf32 3xf32 true 0.1 0.001 true -> 2x3xf32",
      "torch.aten.matmul: f32 f32 -> f32", "torch.aten.select.int: f32 0 0 -> f32", "torch.aten.size.int: f32 0 -> int", "torch.aten.view: 2xf32 [] -> f32", "torch.aten.view: ?x?xf32 [] -> ?x?x3xf32",
      "torch.aten.unsqueeze: 1x1x1x1x1x1x1x1xf32 0 -> 1xf32", "torch.aten.stack: [1x1x1x1x1x1x1x1xf32] 0 -> 1xf32", "torch.aten.embedding: 9x4xf32 1x1x1x1x1x1x1x1xsi64 -> 4xf32", "torch.aten.sort: f32 0 true -> f32 si64",
      "torch.aten.index.Tensor: 2x2x2x2x2xf32 [1x1x1x1x1x1xsi64] -> 3xf32", "torch.aten.index.Tensor: 2x2x2x2x2xf32 [none 1x1x1x1x1x1x1x1xsi64] -> 3xf32", "torch.aten.index.Tensor: 2xf32 [none] -> 2xf32",
      "torch.aten.roll: ?xf32 [1] [0] -> ?xf32", "torch.aten.as_strided: 4x3xf32 [2] [1] 9223372036854775807 -> 2xf32", "torch.aten.as_strided: 4x3xf32 [2] [2] 9223372036854775805 -> 2xf32",
      "torch.aten.max_pool2d: 1x1x4x4xf32 [2 2] [0 1] [0 0] [1 1] false -> 1x1x3x3xf32", "torch.aten.max_pool2d: 4xf32 [2 2] [1 1] [0 0] [1 1] false -> 3xf32", "torch.aten.unflatten.int: 4x2xf32 1 [2 1] -> ?x2x?xf32",
      "torch.aten.flatten.using_ints: ?x2xf32 0 1 -> 2x1x?xf32", "torch.aten.cat: [2x3x4xf32] 0 -> 2x3xf32", "torch.aten.cat: [0xf32] 0 -> 2x3xf32", "torch.aten.native_batch_norm: 2x3xf32 none none 3xf32 3xf32 false 0.1 0.001 -> 2x3xf32 ?xf32 ?xf32",
      "tm_tensor.sort: 2xf32 2xf32 2xf32 2xf32 2xf32 -> 2xf32 2xf32 2xf32 2xf32 2xf32 {segment = 0; dimension = 0 : i64; region = f}",
      "tm_tensor.topk: 2xf32 2xf32 2xf32 2xf32 2xf32 -> 2xf32 2xf32 {segment = 3; dimension = 0 : i64; region = f}", "stablehlo.dot: f32 f32 -> f32", "torch.aten.triu: 3xf32 0 -> 3xf32",
      "torch.aten.expand: 3xf32 [] false -> ?x3xf32", "torch.aten.convolution: 1x1x4x4xf32 1x1x2x2xf32 none [1 1 1] [0] [1] false [0] 1 -> 1x1x3x3xf32", "torch.aten.group_norm: 2x6x4xf32 7 none none 0.001 true -> 2x6x4xf32",
      "torch.aten.conv2d: 1x4611686018427387904x4x4xf32 2x4611686018427387904x3x3xf32 none [1] [0] [1] 4 -> 1x2x2x2xf32", "torch.aten.conv2d: 1x2x4x4xf32 2x2x3x3xf32 none [1] [2147483646] [1] 1 -> 1x2x2x2xf32",
      "torch.aten.max_pool1d: 1x2x9223372036854775807xf32 [2147483647] [2147483647] [2147483647] [2147483647] true -> 1x2x9223372036854775807xf32",
      "torch.aten.constant_pad_nd: 3xf32 [9223372036854775807 9223372036854775807] 0.5 -> 3xf32", "torch.aten.constant_pad_nd: 3xf32 [-9223372036854775808 -1] 0.5 -> 3xf32",
      "torch.aten.narrow: 5xf32 0 9223372036854775807 -9223372036854775808 -> 5xf32", "torch.aten.split_with_sizes: 5xf32 [9223372036854775807 9223372036854775807] 0 -> 5xf32 5xf32",
      "stablehlo.slice: 9xf32 -> 9xf32 {ranges = [0:9:9223372036854775807]}", "stablehlo.pad: 3xf32 f32 -> 3xf32 {low = [9223372036854775807]; high = [9223372036854775807]; interior = [0]}",
      "stablehlo.concatenate: 9223372036854775807xf32 9223372036854775807xf32 -> 4xf32 {dim = 0 : i64}", "torch.aten.triu: 3x3xf32 9223372036854775807 -> 3x3xf32",
      /* each part of a condition by itself */
      "torch.aten.conv_transpose1d: 1x2x3xf32 2x1x2xf32 none [16777216] [0] [0] 2 [1] -> 1x2x6xf32", "torch.aten.conv_transpose1d: 1x2x3xf32 2x1x2xf32 none [2] [0] [0] 2 [16777216] -> 1x2x6xf32",
      "torch.aten.conv_transpose1d: 1x2x3xf32 2x1x2xf32 none [2] [16777216] [0] 2 [1] -> 1x2x6xf32", "torch.aten.conv_transpose1d: 1x2x3xf32 2x1x2xf32 none [2] [-16777216] [0] 2 [1] -> 1x2x6xf32",
      "torch.aten.conv_transpose1d: 1x2x3xf32 2x1x2xf32 none [2] [0] [16777216] 2 [1] -> 1x2x6xf32", "torch.aten.conv1d: 1x2x2147483647xf32 2x2x3xf32 none [] [] [] none -> 1x2x2xf32",
      "torch.aten.conv1d: 1x2x4xf32 2x2x2147483647xf32 none [] [] [] none -> 1x2x2xf32", "torch.aten.conv1d: 1x3x4xf32 2x3x3xf32 none [1] [0] [1] 32768 -> 1x2x2xf32",
      "torch.aten.conv_transpose1d: 1x3x3xf32 3x1x2xf32 none [2] [0] [0] 2 [1] -> 1x2x6xf32", "torch.aten.max_pool1d: 1x2x6xf32 [2147483648] [2] [1] [1] false -> 1x2x3xf32",
      "torch.aten.max_pool1d: 1x2x6xf32 [3] [2] [1] [1] false -> 1x2x2147483647xf32", "torch.aten.max_pool1d: 1x2x2147483647xf32 [3] [2] [1] [1] false -> 1x2x3xf32",
      "torch.aten.scaled_dot_product_attention: 5x8xf32 6x8xf32 6x8xf32 none 0.0 false none true -> 5x8xf32", "torch.aten.permute: 2x3xf32 [true false] -> 3x2xf32", "torch.aten.repeat: 2x3xf32 [2147483648 1] -> 2x3xf32",
      "torch.aten.gelu: 3xbf16 str -> 3xbf16", "torch.aten.narrow: ?xf32 0 1 3 -> 3xf32", "torch.aten.narrow: 5xf32 0 int 3 -> 3xf32", "torch.aten.index.Tensor: 3x4x5xf32 [?xsi64 2xsi64] -> 2x5xf32",
      "torch.aten.index.Tensor: 3x4x5xf32 [?xsi64 ?xsi64] -> ?x5xf32", "torch.aten.to.dtype: 3xf32 4 false false none -> 3xi1", "stablehlo.convert: 3xf32 -> 3xf32", "tm_tensor.topk: f32 f32 si32 -> f32 si32 {segment = 1; dimension = 0 : i64; region = f}",
      "stablehlo.pad: 3xf32 f32 -> 3xf32 {low = [-2147483648]; high = [0]; interior = [0]}", "stablehlo.pad: 3xf32 f32 -> 3xf32 {low = [0]; high = [2147483648]; interior = [0]}",
      "stablehlo.pad: 3xf32 f32 -> 3xf32 {low = [0]; high = [-2147483648]; interior = [0]}", "stablehlo.transpose: 2x3xf32 -> 3x2xf32 {dims = Array_z:_x{9 [1, 0] - -a /}",
      "stablehlo.dot_general: 5x2x3xf32 5x3x4xf32 -> 5x2x4xf32 {batching_dims = [0] x []; contracting_dims = [2] x [1]}", "stablehlo.dot_general: 2x3xf32 3x4xf32 -> 2x4xf32 {contracting_dims = [1] x []}",
      "tm_tensor.scatter: 3x4xf32 3x1xsi32 5x4xf32 -> 5x4xf32 {segment = 2; dimension_map = array<i64: ->; region = f}", "torch.aten.as_strided: 4x3xf32 [2] [9223372036854775807] 1 -> 5xf32",
      "stablehlo.dot_general: 9223372036854775807x4x2xf32 2x3xf32 -> 9223372036854775807x4x3xf32 {contracting_dims = [2] x [0]}"};
  for (size_t i = 0; i < COUNT_OF(torch_lower_good) + COUNT_OF(more); i++) {
    arena_mark mark = arena_save(&ctx->mem);
    sample s = sample_read(&ctx->mem, i < COUNT_OF(more) ? more[i] : torch_lower_good[i - COUNT_OF(more)]);
    lower_change(&w, &s);
    sample_each_change(&ctx->mem, &s, lower_change, &w);
    arena_release(&ctx->mem, mark);
  }
  for (size_t i = 0; i < COUNT_OF(reasons); i++)
    if (!w.seen[i])
      print_error("no change gives the reason \"%s\"\n", reasons[i]);
  for (size_t i = 0; i < COUNT_OF(reasons); i++)
    assert_true(w.seen[i]);
  assert_int_equal(w.faults, 0);
  assert_true(w.n > 20000 && w.n_good > 3000);
}

static loom_status lower_line(loom_ctx *ctx, void *line) {
  sample s = sample_read(&ctx->mem, line);
  const tl_op op = sample_op(&ctx->mem, &s);
  const char *body, **results = ARENA_NEW_N(&ctx->mem, const char *, op.n_out + 1);
  return torch_lower_op(ctx, &op, &body, results);
}

static void test_out_of_memory_is_reported(void **state) {
  (void)state;
  static const char *const lines[] = {"torch.aten.layer_norm: 2x3x4xf32 [3 4] 3x4xf32 3x4xf32 0.00001 true -> 2x3x4xf32",
                                      "tm_tensor.scan: 2x3xf32 2x3xf32 2xf32 -> 2x3xf32 2xf32 {segment = 1; dimension = 1 : i64; inclusive = true; region = f}",
                                      "stablehlo.dot_general: 5x2x3xf32 5x3x4xf32 -> 5x2x4xf32 {batching_dims = [0] x [0]; contracting_dims = [2] x [1]}"};
  for (size_t i = 0; i < COUNT_OF(lines); i++)
    testing_sweep_memory(lower_line, (void *)(uintptr_t)lines[i]);
}

static void test_types_are_read(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *text, *made; } cases[] = {
      {"!torch.vtensor<[2,?],f32>", "tensor<2x?xf32>"}, {"!torch.tensor<[],si64>", "tensor<i64>"}, {"!torch.vtensor<[1],ui8>", "tensor<1xi8>"}, {"!torch.vtensor<[1],!torch.qint8>", "tensor<1xi8>"},
      {"!torch.vtensor<[1],!torch.quint8>", "tensor<1xi8>"}, {"!torch.vtensor<[1],!torch.qint32>", "tensor<1xi32>"}, {"tensor<2x?xbf16>", "tensor<2x?xbf16>"}, {"tensor<f64>", "tensor<f64>"}, {"!torch.int", "i64"},
      {"!torch.float", "f64"}, {"!torch.bool", "i1"}, {"i64", "i64"}, {"f64", "f64"}, {"i1", "i1"}};
  static const char *const others[] = {"!torch.vtensor", "!torch.vtensor<*,f32>", "!torch.vtensor<[2,x],f32>", "!torch.vtensor<[1,1,1,1,1,1,1,1,1],f32>", "!torch.vtensor<[2]>", "!torch.vtensor<[2],f32", "!torch.vtensor<[2],>",
                                       "!torch.vtensor<[2],complex<f32>>", "!torch.vtensor<[2", "!torch.vtensor<[2],averylongnameofatype>", "tensor<2x>", "tensor<2x1x1x1x1x1x1x1x1xf32>", "tensor<2>", "tensor<*xf32>", "tensor<2xf32, #a>",
                                       "tensor<2xf32", "!torch.any", ""};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const tl_type t = tl_type_parse(cases[i].text);
    assert_string_equal(tl_type_text(&ctx->mem, &t), cases[i].made);
  }
  for (size_t i = 0; i < COUNT_OF(others); i++)
    assert_int_equal(tl_type_parse(others[i]).kind, TL_OTHER);
  assert_int_equal(tl_type_parse("!torch.none").kind, TL_NONE);
  assert_int_equal(tl_type_parse("!torch.list<int>").kind, TL_LIST);
  dtype t;
  assert_true(tl_dtype_of_code(15, &t) && t == DTYPE_BF16);
  assert_false(tl_dtype_of_code(8, &t));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_good_operations_are_lowered, testing_open_context, testing_close_context),
      cmocka_unit_test(test_expressions_are_lowered_for_floats_or_whole_numbers),
      cmocka_unit_test_setup_teardown(test_every_row_is_tested, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_a_change_is_lowered_or_refused_with_a_reason, testing_open_context, testing_close_context),
      cmocka_unit_test(test_out_of_memory_is_reported),
      cmocka_unit_test_setup_teardown(test_types_are_read, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
