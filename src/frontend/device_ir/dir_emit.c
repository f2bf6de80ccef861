/* A kernel graph as loom.helion.v1: symbols, blocks, host tensors, grids; the reading back that proves it. */
#include "frontend/device_ir/dir_emit.h"
#include "kernel/kernel_same.h"

/* ---- names ---- */
int emit_symbol_index(const emitter *e, const char *name) {
  int i = 0;
  while (!text_eq(e->k->symbols.at[i].name, name))
    i++;
  return i;
}

static bool is_plain_name(arena *m, const char *s) { return s && *s && text_eq(text_identifier(m, s), s); }

/* "u3" and "g3" are blocks and indices. */
static bool is_block_name(const char *s) { return (s[0] == 'u' || s[0] == 'g') && s[1] && strspn(s + 1, "0123456789") == strlen(s + 1); }

static bool is_python_word(const char *s) {
  static const char *const words[] = {"Min", "Max", "min", "max", "FloorDiv", "CeilDiv", "Mod", "True", "False", "None", "torch", "helion", "builtins", "loom"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (text_eq(words[i], s))
      return true;
  return false;
}

static void name_symbols(emitter *e) {
  const kernel_graph *k = e->k;
  e->symbol = ARENA_NEW_N(e->mem, const char *, k->symbols.n);
  e->block_of = ARENA_NEW_N(e->mem, int, k->symbols.n);
  e->is_open = ARENA_NEW_N(e->mem, bool, k->symbols.n);
  for (size_t i = 0; i < k->symbols.n; i++) {
    const kernel_symbol *s = &k->symbols.at[i];
    bool is_free = is_plain_name(e->mem, s->name) && !is_block_name(s->name) && !is_python_word(s->name);
    e->block_of[i] = -1;
    e->symbol[i] = is_free ? s->name : arena_printf(e->mem, "s%zu", i);
    if (s->kind != KERNEL_SYM_BLOCK)
      continue;
    e->block_of[i] = (int)e->blocks.n;
    e->symbol[i] = arena_printf(e->mem, "u%d", e->block_of[i]);
    vec_push(e->mem, &e->blocks, ((emit_block){(int)i, s->extent, NULL, s->name}));
  }
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].kind == KERNEL_SYM_NOMINAL) {
      int b = emit_symbol_index(e, k->symbols.at[i].block);
      e->symbol[i] = e->symbol[b];
      e->block_of[i] = e->block_of[b];
    }
}

static bool is_tensor_name_taken(const emitter *e, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (text_eq(e->tensor[i], name))
      return true;
  return is_python_word(name) || text_eq(name, e->k->name);
}

/* Where the document lists tensor `i`: arguments, allocations, views. */
static size_t tensor_place(const emitter *e, size_t i) {
  size_t place = 0;
  for (size_t j = 0; j < e->k->tensors.n; j++)
    place += e->k->tensors.at[j].role < e->k->tensors.at[i].role || (e->k->tensors.at[j].role == e->k->tensors.at[i].role && j < i);
  return place;
}

/* What nobody gave a name is numbered by its place: "alloc_3". */
static const char *tensor_wish(const emitter *e, size_t i) {
  static const char *const kinds[] = {"alloc", "view"};
  const char *name = e->k->tensors.at[i].name;
  for (int k = 0; k < 2; k++)
    if (text_eq(name, arena_printf(e->mem, "%s_%zu", kinds[k], i)))
      return arena_printf(e->mem, "%s_%zu", kinds[k], tensor_place(e, i));
  return text_identifier(e->mem, name);
}

static void name_tensors(emitter *e) {
  e->tensor = ARENA_NEW_N(e->mem, const char *, e->k->tensors.n);
  for (size_t i = 0; i < e->k->tensors.n; i++) {
    const char *wish = tensor_wish(e, i);
    e->tensor[i] = wish;
    for (int t = 1; is_tensor_name_taken(e, i, e->tensor[i]); t++)
      e->tensor[i] = arena_printf(e->mem, "%s_%d", wish, t);
  }
}

/* Values that are bound to a symbol have the symbol's name. */
static void find_bound(emitter *e, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    int s = op->kind == KERNEL_BIND ? emit_symbol_index(e, op->expr->name) : -1;
    if (s >= 0 && e->bound[op->operands[0]])   /* bound before: one name is enough */
      e->symbol[s] = e->bound[op->operands[0]];
    else if (s >= 0)
      e->bound[op->operands[0]] = e->symbol[s];
    for (int j = 0; j < op->n_regions; j++)
      find_bound(e, &op->regions[j]);
  }
}

/* ---- expressions ---- */
bool emit_is_clamped(const emitter *e, int symbol) { return e->k->symbols.at[symbol].kind == KERNEL_SYM_BLOCK && !e->k->symbols.at[symbol].is_padded; }

