/* Graphs as statements: control flow, and what stands for a node that writes nothing itself. */
#include "frontend/device_ir/dir_private.h"

/* ---- variables ---- */
static bool is_name_taken(const dir_writer *w, const char *name) {
  for (size_t i = 0; i < w->names.n; i++)
    if (text_eq(w->names.at[i], name))
      return true;
  return false;
}

const char *dir_fresh(dir_writer *w, const char *wish) {
  const char *name = wish;
  size_t at = 0;
  while (at < w->wishes.n && !text_eq(w->wishes.at[at].name, wish))
    at++;
  if (at == w->wishes.n)
    vec_push(w->mem, &w->wishes, ((dir_wish){wish, 0}));
  while (is_name_taken(w, name))
    name = arena_printf(w->mem, "%s_%d", wish, ++w->wishes.at[at].last);
  vec_push(w->mem, &w->names, name);
  return name;
}

void dir_alias_node(dir_writer *w, const dir_node *n, syn_node *value) { vec_push(w->mem, &w->aliases, ((dir_alias){n, value})); }

syn_node *dir_alias_of(const dir_writer *w, const dir_node *n) {
  for (size_t i = w->aliases.n; i-- > 0;)
    if (w->aliases.at[i].node == n)
      return w->aliases.at[i].value;
  return NULL;
}

void dir_emit(dir_writer *w, syn_node *statement) { vec_push(w->mem, w->out, statement); }

const char *dir_tile_name(dir_program *p, const dir_block *b) { return b->name ? b->name : arena_printf(p->mem, "tile_%d", b->id); }
const char *dir_size_name(dir_program *p, const dir_block *b) { return arena_printf(p->mem, "block_size_%d", b->id); }

/* ---- results of control flow ---- */
typedef struct result { const char *name; const dir_node *before; bool is_needed; } result;   /* variable; what it holds before; is it looked at */

static bool is_getitem_of(const dir_node *n, const dir_node *call, int64_t *index) {
  if (!text_eq(n->target, "getitem") || n->n_args != 2 || !text_eq(dir_name_of(n->args[0]), call->name) || n->args[1]->kind != SYN_Constant)
    return false;
  *index = n->args[1]->integer;
  return true;
}

static const dir_node *node_arg(const dir_writer *w, const dir_node *n, size_t i) {
  return i < n->n_args && dir_name_of(n->args[i]) ? dir_find_node(w->graph, dir_name_of(n->args[i])) : NULL;
}

/* Finds for each of `count` results what _phi says it replaces.  `halves`: getitem k + count is result k too. */
static void find_results(const dir_writer *w, const dir_node *call, result *results, int64_t count) {
  for (size_t i = 0; i < w->graph->nodes.n && count; i++) {
    const dir_node *n = &w->graph->nodes.at[i];
    int64_t k;
    if (is_getitem_of(n, call, &k) && k >= 0)
      results[k % count].is_needed = true;
    if (!text_eq(n->target, "_phi") || n->n_args != 2)
      continue;
    const dir_node *a = node_arg(w, n, 0), *b = node_arg(w, n, 1);
    if (a && b && is_getitem_of(b, call, &k) && k >= 0 && !is_getitem_of(a, call, &(int64_t){0}))
      results[k % count].before = a;
  }
}

/* The getitem and _phi nodes of `call` are the variables of the results. */
static void alias_results(dir_writer *w, const dir_node *call, const result *results, int64_t count) {
  for (size_t i = 0; i < w->graph->nodes.n && count; i++) {
    const dir_node *n = &w->graph->nodes.at[i], *b = text_eq(n->target, "_phi") ? node_arg(w, n, 1) : NULL;
    int64_t k;
    if ((is_getitem_of(n, call, &k) || (b && is_getitem_of(b, call, &k))) && k >= 0)
      dir_alias_node(w, n, dir_syn_name(w->mem, n->span, results[k % count].name));
  }
}

static loom_status variable_of(dir_writer *w, const dir_node *user, const dir_node *n, syn_node **out) {
  return dir_argument(w, user, dir_syn_name(w->mem, user->span, n->name), DIR_AS_VALUE, out);
}

