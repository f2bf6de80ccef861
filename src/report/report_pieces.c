#include "report/report_pieces.h"
#include <inttypes.h>

/* Neighbours shorter than `resolution` are joined until they are as long; none of `in` is joined already. */

typedef struct joiner { int64_t by_kind[REPORT_KINDS_MAX], cycles; report_piece first; int n; } joiner;

static void flush(arena *m, joiner *j, report_pieces *out) {
  report_piece p = {.cycles = j->cycles, .kind = REPORT_MIXED, .node = -1};
  for (int k = 0; k < REPORT_KINDS_MAX; k++)
    if (j->by_kind[k] > p.other) {
      p.other = j->by_kind[k];
      p.node = k;
    }
  if (j->n > 0)
    vec_push(m, out, j->n == 1 ? j->first : p);
  *j = (joiner){{0}, 0, {0}, 0};
}

static void join(arena *m, const report_pieces *in, int64_t resolution, report_pieces *out) {
  joiner j = {{0}, 0, {0}, 0};
  for (size_t i = 0; i < in->n; i++) {
    const report_piece *p = &in->at[i];
    if (p->cycles >= resolution) {
      flush(m, &j, out);
      vec_push(m, out, *p);
      continue;
    }
    if (j.n++ == 0)
      j.first = *p;
    j.by_kind[p->kind] += p->cycles;
    j.cycles += p->cycles;
    if (j.cycles >= resolution)
      flush(m, &j, out);
  }
  flush(m, &j, out);
}

static size_t join_all(arena *m, const report_pieces *lanes, int n, int64_t resolution, report_pieces *out) {
  size_t total = 0;
  for (int i = 0; i < n; i++) {
    join(m, &lanes[i], resolution, &out[i]);
    total += out[i].n;
  }
  return total;
}

int64_t report_fit_pieces(arena *m, report_pieces *lanes, int n, int64_t cycles) {
  size_t total = 0;
  for (int i = 0; i < n; i++)
    total += lanes[i].n;
  for (int64_t r = 2; total > REPORT_SLICES && r <= cycles; r *= 2) {
    arena_mark before = arena_save(m);
    report_pieces *fewer = ARENA_NEW_N(m, report_pieces, n);
    if (join_all(m, lanes, n, r, fewer) > REPORT_SLICES && r * 2 <= cycles) {
      arena_release(m, before);
      continue;
    }
    for (int i = 0; i < n; i++)
      lanes[i] = fewer[i];
    return r;
  }
  return 0;
}

static void add_lane(text *t, const report_pieces *all) {
  text_add(t, "[");
  for (size_t i = 0; i < all->n; i++)
    text_addf(t, "%s%" PRId64 ",%d,%d,%" PRId64 ",%" PRId64, i ? "," : "", all->at[i].cycles, all->at[i].kind, all->at[i].node, all->at[i].other, all->at[i].bytes);
  text_add(t, "]");
}

void report_put_lanes(text *t, const report_pieces *lanes, int n, int64_t resolution) {
  text_addf(t, "\"resolution\":%" PRId64 ",\"lanes\":[", resolution);
  for (int i = 0; i < n; i++) {
    text_add(t, i ? "," : "");
    add_lane(t, &lanes[i]);
  }
  text_add(t, "]");
}
