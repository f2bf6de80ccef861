/* The verifier's rules for single operations, as tables: which element types a function takes, which shapes an operation takes and gives.  The tables say what
 * kernel.h says of each operation, in another form than the verifier has it.  Each operation stands alone in a grid of two tiled ranges and an untiled one. */
#include "kernel/kernel_parts_testing.h"

/* ---- one operation, written shortly ---- */

typedef struct rule {
  kernel_op_kind kind;
  kernel_fn fn;
  const char *operands;      /* types "f32[2,m] i64": a value of each; "@0" "@1" "@2": a parameter of the grid; "-": none */
  const char *result;        /* NULL: none */
  const char *says;          /* NULL: it is right */
  int64_t ivalue;
  bool flag;
  const char *expr;
  const char *tensor, *index;      /* "@0" tile, "." scalar of value 0, "%m" scalar expression, ":", "0..4", "+", "#V.D.R" tensor value V at D of rank R */
  int perm[4];
} rule;

static kernel_index index_of(loom_ctx *ctx, const kernel_op *op, const kernel_region *grid, const char *s) {
  kernel_index x = {.kind = KERNEL_INDEX_ALL, .value = -1};
  if (*s == '@')
    x = (kernel_index){.kind = KERNEL_INDEX_TILE, .value = grid->params.at[s[1] - '0'], .begin = s[2] ? parts_expr(ctx, s + 3) : NULL};
  else if (*s == '.')
    x = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = op->operands[s[1] - '0']};
  else if (*s == '%')
    x = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = parts_expr(ctx, s + 1)};
  else if (*s == '+')
    x.kind = KERNEL_INDEX_NEW;
  else if (*s == '?')
    x.kind = (kernel_index_kind)77;
  else if (*s == '!')
    x.kind = KERNEL_INDEX_TENSOR;
  else if (*s == '#')
    x = (kernel_index){.kind = KERNEL_INDEX_TENSOR, .value = op->operands[s[1] - '0'], .dim = s[2] == '-' ? -1 : s[2] - '0', .rank = s[3] - '0'};
  else if (*s != ':')
    x = (kernel_index){.kind = KERNEL_INDEX_SLICE, .value = -1, .begin = sym_const(&ctx->mem, *s - '0'), .end = s[3] ? sym_const(&ctx->mem, s[3] - '0') : NULL};
  return x;
}

static kernel_op *build(loom_ctx *ctx, kernel_graph *k, kernel_region *grid, const rule *r) {
  arena *m = &ctx->mem;
  kernel_value operands[8];
  int n = 0;
  char *list = arena_strdup(m, r->operands), *rest;
  for (char *s = strtok_r(list, " ", &rest); s; s = strtok_r(NULL, " ", &rest), n++) {
    const kernel_type t = *s == '@' || *s == '-' ? (kernel_type){0} : parts_type(m, s);
    operands[n] = *s == '@' ? grid->params.at[s[1] - '0'] : *s == '-' ? -1 : kernel_add_op(m, k, grid, KERNEL_FULL, 0, NULL, 1, &t)->results[0];
  }
  const kernel_type result = r->result ? parts_type(m, r->result) : (kernel_type){0};
  kernel_op *op = kernel_add_op(m, k, grid, r->kind, n, operands, r->result ? 1 : 0, &result);
  op->fn = r->fn;
  op->ivalue = r->ivalue;
  op->flag = r->flag;
  op->expr = r->expr ? parts_expr(ctx, r->expr) : NULL;
  memcpy(op->perm, r->perm, sizeof r->perm);
  if (r->tensor)
    op->tensor = kernel_find_tensor(k, r->tensor);
  op->index = ARENA_NEW_N(m, kernel_index, 12);
  list = arena_strdup(m, r->index ? r->index : "");
  for (char *s = strtok_r(list, " ", &rest); s; s = strtok_r(NULL, " ", &rest))
    op->index[op->n_index++] = index_of(ctx, op, grid, s);
  if (r->index && strchr(r->index, '#') && r->kind == KERNEL_LOAD)      /* the values stand in the index alone */
    op->n_operands = 0;
  return op;
}

static void check(size_t row, const rule *r) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *k = kernel_new(&ctx.mem, "k");
  build(&ctx, k, parts_frame(&ctx, k), r);
  const loom_status st = kernel_verify_input(&ctx, k);
  if (st != (r->says ? LOOM_EINPUT : LOOM_OK))
    fail_msg("row %zu: %s %s (%s) -> %s: status %d: %s; expected %s", row, kernel_op_name(r->kind), kernel_fn_name(r->fn), r->operands, r->result ? r->result : "", (int)st,
             ctx.diag.first ? ctx.diag.first->text : "", r->says ? r->says : "none");
  if (r->says)
    testing_expect_error(&ctx, LOOM_EINPUT, r->says, 0, 0);
  loom_ctx_done(&ctx);
}

static void check_rows(const rule *rows, size_t n) {
  for (size_t i = 0; i < n; i++)
    check(i, &rows[i]);
}

