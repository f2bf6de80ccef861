/* What editors are told of a file: of kernels the diagnostics of the front end, names, symbols, predicted cycles; of machine files what the checks say. */
#include "cli/cli_diag.h"
#include "cli/worker_lsp.h"
#include "frontend/python/syntax.h"
#include "machine/machine.h"
#include "machine/machine_template.h"
#include <stdlib.h>
#include <string.h>

enum { KERNELS_MAX = 64, NAMES_MAX = 50000, WORDS_MAX = 300 };

/* ---- names ---- */

typedef struct told { loom_span at; const char *name, *is; size_t order; } told;
typedef struct listener { arena *mem; const diag_source *source; VEC_OF(told) all; } listener;

static void take_name(void *data, loom_span at, const char *name, const char *is) {
  listener *l = data;
  if (l->all.n < NAMES_MAX && at.line > 0)
    vec_push(l->mem, &l->all, ((told){at, name, is, l->all.n}));
}

static int by_place(const void *a, const void *b) {
  const told *x = a, *y = b;
  return x->at.line != y->at.line ? (x->at.line > y->at.line) - (x->at.line < y->at.line)
         : x->at.col != y->at.col ? (x->at.col > y->at.col) - (x->at.col < y->at.col)
                                  : (x->order > y->order) - (x->order < y->order);
}

/* Sizes may be long expressions. */
static const char *shortened(arena *m, const char *s) {
  size_t n = 0;
  while (n < WORDS_MAX && s[n])
    do
      n++;
    while (((unsigned char)s[n] & 0xC0) == 0x80);
  return s[n] ? arena_printf(m, "%.*s ..", (int)n, s) : s;
}

/* Of what was told of one place, the last. */
static data_value *names_to_data(arena *m, const listener *l) {
  data_value *out = data_array(m);
  if (l->all.n)
    qsort(l->all.at, l->all.n, sizeof *l->all.at, by_place);
  for (size_t i = 0; i < l->all.n; i++) {
    const told *t = &l->all.at[i];
    if (i + 1 < l->all.n && t[1].at.line == t->at.line && t[1].at.col == t->at.col)
      continue;
    data_value *row = data_array(m);
    data_push(m, row, data_int(m, t->at.line));
    data_push(m, row, data_int(m, t->at.col));
    data_push(m, row, data_string(m, t->name));
    data_push(m, row, data_string(m, shortened(m, t->is)));
    data_push(m, out, row);
  }
  return out;
}

/* ---- symbols ---- */

static data_value *place(arena *m, int32_t line, int32_t col, int32_t end_line, int32_t end_col) {
  data_value *v = data_array(m);
  const int32_t all[] = {line, col, end_line, end_col};
  for (int i = 0; i < 4; i++)
    data_push(m, v, data_int(m, all[i]));
  return v;
}

/* The name stands behind `def` or `class` in the line that the node begins in. */
static data_value *name_place(arena *m, const syn_node *n, const char *name) {
  size_t length;
  const char *line = cli_diag_line(n->span.source, n->span.line, &length);
  const char *at = line ? memmem(line + n->span.col - 1, length - (size_t)n->span.col + 1, name, strlen(name)) : NULL;
  const int32_t col = at ? (int32_t)(at - line) + 1 : n->span.col;
  return place(m, n->span.line, col, n->span.line, col + (int32_t)strlen(name));
}

static bool is_kernel(const helion_place *kernels, size_t n, const syn_node *node) {
  for (size_t i = 0; i < n; i++)
    if (kernels[i].span.line == node->span.line && kernels[i].span.col == node->span.col)
      return true;
  return false;
}