/* ---- bodies ---- */
static const dir_node *output_of(const dir_graph *g) {
  for (size_t i = g->nodes.n; i-- > 0;)
    if (g->nodes.at[i].op == DIR_OUTPUT)
      return &g->nodes.at[i];
  return NULL;
}

/* ([a, b],) and (a,) and [a, b]; None gives nothing. */
static syn_node **outputs_of(const dir_graph *g, size_t *n) {
  const dir_node *o = output_of(g);
  *n = 0;
  if (!o || !o->n_args || (o->args[0]->kind == SYN_Constant && o->args[0]->const_kind == SYN_CONST_NONE))
    return NULL;
  if (o->args[0]->kind != SYN_List && o->args[0]->kind != SYN_Tuple) {
    *n = o->n_args;
    return o->args;
  }
  return syn_list(o->args[0], "elts", n);
}

static loom_status check_placeholders(dir_writer *w, const dir_node *call, const dir_graph *g, size_t n_args) {
  size_t n = 0;
  for (size_t i = 0; i < g->nodes.n; i++)
    n += g->nodes.at[i].op == DIR_PLACEHOLDER;
  if (n != n_args)
    LOOM_FAIL(w->p->ctx, call->span, LOOM_EINPUT, "graph %d has %zu placeholders and is given %zu arguments", g->id, n, n_args);
  return LOOM_OK;
}

/* Writes graph `g` into `body`, its placeholders being `values`; `outputs` are its outputs as expressions. */
static loom_status write_body(dir_writer *w, const dir_node *call, dir_graph *g, syn_node **values, size_t n_values, dir_statements *body, syn_node **outputs,
                              size_t n_outputs) {
  const dir_graph *outer = w->graph;
  dir_statements *out = w->out;
  size_t aliases = w->aliases.n, given, at = 0;
  if (w->depth >= DIR_NESTING_MAX)   /* no graph calls itself: dir_infer looked */
    LOOM_FAIL(w->p->ctx, call->span, LOOM_ELIMIT, "graphs nested more than %d deep", DIR_NESTING_MAX);
  LOOM_TRY(check_placeholders(w, call, g, n_values));
  for (size_t i = 0; i < g->nodes.n; i++)
    if (g->nodes.at[i].op == DIR_PLACEHOLDER)
      dir_alias_node(w, &g->nodes.at[i], values[at++]);
  w->graph = g;
  w->out = body;
  w->depth++;
  g->is_open = true;
  LOOM_TRY(dir_write_graph(w, g));
  syn_node **results = outputs_of(g, &given);
  for (size_t i = 0; i < n_outputs; i++) {
    if (i >= given)
      LOOM_FAIL(w->p->ctx, call->span, LOOM_EINPUT, "graph %d has %zu outputs; %zu are used", g->id, given, n_outputs);
    LOOM_TRY(dir_argument(w, output_of(g), results[i], DIR_AS_VALUE, &outputs[i]));
  }
  g->is_open = false;
  w->depth--;
  w->graph = outer;
  w->out = out;
  w->aliases.n = aliases;
  return LOOM_OK;
}

static loom_status graph_arg(dir_writer *w, const dir_node *n, size_t i, dir_graph **out) {
  bool has = i < n->n_args && n->args[i]->kind == SYN_Constant && n->args[i]->const_kind == SYN_CONST_INT;
  *out = has ? dir_find_graph(w->p, (int)n->args[i]->integer) : NULL;
  if (!*out)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "argument %zu of %s is the number of a graph of the dump", i, n->target);
  return LOOM_OK;
}

static loom_status list_arg(dir_writer *w, const dir_node *n, size_t i, syn_node ***items, size_t *count) {
  *items = i < n->n_args ? syn_list(n->args[i], "elts", count) : NULL;
  if (i >= n->n_args || (n->args[i]->kind != SYN_List && n->args[i]->kind != SYN_Tuple))
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "argument %zu of %s is a list", i, n->target);
  return LOOM_OK;
}

static syn_node *tuple(dir_writer *w, loom_span at, syn_node **items, size_t n) { return dir_syn_list(w->mem, at, SYN_Tuple, items, n); }

