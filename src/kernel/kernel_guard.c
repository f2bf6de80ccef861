/* Calls of a kernel that was compiled for other sizes: what its open sizes are, and whether what its reading rested on still holds. */
#include "base/shape.h"
#include "kernel/kernel.h"
#include <stdlib.h>

bool kernel_is_open(const kernel_graph *k) {
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].is_open)
      return true;
  return false;
}

/* ---- names ---- */
static kernel_tensor find_argument(const kernel_graph *k, const char *name, size_t size) {
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG && strlen(k->tensors.at[i].name) == size && memcmp(k->tensors.at[i].name, name, size) == 0)
      return (kernel_tensor)i;
  return -1;
}

bool kernel_guard_name(const kernel_graph *k, const char *name, kernel_tensor *tensor, int *dim, int64_t *element) {
  size_t n = strcspn(name, ".[");
  char *end;
  if (name[n] == 0 || name[n + 1] < '0' || name[n + 1] > '9')
    return false;
  long long v = strtoll(name + n + 1, &end, 10);
  *tensor = find_argument(k, name, n);
  if (*tensor < 0)
    return false;
  *dim = name[n] == '.' && v < KERNEL_RANK_MAX ? (int)v : -1;
  *element = v;
  return name[n] == '.' ? *end == 0 && v < k->tensors.at[*tensor].shape.rank : end[0] == ']' && end[1] == 0 && !dtype_is_float(k->tensors.at[*tensor].shape.type);
}

/* ---- the sizes of a call ---- */
static kernel_symbol *open_symbol(const kernel_graph *k, const sym_expr *e) {
  kernel_symbol *s = e->op == SYM_SYM ? kernel_find_symbol(k, e->name) : NULL;
  return s && s->is_open ? s : NULL;
}

/* The code that needs size `e` as a number, else the argument. */
static loom_span place_of_number(const kernel_graph *k, const sym_expr *e, loom_span argument) {
  for (size_t i = 0; i < k->guards.n; i++) {
    const sym_expr *g = k->guards.at[i].holds;
    if (g->op == SYM_EQ && sym_equal(g->arg[0], e) && g->arg[1]->op == SYM_CONST)
      return k->guards.at[i].span;
  }
  return argument;
}

/* Of a dim that the code has as a number. */
static loom_status check_fixed(loom_ctx *ctx, const kernel_graph *k, kernel_tensor t, int d, int64_t given) {
  const kernel_tensor_info *info = &k->tensors.at[t];
  int64_t want;
  LOOM_TRY(kernel_size(ctx, k, info->shape.dim[d], NULL, 0, &want));
  if (want == given)
    return LOOM_OK;
  diag_error(ctx, place_of_number(k, info->shape.dim[d], info->span), LOOM_EINPUT, "dimension %d of argument %s has %" PRId64 " elements; kernel '%s' was compiled for %" PRId64, d, info->name, given,
             k->name, want);
  diag_help(ctx, kernel_is_open(k) || k->guards.n ? "sizes of 1, and those that the code needs as numbers, hold for one artifact; compile again for this size"
                                   : "compile again for this size, or once for all sizes with @helion.kernel(static_shapes=False)");
  return LOOM_EINPUT;
}

loom_status kernel_bind_call(loom_ctx *ctx, kernel_graph *k, kernel_call *call) {
  bool *said = ARENA_NEW_N(&ctx->mem, bool, k->symbols.n);
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < k->tensors.n; i++)
    for (int d = 0; k->tensors.at[i].role == KERNEL_ARG && d < k->tensors.at[i].shape.rank; d++) {
      int64_t given = call->size[i][d];
      kernel_symbol *s = open_symbol(k, k->tensors.at[i].shape.dim[d]);
      if (!given)
        continue;
      if (!s) {
        loom_status one = check_fixed(ctx, k, (kernel_tensor)i, d, given);
        st = st == LOOM_OK ? one : st;
      } else if (given < 2) {
        diag_error(ctx, k->tensors.at[i].span, LOOM_EINPUT, "dimension %d of argument %s has %" PRId64 " elements; kernel '%s' was compiled for 2 or more", d,
                   k->tensors.at[i].name, given, k->name);
        diag_help(ctx, "a dimension of one element broadcasts, so that it is other code: compile again for this size");
        st = LOOM_EINPUT;
      } else if (!said[s - k->symbols.at]) {
        said[s - k->symbols.at] = true;
        s->value = given;
      }
    }
  LOOM_TRY(st);
  for (size_t i = 0; i < k->tensors.n; i++)
    for (int d = 0; k->tensors.at[i].role == KERNEL_ARG && d < k->tensors.at[i].shape.rank; d++)
      if (!call->size[i][d])
        LOOM_TRY(kernel_size(ctx, k, k->tensors.at[i].shape.dim[d], NULL, 0, &call->size[i][d]));
  return LOOM_OK;
}

