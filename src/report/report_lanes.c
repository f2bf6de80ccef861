#include "report/report_lanes.h"
#include "report/report_pieces.h"
#include <string.h>

enum { DONE = SIM_SLICE_KINDS };
_Static_assert((int)DONE < (int)REPORT_KINDS_MAX, "kinds of slices, and done");

/* ---- one lane as pieces, whole or from the bins ---- */

static int64_t core_end(const report_run *r, int core) {
  int64_t end = 0;
  for (int w = 0; w < TOG_THREADS; w++)
    end = r->record->lanes[core * TOG_THREADS + w].end > end ? r->record->lanes[core * TOG_THREADS + w].end : end;
  return end;
}

static void add_rest(arena *m, const report_run *r, int lane, report_pieces *out) {
  int64_t rest = core_end(r, lane / TOG_THREADS) - r->record->lanes[lane].end;
  if (rest > 0)
    vec_push(m, out, ((report_piece){.cycles = rest, .kind = DONE, .node = -1, .other = -1}));
}

static void exact_pieces(arena *m, const report_run *r, int lane, report_pieces *out) {
  const sim_lane *l = &r->record->lanes[lane];
  for (size_t i = 0; i < l->slices.n; i++)
    if (sim_slice_is_phase(l->slices.at[i].kind))
      vec_push(m, out, ((report_piece){l->slices.at[i].end - l->slices.at[i].begin, l->slices.at[i].value, l->slices.at[i].other, (int)l->slices.at[i].kind, l->slices.at[i].node}));
  add_rest(m, r, lane, out);
}

/* The record was cut: what the bins know. */
static void binned_pieces(arena *m, const report_run *r, int lane, report_pieces *out) {
  const bins *b = &r->record->phases;
  for (int i = 0; i < b->n_bins; i++) {
    report_piece p = {.kind = REPORT_MIXED, .node = -1};
    for (int k = 0; k < SIM_SLICE_KINDS; k++) {
      int64_t cycles = bins_get(b, lane * SIM_SLICE_KINDS + k, i);
      p.cycles += cycles;
      if (cycles > p.other) {
        p.node = k;
        p.other = cycles;
      }
    }
    if (p.cycles > 0)
      vec_push(m, out, p);
  }
  add_rest(m, r, lane, out);
}

/* ---- JSON ---- */

static void add_kinds(text *t) {
  text_add(t, "\"kinds\":[");
  for (int k = 0; k < SIM_SLICE_KINDS; k++)
    text_addf(t, "\"%s\",", sim_slice_name((sim_slice_kind)k));
  text_add(t, "\"done\"]");
}

/* The iterations around what the compute thread does. */
static void add_steps(text *t, const report_run *r) {
  size_t n = 0;
  for (int i = TOG_COMPUTE_THREAD; i < r->record->n_lanes; i += TOG_THREADS)
    for (size_t k = 0; k < r->record->lanes[i].slices.n; k++)
      n += r->record->lanes[i].slices.at[k].kind == SIM_SLICE_STEP;
  if (r->record->cut >= 0 || n > REPORT_STEPS)
    return;
  text_add(t, ",\"steps\":[");
  for (int i = TOG_COMPUTE_THREAD; i < r->record->n_lanes; i += TOG_THREADS) {
    const sim_lane *l = &r->record->lanes[i];
    int64_t ends[TOG_DEPTH_MAX];
    int level = 0;
    bool has_one = false;
    text_add(t, i == TOG_COMPUTE_THREAD ? "[" : ",[");
    for (size_t k = 0; k < l->slices.n; k++) {
      const sim_slice *x = &l->slices.at[k];
      if (x->kind != SIM_SLICE_STEP)
        continue;
      while (level > 0 && ends[level - 1] <= x->begin)
        level--;
      text_addf(t, "%s%d,%" PRId64 ",%" PRId64 ",%d,%" PRId64, has_one ? "," : "", level, x->begin, x->end - x->begin, x->node, x->value);
      has_one = true;
      if (level < TOG_DEPTH_MAX)
        ends[level++] = x->end;
    }
    text_add(t, "]");
  }
  text_add(t, "]");
}

void report_add_lanes(text *t, arena *m, const report_run *run) {
  const int n = run->record->n_lanes;
  const bool is_cut = run->record->cut >= 0;
  report_pieces *lanes = ARENA_NEW_N(m, report_pieces, n);
  for (int i = 0; i < n; i++)
    (is_cut ? binned_pieces : exact_pieces)(m, run, i, &lanes[i]);
  const int64_t resolution = is_cut ? run->record->phases.width : report_fit_pieces(m, lanes, n, run->report->cycles);
  add_kinds(t);
  text_add(t, ",");
  report_put_lanes(t, lanes, n, resolution);
  add_steps(t, run);
}

/* ---- memory ---- */

static int slowest_core(const sim_report *r) {
  int slowest = 0;
  for (int c = 1; c < r->n_cores; c++)
    if (r->cores[c].cycles > r->cores[slowest].cycles)
      slowest = c;
  return slowest;
}

void report_add_lives(text *t, arena *m, const report_run *run) {
  const sim_record *r = run->record;
  text *by_core = ARENA_NEW_N(m, text, run->report->n_cores);
  int *n = ARENA_NEW_N(m, int, run->report->n_cores);
  bool all = r->lives.n <= REPORT_LIVES;
  int slowest = slowest_core(run->report);
  for (int c = 0; c < run->report->n_cores; c++)
    by_core[c] = text_new(m);
  bool *kept = ARENA_NEW_N(m, bool, run->report->n_cores);
  for (int c = 0; c < run->report->n_cores; c++)
    kept[c] = all || c == 0 || c == slowest;   /* too many for all cores: the first one, and the one that takes longest */
  for (size_t i = 0; i < r->lives.n; i++) {
    const sim_life *x = &r->lives.at[i];
    if (kept[x->core] && n[x->core] < REPORT_LIVES)
      text_addf(&by_core[x->core], "%s%d,%d,%" PRId64 ",%" PRId64 ",%" PRId64, n[x->core]++ ? "," : "", x->buffer, x->slot, x->reserved, x->published, x->freed);
  }
  text_add(t, "\"lives\":[");
  for (int c = 0; c < run->report->n_cores; c++)
    if (kept[c])
      text_addf(t, "%s[%s]", c ? "," : "", text_str(&by_core[c]));
    else
      text_add(t, ",null");   /* the first one is kept */
  text_add(t, "]");
}