/* Beside sizes that vary from call to call, those that do not are numbers. */
static bool is_number(const emitter *e, int i) {
  const kernel_symbol *s = &e->k->symbols.at[i];
  return s->kind == KERNEL_SYM_SIZE && s->value >= 0 && !s->is_open && kernel_is_open(e->k);
}

static const char *symbol_text(emitter *e, const char *name, bool loose) {
  int i = emit_symbol_index(e, name);
  if ((emit_is_clamped(e, i) && !loose) || e->k->symbols.at[i].kind == KERNEL_SYM_TUNABLE)
    return NULL;
  if (is_number(e, i))
    return arena_printf(e->mem, "%" PRId64, e->k->symbols.at[i].value);
  return e->symbol[i];
}

const char *emit_expr(emitter *e, const sym_expr *s, bool loose) {
  static const char *const forms[SYM_OP_COUNT] = {[SYM_ADD] = "(%s + %s)", [SYM_SUB] = "(%s - %s)", [SYM_MUL] = "(%s * %s)", [SYM_FLOORDIV] = "(%s // %s)",
                                                  [SYM_MOD] = "(%s %% %s)", [SYM_MIN] = "Min(%s, %s)", [SYM_MAX] = "Max(%s, %s)", [SYM_CEILDIV] = "CeilDiv(%s, %s)"};
  if (s->op == SYM_CONST)
    return arena_printf(e->mem, s->value < 0 ? "(%" PRId64 ")" : "%" PRId64, s->value);
  if (s->op == SYM_SYM)
    return symbol_text(e, s->name, loose);
  const char *a = forms[s->op] ? emit_expr(e, s->arg[0], loose) : NULL, *b = a ? emit_expr(e, s->arg[1], loose) : NULL;
  text t = text_new(e->mem);
  for (const char *f = forms[s->op], *next = a; b && *f; f++)
    if (f[0] == '%' && f[1] == 's') {
      text_addf(&t, "%s", next);
      next = b;
      f++;
    } else {
      f += f[0] == '%';
      text_addf(&t, "%c", *f);
    }
  return b ? text_str(&t) : NULL;
}

data_value *emit_expr_data(emitter *e, const sym_expr *s, bool loose) {
  int64_t v;
  if (sym_is_const(s, &v))
    return data_int(e->mem, v);
  const char *t = emit_expr(e, s, loose);
  return t ? data_string(e->mem, t) : NULL;
}

data_value *emit_type(emitter *e, const kernel_type *t) {
  data_value *o = data_object(e->mem), *dims = data_array(e->mem);
  for (int d = 0; d < t->rank; d++) {
    data_value *dim = emit_expr_data(e, t->dim[d], true);
    if (!dim)
      return NULL;
    data_push(e->mem, dims, dim);
  }
  data_set_string(e->mem, o, "dtype", dtype_torch(t->type));
  data_set(e->mem, o, "shape", dims);
  return o;
}

int emit_block_id(emitter *e, const kernel_range *r, const char *name) {
  int s = r->block ? emit_symbol_index(e, r->block) : -1;
  if (s >= 0)
    return e->block_of[s];
  vec_push(e->mem, &e->blocks, ((emit_block){-1, sym_sub(e->mem, r->end, r->begin), r->step, name}));
  return (int)e->blocks.n - 1;
}

/* ---- sections ---- */
static data_value *symbols_data(emitter *e) {
  static const char *const kinds[] = {[KERNEL_SYM_SIZE] = "size", [KERNEL_SYM_BLOCK] = "block", [KERNEL_SYM_RUNTIME] = "unbacked"};
  data_value *list = data_array(e->mem);
  for (size_t i = 0; i < e->k->symbols.n; i++) {
    const kernel_symbol *s = &e->k->symbols.at[i];
    bool is_index = s->kind == KERNEL_SYM_RUNTIME && is_block_name(e->symbol[i]);   /* listed below */
    if (s->kind == KERNEL_SYM_NOMINAL || s->kind == KERNEL_SYM_TUNABLE || is_index)
      continue;
    data_value *o = data_object(e->mem);
    data_set_string(e->mem, o, "name", e->symbol[i]);
    data_set_string(e->mem, o, "kind", kinds[s->kind]);
    if (s->kind == KERNEL_SYM_SIZE && s->value >= 0)
      data_set_int(e->mem, o, "value", s->value);
    data_push(e->mem, list, o);
  }
  for (size_t i = 0; i < e->blocks.n; i++) {
    if (e->blocks.at[i].symbol >= 0)
      continue;
    data_value *o = data_object(e->mem), *origin = data_object(e->mem);
    data_set_string(e->mem, o, "name", arena_printf(e->mem, "g%zu", i));
    data_set_string(e->mem, o, "kind", "grid");
    data_set_int(e->mem, origin, "block_id", (int64_t)i);
    data_set(e->mem, o, "origin", origin);
    data_push(e->mem, list, o);
  }
  return list;
}