static data_value *symbols_of(arena *m, const syn_node *in, const helion_place *kernels, size_t n_kernels, int depth) {
  enum { DEPTH_MAX = 8 };
  data_value *out = data_array(m);
  size_t n;
  syn_node **body = syn_list(in, "body", &n);
  for (size_t i = 0; i < n && depth < DEPTH_MAX; i++) {
    const syn_node *s = body[i];
    if (s->kind != SYN_FunctionDef && s->kind != SYN_AsyncFunctionDef && s->kind != SYN_ClassDef)
      continue;
    data_value *o = data_object(m);
    data_set_string(m, o, "name", syn_ident(s, "name"));
    data_set_string(m, o, "kind", s->kind == SYN_ClassDef ? "class" : "function");
    if (is_kernel(kernels, n_kernels, s))
      data_set_string(m, o, "detail", "kernel");
    data_set(m, o, "range", place(m, s->span.line, s->span.col, s->span.end_line, s->span.end_col));
    data_set(m, o, "name_range", name_place(m, s, syn_ident(s, "name")));
    data_set(m, o, "children", symbols_of(m, s, kernels, n_kernels, depth + 1));
    data_push(m, out, o);
  }
  return out;
}

/* ---- kernels ---- */

/* Of options, which have no place of their own. */
static void give_place(diag_mark since, loom_span where) {
  for (diag_item *d = *since.last; d; d = d->next)
    if (!d->span.source)
      d->span = where;
}

static loom_status read_options(loom_ctx *ctx, const lsp_task *t, const char *name, cli_options *o, compile_options *c) {
  loom_span where;
  const diag_mark before = diag_save(ctx);
  loom_status st = worker_lsp_options(ctx, t, name, o, &where);
  if (st == LOOM_OK)
    st = worker_read_kernel_options(ctx, o, c);
  give_place(before, where);
  c->helion.function = name;
  return st;
}

/* With the sizes that are said, else with those of a call in the file. */
static loom_status read_kernel(loom_ctx *ctx, const syn_node *tree, const helion_place *kernel, helion_options *h) {
  const diag_mark before = diag_save(ctx);
  kernel_graph *k;
  size_t n;
  const loom_status st = helion_read(ctx, tree, h, &k);
  const helion_given *call = h->watch->missing ? worker_lsp_find_call(&ctx->mem, tree, kernel, &n) : NULL;
  if (!call)
    return st;
  helion_given *all = ARENA_NEW_N(&ctx->mem, helion_given, h->n_given + n);
  if (h->n_given)
    memcpy(all, h->given, h->n_given * sizeof *all);
  memcpy(all + h->n_given, call, n * sizeof *all);
  h->given = all;
  h->n_given += n;
  h->watch->missing = NULL;
  diag_drop(ctx, before);
  return helion_read(ctx, tree, h, &k);
}

/* The line that is to be written: each argument whose sizes are missing ("x.0, x.1, y.0"), once. */
static const char *shape_needed(arena *m, const char *missing) {
  text t = text_new(m);
  const char *last = "";
  for (const char *at = missing; *at;) {
    const size_t n = strcspn(at, ".,"), last_n = strcspn(last, ".,");
    if (n != last_n || strncmp(at, last, n) != 0)
      text_addf(&t, "%s%.*s=..", t.size ? "," : "shape needed: # loom: --shape ", (int)n, at);
    last = at;
    at += strcspn(at, ",");
    at += strspn(at, ", ");
  }
  return text_str(&t);
}

/* NULL: nothing stands in the way of a cost. */
static const char *check_kernel(loom_ctx *ctx, const lsp_task *t, const syn_node *tree, const helion_place *kernel, listener *l) {
  cli_options o;
  compile_options c;
  helion_watch watch = {take_name, l, NULL};
  loom_status st = read_options(ctx, t, kernel->name, &o, &c);
  c.helion.watch = &watch;
  if (st == LOOM_OK)
    st = read_kernel(ctx, tree, kernel, &c.helion);
  if (watch.missing)
    return shape_needed(&ctx->mem, watch.missing);
  return st == LOOM_OK ? NULL : "no prediction: the kernel has errors";
}

