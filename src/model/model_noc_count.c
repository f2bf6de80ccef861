/* How many senders cross each link, line by line, and what cores load the busiest one at least. */
#include "model/model_program.h"
#include <stdlib.h>

/* ---- one line ---- */

/* A line of `size` places: channels at each, senders at each; before[i]: senders below place i. */
typedef struct pairs_line { int size, way; bool is_ring; const int32_t *channels; int32_t *before; } pairs_line;

/* Senders below place i; round a ring, places go on below 0 and behind the last. */
static int64_t below(const pairs_line *x, int i) {
  int64_t all = x->before[x->size];
  if (!x->is_ring)
    return i < 0 ? 0 : i > x->size ? all : x->before[i];
  return i < 0 ? x->before[i + x->size] - all : i >= 2 * x->size ? x->before[i - 2 * x->size] + 2 * all : i >= x->size ? x->before[i - x->size] + all : x->before[i];
}

static int64_t channels_at(const pairs_line *x, int c) {
  if (!x->is_ring)
    return c >= 0 && c < x->size ? x->channels[c] : 0;
  return x->channels[c < 0 ? c + x->size : c >= x->size ? c - x->size : c];
}

/* out[v]: pairs of a channel and a sender whose route crosses the link from place v up (or down).  Those of the channels in a window before (behind) the link with the
 * senders from the link on as far as the channel reaches: both sums move along with v. */
static void count_pairs(const pairs_line *x, bool is_down, int32_t *out) {
  int reach = !x->is_ring ? x->size - 1 : is_down ? x->size - 1 - x->size / 2 : x->size / 2;
  bool is_behind = x->way == is_down;   /* the channels lie below the link, the senders above */
  int low = !is_behind ? (is_down ? 0 : 1) : is_down ? -reach : 1 - reach, high = low + reach - 1;
  int ends = is_behind ? reach + 1 : -reach, begins = is_down ? 0 : 1;
  int64_t n = 0, sum = 0;
  for (int c = low; c <= high; c++) {
    n += channels_at(x, c);
    sum += channels_at(x, c) * below(x, c + ends);
  }
  for (int v = 0; v < x->size; v++) {
    int64_t pairs = sum - n * below(x, v + begins), in = channels_at(x, v + high + 1), gone = channels_at(x, v + low);
    out[v] = (int32_t)(is_behind ? pairs : -pairs);
    n += in - gone;
    sum += (in ? in * below(x, v + high + 1 + ends) : 0) - (gone ? gone * below(x, v + low + ends) : 0);
  }
}

/* ---- all lines ---- */

/* What a line of `count[v * step]` senders carries, unless it is as the last one was. */
typedef struct counter { const model_noc *n; int way; pairs_line line; int32_t *senders, *pairs[2]; bool is_any; } counter;

static counter counter_of(const model_noc *n, int way, int32_t *room) {
  counter c = {.n = n, .way = way, .senders = room + n->n_nodes};
  int most = 0;
  for (int d = 0; d < n->n_dims; d++)
    most = (int)n->size[d] > most ? (int)n->size[d] : most;
  c.line.before = c.senders + most;
  c.pairs[0] = c.line.before + most + 1;
  c.pairs[1] = c.pairs[0] + most;
  return c;
}

size_t model_noc_room(const model_noc *n) {
  int64_t most = 0;
  for (int d = 0; d < n->n_dims; d++)
    most = n->size[d] > most ? n->size[d] : most;
  return (size_t)(n->n_nodes + 4 * most + 1);
}