/* ---- element types: every function with every type ---- */

static bool is_word(const char *list, const char *word) {
  const size_t n = strlen(word);
  for (const char *s = list; n && (s = strstr(s, word)) != NULL; s += n)
    if ((s == list || s[-1] == ' ') && (s[n] == ' ' || !s[n]))
      return true;
  return false;
}

static void test_functions_take_the_types_that_they_are_about(void **state) {
  (void)state;
  static const char any[] = "neg abs relu sign", bools[] = "isnan isinf", whole[] = "not invert",
                    floats[] = "exp exp2 log log2 sqrt rsqrt tanh sigmoid erf reciprocal log1p expm1 sin cos floor ceil round trunc",
                    binary[] = "add sub mul floordiv mod pow max min truncdiv", divides[] = "div", compares[] = "eq ne lt le gt ge", bits[] = "and or xor shl shr",
                    random[] = "philox0 philox1 philox2 philox3";
  arena m = {0};
  for (int f = 0; f < KERNEL_FN_COUNT; f++)
    for (int t = 0; t < DTYPE_COUNT; t++) {
      const char *name = kernel_fn_name((kernel_fn)f), *type = dtype_mlir((dtype)t);
      const bool is_float = dtype_is_float((dtype)t), is_bool = t == DTYPE_BOOL;
      const bool one = is_word(any, name) || is_word(bools, name) || is_word(whole, name) || is_word(floats, name);
      const bool two = is_word(binary, name) || is_word(divides, name) || is_word(compares, name) || is_word(bits, name) || is_word(random, name);
      const bool fits_one = is_word(any, name) || (is_word(bools, name) ? is_bool : is_word(whole, name) ? !is_float : is_float);
      const bool fits_two = is_word(binary, name) || (is_word(divides, name) ? is_float : is_word(compares, name) ? is_bool : is_word(bits, name) && !is_float);
      const rule unary = {KERNEL_UNARY, (kernel_fn)f, arena_printf(&m, "%s[2]", type), arena_printf(&m, "%s[2]", type), !one ? "is no function of one operand" : fits_one ? NULL : "does not", .ivalue = 0};
      const rule pair = {KERNEL_BINARY, (kernel_fn)f, arena_printf(&m, "%s[2] %s[2]", type, type), unary.result, !two ? "is no function of two operands" : fits_two ? NULL : "does not give", .ivalue = 0};
      const rule reduce = {KERNEL_REDUCE, (kernel_fn)f, unary.operands, is_word("argmax argmin", name) ? "i64" : type, is_word("add mul max min argmax argmin", name) ? NULL : "is no reduction", .ivalue = 1};
      const rule atomic = {KERNEL_ATOMIC, (kernel_fn)f, "f32 -", NULL, is_word("add and or xor max min xchg", name) ? NULL : "is no atomic operation", .tensor = "x", .index = "@0 @1"};
      check(0, &unary);
      check(1, &pair);
      check(2, &reduce);
      check(3, &atomic);
    }
  arena_done(&m);
}

static void test_casts_keep_shapes_and_bitcasts_keep_bits(void **state) {
  (void)state;
  arena m = {0};
  for (int a = 0; a < DTYPE_COUNT; a++)
    for (int b = 0; b < DTYPE_COUNT; b++) {
      const char *from = arena_printf(&m, "%s[2]", dtype_mlir((dtype)a)), *to = arena_printf(&m, "%s[2]", dtype_mlir((dtype)b));
      const bool fits = dtype_bytes((dtype)a) == dtype_bytes((dtype)b) && dtype_bytes((dtype)a) != 8 && a != DTYPE_BOOL && b != DTYPE_BOOL;
      const rule rows[] = {{KERNEL_CAST, KERNEL_FN_NONE, from, to, NULL, .ivalue = 0}, {KERNEL_BITCAST, KERNEL_FN_NONE, from, to, fits ? NULL : "both must have the same width", .ivalue = 0}};
      check_rows(rows, COUNT_OF(rows));
    }
  arena_done(&m);
  static const rule rows[] = {
      {KERNEL_CAST, KERNEL_FN_NONE, "f32[2]", "f32[3]", "cast changes the shape", .ivalue = 0},
      {KERNEL_CAST, KERNEL_FN_NONE, "f32[1]", "f32[3]", "cast changes the shape", .ivalue = 0},
      {KERNEL_CAST, KERNEL_FN_NONE, "f32[3]", "f32[1]", "cast changes the shape", .ivalue = 0},
      {KERNEL_CAST, KERNEL_FN_NONE, "f32[2]", "f32[2,1]", "cast changes the shape", .ivalue = 0},
      {KERNEL_BITCAST, KERNEL_FN_NONE, "f32[2]", "i32[1]", "bitcast changes the shape", .ivalue = 0},
      {KERNEL_UNARY, KERNEL_FN_EXP, "f32[2,m]", "f32[2,m]", NULL, .ivalue = 0},
      {KERNEL_UNARY, KERNEL_FN_EXP, "f32[2,m]", "f32[2,n]", "exp changes the shape", .ivalue = 0},
      {KERNEL_UNARY, KERNEL_FN_EXP, "f32[2,m]", "f32[m]", "exp changes the shape", .ivalue = 0},
      {KERNEL_BINARY, KERNEL_FN_PHILOX2, "i64[2] i64", "i32[2]", NULL, .ivalue = 0},
      {KERNEL_BINARY, KERNEL_FN_PHILOX0, "i32[2] i64", "i32[2]", "philox0 does not give", .ivalue = 0},
      {KERNEL_BINARY, KERNEL_FN_PHILOX3, "i64[2] i32", "i32[2]", "philox3 does not give", .ivalue = 0},
      {KERNEL_BINARY, KERNEL_FN_PHILOX1, "i64[2] i64", "i64[2]", "philox1 does not give", .ivalue = 0},
      {KERNEL_SELECT, KERNEL_FN_NONE, "i1[2] f32 f32[2]", "f32[2]", NULL, .ivalue = 0},
      {KERNEL_SELECT, KERNEL_FN_NONE, "i8[2] f32 f32[2]", "f32[2]", "the condition of select is not bool", .ivalue = 0},
      {KERNEL_SELECT, KERNEL_FN_NONE, "i1[2] f32 f32[3]", "f32[2]", "operand 2 of select does not broadcast", .ivalue = 0},
  };
  check_rows(rows, COUNT_OF(rows));
}