void worker_lsp_check_kernels(loom_ctx *ctx, const lsp_task *t, data_value *out) {
  arena *m = &ctx->mem;
  syn_node *tree;
  size_t found;
  if (python_parse(ctx, t->path, t->source, t->size, &tree) != LOOM_OK)
    return;
  const helion_place *kernels = helion_places(ctx, tree, &found);
  const size_t n = found < KERNELS_MAX ? found : KERNELS_MAX;
  listener l = {m, tree->span.source, {0}};
  data_value *rows = data_array(m);
  for (size_t i = 0; i < n; i++) {
    data_value *row = data_object(m);
    const char *title = check_kernel(ctx, t, tree, &kernels[i], &l);
    data_set_string(m, row, "name", kernels[i].name);
    data_set_int(m, row, "line", kernels[i].line);
    if (title)
      data_set_string(m, row, "title", title);
    data_push(m, rows, row);
  }
  data_set(m, out, "kernels", rows);
  data_set(m, out, "names", names_to_data(m, &l));
  data_set(m, out, "symbols", symbols_of(m, tree, kernels, n, 0));
}

/* ---- costs ---- */

static const char *error_of(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    if (d->severity == DIAG_ERROR)
      return d->text;
  return "it has no plan";
}

static const char *cost_title(arena *m, const compile_state *s) {
  static const char *const proofs[] = {"assigned", "best found", "optimal"};
  const plan *p = s->plan;
  text t = text_new(m);
  text_addf(&t, "%s cycles on %s (%s),", text_thousands(m, p->predicted_cycles), s->machine->name, proofs[p->proof]);
  for (size_t i = 0; i < p->blocks.n; i++)
    text_addf(&t, " %s=%" PRId64, p->blocks.at[i].symbol, p->blocks.at[i].size);
  return text_str(&t);
}

static void ignore_name(void *data, loom_span at, const char *name, const char *is) { (void)data, (void)at, (void)name, (void)is; }

/* As it was checked: the sizes may be those of a call. */
static void find_sizes(loom_ctx *ctx, const lsp_task *t, const char *name, helion_options *h) {
  const diag_mark before = diag_save(ctx);
  helion_watch watch = {ignore_name, NULL, NULL};
  syn_node *tree;
  size_t n = 0;
  const helion_place *kernels = python_parse(ctx, t->path, t->source, t->size, &tree) == LOOM_OK ? helion_places(ctx, tree, &n) : NULL;
  h->watch = &watch;
  for (size_t i = 0; i < n; i++)
    if (text_eq(kernels[i].name, name))
      (void)(read_kernel(ctx, tree, &kernels[i], h) == LOOM_OK);
  h->watch = NULL;
  diag_drop(ctx, before);
}

const char *worker_lsp_cost(loom_ctx *ctx, const lsp_task *t, const char *kernel) {
  static const double longest_s = 5;
  cli_options o;
  compile_options c;
  compile_state s;
  if (read_options(ctx, t, kernel, &o, &c) != LOOM_OK)
    return arena_printf(&ctx->mem, "no prediction: %s", error_of(ctx));
  find_sizes(ctx, t, kernel, &c.helion);
  c.source = t->source;
  c.source_size = t->size;
  c.topk = 1;
  c.search_host = true;
  c.stop_after = COMPILE_PLAN;
  c.timeout_s = longest_s;
  c.threads = c.threads < 2 ? c.threads : 2;      /* somebody is typing here */
  const loom_status st = compile_kernel(ctx, &c, &s);
  const char *title = st == LOOM_OK && s.plan ? cost_title(&ctx->mem, &s) : arena_printf(&ctx->mem, "no prediction on %s: %s", c.machine ? c.machine : "wormhole", error_of(ctx));
  compile_done(&s);
  return title;
}

/* ---- machines ---- */

void worker_lsp_check_machine(loom_ctx *ctx, const lsp_task *t) {
  machine *m;
  char *bytes = t->source;
  size_t size = t->size;
  loom_status st = LOOM_OK;
  if (machine_is_template(bytes))
    st = machine_fill(ctx, t->path, bytes, machine_cpu_find(&ctx->mem), &bytes, &size);
  if (st == LOOM_OK)
    st = machine_from_yaml(ctx, t->path, bytes, size, &m);
  if (st == LOOM_OK)
    st = machine_check(ctx, m);
  if (st == LOOM_OK)
    st = machine_check_units(ctx, m);
  (void)st;      /* whatever is wrong has been said */
}
