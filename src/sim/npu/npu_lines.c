/* The lines of a transfer: distinct, ascending.  The order of dims does not matter for a set, so they are sorted by stride; where an outer step is at least as long as all
 * that is inside it, the walk is ascending by itself and nothing is stored. */
#include "base/file.h"
#include "sim/npu/npu_private.h"
#include <stdlib.h>

#define NPU_LINES_MAX ((size_t)1 << 24)

typedef struct dim { int64_t extent, step; } dim;

/* Dims of more than one element, steps positive, longest first; neighbours that continue each other made one. */
static int sort_dims(const npu_box *n, dim *out, int64_t *address) {
  int count = 0;
  for (int d = 0; d < n->rank; d++) {
    dim x = {n->extent[d], n->step[d] * n->elem_bytes};
    if (x.extent == 1 || x.step == 0)
      continue;
    if (x.step < 0) {
      *address += (x.extent - 1) * x.step;
      x.step = -x.step;
    }
    int i = count++;
    for (; i > 0 && out[i - 1].step < x.step; i--)
      out[i] = out[i - 1];
    out[i] = x;
  }
  for (int i = 0; i + 1 < count;)
    if (out[i].step == out[i + 1].extent * out[i + 1].step) {
      out[i] = (dim){out[i].extent * out[i + 1].extent, out[i + 1].step};
      for (int k = i + 1; k + 1 < count; k++)
        out[k] = out[k + 1];
      count--;
    } else
      i++;
  return count;
}

static bool is_ascending(const dim *d, int n) {
  int64_t inside = 0;
  for (int i = n - 1; i >= 0; i--) {
    if (d[i].step < inside)
      return false;
    inside += (d[i].extent - 1) * d[i].step;
  }
  return true;
}

static void open_run(npu_lines *l) {
  int64_t first = l->address;
  for (int d = 0; d < l->n_dims; d++)
    first += l->at[d] * l->step[d];
  l->run_at = 0;
  l->line = first >> l->shift;
  if (l->run_step <= INT64_C(1) << l->shift)   /* no line of the run is left out */
    l->run_last = (first + (l->run_extent - 1) * l->run_step) >> l->shift;
  else
    l->run_last = l->line;
}

/* The next run, or the next element of one whose elements are lines apart. */
static bool next_run(npu_lines *l) {
  if (l->run_step > INT64_C(1) << l->shift && ++l->run_at < l->run_extent) {
    int64_t at = l->address + l->run_at * l->run_step;
    for (int d = 0; d < l->n_dims; d++)
      at += l->at[d] * l->step[d];
    l->line = l->run_last = at >> l->shift;
    return true;
  }
  for (int d = l->n_dims - 1; d >= 0; d--) {
    if (++l->at[d] < l->extent[d]) {
      open_run(l);
      return true;
    }
    l->at[d] = 0;
  }
  return false;
}

/* Sets has_next and next_line. */
static void advance(npu_lines *l) {
  if (l->is_list) {
    l->has_next = l->list_at < l->n;
    if (l->has_next)
      l->next_line = l->list[l->list_at++];
    return;
  }
  for (;;) {
    if (l->line <= l->last)
      l->line = l->last + 1;
    if (l->line <= l->run_last) {
      l->next_line = l->last = l->line++;
      l->has_next = true;
      return;
    }
    if (!next_run(l)) {
      l->has_next = false;
      return;
    }
  }
}

int64_t npu_lines_take(npu_lines *l) {
  int64_t line = l->next_line;
  if (!l->is_list && l->line <= l->run_last)   /* within a run, where most lines are */
    l->next_line = l->last = l->line++;
  else
    advance(l);
  return line;
}

/* ---- lists ---- */

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void sort_list(npu_lines *l) {
  size_t kept = 0;
  qsort(l->list, l->n, sizeof *l->list, by_value);
  for (size_t i = 0; i < l->n; i++)
    if (!kept || l->list[kept - 1] != l->list[i])
      l->list[kept++] = l->list[i];
  l->n = kept;
}