/* (a, b) = (x, y) */
static void assign_all(dir_writer *w, loom_span at, const result *results, syn_node **values, size_t n) {
  syn_node **names = ARENA_NEW_N(w->mem, syn_node *, n);
  for (size_t i = 0; i < n; i++)
    names[i] = dir_syn_name(w->mem, at, results[i].name);
  if (n)
    dir_emit(w, dir_syn_assign(w->mem, at, tuple(w, at, names, n), tuple(w, at, values, n)));
}

/* ---- loops ---- */
/* The variables that a loop changes: made from what they hold before it. */
static loom_status start_results(dir_writer *w, const dir_node *n, result *results, size_t count) {
  find_results(w, n, results, (int64_t)count);
  for (size_t i = 0; i < count; i++) {
    syn_node *value;
    if (!results[i].before)
      LOOM_FAIL(w->p->ctx, n->span, LOOM_EUNSUP, "output %zu of this loop replaces nothing: no _phi joins it with a value from before", i);
    results[i].name = dir_fresh(w, results[i].before->name);
    LOOM_TRY(variable_of(w, n, results[i].before, &value));
    dir_emit(w, dir_syn_assign(w->mem, n->span, dir_syn_name(w->mem, n->span, results[i].name), value));
  }
  return LOOM_OK;
}

/* Placeholders: the variable of a result for what the loop changes, else the value from outside. */
static loom_status loop_arguments(dir_writer *w, const dir_node *n, syn_node **args, size_t n_args, const result *results, size_t count, syn_node **out) {
  bool *is_used = ARENA_NEW_N(w->mem, bool, count);
  for (size_t i = 0; i < n_args; i++) {
    LOOM_TRY(dir_argument(w, n, args[i], DIR_AS_VALUE, &out[i]));
    for (size_t k = 0; k < count; k++)
      if (!is_used[k] && text_eq(dir_name_of(args[i]), results[k].before->name)) {
        out[i] = dir_syn_name(w->mem, n->span, results[k].name);
        is_used[k] = true;
        break;
      }
  }
  return LOOM_OK;
}

/* hl.grid([begins], [ends], [steps]); a step of 1 is not said. */
static loom_status grid_call(dir_writer *w, loom_span at, const dir_node *n, const dir_graph *g, syn_node **begins, syn_node **ends, syn_node **out) {
  size_t count = (size_t)g->n_blocks;
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 3), **steps = ARENA_NEW_N(w->mem, syn_node *, count);
  bool has_steps = false;
  for (size_t i = 0; i < count; i++) {
    const dir_block *b = &w->p->blocks.at[g->block[i]];
    int64_t step;
    if (!b->index)
      LOOM_FAIL(w->p->ctx, g->span, LOOM_EUNSUP, "a loop over tiles of one range and single indices of another");
    LOOM_TRY(dir_size_expr(w, n, b->fixed, &steps[i]));
    has_steps = has_steps || !dir_known(w->p, b->fixed, &step) || step != 1;
  }
  args[0] = dir_syn_list(w->mem, at, SYN_List, begins, count);
  args[1] = dir_syn_list(w->mem, at, SYN_List, ends, count);
  args[2] = dir_syn_list(w->mem, at, SYN_List, steps, count);
  *out = dir_syn_call(w->mem, at, dir_syn_path(w->mem, at, "helion.language.grid"), args, has_steps ? 3 : 2, NULL, NULL, 0);
  return LOOM_OK;
}

