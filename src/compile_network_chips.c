/* Kernels of a network on several chips.  A tensor between kernels lies where the kernel that makes it leaves it: on every chip, or in parts, where every kernel that reads it needs on each
 * chip what lies there.  Kernels are split from the last to the first, so that it is known who reads what they make: each as is best for itself with the results everywhere, or as is best of
 * the splits that leave parts where they are read.  Two ways are planned, and the faster one by predicted cycles is taken: with all splits; or all along the first dim of what kernels make. */
#include "base/file.h"
#include "compile_chips.h"
#include "compile_network_private.h"
#include <string.h>

/* How one kernel is split: the best of the table for what it is pinned to, unless `split` and `cycles` are changed to those of another row. */
typedef struct choice { chips_kernel kernel; chips_split split; const machine *m; int64_t cycles; const compile_chips_row *rows; size_t n_rows; } choice;
typedef struct remembered { int first; const char *pins; choice choice; } remembered;      /* kernels that are equal, asked the same */
struct network_split {
  choice *of;                              /* by kernel */
  bool *everywhere;                        /* by tensor of the network: it ends on every chip */
  compile_chips_held **held;               /* by tensor of the network, of those between kernels: where its elements lie, when kernels run with values */
};
typedef struct splitter { network_run *n; network_split *way; VEC_OF(remembered) known; } splitter;

static const network_kernel *kernel_at(const network_run *n, int i) { return &n->twins[i].as; }

/* ---- who makes and who reads a tensor ---- */

static bool stores(const network_kernel *k, size_t t) { return k->graph->tensors.at[t].role == KERNEL_ALLOC || kernel_is_stored(k->graph, (kernel_tensor)t); }

/* The kernel's own tensor that is tensor t of the network; -1: it has nothing to do with it. */
static int own_tensor(const network_kernel *k, int t) {
  for (size_t i = 0; i < k->graph->tensors.n; i++)
    if (k->tensor[i] == t)
      return (int)i;
  return -1;
}

static bool reads(const network_run *n, int kernel, int t) {
  const int own = own_tensor(kernel_at(n, kernel), t);
  return own >= 0 && kernel_at(n, kernel)->graph->tensors.at[own].role == KERNEL_ARG;
}

/* The only kernel that stores to it; -1: none does, or several. */
static int maker_of(const network_run *n, int t) {
  int maker = -1;
  for (int i = 0; i < (int)n->net->kernels.n; i++) {
    const int own = own_tensor(kernel_at(n, i), t);
    if (own < 0 || !stores(kernel_at(n, i), (size_t)own))
      continue;
    if (maker >= 0)
      return -1;
    maker = i;
  }
  return maker;
}

/* ---- one kernel ---- */

/* "place.NAME=.." of a tensor of the network, as the kernel names it; NULL: the kernel has nothing to do with it. */
static const char *own_place(const splitter *s, const network_kernel *k, const char *pin) {
  const char *name = pin + strlen("place."), *eq = strchr(name, '=');
  for (size_t t = 0; eq && t < k->graph->tensors.n; t++) {
    const char *of = k->tensor[t] < 0 ? "" : s->n->net->tensors.at[k->tensor[t]].name;
    if (strlen(of) == (size_t)(eq - name) && text_starts(name, of))
      return arena_printf(&s->n->ctx->mem, "place.%s%s", k->graph->tensors.at[t].name, eq);
  }
  return NULL;
}