/* ---- shapes ---- */

static void test_shapes_of_compute(void **state) {
  (void)state;
  static const char too_wide[] = "the sizes of matmul do not fit together";
  static const rule rows[] = {
      {KERNEL_BROADCAST, KERNEL_FN_NONE, "f32[1,m]", "f32[4,n,m]", NULL, .ivalue = 0},
      {KERNEL_BROADCAST, KERNEL_FN_NONE, "f32[2,m]", "f32[4,3,m]", "operand 0 of broadcast does not broadcast", .ivalue = 0},
      {KERNEL_BROADCAST, KERNEL_FN_NONE, "f32[1,m]", "f32[m]", "operand 0 of broadcast does not broadcast", .ivalue = 0},
      {KERNEL_BROADCAST, KERNEL_FN_NONE, "f16[m]", "f32[m]", "broadcast changes the element type", .ivalue = 0},
      {KERNEL_RESHAPE, KERNEL_FN_NONE, "f32[m,6]", "f32[2,m,t]", NULL, .ivalue = 0},
      {KERNEL_RESHAPE, KERNEL_FN_NONE, "f32[m,s]", "f32[m,2,t]", NULL, .ivalue = 0},            /* s = 2 * t at every size that is known */
      {KERNEL_RESHAPE, KERNEL_FN_NONE, "f32[m,s]", "f32[m,t]", "reshape changes", .ivalue = 0},
      {KERNEL_RESHAPE, KERNEL_FN_NONE, "f32[m,6]", "f16[6,m]", "reshape changes", .ivalue = 0},
      {KERNEL_PERMUTE, KERNEL_FN_NONE, "f32[m,n,3]", "f32[3,m,n]", NULL, .perm = {2, 0, 1}},
      {KERNEL_PERMUTE, KERNEL_FN_NONE, "f32[2,2]", "f32[2,2]", "permute is no permutation", .perm = {1, 1}},
      {KERNEL_PERMUTE, KERNEL_FN_NONE, "f32[2,2]", "f32[2,2]", "permute is no permutation", .perm = {-1, 1}},
      {KERNEL_PERMUTE, KERNEL_FN_NONE, "f32[2,2]", "f32[2,2]", "permute is no permutation", .perm = {2, 1}},
      {KERNEL_PERMUTE, KERNEL_FN_NONE, "f32[2,3]", "f32[2,3]", "permute is no permutation", .perm = {1, 0}},
      {KERNEL_PERMUTE, KERNEL_FN_NONE, "f32[2,2]", "f16[2,2]", "permute is no permutation", .perm = {1, 0}},
      {KERNEL_PERMUTE, KERNEL_FN_NONE, "f32[2,2]", "f32[4]", "permute is no permutation", .perm = {1, 0}},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[m,3] f16[3,n]", "f32[m,n]", NULL, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[4,m,3] f16[4,3,n] f32[4,m,n]", "f32[4,m,n]", NULL, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "i8[2,3] i8[3,2]", "i32[2,2]", NULL, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[3] f16[3]", "f32[3]", "matmul has operands of rank 1 and 1", .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[2,3] f16[4,3,2]", "f32[2,2]", "matmul has operands of rank 2 and 3", .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[2,3] f16[3,2]", "f32[1,2,2]", "a result of rank 3", .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[2,3] i8[3,2]", "f32[2,2]", "matmul mixes", .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[2,3] f16[3,2]", "i32[2,2]", "matmul mixes", .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[2,3] f16[4,2]", "f32[2,2]", too_wide, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[2,3] f16[3,2]", "f32[4,2]", too_wide, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[2,3] f16[3,2]", "f32[2,4]", too_wide, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[4,2,3] f16[5,3,2]", "f32[4,2,2]", too_wide, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[4,2,3] f16[4,3,2]", "f32[5,2,2]", too_wide, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[4,2,3] f16[4,9,2]", "f32[4,2,2]", too_wide, .ivalue = 0},
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f16[2,3] f16[3,2] f16[2,2]", "f32[2,2]", "the accumulator of matmul", .ivalue = 0},
      {KERNEL_REDUCE, KERNEL_FN_ADD, "f32[m,2,n]", "f32[2]", NULL, .ivalue = 5},
      {KERNEL_REDUCE, KERNEL_FN_ADD, "f32[m,2,n]", "f32[1,2,1]", NULL, .ivalue = 5, .flag = true},
      {KERNEL_REDUCE, KERNEL_FN_ADD, "f32[m,2,n]", "f32[2]", "the result of reduce has another shape", .ivalue = 5, .flag = true},
      {KERNEL_REDUCE, KERNEL_FN_ADD, "f32[m,2]", "f32[m,2]", "reduce names axes outside 0..1, or none", .ivalue = 0},
      {KERNEL_REDUCE, KERNEL_FN_ADD, "f32[m,2]", "f32[m]", "reduce names axes outside 0..1, or none", .ivalue = -1},
      {KERNEL_REDUCE, KERNEL_FN_ADD, "f32[m,2]", "f32[m]", "reduce names axes outside 0..1, or none", .ivalue = 4},
      {KERNEL_REDUCE, KERNEL_FN_ARGMIN, "f32[m,2]", "i64[m]", NULL, .ivalue = 2},
      {KERNEL_REDUCE, KERNEL_FN_ARGMIN, "f32[m,2]", "i32[m]", "argmin gives i64 along one axis", .ivalue = 2},
      {KERNEL_REDUCE, KERNEL_FN_ARGMAX, "f32[m,2]", "i64", "argmax gives i64 along one axis", .ivalue = 3},
      {KERNEL_STACK, KERNEL_FN_NONE, "f32[m] f32[m] f32[m]", "f32[m,3]", NULL, .ivalue = 1},
      {KERNEL_STACK, KERNEL_FN_NONE, "f32[m] f32[m]", "f32[2,m]", NULL, .ivalue = 0},
      {KERNEL_STACK, KERNEL_FN_NONE, "f32[m] f32[m]", "f32[m,2]", "the result of stack has another shape", .ivalue = 0},
      {KERNEL_STACK, KERNEL_FN_NONE, "f32[m] f32[n]", "f32[2,m]", "operand 1 of stack has another type", .ivalue = 0},
      {KERNEL_STACK, KERNEL_FN_NONE, "f32[m]", "f32[m,1]", "stack makes axis -1 of values of rank 1", .ivalue = -1},
      {KERNEL_STACK, KERNEL_FN_NONE, "f32[m]", "f32[m,1]", "stack makes axis 2 of values of rank 1", .ivalue = 2},
      {KERNEL_STACK, KERNEL_FN_NONE, "f32[1,1,1,1,1,1,1,1]", "f32", "stack makes axis 0 of values of rank 8", .ivalue = 0},
      {KERNEL_EXTRACT, KERNEL_FN_NONE, "f32[m,4,n]", "f32[m,n]", NULL, .ivalue = 1, .expr = "t - 1"},
      {KERNEL_EXTRACT, KERNEL_FN_NONE, "f32[m,4]", "f32[4]", "the result of extract is not its operand without axis 1", .ivalue = 1, .expr = "0"},
      {KERNEL_EXTRACT, KERNEL_FN_NONE, "f32[m,4]", "f32[m]", "extract takes from axis -1", .ivalue = -1, .expr = "0"},
      {KERNEL_EXTRACT, KERNEL_FN_NONE, "f32[m,4]", "f32[m]", "extract takes from axis 2", .ivalue = 2, .expr = "0"},
      {KERNEL_EXTRACT, KERNEL_FN_NONE, "f32[m,4]", "f32[m]", "a size expression is missing", .ivalue = 1},
      {KERNEL_EXTRACT, KERNEL_FN_NONE, "f32[m,4]", "f32[m]", "\"q\" is not a symbol", .ivalue = 1, .expr = "s + q"},
      {KERNEL_GATHER, KERNEL_FN_NONE, "f32[m] @0", "f32[7,m]", NULL, .ivalue = 0},
      {KERNEL_GATHER, KERNEL_FN_NONE, "f32[m] i64", "f32[7,m]", "gather is not applied to the tile number", .ivalue = 0},
      {KERNEL_GATHER, KERNEL_FN_NONE, "f32[m] @0", "f32[7,n]", "the result of gather is not [tiles, operand..]", .ivalue = 0},
      {KERNEL_GATHER, KERNEL_FN_NONE, "f32 @0", "f32", "the result of gather is not [tiles, operand..]", .ivalue = 0},
  };
  check_rows(rows, COUNT_OF(rows));
}

