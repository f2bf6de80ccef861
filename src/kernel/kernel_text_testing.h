/* Kernels as text, for tests that are tables: statements between ';', words between blanks; included by *_test.c only.
 *
 *   size s 6 | block m 10 by 4 [padded] | runtime %r | arg x f32[2,3] 1 2 3~0.5 .. | alloc o f32[2] [7] | view v f32[3] of x at 1 step 2
 *   a = load x[:,i,i+2,1:3,None,=s-1,#i,t@0/2] where k : f32[2,m]   a tile, a tile and an offset, a slice, a new dim, a size, a tile's number, an index tensor for dims 0 and 1
 *   store o[:] = a where k | b = atomic cas o[:] = a where - expect c : f32[2]
 *   b = reduce add axes=1 [keep] a : f32[2] | b = mul a a : f32[2] | b = constant value=2 : f32 | b = extract axis=0 expr=s-1 a : f32
 *   parallel i 0..10 by m j 0..3 { .. } | r = loop i 0..9 step 2 carry p=a : f32 { .. yield b } | r = while carry p=a : f32 { .. yield k } do p { .. yield b }
 *   r = if k : f32 { .. yield a } else { .. yield b } | r = scan axis=0 [reverse] a as x y : f32[3] { .. yield b }
 *
 * A number may have a bound behind '~'.  The place of an operation is its statement's number, column 5. */
#ifndef LOOM_KERNEL_TEXT_TESTING_H
#define LOOM_KERNEL_TEXT_TESTING_H
#include "kernel/interp.h"
#include "kernel/kernel_parts_testing.h"

enum { TEXT_WORDS = 64, TEXT_STATEMENTS = 99, TEXT_DEPTH = 16 };
typedef struct text_name { const char *name; kernel_value v; } text_name;
typedef struct text_kernel {
  loom_ctx *ctx;
  arena *m;
  kernel_graph *k;
  VEC_OF(text_name) names;
  VEC_OF(interp_tensor) contents;      /* by tensor; of arguments */
  kernel_region *open[TEXT_DEPTH];
  kernel_op *owner[TEXT_DEPTH];
  int depth, line;
} text_kernel;

static inline bool text_is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static inline kernel_value text_value(const text_kernel *t, const char *name) {
  if (text_is(name, "-"))
    return -1;
  for (size_t i = t->names.n; i-- > 0;)
    if (text_is(t->names.at[i].name, name))
      return t->names.at[i].v;
  fail_msg("statement %d: there is no value %s", t->line, name);
  return -1;
}

static inline void text_call(text_kernel *t, const char *name, kernel_value v) { vec_push(t->m, &t->names, ((text_name){name, v})); }

/* "a,b" as at most `most` words. */
static inline int text_split(arena *m, const char *s, char at, const char **out, int most) {
  int n = 0;
  for (; n < most; n++) {
    const size_t size = strcspn(s, (char[]){at, 0});
    out[n] = arena_strndup(m, s, size);
    if (!s[size])
      return n + 1;
    s += size + 1;
  }
  return n;
}

/* "f32[2,m*2]" */
static inline kernel_type text_type(text_kernel *t, const char *s) {
  const char *open = strchr(s, '['), *dim[TEXT_WORDS];
  kernel_type type = {0};
  if (!dtype_parse(open ? arena_strndup(t->m, s, (size_t)(open - s)) : s, &type.type))
    fail_msg("statement %d: %s is no type", t->line, s);
  if (!open)
    return type;
  type.rank = text_split(t->m, arena_strndup(t->m, open + 1, strlen(open) - 2), ',', dim, TEXT_WORDS);
  for (int d = 0; d < type.rank; d++)
    type.dim[d] = parts_expr(t->ctx, dim[d]);
  return type;
}

/* "3~0.5": a number and its bound. */
static inline double text_number(const char *s, double *out_bound) {
  char *end;
  const double x = strtod(s, &end);
  *out_bound = *end == '~' ? strtod(end + 1, &end) : 0;
  if (*end)
    fail_msg("%s is no number", s);
  return x;
}

static inline void text_contents(text_kernel *t, const kernel_type *type, int n, const char *const *words) {
  interp_tensor x = {.type = type->type, .rank = type->rank, .elems = 1};
  for (int d = 0; d < x.rank; d++) {
    assert_int_equal(kernel_size(t->ctx, t->k, type->dim[d], NULL, 0, &x.shape[d]), LOOM_OK);
    x.elems *= x.shape[d];
  }
  if (n != x.elems)
    fail_msg("statement %d: %d numbers for %d elements", t->line, n, (int)x.elems);
  x.value = ARENA_NEW_N(t->m, double, n);
  double *bound = ARENA_NEW_N(t->m, double, n);
  for (int i = 0; i < n; i++) {
    x.value[i] = text_number(words[i], &bound[i]);
    x.bound = bound[i] > 0 ? bound : x.bound;
  }
  t->contents.at[t->k->tensors.n - 1] = x;
}