/* A place is of a tensor that the function is given. */
static loom_status check_places(const network_run *n) {
  const explore_options *e = &n->o->explore;
  const char **names = ARENA_NEW_N(&n->ctx->mem, const char *, n->net->n_args + 1);
  for (int t = 0; t < n->net->n_args; t++)
    names[t] = n->net->tensors.at[t].name;
  for (size_t p = 0; p < e->n_pins; p++) {
    const char *name = e->pins[p] + strlen("place."), *eq = strchr(e->pins[p], '=');
    bool is_known = !text_starts(e->pins[p], "place.") || !eq;
    for (int t = 0; t < n->net->n_args && !is_known; t++)
      is_known = strlen(names[t]) == (size_t)(eq - name) && text_starts(name, names[t]);
    if (is_known)
      continue;
    diag_error(n->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s: @%s has no such argument", e->pins[p], n->net->name);
    const char *near = diag_nearest(arena_strndup(&n->ctx->mem, name, (size_t)(eq - name)), names, (size_t)n->net->n_args);
    diag_help(n->ctx, near ? "did you mean '%s'?" : "where tensors between kernels lie is decided with the splits; arguments are %s, ..", near ? near : n->net->n_args ? names[0] : "none");
    return LOOM_EUSAGE;
  }
  return LOOM_OK;
}

/* What was given to the kernel by another one is there; what another one reads ends where the way says. */
static compile_options options_of(splitter *s, int i, const char *const *splits, size_t n_splits) {
  network_run *n = s->n;
  arena *m = &n->ctx->mem;
  const network_kernel *k = kernel_at(n, i);
  compile_options o = network_options_of(n, &n->net->kernels.at[i]);
  const char **pins = ARENA_NEW_N(m, const char *, o.explore.n_pins + n_splits + k->graph->tensors.n);
  size_t count = 0;
  o.graph = k->graph;
  for (size_t p = 0; p < o.explore.n_pins; p++) {
    const char *pin = text_starts(o.explore.pins[p], "place.") ? own_place(s, k, o.explore.pins[p]) : o.explore.pins[p];
    if (pin)
      pins[count++] = pin;
  }
  for (size_t p = 0; p < n_splits; p++)
    pins[count++] = splits[p];
  for (size_t t = 0; t < k->graph->tensors.n; t++) {
    const int of = k->tensor[t];
    if (of >= 0 && n->net->tensors.at[of].role == NETWORK_TEMPORARY && (!stores(k, t) || s->way->everywhere[of]))
      pins[count++] = arena_printf(m, "place.%s=replicated", k->graph->tensors.at[t].name);
  }
  o.explore.pins = pins;
  o.explore.n_pins = count;
  return o;
}

static const char *joined(arena *m, const compile_options *o) {
  text t = text_new(m);
  for (size_t i = 0; i < o->explore.n_pins; i++)
    text_addf(&t, "%s,", o->explore.pins[i]);
  return text_str(&t);
}

static loom_status choose(splitter *s, int i, const char *const *splits, size_t n_splits, choice *out) {
  network_run *n = s->n;
  compile_options o = options_of(s, i, splits, n_splits);
  compile_chips c;
  const char *pins = joined(&n->ctx->mem, &o);
  for (size_t k = 0; k < s->known.n; k++)
    if (s->known.at[k].first == n->twins[i].first && text_eq(s->known.at[k].pins, pins)) {
      *out = s->known.at[k].choice;
      return LOOM_OK;
    }
  o.stop_after = COMPILE_SOLVE;
  o.write_files = false;
  loom_status st = compile_chips_kernel(n->ctx, &o, &c);
  if (st == LOOM_OK) {
    *out = (choice){c.kernel, c.split, c.machine, c.rows.at[0].cycles, c.rows.at, c.rows.n};
    vec_push(&n->ctx->mem, &s->known, ((remembered){n->twins[i].first, pins, *out}));
  } else {
    diag_note(n->ctx, n->net->kernels.at[i].span, "kernel %s is made of this", n->net->kernels.at[i].graph->name);
  }
  compile_chips_close(&c);
  return st;
}

/* Pins that ask for the split of a choice; their number. */
static size_t pins_of(arena *m, const choice *c, const char **pins) {
  for (int d = 0; d < c->split.n_dims; d++)
    pins[d] = arena_printf(m, "chips.%s=%s", c->m->chips.at[d].name, c->split.axis[d] < 0 ? "none" : c->kernel.axis[c->split.axis[d]].name);
  return (size_t)c->split.n_dims;
}

/* The loop that walks the first dim of what the kernel makes; NULL: none that can be split. */
static const char *rows_of(const choice *c) {
  for (size_t t = 0; t < c->kernel.tensors.n; t++)
    if (c->kernel.tensors.at[t].is_output)
      return c->kernel.tensors.at[t].axis[0] < 0 ? NULL : c->kernel.axis[c->kernel.tensors.at[t].axis[0]].name;
  return NULL;
}

/* ---- what may stay in parts ---- */

static const chips_tensor *seen_as(const choice *c, int own, size_t from, size_t *at) {
  for (size_t t = from; t < c->kernel.tensors.n; t++)
    if (kernel_root(c->kernel.whole, c->kernel.tensors.at[t].of) == own) {
      *at = t;
      return &c->kernel.tensors.at[t];
    }
  return NULL;
}

/* Is what chip has of tensor `have` in the end all that it needs of `need`? */
static bool covers(const choice *maker, size_t have, const choice *reader, size_t need, int64_t chip) {
  chips_split ends = maker->split;
  int64_t begin[2][KERNEL_RANK_MAX], size[2][KERNEL_RANK_MAX];
  ends.repeats = false;                    /* nobody asks for all of it */
  const chips_part a = chips_part_of(&maker->kernel, maker->m, &ends, chip), b = chips_part_of(&reader->kernel, reader->m, &reader->split, chip);
  if (b.is_idle)
    return true;
  if (a.is_idle)
    return false;
  chips_box(&maker->kernel, &a, (int)have, begin[0], size[0]);
  chips_box(&reader->kernel, &b, (int)need, begin[1], size[1]);
  bool is = true;
  for (int d = 0; d < maker->kernel.tensors.at[have].rank; d++)
    is = is && begin[1][d] >= begin[0][d] && begin[1][d] + size[1][d] <= begin[0][d] + size[0][d];
  return is;
}

/* Both see the tensor as it is: no views of it, no sums that are left in pieces. */
static bool stays_for(const splitter *s, int t, int maker, int reader) {
  const network_run *n = s->n;
  const choice *a = &s->way->of[maker], *b = &s->way->of[reader];
  const int own_a = own_tensor(kernel_at(n, maker), t), own_b = own_tensor(kernel_at(n, reader), t);
  size_t have = 0, need = 0, other;
  const chips_tensor *x = seen_as(a, own_a, 0, &have);
  if (!x || seen_as(a, own_a, have + 1, &other) || x->of != own_a || chips_splits_sum(&a->kernel, &a->split))
    return false;
  for (const chips_tensor *y = seen_as(b, own_b, 0, &need); y; y = seen_as(b, own_b, need + 1, &need)) {
    if (y->of != own_b || y->rank != x->rank)
      return false;
    for (int64_t chip = 0; chip < machine_n_chips(n->chip); chip++)
      if (!covers(a, have, b, need, chip))
        return false;
  }
  return true;
}

/* Does every tensor that kernel i makes, split as in `c`, stay in parts for all that read it?  They are split already. */
static bool may_stay(splitter *s, int i, const choice *c) {
  const network_run *n = s->n;
  s->way->of[i] = *c;
  for (int t = 0; t < (int)n->net->tensors.n; t++) {
    const int own = own_tensor(kernel_at(n, i), t);
    if (own < 0 || !stores(kernel_at(n, i), (size_t)own))
      continue;
    for (int k = 0; k < (int)n->net->kernels.n; k++)
      if (k != i && reads(n, k, t) && (maker_of(n, t) != i || !stays_for(s, t, i, k)))
        return false;
  }
  return true;
}

static bool is_read(const network_run *n, int t) {
  for (int i = 0; i < (int)n->net->kernels.n; i++)
    if (reads(n, i, t))
      return true;
  return false;
}

/* ---- a way ---- */

static int64_t cycles_of(const splitter *s) {
  int64_t all = 0;
  for (size_t i = 0; i < s->n->net->kernels.n; i++)
    all += s->way->of[i].cycles;
  return all;
}

static void end_everywhere(splitter *s, int i, bool everywhere) {
  const network_kernel *k = kernel_at(s->n, i);
  for (size_t t = 0; t < k->graph->tensors.n; t++)
    if (k->tensor[t] >= 0 && stores(k, t))
      s->way->everywhere[k->tensor[t]] = everywhere && is_read(s->n, k->tensor[t]);
}

/* With results on every chip, or in parts; `along_rows`: all dims of the mesh split the first dim of the first result, where it can be split. */
static loom_status choose_ends(splitter *s, int i, bool along_rows, bool everywhere, choice *out) {
  end_everywhere(s, i, everywhere);
  LOOM_TRY(choose(s, i, NULL, 0, out));
  const char *rows = along_rows ? rows_of(out) : NULL, *pin = rows ? arena_printf(&s->n->ctx->mem, "chips=%s", rows) : NULL;
  return pin ? choose(s, i, &pin, 1, out) : LOOM_OK;
}

/* The first row, which is the best, that leaves parts where they are read; false: there is none. */
static bool find_staying(splitter *s, int i, choice *c) {
  for (size_t r = 0; r < c->n_rows; r++) {
    const compile_chips_row *row = &c->rows[r];
    if (row->is_too_large || row->is_ruled_out || row->is_infeasible)
      continue;
    c->split = row->split;
    c->cycles = row->cycles;
    if (may_stay(s, i, c))
      return true;
  }
  return false;
}

static loom_status plan_way(splitter *s, bool along_rows, network_split *out) {
  arena *m = &s->n->ctx->mem;
  const int n_kernels = (int)s->n->net->kernels.n;
  *out = (network_split){.of = ARENA_NEW_N(m, choice, n_kernels + 1), .everywhere = ARENA_NEW_N(m, bool, s->n->net->tensors.n + 1)};
  s->way = out;
  for (int i = n_kernels; i-- > 0;) {
    choice parts, all;
    LOOM_TRY(choose_ends(s, i, along_rows, true, &all));
    LOOM_TRY(choose_ends(s, i, along_rows, false, &parts));
    const bool stays = find_staying(s, i, &parts) && parts.cycles <= all.cycles;
    end_everywhere(s, i, !stays);
    out->of[i] = stays ? parts : all;
  }
  return LOOM_OK;
}

loom_status network_split_kernels(network_run *n) {
  splitter s = {.n = n};
  network_split ways[2];
  int64_t cycles[2];
  LOOM_TRY(check_places(n));
  for (int w = 0; w < 2; w++) {
    LOOM_TRY(plan_way(&s, w == 1, &ways[w]));
    cycles[w] = cycles_of(&s);
  }
  n->split = ARENA_NEW(&n->ctx->mem, network_split);
  *n->split = ways[cycles[1] < cycles[0]];
  return LOOM_OK;
}

/* ---- a step ---- */

/* Nothing lies anywhere yet. */
static void open_held(network_run *n) {
  arena *m = &n->ctx->mem;
  n->split->held = ARENA_NEW_N(m, compile_chips_held *, n->net->tensors.n + 1);
  for (size_t t = 0; t < n->net->tensors.n; t++) {
    const network_tensor *x = &n->net->tensors.at[t];
    if (x->role != NETWORK_TEMPORARY)
      continue;
    n->split->held[t] = ARENA_NEW(m, compile_chips_held);
    *n->split->held[t] = (compile_chips_held){x->elems, arena_array(m, (size_t)(x->elems * machine_n_chips(n->chip) / 8 + 1), 1)};
  }
}

/* By tensor of kernel k. */
static compile_chips_held *const *held_of(network_run *n, const network_kernel *k) {
  compile_chips_held **held = ARENA_NEW_N(&n->ctx->mem, compile_chips_held *, k->graph->tensors.n + 1);
  if (!n->split->held)
    open_held(n);
  for (size_t t = 0; t < k->graph->tensors.n; t++)
    held[t] = k->tensor[t] < 0 ? NULL : n->split->held[k->tensor[t]];
  return held;
}

static loom_status run_values(network_run *n, int i, compile_chips *c, compile_execution *e) {
  const network_kernel *k = kernel_at(n, i);
  npy_array *kept = ARENA_NEW_N(&n->ctx->mem, npy_array, k->graph->tensors.n);
  run_options r = *n->r;
  network_bind_step(n, k, &r, kept);
  c->held = held_of(n, k);
  LOOM_TRY(compile_chips_execute(c, &r, e));
  e->check.where = network_place_of(n, k, e->check.where);
  network_take_results(n, k, kept);
  return LOOM_OK;
}

static loom_status take_step(network_run *n, int i, compile_chips *c, compile_network_step *step) {
  if (n->r && n->r->times_only)
    LOOM_TRY(compile_chips_execute(c, n->r, &step->execution));
  else if (n->r)
    LOOM_TRY(run_values(n, i, c, &step->execution));
  step->summary = compile_chips_summary(c, n->r ? &step->execution : NULL);
  step->split = chips_split_text(&n->ctx->mem, &c->kernel, c->machine, &c->split);
  step->cycles = step->execution.has_report ? step->execution.report.cycles : c->whole.plan->predicted_cycles;
  return c->output_dir ? data_write_json_file(n->ctx, file_join(&n->ctx->mem, c->output_dir, "summary.json"), step->summary) : LOOM_OK;
}

loom_status network_take_split_step(network_run *n, int i, compile_network_step *step) {
  splitter s = {.n = n, .way = n->split};
  const char *pins[MACHINE_MESH_DIMS_MAX];
  const size_t n_pins = pins_of(&n->ctx->mem, &n->split->of[i], pins);
  const compile_options o = options_of(&s, i, pins, n_pins);
  compile_chips c;
  loom_status st = compile_chips_kernel(n->ctx, &o, &c);
  if (st == LOOM_OK)
    st = take_step(n, i, &c, step);
  if (st != LOOM_OK)
    diag_note(n->ctx, step->kernel->span, "kernel %s is made of this", step->kernel->graph->name);
  compile_chips_close(&c);
  return st;
}
