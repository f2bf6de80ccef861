/* The function, host tensors, sizes, buffers and loops. */
#include "lower/host_private.h"

const kernel_type *host_type(const host *h, kernel_value v) { return &h->l->k->values.at[v].type; }
const char *host_number(host *h, dtype t, double x) { return lower_constant(h->l, lower_number(h->l->mem, t, x)); }
const char *host_index(host *h, int64_t n) { return lower_index_constant(h->l, n); }

/* ---- sizes ---- */
/* Symbols that have one value in the whole function. */
static const sym_expr *known_symbol(void *data, const char *name) {
  host *h = data;
  const kernel_symbol *s = kernel_find_symbol(h->l->k, name);
  if (!s || h->symbol[s - h->l->k->symbols.at])
    return NULL;
  for (size_t i = 0; i < h->n_blocks; i++)
    if (text_eq(h->blocks[i].name, name))
      return sym_const(h->l->mem, h->blocks[i].value);
  return s->value >= 0 && s->kind == KERNEL_SYM_SIZE ? sym_const(h->l->mem, s->value) : NULL;
}

static const char *arith_of(sym_op op) {
  switch (op) {
  case SYM_ADD: return "addi";
  case SYM_SUB: return "subi";
  case SYM_MUL: return "muli";
  case SYM_CEILDIV: return "ceildivsi";
  case SYM_FLOORDIV: return "floordivsi";
  case SYM_MOD: return "remsi";
  case SYM_MIN: return "minsi";
  case SYM_MAX: return "maxsi";
  default: return NULL;
  }
}

static loom_status print_expr(host *h, const sym_expr *e, const char **out) {
  lowering *l = h->l;
  int64_t n;
  const char *a, *b;
  if (sym_is_const(e, &n)) {
    *out = host_index(h, n);
    return LOOM_OK;
  }
  if (e->op == SYM_SYM) {
    const kernel_symbol *s = kernel_find_symbol(l->k, e->name);
    *out = s ? h->symbol[s - l->k->symbols.at] : NULL;
    if (!*out)
      LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "the size %s is not known here", e->name);
    return LOOM_OK;
  }
  const char *name = arith_of(e->op);
  if (!name)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "a size of the form %s is not supported", sym_str(l->mem, e));
  LOOM_TRY(print_expr(h, e->arg[0], &a));
  LOOM_TRY(print_expr(h, e->arg[1], &b));
  *out = lower_once(l, "arith.%s %s, %s : index", name, a, b);
  return LOOM_OK;
}

loom_status host_expr(host *h, const sym_expr *e, const char **out) { return print_expr(h, sym_subst(h->l->mem, e, known_symbol, h), out); }

loom_status host_sizes(host *h, const kernel_type *t, const char **out) {
  for (int d = 0; d < t->rank; d++)
    LOOM_TRY(host_expr(h, t->dim[d], &out[d]));
  return LOOM_OK;
}

/* ---- buffers ---- */
const char *host_buffer_type(host *h, dtype t, int rank) {
  text s = text_new(h->l->mem);
  text_add(&s, "memref<");
  for (int d = 0; d < rank; d++)
    text_add(&s, "?x");
  text_addf(&s, "%s>", lower_element(t));
  return text_str(&s);
}

const char *host_value_type(host *h, kernel_value v) {
  int rank = host_type(h, v)->rank;
  return rank ? host_buffer_type(h, h->type[v], rank) : lower_element(h->type[v]);
}

