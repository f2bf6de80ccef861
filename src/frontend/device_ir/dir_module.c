/* The module: imports, helper functions and the kernel: sizes of its arguments, allocations, views, grids, return. */
#include "frontend/device_ir/dir_private.h"

/* ---- arguments ---- */
static loom_status shape_of(dir_program *p, const dir_tensor *t, helion_given *out) {
  *out = (helion_given){.name = t->name, .kind = HELION_GIVEN_TENSOR, .type = t->val.type, .rank = t->val.rank};
  for (int d = 0; d < t->val.rank; d++)
    if (!dir_known(p, t->val.dim[d], &out->shape[d])) {
      loom_status st = diag_error(p->ctx, t->span, LOOM_EINPUT, "the dump does not say the size of dimension %d of %s", d, t->name);
      diag_help(p->ctx, "give it: --shape %s.%d=VALUE", t->name, d);
      return st;
    }
  return LOOM_OK;
}

typedef struct order { size_t *at, n; } order;

/* Tensors of a role: as the dump lists them, or in the order of their first use. */
static order tensors_in_order(dir_program *p, dir_role role) {
  order o = {ARENA_NEW_N(p->mem, size_t, p->tensors.n), 0};
  for (size_t i = 0; i < p->tensors.n; i++)
    if (p->tensors.at[i].role == role)
      o.at[o.n++] = i;
  for (size_t i = 1; i < o.n && !p->has_roles; i++)
    for (size_t j = i; j > 0 && p->tensors.at[o.at[j]].first_use < p->tensors.at[o.at[j - 1]].first_use; j--) {
      size_t other = o.at[j];
      o.at[j] = o.at[j - 1];
      o.at[j - 1] = other;
    }
  return o;
}

/* s77 = x.size(0): each symbol is a variable from the first dimension that is it alone. */
static void write_sizes(dir_writer *w, const dir_tensor *t) {
  for (int d = 0; d < t->val.rank; d++) {
    const char *symbol = dir_name_of(t->val.dim[d]);
    bool is_new = symbol != NULL;
    for (size_t i = 0; i < w->sizes.n; i++)
      is_new = is_new && !text_eq(w->sizes.at[i].name, symbol);
    if (!is_new)
      continue;
    const char *name = dir_fresh(w, symbol);
    syn_node *variable = dir_syn_name(w->mem, t->span, name), **args = ARENA_NEW_N(w->mem, syn_node *, 1);
    args[0] = dir_syn_int(w->mem, t->span, d);
    syn_node *call = dir_syn_call(w->mem, t->span, dir_syn_attribute(w->mem, t->span, dir_syn_name(w->mem, t->span, t->name), "size"), args, 1, NULL, NULL, 0);
    dir_emit(w, dir_syn_assign(w->mem, t->span, variable, call));
    vec_push(w->mem, &w->sizes, ((dir_symbol){.name = symbol, .expr = variable}));
  }
}

/* ---- allocations ---- */
static loom_status dims_of(dir_writer *w, const dir_tensor *t, syn_node **out) {
  const dir_node at = {.name = t->name, .span = t->span};
  syn_node **dims = ARENA_NEW_N(w->mem, syn_node *, t->val.rank);
  for (int d = 0; d < t->val.rank; d++)
    LOOM_TRY(dir_size_expr(w, &at, t->val.dim[d], &dims[d]));
  *out = dir_syn_list(w->mem, t->span, SYN_List, dims, (size_t)t->val.rank);
  return LOOM_OK;
}

/* x = torch.empty([..], dtype=..) */
static loom_status write_allocation(dir_writer *w, const dir_tensor *t) {
  static const char *const makers[] = {"torch.empty", "torch.zeros", "torch.full"};
  static const char *const key = "dtype";
  bool has_value = t->fill == KERNEL_FILL_VALUE;
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 2), **values = ARENA_NEW_N(w->mem, syn_node *, 1);
  LOOM_TRY(dims_of(w, t, &args[0]));
  args[1] = dir_syn_float(w->mem, t->span, t->fill_value);
  values[0] = dir_syn_path(w->mem, t->span, arena_printf(w->mem, "torch.%s", dtype_torch(t->val.type)));
  syn_node *call = dir_syn_call(w->mem, t->span, dir_syn_path(w->mem, t->span, makers[t->fill]), args, has_value ? 2 : 1, &key, values, 1);
  dir_emit(w, dir_syn_assign(w->mem, t->span, dir_syn_name(w->mem, t->span, t->name), call));
  return LOOM_OK;
}