static void test_indices_and_scalars(void **state) {
  (void)state;
  static const rule rows[] = {
      {KERNEL_TILE_BEGIN, KERNEL_FN_NONE, "@0", "i64", NULL, .ivalue = 0},
      {KERNEL_TILE_END, KERNEL_FN_NONE, "@2", "i64", NULL, .ivalue = 0},
      {KERNEL_TILE_ID, KERNEL_FN_NONE, "@1", "i64[1]", "tile_id does not give a scalar i64", .ivalue = 0},
      {KERNEL_TILE_BEGIN, KERNEL_FN_NONE, "@0", "i32", "tile_begin does not give a scalar i64", .ivalue = 0},
      {KERNEL_TILE_BEGIN, KERNEL_FN_NONE, "i64", "i64", "tile_begin is not applied to the tile number", .ivalue = 0},
      {KERNEL_TILE_INDEX, KERNEL_FN_NONE, "@0", "i32[m]", NULL, .ivalue = 0},
      {KERNEL_TILE_MASK, KERNEL_FN_NONE, "@1", "i1[n]", NULL, .ivalue = 0},
      {KERNEL_TILE_INDEX, KERNEL_FN_NONE, "@0", "i32[n]", "tile_index does not give the integers", .ivalue = 0},
      {KERNEL_TILE_INDEX, KERNEL_FN_NONE, "@0", "f32[m]", "tile_index does not give the integers", .ivalue = 0},
      {KERNEL_TILE_INDEX, KERNEL_FN_NONE, "@0", "i32[m,1]", "tile_index does not give the integers", .ivalue = 0},
      {KERNEL_TILE_INDEX, KERNEL_FN_NONE, "@2", "i32[1]", "tile_index does not give the integers", .ivalue = 0},
      {KERNEL_INDEX_EXPR, KERNEL_FN_NONE, "", "i64", NULL, .expr = "s * m + n"},
      {KERNEL_INDEX_EXPR, KERNEL_FN_NONE, "", "i64", "a size expression is missing", .ivalue = 0},
      {KERNEL_FULL, KERNEL_FN_NONE, "f32", "f32[m]", NULL, .ivalue = 0},
      {KERNEL_FULL, KERNEL_FN_NONE, "f32[1]", "f32[m]", "full gives rank 1, expected 0", .ivalue = 0},
      {KERNEL_CONSTANT, KERNEL_FN_NONE, "", "f32[1]", "constant gives rank 1, expected 0", .ivalue = 0},
      {KERNEL_IOTA, KERNEL_FN_NONE, "", "i64[m]", NULL, .ivalue = 1},
      {KERNEL_BIND, KERNEL_FN_NONE, "i64", NULL, NULL, .expr = "%r"},
      {KERNEL_BIND, KERNEL_FN_NONE, "f32", NULL, "bind takes a scalar integer", .expr = "%r"},
      {KERNEL_BIND, KERNEL_FN_NONE, "i1", NULL, "bind takes a scalar integer", .expr = "%r"},
      {KERNEL_BIND, KERNEL_FN_NONE, "i64[1]", NULL, "bind takes a scalar integer", .expr = "%r"},
      {KERNEL_BIND, KERNEL_FN_NONE, "i64", NULL, "bind does not name a run-time symbol", .expr = "s"},
      {KERNEL_BIND, KERNEL_FN_NONE, "i64", NULL, "bind does not name a run-time symbol", .expr = "q"},
      {KERNEL_BIND, KERNEL_FN_NONE, "i64", NULL, "bind does not name a run-time symbol", .expr = "s + 1"},
      {KERNEL_BIND, KERNEL_FN_NONE, "i64", NULL, "bind does not name a run-time symbol", .ivalue = 0},
      /* counts */
      {KERNEL_MATMUL, KERNEL_FN_NONE, "f32[2,2] f32[2,2] f32[2,2] f32[2,2]", "f32[2,2]", "matmul has 4 operands and 1 results", .ivalue = 0},
      {KERNEL_CAST, KERNEL_FN_NONE, "", "f32", "cast has 0 operands and 1 results", .ivalue = 0},
      {KERNEL_CAST, KERNEL_FN_NONE, "f32", NULL, "cast has 1 operands and 0 results", .ivalue = 0},
      {KERNEL_BARRIER, KERNEL_FN_NONE, "f32", NULL, "barrier is not at the top level", .ivalue = 0},
      {KERNEL_YIELD, KERNEL_FN_NONE, "f32", NULL, "yield is not the last operation", .ivalue = 0},
  };
  check_rows(rows, COUNT_OF(rows));
}