static const char *list(arena *m, int n, const char *const *names) {
  text t = text_new(m);
  for (int i = 0; i < n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", names[i]);
  return text_str(&t);
}

const char *host_alloc(host *h, dtype t, int rank, const char *const *sizes) {
  const char *type = host_buffer_type(h, t, rank);
  const char *name = lower_emit(h->l, "memref.alloc(%s) : %s", list(h->l->mem, rank, sizes), type);
  vec_push(h->l->mem, &h->buffers, (const char *)arena_printf(h->l->mem, "%s : %s", name, type));
  return name;
}

loom_status host_result(host *h, kernel_value v, const char **sizes) {
  const kernel_type *t = host_type(h, v);
  LOOM_TRY(host_sizes(h, t, sizes));
  h->l->value[v] = host_alloc(h, h->type[v], t->rank, sizes);
  return LOOM_OK;
}

void host_open_loops(host *h, int rank, const char *const *sizes, const char **iv) {
  vec_push(h->l->mem, &h->marks, h->l->known.n);
  for (int d = 0; d < rank; d++) {
    iv[d] = lower_new_name(h->l);
    lower_open(h->l, "scf.for %s = %s to %s step %s {", iv[d], host_index(h, 0), sizes[d], host_index(h, 1));
  }
}

void host_close_loops(host *h, int rank) {
  for (int d = 0; d < rank; d++)
    lower_close(h->l, "");
  h->l->known.n = h->marks.at[--h->marks.n];
}

const char *host_load(host *h, const char *buffer, dtype t, int rank, const char *const *iv) {
  return lower_emit(h->l, "memref.load %s[%s] : %s", buffer, list(h->l->mem, rank, iv), host_buffer_type(h, t, rank));
}

void host_store(host *h, const char *x, const char *buffer, dtype t, int rank, const char *const *iv) {
  lower_line(h->l, "memref.store %s, %s[%s] : %s", x, buffer, list(h->l->mem, rank, iv), host_buffer_type(h, t, rank));
}

static bool is_one(const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n == 1;
}

const char *host_element(host *h, kernel_value v, int rank, const char *const *iv) {
  const kernel_type *t = host_type(h, v);
  const char *at[KERNEL_RANK_MAX];
  if (t->rank == 0)
    return lower_data(h->l, v);
  for (int d = 0; d < t->rank; d++)
    at[d] = is_one(t->dim[d]) ? host_index(h, 0) : iv[d + rank - t->rank];
  return host_load(h, h->l->value[v], h->type[v], t->rank, at);
}

const char *host_as_index(host *h, const char *x, dtype t) {
  return lower_emit(h->l, "arith.%s %s : %s to index", t == DTYPE_U8 ? "index_castui" : "index_cast", x, lower_element(t));
}

void host_copy(host *h, kernel_value v, const char *to, dtype to_type, const char *const *sizes) {
  int rank = host_type(h, v)->rank;
  const char *iv[KERNEL_RANK_MAX];
  host_open_loops(h, rank, sizes, iv);
  host_store(h, lower_convert(h->l, host_element(h, v, rank, iv), h->type[v], to_type), to, to_type, rank, iv);
  host_close_loops(h, rank);
}

/* ---- operations ---- */
static loom_status index_scalar(host *h, const kernel_op *op) {
  lowering *l = h->l;
  kernel_value r = op->results[0], tile = op->n_operands ? op->operands[0] : -1;
  const char *block;
  l->is_index[r] = true;
  switch (op->kind) {
  case KERNEL_TILE_BEGIN:
    l->value[r] = h->begin[tile];
    return LOOM_OK;
  case KERNEL_TILE_END:
    l->value[r] = h->end[tile];
    return LOOM_OK;
  case KERNEL_TILE_ID:
    if (!h->range[tile]->block) {
      l->value[r] = h->begin[tile];
      return LOOM_OK;
    }
    for (size_t i = 0; i < h->n_blocks; i++)
      if (text_eq(h->blocks[i].name, h->range[tile]->block)) {
        block = host_index(h, h->blocks[i].value);
        l->value[r] = lower_once(l, "arith.floordivsi %s, %s : index", h->begin[tile], block);
      }
    return LOOM_OK;
  default:
    return host_expr(h, op->expr, &l->value[r]);
  }
}

static loom_status bind(host *h, const kernel_op *op) {
  lowering *l = h->l;
  const kernel_symbol *s = kernel_find_symbol(l->k, op->expr->name);
  kernel_value v = op->operands[0];
  h->symbol[s - l->k->symbols.at] = l->is_index[v] ? l->value[v] : host_as_index(h, l->value[v], h->type[v]);
  return LOOM_OK;
}

static loom_status one_op(host *h, const kernel_op *op) {
  bool done = false;
  LOOM_TRY(host_control(h, op, &done));
  if (done)
    return LOOM_OK;
  switch (op->kind) {
  case KERNEL_YIELD:
  case KERNEL_BARRIER:
    return LOOM_OK;
  case KERNEL_BIND:
    return bind(h, op);
  case KERNEL_INDEX_EXPR:
  case KERNEL_TILE_BEGIN:
  case KERNEL_TILE_END:
  case KERNEL_TILE_ID:
    return index_scalar(h, op);
  case KERNEL_LOAD:
  case KERNEL_STORE:
  case KERNEL_ATOMIC:
    return host_access(h, op);
  case KERNEL_FOLD:
  case KERNEL_SCAN:
    return host_scan(h, op);
  default:
    return host_compute(h, op);
  }
}

loom_status host_ops(host *h, const kernel_region *r, const kernel_op *stop) {
  for (size_t i = 0; i < r->ops.n && r->ops.at[i] != stop; i++) {
    h->l->span = r->ops.at[i]->span;
    LOOM_TRY(one_op(h, r->ops.at[i]));
  }
  return LOOM_OK;
}

/* ---- host tensors ---- */
static loom_status elements(host *h, const kernel_tensor_info *t, const sym_expr **out) {
  *out = sym_const(h->l->mem, 1);
  for (int d = 0; d < t->shape.rank; d++)
    *out = sym_mul(h->l->mem, *out, t->shape.dim[d]);
  return LOOM_OK;
}

/* memref<NxT>: the size is only said, nothing looks at it. */
static loom_status flat_type(host *h, kernel_tensor index, const char **out) {
  const kernel_tensor_info *t = &h->l->k->tensors.at[index];
  const sym_expr *n;
  int64_t known = INT32_MAX;
  LOOM_TRY(elements(h, t, &n));
  if (!h->dynamic) {
    sym_is_const(sym_subst(h->l->mem, n, known_symbol, h), &known);
    known = known > 0 ? known : 1;
  }
  *out = arena_printf(h->l->mem, "memref<%" PRId64 "x%s>", known, lower_element(t->shape.type));
  return LOOM_OK;
}

static void describe(host *h, kernel_tensor index) {
  const kernel_tensor_info *t = &h->l->k->tensors.at[index];
  host_tensor *out = &h->tensor[index];
  const sym_expr *step = sym_const(h->l->mem, 1);
  if (t->role == KERNEL_VIEW) {
    *out = (host_tensor){.offset = t->offset};
    memcpy(out->stride, t->stride, sizeof out->stride);
    return;
  }
  out->offset = sym_const(h->l->mem, 0);
  for (int d = t->shape.rank - 1; d >= 0; d--) {
    out->stride[d] = step;
    step = sym_mul(h->l->mem, step, t->shape.dim[d]);
  }
}

static loom_status arguments(host *h, const char **out) {
  lowering *l = h->l;
  text t = text_new(l->mem);
  VEC_OF(kernel_tensor) order = {0};
  for (size_t i = 0; i < l->k->tensors.n; i++)
    if (l->k->tensors.at[i].role == KERNEL_ARG)
      vec_push(l->mem, &order, (kernel_tensor)i);
  for (size_t i = 0; i < l->k->returns.n; i++)
    if (l->k->returns.at[i] >= 0)
      vec_push(l->mem, &order, lower_root(l->k, l->k->returns.at[i]));
  int n = 0;
  for (size_t i = 0; i < order.n; i++) {
    const char *type;
    if (l->tensor[order.at[i]])
      continue;
    LOOM_TRY(flat_type(h, order.at[i], &type));
    l->tensor[order.at[i]] = arena_printf(l->mem, "%%arg%d", n++);
    text_addf(&t, "%s%s: %s {loom.name = %s}", t.size ? ", " : "", l->tensor[order.at[i]], type, lower_quoted(l->mem, l->k->tensors.at[order.at[i]].name));
  }
  for (size_t i = 0; i < l->k->symbols.n; i++)
    if (l->k->symbols.at[i].is_open) {
      h->symbol[i] = arena_printf(l->mem, "%%size%zu", i);
      text_addf(&t, "%s%s: index", t.size ? ", " : "", h->symbol[i]);
    }
  *out = text_str(&t);
  return LOOM_OK;
}

static loom_status fill(host *h, kernel_tensor index, const char *n, const char *type) {
  const kernel_tensor_info *t = &h->l->k->tensors.at[index];
  const char *iv;
  double value = t->fill == KERNEL_FILL_VALUE ? t->fill_value : 0;
  host_open_loops(h, 1, &n, &iv);   /* EMPTY reads as 0, so that runs repeat */
  lower_line(h->l, "memref.store %s, %s[%s] : %s", host_number(h, t->shape.type, value), h->l->tensor[index], iv, type);
  host_close_loops(h, 1);
  return LOOM_OK;
}

static loom_status prepare_tensor(host *h, kernel_tensor index) {
  lowering *l = h->l;
  const kernel_tensor_info *t = &l->k->tensors.at[index];
  const char *n, *type;
  const sym_expr *count;
  l->span = t->span;
  describe(h, index);
  if (t->role == KERNEL_VIEW) {
    l->tensor[index] = l->tensor[lower_root(l->k, index)];
    return LOOM_OK;
  }
  if (t->role != KERNEL_ALLOC)
    return LOOM_OK;
  LOOM_TRY(elements(h, t, &count));
  LOOM_TRY(host_expr(h, count, &n));
  LOOM_TRY(flat_type(h, index, &type));
  if (!l->tensor[index]) {
    const char *open = host_alloc(h, t->shape.type, 1, &n);
    l->tensor[index] = lower_emit(l, "memref.cast %s : %s to %s", open, host_buffer_type(h, t->shape.type, 1), type);
  }
  return fill(h, index, n, type);
}

static loom_status print_function(host *h, const char **out) {
  lowering *l = h->l;
  const char *args, *name = lower_symbol(l->mem, "@", l->k->name);
  LOOM_TRY(arguments(h, &args));
  for (size_t i = 0; i < l->k->tensors.n; i++)
    LOOM_TRY(prepare_tensor(h, (kernel_tensor)i));
  LOOM_TRY(host_ops(h, &l->k->body, NULL));
  host_leave(h, 0);
  *out = arena_printf(l->mem, "module {\n  func.func %s(%s) attributes {loom.tile_function} {\n%s%s    return\n  }\n}\n", name, args, text_str(&l->constants),
                      text_str(&l->out));
  return LOOM_OK;
}

loom_status lower_kernel_host(ir_ctx *ir, const kernel_graph *k, const sym_binding *blocks, size_t n_blocks, MlirModule *out) {
  arena *m = &ir->ctx->mem;
  lowering l = {.ctx = ir->ctx, .mem = m, .k = k, .constants = text_new(m), .out = text_new(m)};
  host h = {.l = &l, .blocks = blocks, .n_blocks = n_blocks, .dynamic = kernel_is_open(k)};
  const char *src;
  *out = (MlirModule){NULL};
  l.value = ARENA_NEW_N(m, const char *, k->values.n);
  l.is_index = ARENA_NEW_N(m, bool, k->values.n);
  l.range = ARENA_NEW_N(m, const kernel_range *, k->values.n);
  l.tensor = ARENA_NEW_N(m, const char *, k->tensors.n);
  h.symbol = ARENA_NEW_N(m, const char *, k->symbols.n);
  h.begin = ARENA_NEW_N(m, const char *, k->values.n);
  h.end = ARENA_NEW_N(m, const char *, k->values.n);
  h.range = ARENA_NEW_N(m, const kernel_range *, k->values.n);
  h.tensor = ARENA_NEW_N(m, host_tensor, k->tensors.n);
  h.type = ARENA_NEW_N(m, dtype, k->values.n);
  h.is_sum = ARENA_NEW_N(m, bool, k->values.n);
  for (size_t i = 0; i < k->values.n; i++)
    h.type[i] = k->values.at[i].type.type;
  host_find_sums(&h);
  LOOM_TRY(print_function(&h, &src));
  if (ir_parse_own(ir, "<host>", src, strlen(src), out) == LOOM_OK)
    return LOOM_OK;
  return diag_error(ir->ctx, LOOM_NOSPAN, LOOM_EBUG, "the IR made for kernel %s is not valid (above); this is a fault of Loom", k->name);
}