/* x = base.as_strided([..], [..], offset) */
static loom_status write_view(dir_writer *w, const dir_tensor *t) {
  const dir_node at = {.name = t->name, .span = t->span};
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 3), **strides = ARENA_NEW_N(w->mem, syn_node *, t->val.rank);
  LOOM_TRY(dims_of(w, t, &args[0]));
  for (int d = 0; d < t->val.rank; d++)
    LOOM_TRY(dir_size_expr(w, &at, t->stride[d], &strides[d]));
  args[1] = dir_syn_list(w->mem, t->span, SYN_List, strides, (size_t)t->val.rank);
  args[2] = dir_syn_int(w->mem, t->span, 0);
  if (t->offset)
    LOOM_TRY(dir_size_expr(w, &at, t->offset, &args[2]));
  syn_node *f = dir_syn_attribute(w->mem, t->span, dir_syn_name(w->mem, t->span, t->base), "as_strided");
  dir_emit(w, dir_syn_assign(w->mem, t->span, dir_syn_name(w->mem, t->span, t->name), dir_syn_call(w->mem, t->span, f, args, 3, NULL, NULL, 0)));
  return LOOM_OK;
}

/* block_size_2 = hl.register_block_size(size): for blocks that are used outside of their loops. */
static loom_status write_registered(dir_writer *w) {
  for (size_t i = 0; i < w->p->blocks.n; i++) {
    const dir_block *b = &w->p->blocks.at[i];
    int64_t n;
    if (!b->is_registered)
      continue;
    const dir_symbol *hint = b->var ? dir_find_symbol(w->p, b->var) : NULL;
    syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 1);
    if (!b->size || !dir_known(w->p, b->size, &n))
      args[0] = dir_syn_int(w->mem, b->span, hint && hint->value > 0 ? hint->value : 64);
    else
      LOOM_TRY(dir_size_expr(w, &(dir_node){.name = "block", .span = b->span}, b->size, &args[0]));
    syn_node *call = dir_syn_call(w->mem, b->span, dir_syn_path(w->mem, b->span, "helion.language.register_block_size"), args, 1, NULL, NULL, 0);
    dir_emit(w, dir_syn_assign(w->mem, b->span, dir_syn_name(w->mem, b->span, dir_size_name(w->p, b)), call));
  }
  return LOOM_OK;
}

/* ---- grids ---- */
typedef struct access { bool *stored, *touched, *seen; } access;   /* by tensor, by tensor, by graph */

/* What `g` and the graphs that it calls store to and touch; each graph is looked at once.  What is nested too deep is refused when it is written. */
static void note_accesses(dir_program *p, const dir_graph *g, access *a, int depth) {
  if (a->seen[g - p->graphs.at] || depth >= DIR_NESTING_MAX)
    return;
  a->seen[g - p->graphs.at] = true;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const dir_node *n = &g->nodes.at[i];
    const dir_tensor *t = dir_tensor_arg(p, g, n, 0);
    if (t && (text_eq(n->target, "load") || text_eq(n->target, "store") || text_starts(n->target, "atomic_"))) {
      a->touched[t - p->tensors.at] = true;
      a->stored[t - p->tensors.at] = a->stored[t - p->tensors.at] || !text_eq(n->target, "load");
    }
    if (text_starts(n->target, "_for_loop") || text_eq(n->target, "_if") || text_eq(n->target, "_while_loop"))
      for (size_t j = 0; j < n->n_args && j < 3; j++) {
        const dir_graph *inner = n->args[j]->kind == SYN_Constant && n->args[j]->const_kind == SYN_CONST_INT ? dir_find_graph(p, (int)n->args[j]->integer) : NULL;
        if (inner)
          note_accesses(p, inner, a, depth + 1);
      }
  }
}

static access new_access(const dir_program *p) {
  return (access){ARENA_NEW_N(p->mem, bool, p->tensors.n), ARENA_NEW_N(p->mem, bool, p->tensors.n), ARENA_NEW_N(p->mem, bool, p->graphs.n)};
}

/* The second grid touches what the first one wrote, or the dump counts phases. */
static bool needs_barrier(dir_program *p, size_t root) {
  const dir_graph *a = &p->graphs.at[p->roots.at[root - 1]], *b = &p->graphs.at[p->roots.at[root]];
  if (p->has_phases)
    return a->phase != b->phase;
  access before = new_access(p), now = new_access(p);
  for (size_t i = 0; i < root; i++)
    note_accesses(p, &p->graphs.at[p->roots.at[i]], &before, 0);
  note_accesses(p, b, &now, 0);
  for (size_t i = 0; i < p->tensors.n; i++)
    if (before.stored[i] && now.touched[i])
      return true;
  return false;
}

static loom_status write_grids(dir_writer *w) {
  dir_program *p = w->p;
  for (size_t i = 0; i < p->roots.n; i++) {
    dir_graph *g = &p->graphs.at[p->roots.at[i]];
    if (i && needs_barrier(p, i)) {
      syn_node *call = dir_syn_call(w->mem, g->span, dir_syn_path(w->mem, g->span, "helion.language.barrier"), NULL, 0, NULL, NULL, 0);
      dir_emit(w, dir_syn_statement(w->mem, g->span, call));
    }
    LOOM_TRY(g->kind == DIR_HOST ? dir_write_host(w, g) : dir_write_root(w, g));
  }
  return LOOM_OK;
}