/* A symbol or a tensor; false: the statement is neither. */
static inline bool text_declaration(text_kernel *t, int n, const char *const *w) {
  if (text_is(w[0], "size") || text_is(w[0], "runtime")) {
    kernel_symbol *s = kernel_add_symbol(t->m, t->k, w[1], *w[0] == 's' ? KERNEL_SYM_SIZE : KERNEL_SYM_RUNTIME);
    s->value = n > 2 ? strtol(w[2], NULL, 10) : -1;
    return true;
  }
  if (text_is(w[0], "block")) {
    kernel_symbol *s = kernel_add_symbol(t->m, t->k, w[1], KERNEL_SYM_BLOCK);
    s->extent = parts_expr(t->ctx, w[2]);
    s->value = n > 4 ? strtol(w[4], NULL, 10) : -1;
    s->is_padded = n > 5;
    kernel_nominal(t->m, t->k, w[1]);
    return true;
  }
  if (!text_is(w[0], "arg") && !text_is(w[0], "alloc") && !text_is(w[0], "view"))
    return false;
  const kernel_type type = text_type(t, w[2]);
  const kernel_tensor at = kernel_add_tensor(t->m, t->k, w[1], *w[0] == 'v' ? KERNEL_VIEW : w[0][1] == 'r' ? KERNEL_ARG : KERNEL_ALLOC, type);
  kernel_tensor_info *info = &t->k->tensors.at[at];
  info->span = (loom_span){NULL, t->line, 5, t->line, 20};
  vec_push(t->m, &t->contents, (interp_tensor){0});
  if (info->role == KERNEL_ARG && n > 3)
    text_contents(t, &type, n - 3, w + 3);
  if (info->role == KERNEL_ALLOC && n > 3) {
    info->fill = KERNEL_FILL_VALUE;
    info->fill_value = strtod(w[3], NULL);
  }
  if (info->role == KERNEL_VIEW) {
    info->base = kernel_find_tensor(t->k, w[4]);
    info->offset = parts_expr(t->ctx, w[6]);
    for (int d = 0; d < type.rank; d++)
      info->stride[d] = parts_expr(t->ctx, w[8 + d]);
  }
  return true;
}

static inline kernel_index text_index(text_kernel *t, const char *s) {
  const char *part[TEXT_WORDS], *colon = strchr(s, ':'), *at = strchr(s, '@');
  if (text_is(s, ":"))
    return (kernel_index){.kind = KERNEL_INDEX_ALL, .value = -1};
  if (text_is(s, "None"))
    return (kernel_index){.kind = KERNEL_INDEX_NEW, .value = -1};
  if (*s == '=')
    return (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = parts_expr(t->ctx, s + 1)};
  if (colon)
    return (kernel_index){.kind = KERNEL_INDEX_SLICE, .value = -1, .begin = parts_expr(t->ctx, arena_strndup(t->m, s, (size_t)(colon - s))), .end = parts_expr(t->ctx, colon + 1)};
  if (at) {
    const kernel_value v = text_value(t, arena_strndup(t->m, s, (size_t)(at - s)));
    const char *slash = strchr(at, '/');
    return (kernel_index){.kind = KERNEL_INDEX_TENSOR, .value = v, .dim = (int)strtol(at + 1, NULL, 10), .rank = slash ? (int)strtol(slash + 1, NULL, 10) : t->k->values.at[v].type.rank};
  }
  if (*s == '#')
    return (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = text_value(t, s + 1)};
  const int n = text_split(t->m, s, '+', part, TEXT_WORDS);
  const kernel_value v = text_value(t, part[0]);
  if (t->k->values.at[v].block)
    return (kernel_index){.kind = KERNEL_INDEX_TILE, .value = v, .begin = n > 1 ? parts_expr(t->ctx, part[1]) : NULL};
  return (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = v};
}