/* hl.tile([begins], [ends], block_size=[..]) over the blocks of `g`. */
static loom_status tile_call(dir_writer *w, loom_span at, const dir_node *n, const dir_graph *g, syn_node **begins, syn_node **ends, syn_node **out) {
  size_t count = (size_t)g->n_blocks;
  for (size_t i = 0; i < count; i++)
    if (w->p->blocks.at[g->block[i]].index)
      return grid_call(w, at, n, g, begins, ends, out);
  syn_node **sizes = ARENA_NEW_N(w->mem, syn_node *, count);
  bool has_sizes = false;
  for (size_t i = 0; i < count; i++) {
    const dir_block *b = &w->p->blocks.at[g->block[i]];
    if (b->fixed)
      LOOM_TRY(dir_size_expr(w, n, b->fixed, &sizes[i]));
    else
      sizes[i] = b->is_registered ? dir_syn_name(w->mem, at, dir_size_name(w->p, b)) : dir_syn_none(w->mem, at);
    has_sizes = has_sizes || b->fixed || b->is_registered;
  }
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 2), **values = ARENA_NEW_N(w->mem, syn_node *, 1);
  args[0] = dir_syn_list(w->mem, at, SYN_List, begins, count);
  args[1] = dir_syn_list(w->mem, at, SYN_List, ends, count);
  values[0] = dir_syn_list(w->mem, at, SYN_List, sizes, count);
  static const char *const key = "block_size";
  *out = dir_syn_call(w->mem, at, dir_syn_path(w->mem, at, "helion.language.tile"), args, 2, &key, values, has_sizes);
  return LOOM_OK;
}

static syn_node *tile_target(dir_writer *w, loom_span at, const dir_graph *g) {
  syn_node **names = ARENA_NEW_N(w->mem, syn_node *, g->n_blocks);
  for (int i = 0; i < g->n_blocks; i++)
    names[i] = dir_syn_name(w->mem, at, dir_tile_name(w->p, &w->p->blocks.at[g->block[i]]));
  return tuple(w, at, names, (size_t)g->n_blocks);
}

static void set_open(dir_writer *w, const dir_graph *g, bool is_open) {
  for (int i = 0; i < g->n_blocks; i++)
    w->p->blocks.at[g->block[i]].is_open = is_open;
}

static loom_status write_loop(dir_writer *w, const dir_node *n) {
  dir_graph *g;
  syn_node **begins, **ends, **args, *iter;
  size_t n_begins, n_ends, n_args, count;
  LOOM_TRY(graph_arg(w, n, 0, &g));
  LOOM_TRY(list_arg(w, n, 1, &begins, &n_begins));
  LOOM_TRY(list_arg(w, n, 2, &ends, &n_ends));
  LOOM_TRY(list_arg(w, n, 3, &args, &n_args));
  if (text_eq(n->target, "_for_loop_step"))
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EUNSUP, "a loop with a step (_for_loop_step)");
  outputs_of(g, &count);
  if (n_begins != n_ends || n_ends != (size_t)g->n_blocks)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "the loop has %zu begins, %zu ends and %d blocks", n_begins, n_ends, g->n_blocks);
  syn_node **from = ARENA_NEW_N(w->mem, syn_node *, n_ends), **to = ARENA_NEW_N(w->mem, syn_node *, n_ends);
  for (size_t i = 0; i < n_ends; i++) {
    LOOM_TRY(dir_argument(w, n, begins[i], DIR_AS_VALUE, &from[i]));
    LOOM_TRY(dir_argument(w, n, ends[i], DIR_AS_VALUE, &to[i]));
  }
  LOOM_TRY(tile_call(w, n->span, n, g, from, to, &iter));
  result *results = ARENA_NEW_N(w->mem, result, count);
  syn_node **values = ARENA_NEW_N(w->mem, syn_node *, n_args), **outputs = ARENA_NEW_N(w->mem, syn_node *, count);
  LOOM_TRY(start_results(w, n, results, count));
  LOOM_TRY(loop_arguments(w, n, args, n_args, results, count, values));
  dir_statements body = {0}, *out = w->out;
  set_open(w, g, true);
  LOOM_TRY(write_body(w, n, g, values, n_args, &body, outputs, count));
  set_open(w, g, false);
  w->out = &body;
  assign_all(w, n->span, results, outputs, count);
  w->out = out;
  alias_results(w, n, results, (int64_t)count);
  dir_emit(w, dir_syn_for(w->mem, n->span, tile_target(w, n->span, g), iter, body.at, body.n));
  return LOOM_OK;
}

