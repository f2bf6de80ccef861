/* Can DRAM reach every memory?  Are costs within what their unit can do, in one unit of measure? */
#include "base/text.h"
#include "machine/machine_private.h"

/* ---- memories ---- */

static size_t find_memory(const machine *m, const char *name) {
  size_t i = 0;
  while (i < m->memories.n && !text_eq(m->memories.at[i].name, name))
    i++;
  return i;
}

void machine_check_reach(loom_ctx *ctx, const machine *m) {
  if (!m->memories.n)
    return;
  bool *reached = ARENA_NEW_N(&ctx->scratch, bool, m->memories.n);
  reached[0] = true;      /* the DRAM */
  for (size_t round = 0; round < m->memories.n; round++)
    for (size_t i = 0; i < m->paths.n; i++) {
      size_t from = find_memory(m, m->paths.at[i].from), to = find_memory(m, m->paths.at[i].to);
      if (from < m->memories.n && to < m->memories.n && reached[from])
        reached[to] = true;
    }
  for (size_t i = 0; i < m->memories.n; i++) {
    if (reached[i])
      continue;
    const char *name = m->memories.at[i].name, *dram = m->memories.at[0].name;
    diag_warn(ctx, m->memories.at[i].span, "memory '%s' cannot be reached: no mover or interconnect leads there from %s", name, dram);
    diag_help(ctx, "add one from %s to %s, or remove the memory", dram, name);
  }
}

/* ---- units ----
 * Cycles grow by c from sizes s to 2s, the work by w: w / c is what the function does a cycle in the long run, whatever its volume counts. */

typedef struct work { const char *what; double nominal; double per_element; } work;

static bool has_symbol(const machine_func *f, const char *name) {
  for (size_t i = 0; i < f->symbols.n; i++)
    if (text_eq(f->symbols.at[i], name))
      return true;
  return false;
}

/* A size, or a parameter of how many take part. */
static bool is_size(const char *symbol) { return strlen(symbol) == 1; }

/* What a function of the unit does, counted in the unit's own measure; false: nothing is known. */
static bool find_work(const machine *m, const machine_func *f, work *out) {
  for (size_t i = 0; i < m->movers.n; i++)
    if (text_eq(m->movers.at[i], f->unit)) {
      *out = (work){"bytes", m->l1_bytes_per_cycle.value, strstr(f->name, "f32") ? 4 : 2};
      return true;
    }
  for (size_t i = 0; i < m->units.n; i++) {
    const machine_unit *u = &m->units.at[i];
    bool is_matrix = text_eq(u->kind, "matrix"), multiplies = has_symbol(f, "M") && has_symbol(f, "N") && has_symbol(f, "K");
    if (!text_eq(u->name, f->unit) || is_matrix != multiplies)
      continue;
    *out = (work){is_matrix ? "multiply-adds" : "elements", u->rate.value, 1};
    return true;
  }
  return false;
}

/* Cycles and work with every size `size`; nobody shares. */
static loom_status measure(loom_ctx *ctx, const machine_func *f, int64_t size, int64_t *out_cycles, double *out_work) {
  machine_arg *args = ARENA_NEW_N(&ctx->scratch, machine_arg, f->symbols.n);
  const sym_expr *cost;
  *out_work = 1;
  for (size_t i = 0; i < f->symbols.n; i++) {
    const char *s = f->symbols.at[i];
    args[i] = (machine_arg){s, sym_const(&ctx->scratch, is_size(s) ? size : text_eq(s, "effective_bandwidth") ? 10 : 1)};
    *out_work *= is_size(s) ? (double)size : 1;
  }
  LOOM_TRY(machine_func_cost(ctx, f, args, f->symbols.n, &cost));
  return sym_eval(ctx, cost, NULL, 0, out_cycles);
}

static loom_status check_rate(loom_ctx *ctx, const machine *m, const machine_perf *p, const machine_func *f) {
  static const int64_t sizes[] = {1, 1 << 24, 1 << 12, 1 << 8, 1 << 7};      /* by their number: large against fixed latencies and ceilings */
  work w;
  int64_t before, after;
  double less, more;
  size_t n = 0;
  for (size_t i = 0; i < f->symbols.n; i++)
    n += is_size(f->symbols.at[i]);
  if (!n || n >= sizeof sizes / sizeof *sizes || !find_work(m, f, &w))
    return LOOM_OK;
  LOOM_TRY(measure(ctx, f, sizes[n], &before, &less));
  LOOM_TRY(measure(ctx, f, sizes[n] * 2, &after, &more));
  if (before == MACHINE_UNCOVERED_CYCLES || after == MACHINE_UNCOVERED_CYCLES)
    return LOOM_OK;
  if (after <= before) {
    diag_warn(ctx, f->span, "'%s' of perf set '%s' takes no longer for twice the sizes: %" PRId64 " and %" PRId64 " cycles", f->name, p->name, before, after);
    diag_help(ctx, "volume must grow with the sizes");
    return LOOM_OK;
  }
  double rate = (more - less) * w.per_element / (double)(after - before);
  if (rate <= w.nominal * 1.01)      /* ceilings */
    return LOOM_OK;
  diag_warn(ctx, f->span, "'%s' of perf set '%s' does %.4g %s a cycle; '%s' can do %.4g", f->name, p->name, rate, w.what, f->unit, w.nominal);
  diag_help(ctx, "volume and throughput must count the same: %s", text_eq(w.what, "bytes") ? "bytes and bytes a cycle, or elements and elements a cycle"
                                                                  : text_eq(w.what, "elements") ? "elements and elements a cycle"
                                                                                                : "flops and flops a cycle, or multiply-adds (half as many) and multiply-adds a cycle");
  return LOOM_OK;
}

loom_status machine_check_units(loom_ctx *ctx, const machine *m) {
  if (!m->perf.n)
    return LOOM_OK;
  const machine_perf *p = &m->perf.at[m->calibration];
  for (size_t i = 0; i < p->funcs.n; i++)
    if (p->funcs.at[i].span.source)      /* costs that the importer of a df file has put together are no claim of anybody */
      LOOM_TRY(check_rate(ctx, m, p, &p->funcs.at[i]));
  return LOOM_OK;
}