static inline void text_access(text_kernel *t, kernel_op *op, const char *s) {
  const char *part[TEXT_WORDS], *open = strchr(s, '[');
  op->tensor = kernel_find_tensor(t->k, arena_strndup(t->m, s, (size_t)(open - s)));
  assert_true(op->tensor >= 0);
  if (open[1] == ']')
    return;
  op->n_index = text_split(t->m, arena_strndup(t->m, open + 1, strlen(open) - 2), ',', part, TEXT_WORDS);
  op->index = ARENA_NEW_N(t->m, kernel_index, op->n_index);
  for (int i = 0; i < op->n_index; i++)
    op->index[i] = text_index(t, part[i]);
}

static inline kernel_fn text_fn(const char *s) {
  kernel_fn f = KERNEL_FN_COUNT;
  while (f-- > KERNEL_FN_NONE)
    if (text_is(kernel_fn_name(f), s))
      return f;
  return KERNEL_FN_NONE;
}

static inline kernel_op_kind text_kind(const text_kernel *t, const char *s, kernel_fn *fn) {
  for (kernel_op_kind k = KERNEL_PARALLEL; k < KERNEL_OP_COUNT; k++)
    if (text_is(kernel_op_name(k), s))
      return k;
  *fn = text_fn(s);
  if (*fn == KERNEL_FN_NONE)
    fail_msg("statement %d: %s is no operation", t->line, s);
  return kernel_fn_arity(*fn) == 1 ? KERNEL_UNARY : KERNEL_BINARY;
}

/* key=word; false: `s` is no member of an operation. */
static inline bool text_member(text_kernel *t, kernel_op *op, const char *s) {
  const char *is = strchr(s, '='), *key = is ? arena_strndup(t->m, s, (size_t)(is - s)) : "";
  if (text_is(key, "axes"))
    for (is++; *is; is++)
      op->ivalue |= 1 << (*is - '0');
  else if (text_is(key, "axis") || text_is(key, "step"))
    op->ivalue = strtol(is + 1, NULL, 10);
  else if (text_is(key, "value"))
    op->fvalue = strtod(is + 1, NULL);
  else if (text_is(key, "expr"))
    op->expr = parts_expr(t->ctx, is + 1);
  else if (text_is(key, "perm"))
    for (int d = 0; is[d + 1]; d++)
      op->perm[d] = is[d + 1] - '0';
  else if (text_is(s, "keep") || text_is(s, "reverse"))
    op->flag = true;
  else
    return false;
  return true;
}

static inline void text_range(text_kernel *t, kernel_op *op, const char *name, const char *s) {
  const char *dots = strstr(s, "..");
  if (!op->ranges)
    op->ranges = ARENA_NEW_N(t->m, kernel_range, KERNEL_RANK_MAX);
  op->ranges[op->n_ranges++] = (kernel_range){.begin = parts_expr(t->ctx, arena_strndup(t->m, s, (size_t)(dots - s))), .end = parts_expr(t->ctx, dots + 2)};
  text_call(t, name, kernel_add_param(t->m, t->k, &op->regions[0], (kernel_type){.type = DTYPE_I64}, name, NULL));
}

static inline void text_enter(text_kernel *t, kernel_op *op, kernel_region *r) {
  assert_true(t->depth + 1 < TEXT_DEPTH);
  t->open[++t->depth] = r;
  t->owner[t->depth] = op;
}

/* "}" with what follows it: the other region of an IF or a WHILE.  What yields nothing need not say so. */
static inline void text_leave(text_kernel *t, int n, const char *const *w) {
  const kernel_region *r = t->open[t->depth];
  kernel_op *op = t->owner[t->depth];
  if (op->kind != KERNEL_PARALLEL && (r->ops.n == 0 || r->ops.at[r->ops.n - 1]->kind != KERNEL_YIELD))
    kernel_add_op(t->m, t->k, t->open[t->depth], KERNEL_YIELD, 0, NULL, 0, NULL);
  t->depth--;
  if (n == 1)
    return;
  for (int i = 2; i < n - 1; i++)
    text_call(t, w[i], kernel_add_param(t->m, t->k, &op->regions[1], t->k->values.at[op->operands[i - 2]].type, w[i], NULL));
  text_enter(t, op, &op->regions[1]);
}