/* ---- guards ---- */
typedef struct bindings { loom_ctx *ctx; const kernel_graph *k; const kernel_call *call; const double *const *contents; VEC_OF(sym_binding) at; } bindings;

static const sym_binding *find(const bindings *b, const char *name) {
  for (size_t i = 0; i < b->at.n; i++)
    if (text_eq(b->at.at[i].name, name))
      return &b->at.at[i];
  return NULL;
}

/* Binds the names of `e` that are no symbols; false: an element whose argument is not at hand. */
static loom_status bind_names(bindings *b, loom_span span, const sym_expr *e, bool *known) {
  kernel_tensor t;
  int dim;
  int64_t element;
  if (e->op == SYM_SYM && !find(b, e->name)) {
    if (!kernel_guard_name(b->k, e->name, &t, &dim, &element))
      LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "\"%s\" of a guard has no value", e->name);
    const int64_t elems = shape_elements(b->k->tensors.at[t].shape.rank, b->call->size[t]);
    if (dim < 0 && element < elems && !(b->contents && b->contents[t]))
      *known = false;
    else
      vec_push(&b->ctx->mem, &b->at, ((sym_binding){e->name, dim >= 0 ? b->call->size[t][dim] : element < elems ? (int64_t)b->contents[t][element] : -1}));
  }
  for (int i = 0; i < 3 && *known; i++)
    if (e->arg[i])
      LOOM_TRY(bind_names(b, span, e->arg[i], known));
  return LOOM_OK;
}

static void show_values(const bindings *b, const sym_expr *e, text *out) {
  if (e->op == SYM_SYM) {
    const char *said = arena_printf(&b->ctx->mem, "%s = %" PRId64, e->name, find(b, e->name)->value);
    if (!strstr(text_str(out), said))
      text_addf(out, "%s%s", out->size ? ", " : "", said);
  }
  for (int i = 0; i < 3; i++)
    if (e->arg[i])
      show_values(b, e->arg[i], out);
}

static loom_status check_guard(bindings *b, const kernel_guard *g) {
  bool known = true;
  int64_t holds;
  LOOM_TRY(bind_names(b, g->span, g->holds, &known));
  if (!known)
    return LOOM_OK;
  LOOM_TRY(sym_eval(b->ctx, g->holds, b->at.at, b->at.n, &holds));
  if (holds)
    return LOOM_OK;
  text values = text_new(&b->ctx->mem);
  show_values(b, g->holds, &values);
  diag_error(b->ctx, g->span, LOOM_EINPUT, "kernel '%s' was compiled for calls where %s; this one has %s", b->k->name, sym_str(&b->ctx->mem, g->holds),
             text_str(&values));
  diag_help(b->ctx, "the code at this place rests on it: compile again for sizes like these");
  return LOOM_EINPUT;
}

/* Dims of one symbol have one size; a guard says where the code asks for it. */
static loom_status check_dims(loom_ctx *ctx, const kernel_graph *k, const kernel_call *call) {
  for (size_t i = 0; i < k->tensors.n; i++)
    for (int d = 0; k->tensors.at[i].role == KERNEL_ARG && d < k->tensors.at[i].shape.rank; d++) {
      int64_t want;
      LOOM_TRY(kernel_size(ctx, k, k->tensors.at[i].shape.dim[d], NULL, 0, &want));
      if (want != call->size[i][d])
        LOOM_FAIL(ctx, k->tensors.at[i].span, LOOM_EINPUT, "dimension %d of argument %s has %" PRId64 " elements; it is the size %s, which is %" PRId64 " here", d,
                  k->tensors.at[i].name, call->size[i][d], sym_str(&ctx->mem, k->tensors.at[i].shape.dim[d]), want);
    }
  return LOOM_OK;
}

loom_status kernel_check_guards(loom_ctx *ctx, const kernel_graph *k, const kernel_call *call, const double *const *contents, const sym_binding *blocks,
                                size_t n_blocks) {
  bindings b = {.ctx = ctx, .k = k, .call = call, .contents = contents};
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < n_blocks; i++)
    vec_push(&ctx->mem, &b.at, blocks[i]);
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].value >= 0 && !find(&b, k->symbols.at[i].name))
      vec_push(&ctx->mem, &b.at, ((sym_binding){k->symbols.at[i].name, k->symbols.at[i].value}));
  for (size_t i = 0; i < k->guards.n; i++) {
    loom_status one = check_guard(&b, &k->guards.at[i]);
    st = st == LOOM_OK ? one : st;
  }
  return st == LOOM_OK ? check_dims(ctx, k, call) : st;
}