static void test_accesses(void **state) {
  (void)state;
  static const rule rows[] = {
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[m,n]", NULL, .tensor = "x", .index = "@0 @1"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i1[m,1]", "f32[m,n]", NULL, .tensor = "x", .index = "@0+1 @1"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i1[n,m]", "f32[m,n]", "the mask of load is no bool value", .tensor = "x", .index = "@0 @1"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i8[m,1]", "f32[m,n]", "the mask of load is no bool value", .tensor = "x", .index = "@0 @1"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[m,n]", "\"q\" is not a symbol", .tensor = "x", .index = "@0+q @1"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[1,4,40]", NULL, .tensor = "x", .index = "+ 1..5 :"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[4]", "a size expression is missing", .tensor = "b", .index = "1.."},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[40]", NULL, .tensor = "x", .index = "%s+1 :"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[40]", "\"q\" is not a symbol", .tensor = "x", .index = "%q :"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[40]", "index 0 of load has an unknown kind", .tensor = "x", .index = "? :"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[40]", "index 0 of load has no value", .tensor = "x", .index = "! :"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32", "index 0 of load is a tile of a range without a block", .tensor = "b", .index = "@2"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[m]", "load names no tensor", .tensor = "nobody", .index = "@0"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "", "f32[1,1,1,1,1,1,1,1]", "the index of load gives more than 8 dims", .tensor = "h", .index = ": : : : : : : : +"},
      /* tensors in an index: their dims stand where they say */
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m]", "f32[m,40]", NULL, .tensor = "x", .index = "#001 :"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m]", "f32[40,m]", NULL, .tensor = "x", .index = "#011 :"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m] i64[m]", "f32[m]", NULL, .tensor = "x", .index = "#001 #101"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m,1] i64[n]", "f32[m,n]", NULL, .tensor = "x", .index = "#002 #102"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[1] i64[n]", "f32[n]", NULL, .tensor = "x", .index = "#001 #101"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m] i64[n]", "f32[m]", "the index tensors of load do not fit together", .tensor = "x", .index = "#001 #101"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i1[m]", "f32[m]", "index 0 of load is not an integer tensor", .tensor = "b", .index = "#001"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "f32[m]", "f32[m]", "index 0 of load is not an integer tensor", .tensor = "b", .index = "#001"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64", "f32[1]", "index 0 of load is not an integer tensor", .tensor = "b", .index = "#001"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m]", "f32[m]", "index 0 of load stands for dims -1..-1", .tensor = "b", .index = "#0-1"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m,2]", "f32[m]", "index 0 of load stands for dims 0..0", .tensor = "b", .index = "#001"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m]", "f32[m]", "index 0 of load stands for dims 8..8", .tensor = "b", .index = "#081"},
      {KERNEL_LOAD, KERNEL_FN_NONE, "i64[m]", "f32[40,m]", "the index of load leaves dim 1 of its part empty", .tensor = "x", .index = "#021 :"},
      /* stores and atomics */
      {KERNEL_STORE, KERNEL_FN_NONE, "f32", NULL, NULL, .tensor = "x", .index = "@0 @1"},
      {KERNEL_STORE, KERNEL_FN_NONE, "f32[m,1] i1[n]", NULL, NULL, .tensor = "x", .index = "@0 @1"},
      {KERNEL_STORE, KERNEL_FN_NONE, "f32[m,1] i1[m]", NULL, "the mask of store is no bool value", .tensor = "x", .index = "@0 @1"},
      {KERNEL_STORE, KERNEL_FN_NONE, "f32[n,1]", NULL, "operand 0 of store does not broadcast", .tensor = "x", .index = "@0 @1"},
      {KERNEL_STORE, KERNEL_FN_NONE, "i64", NULL, NULL, .tensor = "x", .index = ".0 @1"},
      {KERNEL_STORE, KERNEL_FN_NONE, "f32", NULL, "index 0 of store is not a scalar integer", .tensor = "x", .index = ".0 @1"},
      {KERNEL_STORE, KERNEL_FN_NONE, "i64[1]", NULL, "index 0 of store is not a scalar integer", .tensor = "x", .index = ".0 @1"},
      {KERNEL_ATOMIC, KERNEL_FN_ADD, "f32[m,n]", "f32[m,n]", NULL, .tensor = "x", .index = "@0 @1"},
      {KERNEL_ATOMIC, KERNEL_FN_ADD, "f32 i1", "f32[n,m]", "the old values of this atomic", .tensor = "x", .index = "@0 @1"},
      {KERNEL_ATOMIC, KERNEL_FN_ADD, "f32 i8", NULL, "the mask of atomic is no bool value", .tensor = "x", .index = "@0 @1"},
      {KERNEL_ATOMIC, KERNEL_FN_ADD, "f32[n,m]", NULL, "operand 0 of atomic does not broadcast", .tensor = "x", .index = "@0 @1"},
      {KERNEL_ATOMIC, KERNEL_FN_CAS, "f32 - f32", "f32[m,n]", NULL, .tensor = "x", .index = "@0 @1"},
      {KERNEL_ATOMIC, KERNEL_FN_CAS, "f32 - f32[n,m]", NULL, "operand 2 of atomic does not broadcast", .tensor = "x", .index = "@0 @1"},
      {KERNEL_ATOMIC, KERNEL_FN_ADD, "f32 - f32", NULL, "\"add\" of 3 operands is no atomic operation", .tensor = "x", .index = "@0 @1"},
      {KERNEL_ATOMIC, KERNEL_FN_ADD, "- i1", NULL, "operand 0 of atomic is used before it is defined", .tensor = "x", .index = "@0 @1"},
      {KERNEL_STORE, KERNEL_FN_NONE, "f32 -", NULL, "operand 1 of store is used before it is defined", .tensor = "x", .index = "@0 @1"},
  };
  check_rows(rows, COUNT_OF(rows));
}