/* A graph as a function of the module: conditions of while, what scans and reductions combine with. */
static loom_status write_function(dir_writer *w, const dir_node *n, dir_graph *g, const char **out_name) {
  VEC_OF(const char *) params = {0};
  VEC_OF(syn_node *) values = {0};
  size_t count;
  dir_statements body = {0};
  *out_name = dir_fresh(w, arena_printf(w->mem, "graph_%d", g->id));
  for (size_t i = 0; i < g->nodes.n; i++)
    if (g->nodes.at[i].op == DIR_PLACEHOLDER) {
      const char *name = dir_fresh(w, g->nodes.at[i].name);
      vec_push(w->mem, &params, name);
      vec_push(w->mem, &values, dir_syn_name(w->mem, n->span, name));
    }
  outputs_of(g, &count);
  syn_node **outputs = ARENA_NEW_N(w->mem, syn_node *, count);
  LOOM_TRY(write_body(w, n, g, values.at, values.n, &body, outputs, count));
  vec_push(w->mem, &body, dir_syn_return(w->mem, n->span, count == 1 ? outputs[0] : tuple(w, n->span, outputs, count)));
  vec_push(w->mem, w->functions, dir_syn_function(w->mem, n->span, *out_name, params.at, params.n, body.at, body.n, NULL));
  return LOOM_OK;
}

/* _while_loop(cond, body, args): results replace arguments as those of a loop do. */
static loom_status write_while(dir_writer *w, const dir_node *n) {
  dir_graph *cond, *g;
  syn_node **args;
  size_t n_args, count;
  const char *test;
  LOOM_TRY(graph_arg(w, n, 0, &cond));
  LOOM_TRY(graph_arg(w, n, 1, &g));
  LOOM_TRY(list_arg(w, n, 2, &args, &n_args));
  outputs_of(g, &count);
  result *results = ARENA_NEW_N(w->mem, result, count);
  syn_node **values = ARENA_NEW_N(w->mem, syn_node *, n_args), **outputs = ARENA_NEW_N(w->mem, syn_node *, count);
  LOOM_TRY(start_results(w, n, results, count));
  LOOM_TRY(loop_arguments(w, n, args, n_args, results, count, values));
  LOOM_TRY(check_placeholders(w, n, cond, n_args));
  LOOM_TRY(write_function(w, n, cond, &test));
  dir_statements body = {0}, *out = w->out;
  LOOM_TRY(write_body(w, n, g, values, n_args, &body, outputs, count));
  w->out = &body;
  assign_all(w, n->span, results, outputs, count);
  w->out = out;
  alias_results(w, n, results, (int64_t)count);
  syn_node *call = dir_syn_call(w->mem, n->span, dir_syn_name(w->mem, n->span, test), values, n_args, NULL, NULL, 0);
  dir_emit(w, dir_syn_while(w->mem, n->span, call, body.at, body.n));
  return LOOM_OK;
}

/* ---- branches ---- */
/* Which outputs the results are: what the dump says; without it, with one branch its outputs in order, with two as many pairs. */
static loom_status branch_pairs(dir_writer *w, const dir_node *n, const dir_graph *yes, const dir_graph *no, dir_branch **out, size_t *count) {
  size_t n_yes, n_no = 0;
  outputs_of(yes, &n_yes);
  if (no)
    outputs_of(no, &n_no);
  if (yes->has_branches) {
    *out = yes->branches.at;
    *count = yes->branches.n;
    return LOOM_OK;
  }
  *count = n_yes ? n_yes : n_no;
  result *results = ARENA_NEW_N(w->mem, result, *count);
  find_results(w, n, results, (int64_t)*count);
  bool is_clear = !n_yes || !n_no || n_yes == n_no;
  for (size_t i = 0; i < *count && n_yes && n_no; i++)
    is_clear = is_clear && !results[i].before;
  if (!is_clear)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EUNSUP, "the text does not say which outputs of the two branches belong together; export the kernel as JSON");
  *out = ARENA_NEW_N(w->mem, dir_branch, *count);
  for (size_t i = 0; i < *count; i++)
    (*out)[i] = (dir_branch){n_yes ? (int)i : -1, n_no ? (int)i : -1};
  return LOOM_OK;
}