/* False: nothing crosses it. */
static bool count_line(counter *c, int d, const int32_t *channels, const int32_t *count, int step) {
  int size = (int)c->n->size[d];
  bool is_as_last = c->line.channels == channels && c->line.size == size;
  for (int v = 0; v < size && is_as_last; v++)
    is_as_last = c->senders[v] == count[v * step];
  if (is_as_last)
    return c->is_any;
  c->line = (pairs_line){size, c->way, c->n->wraps[d], channels, c->line.before};
  for (int v = 0; v < size; v++) {
    c->senders[v] = count[v * step];
    c->line.before[v + 1] = c->line.before[v] + c->senders[v];
  }
  c->is_any = c->line.before[size] > 0;
  for (int down = 0; down < 2 && c->is_any; down++)
    count_pairs(&c->line, down, c->pairs[down]);
  return c->is_any;
}

/* Senders of the next dim's lines, in `room`: way 0 by the coordinates before d, way 1 by those behind it.  In place: a sum never lies behind what it is made of. */
static void sum_lines(int way, const int32_t *count, int lines, int size, int stride, int32_t *room) {
  for (int line = 0; line < lines; line++) {
    int32_t sum = 0;
    for (int v = 0; v < size; v++)
      sum += way ? count[v * stride + line] : count[line * size + v];
    room[line] = sum;
  }
}

static int32_t most_of(const int32_t *x, int n) {
  int32_t most = 0;
  for (int i = 0; i < n; i++)
    most = x[i] > most ? x[i] : most;
  return most;
}

static void add_pairs(const counter *c, int32_t *load, int pitch) {
  for (int down = 0; down < 2; down++)
    for (int v = 0; v < c->line.size; v++)
      load[v * pitch + down] += c->pairs[down][v];
}

/* The most on one link; adds to `load`, unless it is NULL. */
static int32_t count_all(const model_noc *n, int way, const int32_t *sends, int32_t *room, int32_t *load) {
  int last = n->n_dims - 1;
  const int32_t *count = sends;
  counter c = counter_of(n, way, room);
  int32_t most = 0;
  for (int i = 0; i <= last; i++) {
    int d = way ? i : last - i, stride = n->stride[d], size = (int)n->size[d], lines = way ? stride : n->n_nodes / (stride * size), pitch = stride * n->n_dims * 2;
    /* count: way 0 by the coordinates up to d, way 1 by those from d on */
    for (int k = 0; k < n->n_lines[way][d]; k++) {
      const noc_line *x = &n->line[way][d][k];
      if (!load && k > 0 && x->channels == x[-1].channels)
        continue;                       /* as busy as the line before */
      for (int line = 0; line < lines; line++) {
        if (!count_line(&c, d, x->channels, count + (way ? line : line * size), way ? stride : 1))
          continue;
        int first = x->first + (way ? line : line * stride * size);
        if (load)
          add_pairs(&c, load + (first * n->n_dims + d) * 2, pitch);
        for (int down = 0; down < 2 && !load; down++) {
          int32_t here = most_of(c.pairs[down], size);
          most = here > most ? here : most;
        }
      }
    }
    if (i < last)
      sum_lines(way, count, lines, size, stride, room);
    count = room;
  }
  return most;
}

void model_noc_count(const model_noc *n, int way, const int32_t *sends, int32_t *room, int32_t *load) { (void)count_all(n, way, sends, room, load); }

int32_t model_noc_busiest(const model_noc *n, int way, const int32_t *sends, int32_t *room) { return count_all(n, way, sends, room, NULL); }

int32_t model_noc_busiest_along(const model_noc *n, int way, int d, const int32_t *senders, int32_t *room) {
  counter c = counter_of(n, way, room);
  int32_t most = 0;
  for (int k = 0; k < n->n_lines[way][d]; k++)
    for (int down = 0; down < 2 && count_line(&c, d, n->line[way][d][k].channels, senders, 1); down++) {
      int32_t here = most_of(c.pairs[down], (int)n->size[d]);
      most = here > most ? here : most;
    }
  return most;
}

/* ---- the least that cores load a link ---- */

/* All of the first `used` places of a dim fetch: the link of its lines that carries most for each line behind it, and what each place loads it with, summed from the least. */
typedef struct reach_along { int32_t most; int64_t n; const int64_t *sum; } reach_along;