/* ---- regions: each rule broken once ---- */

#define TYPE(x) p->k->values.at[x].type
static void nothing(parts *p) { (void)p; }
static void axis_below(parts *p) { p->op->ivalue = -1; }
static void axis_beyond(parts *p) { p->op->ivalue = 2; }
static void no_operands(parts *p) { p->op->n_operands = 0; }
static void one_result(parts *p) { p->op->n_results = 1; }
static void no_result(parts *p) { p->op->n_results = 0; }
static void fewer_params(parts *p) { p->op->regions[0].params.n--; }
static void fewer_params_below(parts *p) { p->op->regions[1].params.n--; }
static void other_shape(parts *p) { TYPE(p->op->operands[1]) = parts_type(p->m, "i32[m,4]"); }
static void other_result(parts *p) { TYPE(p->op->results[1]) = parts_type(p->m, "i32[4]"); }
static void other_so_far(parts *p) { TYPE(p->op->regions[0].params.at[1]) = parts_type(p->m, "i64"); }
static void other_next(parts *p) { TYPE(p->op->regions[0].params.at[3]) = parts_type(p->m, "i32[1]"); }
static void yield_one(parts *p) { p->yield->n_operands = 1; }
static void yield_none(parts *p) { p->yield->n_operands = 0; }
static void yield_other(parts *p) { p->yield->operands[1] = p->yield->operands[0]; }
static void empty_region(parts *p) { p->op->regions[0].ops.n = 0; }
static void condition_of_shape(parts *p) { p->op->regions[0].ops.at[1]->operands[0] = p->op->regions[0].params.at[0]; }
static void carried_below(parts *p) { TYPE(p->op->regions[1].params.at[0]) = p->k->values.at[p->op->results[0]].type = parts_type(p->m, "f32[n]"); }
static void carried_above(parts *p) { TYPE(p->op->regions[0].params.at[0]) = parts_type(p->m, "f32[n]"); }
static void no_condition(parts *p) { p->op->n_operands = 0; }
static void condition_of_rank(parts *p) { TYPE(p->op->operands[0]) = parts_type(p->m, "i1[1]"), p->k->values.at[p->op->operands[0]].def->kind = KERNEL_FULL; }
static void condition_of_numbers(parts *p) { TYPE(p->op->operands[0]) = parts_type(p->m, "i8"); }
static void nine_ranges(parts *p) { p->op->n_ranges = 9; }
static void two_ranges(parts *p) { p->op->n_ranges = 2; }
static void no_begin(parts *p) { p->op->ranges[0].begin = NULL; }
static void no_end(parts *p) { p->op->ranges[0].end = NULL; }
static void step_of_nobody(parts *p) { p->op->ranges[0].step = sym_name(p->m, "q"); }
static void block_and_step(parts *p) { p->op->ranges[0].block = "m"; }
static void block_of_nobody(parts *p) { p->op->ranges[0].step = NULL, p->op->ranges[0].block = p->k->values.at[p->tile].block = "q"; }
static void tile_of_i32(parts *p) { TYPE(p->tile) = parts_type(p->m, "i32"); }
static void tile_of_rank(parts *p) { TYPE(p->tile) = parts_type(p->m, "i64[1]"); }
static void tile_of_carried(parts *p) { p->k->values.at[p->value].def->operands[0] = p->op->regions[0].params.at[1]; }
static void unknown_kind(parts *p) { p->yield->kind = KERNEL_OP_COUNT; }
static void unknown_param(parts *p) { p->op->regions[0].params.at[1] = 9999; }
static void negative_param(parts *p) { p->op->regions[0].params.at[1] = -1; }
static void unknown_operand(parts *p) { p->yield->operands[0] = 9999; }
static void negative_result(parts *p) { p->k->values.at[p->value].def->results[0] = -1; }
static void result_of_no_type(parts *p) { TYPE(p->value).type = DTYPE_COUNT; }
static void result_of_no_rank(parts *p) { TYPE(p->value).rank = -1; }
static void operands_of_grid(parts *p) {
  kernel_op *grid = p->k->body.ops.at[p->k->body.ops.n - 1];
  const kernel_value x = parts_constant(p, &p->k->body, "f32");
  kernel_op *in = p->k->body.ops.at[p->k->body.ops.n - 1];
  p->k->body.ops.at[0] = in, p->k->body.ops.at[1] = grid;
  grid->operands = ARENA_NEW(p->m, kernel_value), grid->operands[0] = x, grid->n_operands = 1;
}
static void yield_at_top(parts *p) { kernel_add_op(p->m, p->k, &p->k->body, KERNEL_YIELD, 0, NULL, 0, NULL); }