static loom_status write_branch(dir_writer *w, const dir_node *n, dir_graph *g, syn_node **args, size_t n_args, const result *results, const dir_branch *pairs,
                                size_t count, bool is_yes, dir_statements *body) {
  size_t n_outputs;
  if (!g)
    return LOOM_OK;
  outputs_of(g, &n_outputs);
  syn_node **values = ARENA_NEW_N(w->mem, syn_node *, n_args), **outputs = ARENA_NEW_N(w->mem, syn_node *, n_outputs);
  for (size_t i = 0; i < n_args; i++)
    LOOM_TRY(dir_argument(w, n, args[i], DIR_AS_VALUE, &values[i]));
  LOOM_TRY(write_body(w, n, g, values, n_args, body, outputs, n_outputs));
  for (size_t i = 0; i < count; i++) {
    int k = is_yes ? pairs[i].yes : pairs[i].no;
    if (k >= (int)n_outputs)
      LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "graph %d has %zu outputs; output %d is used", g->id, n_outputs, k);
    if (k >= 0 && results[i].name)
      vec_push(w->mem, body, dir_syn_assign(w->mem, n->span, dir_syn_name(w->mem, n->span, results[i].name), outputs[k]));
  }
  return LOOM_OK;
}

/* _if(test, graph, args) of 0.2, _if(test, graph, else graph, args, else args) since. */
static loom_status write_if(dir_writer *w, const dir_node *n) {
  bool has_else = n->n_args >= 5;
  dir_graph *yes, *no = NULL;
  syn_node **args, **else_args = NULL, *test;
  size_t n_args, n_else = 0, count;
  dir_branch *pairs = NULL;
  LOOM_TRY(graph_arg(w, n, 1, &yes));
  LOOM_TRY(list_arg(w, n, has_else ? 3 : 2, &args, &n_args));
  if (has_else && !(n->args[2]->kind == SYN_Constant && n->args[2]->const_kind == SYN_CONST_NONE)) {
    LOOM_TRY(graph_arg(w, n, 2, &no));
    LOOM_TRY(list_arg(w, n, 4, &else_args, &n_else));
  }
  LOOM_TRY(dir_argument(w, n, n->args[0], DIR_AS_VALUE, &test));
  LOOM_TRY(branch_pairs(w, n, yes, no, &pairs, &count));
  result *results = ARENA_NEW_N(w->mem, result, count);
  find_results(w, n, results, (int64_t)count);
  for (size_t i = 0; i < count; i++) {
    syn_node *value;
    if (!results[i].is_needed)
      continue;
    results[i].name = dir_fresh(w, results[i].before ? results[i].before->name : "chosen");
    if (!results[i].before && (pairs[i].yes < 0 || pairs[i].no < 0))
      LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "result %zu of '%s' is no output of %s, and no value that was there before", i, n->name,
                pairs[i].yes >= 0 ? "the other branch" : pairs[i].no >= 0 ? "the branch" : "either branch");
    if (!results[i].before)
      continue;
    LOOM_TRY(variable_of(w, n, results[i].before, &value));
    dir_emit(w, dir_syn_assign(w->mem, n->span, dir_syn_name(w->mem, n->span, results[i].name), value));
  }
  dir_statements body = {0}, other = {0};
  LOOM_TRY(write_branch(w, n, yes, args, n_args, results, pairs, count, true, &body));
  LOOM_TRY(write_branch(w, n, no, else_args, n_else, results, pairs, count, false, &other));
  alias_results(w, n, results, (int64_t)count);
  dir_emit(w, dir_syn_if(w->mem, n->span, test, body.at, body.n, other.at, other.n));
  return LOOM_OK;
}

/* ---- graphs ---- */
loom_status dir_write_graph(dir_writer *w, dir_graph *g) {
  for (size_t i = 0; i < g->nodes.n; i++) {
    dir_node *n = &g->nodes.at[i];
    if (!budget_spend(&w->statements, 1))   /* graphs that are called are written out each time */
      LOOM_FAIL(w->p->ctx, n->span, LOOM_ELIMIT, "the graphs of the dump make more than %d statements", DIR_STATEMENTS_MAX);
    if (n->op != DIR_CALL || dir_alias_of(w, n))
      continue;
    if (text_eq(n->target, "_for_loop") || text_eq(n->target, "_for_loop_step"))
      LOOM_TRY(write_loop(w, n));
    else if (text_eq(n->target, "_while_loop"))
      LOOM_TRY(write_while(w, n));
    else if (text_eq(n->target, "_if"))
      LOOM_TRY(write_if(w, n));
    else
      LOOM_TRY(dir_write_call(w, n));
  }
  return LOOM_OK;
}