static void write_return(dir_writer *w, loom_span at) {
  size_t n = w->p->returns.n;
  syn_node **names = ARENA_NEW_N(w->mem, syn_node *, n);
  for (size_t i = 0; i < n; i++)
    names[i] = w->p->returns.at[i] ? dir_syn_name(w->mem, at, w->p->returns.at[i]) : dir_syn_none(w->mem, at);
  if (n)
    dir_emit(w, dir_syn_return(w->mem, at, n == 1 ? names[0] : dir_syn_list(w->mem, at, SYN_Tuple, names, n)));
}

/* ---- the kernel ---- */
static syn_node *decorator(dir_writer *w, loom_span at) {
  static const char *const key = "static_shapes";
  syn_node *kernel = dir_syn_path(w->mem, at, "helion.kernel"), **values = ARENA_NEW_N(w->mem, syn_node *, 1);
  values[0] = dir_syn_bool(w->mem, at, false);
  return w->p->is_dynamic ? dir_syn_call(w->mem, at, kernel, NULL, 0, &key, values, 1) : kernel;
}

static loom_status write_kernel(dir_writer *w, loom_span at, helion_options *o, syn_node **out) {
  dir_program *p = w->p;
  dir_statements body = {0};
  order args = tensors_in_order(p, DIR_ARG), views = tensors_in_order(p, DIR_VIEW), made = tensors_in_order(p, DIR_ALLOC);
  const char **params = ARENA_NEW_N(w->mem, const char *, args.n);
  helion_given *given = ARENA_NEW_N(w->mem, helion_given, args.n);
  w->out = &body;
  for (size_t i = 0; i < args.n; i++) {
    params[i] = p->tensors.at[args.at[i]].name;
    LOOM_TRY(shape_of(p, &p->tensors.at[args.at[i]], &given[i]));
    write_sizes(w, &p->tensors.at[args.at[i]]);
  }
  LOOM_TRY(write_registered(w));
  for (size_t i = 0; i < made.n; i++)
    LOOM_TRY(write_allocation(w, &p->tensors.at[made.at[i]]));
  for (size_t i = 0; i < views.n; i++)   /* of an argument or an allocation */
    LOOM_TRY(write_view(w, &p->tensors.at[views.at[i]]));
  LOOM_TRY(write_grids(w));
  write_return(w, at);
  *o = (helion_options){.given = given, .n_given = args.n, .function = p->name, .open_sizes = p->options->open_sizes && p->is_dynamic,
                         .assume_divides = p->assume_divides};
  *out = dir_syn_function(w->mem, at, p->name, params, args.n, body.at, body.n, decorator(w, at));
  return LOOM_OK;
}

static size_t count_registered(const dir_program *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->blocks.n; i++)
    n += p->blocks.at[i].is_registered;
  return n;
}

static dir_writer writer_new(dir_program *p, dir_statements *functions) {
  static const char *const modules[] = {"torch", "helion", "builtins", "loom"};
  dir_writer w = {.p = p, .mem = p->mem, .functions = functions, .statements = {DIR_STATEMENTS_MAX}};
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    vec_push(p->mem, &w.names, modules[i]);
  for (size_t i = 0; i < p->tensors.n; i++)
    vec_push(p->mem, &w.names, p->tensors.at[i].name);
  for (size_t i = 0; i < p->blocks.n; i++) {
    vec_push(p->mem, &w.names, dir_tile_name(p, &p->blocks.at[i]));
    vec_push(p->mem, &w.names, dir_size_name(p, &p->blocks.at[i]));
  }
  vec_push(p->mem, &w.names, p->name);
  return w;
}

/* That a block is used outside of its loops is only known behind them: then everything is written again. */
loom_status dir_write_module(dir_program *p, syn_node **out, helion_options *o) {
  loom_span at = {.source = p->source, .line = 1, .col = 1, .end_line = 1, .end_col = 1};
  dir_statements module;
  syn_node *kernel;
  size_t registered;
  static const char *const imports[] = {"torch", "helion", "builtins", "loom"};
  do {
    registered = count_registered(p);
    module = (dir_statements){0};
    for (size_t i = 0; i < sizeof imports / sizeof *imports; i++)
      vec_push(p->mem, &module, dir_syn_import(p->mem, at, imports[i]));
    dir_writer w = writer_new(p, &module);
    LOOM_TRY(write_kernel(&w, at, o, &kernel));
    vec_push(p->mem, &module, kernel);
  } while (count_registered(p) != registered);
  *out = dir_syn_module(p->mem, at, module.at, module.n);
  return LOOM_OK;
}