/* The element numbers that indirect transfers add, one for each element in row-major order; NULL when there is no such file or it is of another size. */
static loom_status read_indices(npu *s, const npu_box *in, size_t elements, uint64_t **out) {
  const char *name = arena_printf(&s->ctx->scratch, "indirect_index%" PRId64 ".raw", in->index_file), *path = in->g->index_dir ? file_join(&s->ctx->scratch, in->g->index_dir, name) : name;
  char *bytes;
  size_t size;
  *out = NULL;
  if (!in->g->index_dir || !file_exists(path)) {
    if (!s->told_index)
      diag_warn(s->ctx, LOOM_NOSPAN, "there is no index file '%s'; indirect transfers without one go to their base addresses", path);
    s->told_index = true;
    return LOOM_OK;
  }
  LOOM_TRY(file_read(s->ctx, path, NPU_LINES_MAX * 8, &bytes, &size));
  if (size == elements * 8)
    *out = (uint64_t *)(void *)bytes;
  else
    diag_warn(s->ctx, diag_file_span(s->ctx, path), "the index file has %zu bytes; the transfer has %zu elements of 8 bytes; it is not used", size, elements);
  return LOOM_OK;
}

/* Which row an element's index names is the values' business, and cycles do not depend on values: rows are taken as far apart as a multiplication by an odd number puts them. */
static int64_t row_of(const npu_box *n, const int64_t *at) {
  const uint64_t place = (uint64_t)n->index_file * 4096 + (uint64_t)(n->row_dim < 0 ? 0 : at[n->row_dim]);
  return (int64_t)(place * 40503 % (uint64_t)n->rows) * n->row_step * n->elem_bytes;
}

static loom_status list_elements(npu *s, npu_lines *l, const npu_box *n) {
  size_t elements = 1;
  for (int d = 0; d < n->rank; d++)
    if (__builtin_mul_overflow(elements, (size_t)n->extent[d], &elements) || elements > NPU_LINES_MAX)
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "node '%s' moves a tile whose elements overlap or go by index; at most %zu elements of such are run", n->name, NPU_LINES_MAX);
  s->spent += (int64_t)elements;
  arena_mark mark = arena_save(&s->ctx->scratch);
  uint64_t *indices = NULL;
  if (n->index_file != NPU_NONE && !n->rows)
    LOOM_TRY(read_indices(s, n, elements, &indices));
  if (elements > l->room) {
    l->room = elements * 2;
    l->list = ARENA_NEW_N(&s->ctx->mem, int64_t, l->room);
  }
  int64_t at[TILE_GRAPH_RANK_MAX] = {0};
  for (size_t i = 0; i < elements; i++) {
    int64_t address = n->address + (indices ? (int64_t)(indices[i] & ((uint64_t)TILE_GRAPH_VALUE_MAX - 1)) * n->elem_bytes : 0);
    for (int d = 0; d < n->rank; d++)
      address += at[d] * n->step[d] * n->elem_bytes;
    address += n->rows ? row_of(n, at) : 0;
    l->list[i] = address >> l->shift;
    for (int d = n->rank - 1; d >= 0 && ++at[d] == n->extent[d]; d--)
      at[d] = 0;
  }
  l->n = elements;
  l->list_at = 0;
  arena_release(&s->ctx->scratch, mark);
  sort_list(l);
  advance(l);
  return LOOM_OK;
}

loom_status npu_lines_start(npu *s, npu_lines *l, const npu_box *n) {
  dim dims[TILE_GRAPH_RANK_MAX];
  l->shift = 63 - __builtin_clzll((unsigned long long)s->dram.request_bytes);
  l->address = n->address;
  int count = sort_dims(n, dims, &l->address);
  l->is_list = n->index_file != NPU_NONE || !is_ascending(dims, count);
  if (l->is_list)
    return list_elements(s, l, n);
  l->n_dims = count ? count - 1 : 0;
  for (int d = 0; d < l->n_dims; d++) {
    l->extent[d] = dims[d].extent;
    l->step[d] = dims[d].step;
    l->at[d] = 0;
  }
  l->run_extent = count ? dims[count - 1].extent : 1;
  l->run_step = count ? dims[count - 1].step : 1;
  l->last = INT64_MIN / 2;
  open_run(l);
  advance(l);
  return LOOM_OK;
}