struct model_reacher { arena *mem; const model_noc *noc; int32_t *room; reach_along *along[MACHINE_MESH_DIMS_MAX]; };

model_reacher *model_reacher_make(arena *m, const model_program *p) {
  model_reacher *r = ARENA_NEW(m, model_reacher);
  *r = (model_reacher){.mem = m, .noc = &p->noc, .room = ARENA_NEW_N(m, int32_t, model_noc_room(&p->noc))};
  for (int d = 0; d < p->noc.n_dims; d++)
    r->along[d] = ARENA_NEW_N(m, reach_along, p->noc.size[d] + 1);
  return r;
}

static int by_load(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Channels of a line whose way to place `to` crosses the link from place `from` up (or down). */
static int64_t channels_over(const pairs_line *x, int from, bool is_down, int to) {
  int64_t sum = 0;
  for (int c = 0; c < x->size; c++) {
    int up = to - c, passed = is_down ? c - from : from - c, way = is_down ? -up : up;
    if (x->is_ring) {
      int size = x->size, round = (up + size) % size;
      way = is_down ? size - round : round;
      passed = (passed + size) % size;
      if (round == 0 || (round * 2 <= size) == is_down)
        continue;
    }
    sum += passed >= 0 && passed < way ? x->channels[c] : 0;
  }
  return sum;
}

static const reach_along *find_along(model_reacher *r, int d, int used) {
  reach_along *out = &r->along[d][used];
  if (out->sum)
    return out;
  const model_noc *n = r->noc;
  int size = (int)n->size[d], from = 0, is_down = 0;
  int32_t *count = r->room;             /* of the first line; the counter's own room begins behind all nodes */
  const int32_t *busiest = NULL;
  for (int v = 0; v < size; v++)
    count[v] = v < used;
  counter c = counter_of(n, 0, r->room);
  for (int k = 0; k < n->n_lines[0][d]; k++) {
    if (!count_line(&c, d, n->line[0][d][k].channels, count, 1))
      continue;
    for (int down = 0; down < 2; down++)
      for (int v = 0; v < size; v++)
        if (c.pairs[down][v] > out->most) {
          out->most = c.pairs[down][v];
          busiest = c.line.channels;
          from = v;
          is_down = down;
        }
  }
  int64_t *sum = ARENA_NEW_N(r->mem, int64_t, used + 1);
  pairs_line x = {size, 0, n->wraps[d], busiest, NULL};
  for (int v = 0; busiest && v < used; v++)
    sum[v + 1] = channels_over(&x, from, is_down, v);
  qsort(sum + 1, (size_t)used, sizeof *sum, by_load);
  for (int v = 0; v < used; v++)
    sum[v + 1] += sum[v];
  out->n = used;
  out->sum = sum;
  return out;
}

void model_reacher_find(model_reacher *r, const int64_t *mesh_size, model_reach *out) {
  const model_noc *n = r->noc;
  int64_t behind = 1, most = -1;
  *out = (model_reach){.n_cores = 1, .n_channels = n->n_channels > 0 ? n->n_channels : 1};
  for (int d = n->n_dims - 1; d >= 0; d--) {
    int used = (int)model_min(mesh_size[d], n->size[d]);
    const reach_along *x = find_along(r, d, used);
    if (x->most * behind > most) {      /* a line of dim d carries what goes to all places of the dims behind */
      most = x->most * behind;
      out->times = behind;
      out->n = x->n;
      out->sum = x->sum;
    }
    behind *= used;
  }
  out->n_cores = behind;
}

double model_reach_least(const model_reach *r, int64_t cores) {
  int64_t others = r->n_cores - r->n * r->times, left = cores - others;      /* most cores are not on the line at all */
  if (left <= 0)
    return 0;
  int64_t whole = left / r->times, rest = left % r->times;
  return (double)(r->sum[whole] * r->times + (rest ? rest * (r->sum[whole + 1] - r->sum[whole]) : 0)) / (double)r->n_channels;
}