static inline void text_statement(text_kernel *t, int n, const char **w) {
  const char *results[TEXT_WORDS];
  kernel_value operand[TEXT_WORDS];
  kernel_type type[TEXT_WORDS];
  const bool has_results = n > 1 && text_is(w[1], "=");
  int at = has_results ? 3 : 1, colon = at, n_results = has_results ? text_split(t->m, w[0], ',', results, TEXT_WORDS) : 0, n_operands = 0, n_types = 0, n_params = 0;
  kernel_fn fn = KERNEL_FN_NONE;
  const kernel_op_kind kind = text_kind(t, w[at - 1], &fn);
  while (colon < n && !text_is(w[colon], ":"))
    colon++;
  for (int i = colon + 1; i < n && !text_is(w[i], "{"); i++)
    type[n_types++] = text_type(t, w[i]);
  assert_int_equal(n_types, n_results);
  kernel_op *op = kernel_add_op(t->m, t->k, t->open[t->depth], kind, 0, NULL, n_results, type);
  op->fn = fn;
  op->span = (loom_span){NULL, t->line, 5, t->line, 20};
  const bool has_access = kind == KERNEL_LOAD || kind == KERNEL_STORE || kind == KERNEL_ATOMIC;
  for (bool names = false; at < colon && !text_is(w[at], "{"); at++) {
    const char *is = strchr(w[at], '=');
    if (text_is(w[at], "as") || names) {
      if (names)
        text_call(t, w[at], kernel_add_param(t->m, t->k, &op->regions[0], (kernel_type){.type = t->k->values.at[operand[n_params % n_operands]].type.type}, w[at], NULL));
      n_params += names;
      names = true;
    } else if (has_access && strchr(w[at], '[')) {
      text_access(t, op, w[at]);
    } else if (text_is(w[at], "=") || text_is(w[at], "where") || text_is(w[at], "expect") || text_is(w[at], "carry") || text_member(t, op, w[at])) {
      continue;
    } else if (at + 1 < n && strstr(w[at + 1], "..")) {
      text_range(t, op, w[at], w[at + 1]);
      at++;
    } else if (op->n_ranges && text_is(w[at], "by")) {
      op->ranges[op->n_ranges - 1].block = w[++at];
      t->k->values.at[op->regions[0].params.at[op->n_ranges - 1]].block = w[at];
    } else if (op->n_ranges && text_is(w[at], "step")) {
      op->ranges[op->n_ranges - 1].step = parts_expr(t->ctx, w[++at]);
    } else if (is) {
      operand[n_operands] = text_value(t, is + 1);
      const char *name = arena_strndup(t->m, w[at], (size_t)(is - w[at]));
      text_call(t, name, kernel_add_param(t->m, t->k, &op->regions[0], t->k->values.at[operand[n_operands++]].type, name, NULL));
    } else if ((kind == KERNEL_REDUCE || kind == KERNEL_ATOMIC) && op->fn == KERNEL_FN_NONE && text_fn(w[at]) != KERNEL_FN_NONE) {
      op->fn = text_fn(w[at]);
    } else {
      operand[n_operands++] = text_value(t, w[at]);
    }
  }
  op->n_operands = n_operands;
  op->operands = ARENA_NEW_N(t->m, kernel_value, n_operands);
  for (int i = 0; i < n_operands; i++)
    op->operands[i] = operand[i];
  for (int i = 0; i < n_results; i++)
    text_call(t, results[i], op->results[i]);
  if (text_is(w[n - 1], "{"))
    text_enter(t, op, &op->regions[0]);
}

/* Arguments stand before other tensors, wherever the text has them. */
static inline bool text_is_early(const char *word) { return text_is(word, "size") || text_is(word, "runtime") || text_is(word, "block") || text_is(word, "arg"); }

/* Reads `s` into a graph of ctx->mem. */
static inline text_kernel text_kernel_read(loom_ctx *ctx, const char *s) {
  text_kernel t = {.ctx = ctx, .m = &ctx->mem, .k = kernel_new(&ctx->mem, "text")};
  t.open[0] = &t.k->body;
  for (int pass = 0; pass < 2; pass++) {
    const char *statement[TEXT_STATEMENTS], *w[TEXT_WORDS];
    const int statements = text_split(t.m, s, ';', statement, TEXT_STATEMENTS);
    for (t.line = 1; t.line <= statements; t.line++) {
      const char *at = statement[t.line - 1];
      int n = 0;
      for (at += strspn(at, " "); *at; at += strspn(at, " ")) {
        const size_t size = strcspn(at, " ");
        assert_true(n < TEXT_WORDS);
        w[n++] = arena_strndup(t.m, at, size);
        at += size;
      }
      if (n == 0 || text_is_early(w[0]) != (pass == 0) || text_declaration(&t, n, w))
        continue;
      if (text_is(w[0], "}"))
        text_leave(&t, n, w);
      else
        text_statement(&t, n, w);
    }
  }
  assert_int_equal(t.depth, 0);
  return t;
}