/* The loop variable's name, when nothing else has it. */
static bool is_free_name(const emitter *e, size_t block) {
  const char *name = e->blocks.at[block].name;
  for (size_t i = 0; i < e->blocks.n; i++)
    if (i != block && text_eq(e->blocks.at[i].name, name))
      return false;
  return is_plain_name(e->mem, name) && !is_tensor_name_taken(e, e->k->tensors.n, name);
}

static data_value *block_data(emitter *e, size_t i) {
  const emit_block *b = &e->blocks.at[i];
  const kernel_symbol *s = b->symbol >= 0 ? &e->k->symbols.at[b->symbol] : NULL;
  int64_t fixed = s ? s->value : 1;
  data_value *o = data_object(e->mem), *source = data_object(e->mem), *names = data_array(e->mem);
  data_value *size = b->size ? emit_expr_data(e, b->size, false) : NULL;
  data_set_int(e->mem, o, "id", (int64_t)i);
  data_set(e->mem, o, "var", s ? data_string(e->mem, e->symbol[b->symbol]) : data_null(e->mem));
  data_set(e->mem, o, "size", size ? size : data_null(e->mem));
  data_set_bool(e->mem, o, "reduction", false);
  data_set_string(e->mem, source, "kind", fixed >= 0 ? "fixed" : "loop");
  if (b->step)
    data_set(e->mem, source, "value", emit_expr_data(e, b->step, false));
  else if (fixed >= 0)
    data_set_int(e->mem, source, "value", fixed);
  data_set(e->mem, o, "source", source);
  if (is_free_name(e, i))
    data_push(e->mem, names, data_string(e->mem, b->name));
  data_set(e->mem, o, "debug_names", names);
  if (s && s->preferred > 0)
    data_set_int(e->mem, o, "config_value", s->preferred);
  return o;
}

static loom_status host_data(emitter *e, const kernel_tensor_info *t, size_t i, data_value **out) {
  static const char *const ops[] = {[KERNEL_ARG] = "arg", [KERNEL_ALLOC] = "alloc", [KERNEL_VIEW] = "view"};
  static const char *const fills[] = {[KERNEL_FILL_EMPTY] = "empty", [KERNEL_FILL_ZERO] = "zero", [KERNEL_FILL_VALUE] = "full"};
  data_value *o = data_object(e->mem), *type = emit_type(e, &t->shape), *strides = data_array(e->mem);
  data_set_string(e->mem, o, "id", e->tensor[i]);
  data_set_string(e->mem, o, "op", ops[t->role]);
  bool has_form = type != NULL;
  for (size_t m = 0; type && m < type->n; m++)
    data_set(e->mem, o, type->members[m].key, type->members[m].value);
  if (t->role == KERNEL_ALLOC)
    data_set_string(e->mem, o, "fill", fills[t->fill]);
  if (t->role == KERNEL_ALLOC && t->fill == KERNEL_FILL_VALUE)
    data_set_real(e->mem, o, "value", t->fill_value);
  for (int d = 0; t->role == KERNEL_VIEW && d < t->shape.rank && has_form; d++) {
    data_value *stride = emit_expr_data(e, t->stride[d], false);
    has_form = stride != NULL;
    if (stride)
      data_push(e->mem, strides, stride);
  }
  if (t->role == KERNEL_VIEW && has_form) {
    data_value *offset = emit_expr_data(e, t->offset, false);
    has_form = offset != NULL;
    data_set(e->mem, o, "stride", strides);
    data_set_string(e->mem, o, "base", e->tensor[t->base]);
    if (offset)
      data_set(e->mem, o, "offset", offset);
  }
  *out = o;
  if (!has_form)
    LOOM_FAIL(e->ctx, t->span, LOOM_EUNSUP, "the sizes of the tensor '%s' have no form in Device IR", e->tensor[i]);
  return LOOM_OK;
}

static data_value *returns_data(emitter *e) {
  data_value *list = data_array(e->mem);
  for (size_t i = 0; i < e->k->returns.n; i++) {
    kernel_tensor t = e->k->returns.at[i];
    data_push(e->mem, list, t < 0 ? data_null(e->mem) : data_string(e->mem, e->tensor[t]));
  }
  return list;
}