static void test_regions_have_what_their_operation_says(void **state) {
  (void)state;
  static const char whole[] = "does not have one shape and type throughout", changes[] = "carried value 0 of the loop changes its type";
  static const struct { void (*make)(parts *, kernel_region *); void (*change)(parts *); const char *says; } rows[] = {
      {parts_make_scan, nothing, NULL}, {parts_make_fold, nothing, NULL}, {parts_make_fold_kept, nothing, NULL}, {parts_make_while, nothing, NULL}, {parts_make_if, nothing, NULL}, {parts_make_loop, nothing, NULL},
      {parts_make_scan, axis_below, "scan has 2 operands, 2 results, 4 parameters and axis -1"}, {parts_make_scan, axis_beyond, "axis 2"}, {parts_make_fold, no_operands, "fold has 0 operands"},
      {parts_make_fold, one_result, "fold has 2 operands, 1 results"}, {parts_make_scan, fewer_params, "3 parameters"}, {parts_make_scan, other_shape, whole}, {parts_make_fold, other_result, whole},
      {parts_make_fold_kept, other_result, whole}, {parts_make_scan, other_so_far, whole}, {parts_make_scan, other_next, whole}, {parts_make_scan, yield_one, "region 0 of scan does not end in a yield of 2 values"},
      {parts_make_fold, yield_other, "value 1 of the yield has another type than result 1 of its fold"}, {parts_make_scan, empty_region, "does not end in a yield"},
      {parts_make_while, no_result, "while has 1 operands, 0 results, 1 and 1 parameters"}, {parts_make_while, fewer_params, "0 and 1 parameters"}, {parts_make_while, fewer_params_below, "1 and 0 parameters"},
      {parts_make_while, condition_of_shape, "value 0 of the yield has another type than result 0 of its while"}, {parts_make_while, yield_none, "region 1 of while does not end in a yield of 1 values"},
      {parts_make_while, carried_below, changes}, {parts_make_while, carried_above, changes},
      {parts_make_if, no_condition, "if needs one condition"}, {parts_make_if, condition_of_rank, "if needs one condition"}, {parts_make_if, condition_of_numbers, "if needs one condition"},
      {parts_make_loop, nine_ranges, "loop has 9 ranges"}, {parts_make_loop, two_ranges, "loop has 2 ranges"}, {parts_make_loop, no_begin, "a size expression is missing"},
      {parts_make_loop, no_end, "a size expression is missing"}, {parts_make_loop, step_of_nobody, "\"q\" is not a symbol"}, {parts_make_loop, block_and_step, "range 0 of loop has a block and a step"},
      {parts_make_loop, block_of_nobody, "\"q\" is not a block symbol"}, {parts_make_loop, tile_of_i32, "parameter 0 of loop is not the tile number"}, {parts_make_loop, tile_of_rank, "parameter 0 of loop is not"},
      {parts_make_loop, tile_of_carried, "tile_begin is not applied to the tile number of a loop"}, {parts_make_loop, unknown_kind, "operation 1 has an unknown kind"},
      {parts_make_loop, unknown_param, "value 9999 does not exist"}, {parts_make_loop, negative_param, "value -1 does not exist"}, {parts_make_loop, unknown_operand, "operand 0 of yield is used before"},
      {parts_make_loop, negative_result, "value -1 does not exist"}, {parts_make_loop, no_result, "loop has 2 parameters, 1 operands and 0 results"},
      {parts_make_loop, result_of_no_type, "a type has rank 0 or an unknown element type"}, {parts_make_loop, result_of_no_rank, "a type has rank -1"},
      {parts_make_loop, operands_of_grid, "parallel has 3 parameters, 1 operands"}, {parts_make_loop, yield_at_top, "yield is not the last operation of a loop or if"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    parts p = {.m = &ctx.mem, .k = kernel_new(&ctx.mem, "k")};
    rows[i].make(&p, parts_frame(&ctx, p.k));
    assert_int_equal(kernel_verify_input(&ctx, p.k), LOOM_OK);
    rows[i].change(&p);
    if (kernel_verify_input(&ctx, p.k) != (rows[i].says ? LOOM_EINPUT : LOOM_OK))
      fail_msg("row %zu (%s): %s", i, rows[i].says ? rows[i].says : "right", ctx.diag.first ? ctx.diag.first->text : "");
    if (rows[i].says)
      testing_expect_error(&ctx, LOOM_EINPUT, rows[i].says, 0, 0);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_functions_take_the_types_that_they_are_about),
      cmocka_unit_test(test_casts_keep_shapes_and_bitcasts_keep_bits),
      cmocka_unit_test(test_shapes_of_compute),
      cmocka_unit_test(test_indices_and_scalars),
      cmocka_unit_test(test_accesses),
      cmocka_unit_test(test_regions_have_what_their_operation_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