/* Runs a kernel that was read; out[..] are its tensors. */
static inline loom_status text_kernel_run(text_kernel *t, const interp_options *o, bool is_broken, interp_tensor **out) {
  const interp_options usual = {.op_budget = -1};
  *out = ARENA_NEW_N(t->m, interp_tensor, t->k->tensors.n);
  for (size_t i = 0; i < t->k->tensors.n; i++)
    (*out)[i] = t->contents.at[i];
  if (!is_broken)
    LOOM_TRY(kernel_verify(t->ctx, t->k));
  return interp_run(t->ctx, t->k, *out, o ? o : &usual);
}

/* "o 1 2~0.5 nan; p 3": tensors with their elements.  A bound is the one that stands there, rounded up by at most 1e-5; '~?' is any but 0.
 * Says what is otherwise, and returns how many elements are. */
static inline int text_differs(text_kernel *t, const interp_tensor *tensors, const char *what, const char *s) {
  const char *part[TEXT_WORDS], *w[TEXT_WORDS];
  const int n = text_split(t->m, s, ';', part, TEXT_WORDS);
  int wrong = 0;
  for (int p = 0; p < n; p++) {
    const int words = text_split(t->m, part[p] + strspn(part[p], " "), ' ', w, TEXT_WORDS);
    interp_tensor got;
    const kernel_tensor at = kernel_find_tensor(t->k, w[0]);
    assert_true(at >= 0);
    assert_int_equal(interp_read_tensor(t->ctx, t->k, tensors, at, &got), LOOM_OK);
    if (got.elems != words - 1)
      fail_msg("%s: %s has %d elements", what, w[0], (int)got.elems);
    for (int i = 0; i < words - 1; i++) {
      const char *tilde = strchr(w[i + 1], '~');
      const bool any = tilde && tilde[1] == '?';
      double bound, x = got.value[i], e = got.bound ? got.bound[i] : 0, want = text_number(any ? arena_strndup(t->m, w[i + 1], (size_t)(tilde - w[i + 1])) : w[i + 1], &bound);
      const bool is_same = isnan(want) ? isnan(x) : x == want || fabs(x - want) <= 1e-12 * fabs(want);
      const bool is_bound = any ? e > 0 && e < INFINITY : isinf(bound) ? isinf(e) : e >= bound && e <= bound * (1 + 1e-5);
      if (!is_same || !is_bound) {
        print_error("%s: %s[%d] is %.17g~%.9g, expected %s\n", what, w[0], i, x, e, w[i + 1]);
        wrong++;
      }
    }
  }
  return wrong;
}

/* ---- tables ---- */

/* A kernel and what its tensors hold afterwards. */
typedef struct text_row { const char *text, *expected; interp_options o; } text_row;
static inline void text_check_rows(const text_row *rows, size_t n) {
  int wrong = 0;
  for (size_t i = 0; i < n; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    text_kernel t = text_kernel_read(&ctx, rows[i].text);
    interp_tensor *got;
    if (text_kernel_run(&t, rows[i].o.op_budget ? &rows[i].o : NULL, false, &got) == LOOM_OK) {
      wrong += text_differs(&t, got, rows[i].text, rows[i].expected);
    } else {
      print_error("%s: statement %d: %s\n", rows[i].text, ctx.diag.first->span.line, ctx.diag.first->text);
      wrong++;
    }
    loom_ctx_done(&ctx);
  }
  assert_int_equal(wrong, 0);
}

/* A kernel that is refused while it runs: status, words of the message, and the statement it is at.  is_broken: the verifier would not have passed it. */
typedef struct text_refusal { const char *text; loom_status status; const char *words; int line; bool is_broken; interp_options o; } text_refusal;
static inline void text_check_refusals(const text_refusal *rows, size_t n) {
  int wrong = 0;
  for (size_t i = 0; i < n; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    text_kernel t = text_kernel_read(&ctx, rows[i].text);
    interp_tensor *got;
    const diag_mark mark = diag_save(&ctx);
    const bool is_sound = kernel_verify(&ctx, t.k) == LOOM_OK;
    diag_drop(&ctx, mark);
    const loom_status st = text_kernel_run(&t, rows[i].o.op_budget ? &rows[i].o : NULL, true, &got);
    const diag_item *d = ctx.diag.first;
    if (st != rows[i].status || !d || d->status != st || !strstr(d->text, rows[i].words) || d->span.line != rows[i].line || is_sound == rows[i].is_broken) {
      print_error("%s: %s, status %d: %s at %d\n", rows[i].text, is_sound ? "sound" : "not sound", (int)st, d ? d->text : "", d ? d->span.line : 0);
      wrong++;
    }
    loom_ctx_done(&ctx);
  }
  assert_int_equal(wrong, 0);
}
#endif