/* The grid of root graph `g` as a statement of the kernel. */
loom_status dir_write_root(dir_writer *w, dir_graph *g) {
  size_t count = (size_t)g->n_blocks;
  syn_node **begins = ARENA_NEW_N(w->mem, syn_node *, count), **ends = ARENA_NEW_N(w->mem, syn_node *, count), *iter;
  const dir_node *first = g->nodes.n ? &g->nodes.at[0] : NULL;
  dir_statements body = {0};
  for (size_t i = 0; i < count && first; i++) {
    const dir_block *b = &w->p->blocks.at[g->block[i]];
    if (!b->size)
      LOOM_FAIL(w->p->ctx, b->span, LOOM_EINPUT, "block %d tiles a grid and has no size", b->id);
    LOOM_TRY(dir_size_expr(w, first, b->size, &ends[i]));
    begins[i] = dir_syn_int(w->mem, g->span, 0);
    if (g->begin[i]) {
      LOOM_TRY(dir_size_expr(w, first, g->begin[i], &begins[i]));
      ends[i] = dir_syn_binary(w->mem, g->span, SYN_Add, begins[i], ends[i]);
    }
  }
  if (!first)
    LOOM_FAIL(w->p->ctx, g->span, LOOM_EINPUT, "graph %d is empty", g->id);
  LOOM_TRY(tile_call(w, g->span, first, g, begins, ends, &iter));
  set_open(w, g, true);
  LOOM_TRY(write_body(w, first, g, NULL, 0, &body, NULL, 0));
  set_open(w, g, false);
  dir_emit(w, dir_syn_for(w->mem, g->span, tile_target(w, g->span, g), iter, body.at, body.n));
  return LOOM_OK;
}

loom_status dir_write_helper(dir_writer *w, const dir_node *n, size_t i, const char **out_name) {
  dir_graph *g;
  LOOM_TRY(graph_arg(w, n, i, &g));
  return write_function(w, n, g, out_name);
}

/* def graph_3(m, x, out): ..; loom.host(graph_3, m, x, out): its sizes and tensors are variables of the kernel. */
loom_status dir_write_host(dir_writer *w, dir_graph *g) {
  const dir_node *first = g->nodes.n ? &g->nodes.at[0] : NULL;
  VEC_OF(const char *) params = {0};
  VEC_OF(syn_node *) args = {0};
  dir_statements body = {0};
  if (!first)
    return LOOM_OK;
  const char *name = dir_fresh(w, arena_printf(w->mem, "graph_%d", g->id));
  vec_push(w->mem, &args, dir_syn_name(w->mem, g->span, name));
  for (size_t i = 0; i < w->sizes.n; i++)
    vec_push(w->mem, &params, dir_name_of(w->sizes.at[i].expr));
  for (size_t i = 0; i < w->p->blocks.n; i++)
    if (w->p->blocks.at[i].is_registered)
      vec_push(w->mem, &params, dir_size_name(w->p, &w->p->blocks.at[i]));
  for (size_t i = 0; i < w->p->tensors.n; i++)
    vec_push(w->mem, &params, w->p->tensors.at[i].name);
  for (size_t i = 0; i < params.n; i++)
    vec_push(w->mem, &args, dir_syn_name(w->mem, g->span, params.at[i]));
  LOOM_TRY(write_body(w, first, g, NULL, 0, &body, NULL, 0));
  vec_push(w->mem, w->functions, dir_syn_function(w->mem, g->span, name, params.at, params.n, body.at, body.n, NULL));
  dir_emit(w, dir_syn_statement(w->mem, g->span, dir_syn_call(w->mem, g->span, dir_syn_path(w->mem, g->span, "loom.host"), args.at, args.n, NULL, NULL, 0)));
  return LOOM_OK;
}