/* Grids, barriers, and the computations between them. */
static loom_status write_roots(emitter *e, data_value *roots) {
  const kernel_region *body = &e->k->body;
  int phase = 0;
  for (size_t i = 0, end; i < body->ops.n; i = end) {
    const kernel_op *op = body->ops.at[i];
    end = i + 1;
    if (op->kind == KERNEL_BARRIER) {
      phase++;
      continue;
    }
    while (op->kind != KERNEL_PARALLEL && end < body->ops.n && body->ops.at[end]->kind != KERNEL_PARALLEL && body->ops.at[end]->kind != KERNEL_BARRIER)
      end++;
    LOOM_TRY(op->kind == KERNEL_PARALLEL ? emit_root(e, op, phase, roots) : emit_host(e, body, i, end, phase, roots));
  }
  return LOOM_OK;
}

static loom_status write_document(emitter *e, data_value **out) {
  data_value *o = data_object(e->mem), *kernel = data_object(e->mem), *producer = data_object(e->mem), *settings = data_object(e->mem), *blocks = data_array(e->mem);
  data_value *host = data_array(e->mem), *roots = data_array(e->mem);
  const kernel_graph *k = e->k;
  name_symbols(e);
  name_tensors(e);
  e->graphs = data_array(e->mem);
  e->bound = ARENA_NEW_N(e->mem, const char *, k->values.n);
  e->grid_of = ARENA_NEW_N(e->mem, int, k->values.n);
  for (size_t i = 0; i < k->values.n; i++)
    e->grid_of[i] = -1;
  find_bound(e, &k->body);
  for (size_t pass = KERNEL_ARG; pass <= KERNEL_VIEW; pass++)
    for (size_t i = 0; i < k->tensors.n; i++)
      if (k->tensors.at[i].role == (kernel_tensor_role)pass) {
        data_value *t;
        LOOM_TRY(host_data(e, &k->tensors.at[i], i, &t));
        data_push(e->mem, host, t);
      }
  LOOM_TRY(write_roots(e, roots));
  for (size_t i = 0; i < e->blocks.n; i++)
    data_push(e->mem, blocks, block_data(e, i));
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].kind == KERNEL_SYM_BLOCK && k->symbols.at[i].divides)   /* where not all of them do, the reading back will tell */
      data_set_bool(e->mem, settings, "assume_divisible_tiles", true);
  if (kernel_is_open(k))
    data_set_bool(e->mem, settings, "static_shapes", false);
  data_set_string(e->mem, o, "schema", "loom.helion.v1");
  data_set_string(e->mem, producer, "loom", LOOM_VERSION);
  data_set(e->mem, o, "producer", producer);
  data_set_string(e->mem, kernel, "name", k->name);
  if (k->path && *k->path)
    data_set_string(e->mem, kernel, "source_file", k->path);
  data_set(e->mem, o, "kernel", kernel);
  data_set(e->mem, o, "settings", settings);
  data_set(e->mem, o, "symbols", symbols_data(e));
  data_set(e->mem, o, "block_sizes", blocks);
  data_set(e->mem, o, "host", host);
  data_set(e->mem, o, "graphs", e->graphs);
  data_set(e->mem, o, "roots", roots);
  data_set(e->mem, o, "returns", returns_data(e));
  *out = o;
  return LOOM_OK;
}

/* ---- reading back ---- */
/* The place of the first device code, for what has no better one. */
static loom_span first_place(const kernel_graph *k) {
  for (size_t i = 0; i < k->body.ops.n; i++)
    if (k->body.ops.at[i]->kind == KERNEL_PARALLEL)
      return k->body.ops.at[i]->span;
  return LOOM_NOSPAN;
}

/* The document has to give the same graph; what does not is not printed. */
static loom_status check(loom_ctx *ctx, const kernel_graph *k, const char *json) {
  kernel_graph *again = NULL;
  const char *why = NULL;
  diag_mark before = diag_save(ctx);
  const device_ir_options o = {.open_sizes = kernel_is_open(k)};
  const loom_status st = device_ir_read(ctx, "device-ir", json, strlen(json), &o, &again);
  if (st == LOOM_EMEM)   /* says nothing about the graph */
    return st;
  if (st != LOOM_OK) {
    why = arena_printf(&ctx->mem, "it cannot be read back: %s", (*before.last)->text);
  }
  diag_drop(ctx, before);
  if (!why && kernel_same(&ctx->mem, k, again, false, &why, NULL))
    return LOOM_OK;
  diag_error(ctx, first_place(k), LOOM_EUNSUP, "--emit device-ir: this kernel has no form in Device IR that gives it back: %s", why);
  diag_help(ctx, "use --emit kernel, which has all of the kernel");
  return LOOM_EUNSUP;
}

loom_status device_ir_write(loom_ctx *ctx, const kernel_graph *k, const char **out) {
  emitter e = {.ctx = ctx, .mem = &ctx->mem, .k = k};
  data_value *document;
  LOOM_TRY(write_document(&e, &document));
  *out = data_write_json(&ctx->mem, document, 1);
  return check(ctx, k, *out);
}
