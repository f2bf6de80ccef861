/* Who has what: parts of axes, boxes of tensors, runs of elements. */
#include "base/ceil.h"
#include "chips/chips_private.h"

void chips_coordinates(const machine *m, int64_t chip, int64_t *out) {
  for (size_t d = m->chips.n; d-- > 0;) {
    out[d] = chip % m->chips.at[d].size;
    chip /= m->chips.at[d].size;
  }
}

int64_t chips_number(const machine *m, const int64_t *coordinates) {
  int64_t chip = 0;
  for (size_t d = 0; d < m->chips.n; d++)
    chip = chip * m->chips.at[d].size + coordinates[d];
  return chip;
}

chips_part chips_part_of(const chips_kernel *k, const machine *m, const chips_split *s, int64_t chip) {
  int64_t at[MACHINE_MESH_DIMS_MAX], parts[CHIPS_AXES_MAX], number[CHIPS_AXES_MAX];
  chips_part p = {0};
  chips_coordinates(m, chip, at);
  for (int a = 0; a < k->n_axes; a++) {
    parts[a] = 1;
    number[a] = 0;
  }
  for (int d = 0; d < s->n_dims; d++) {
    const int a = s->axis[d];
    if (a < 0) {
      p.is_idle = p.is_idle || (at[d] > 0 && !s->repeats);
      continue;
    }
    parts[a] *= m->chips.at[d].size;
    number[a] = number[a] * m->chips.at[d].size + at[d];
  }
  for (int a = 0; a < k->n_axes; a++) {
    const int64_t extent = k->axis[a].extent, unit = extent > (parts[a] - 1) * m->tile_align ? m->tile_align : 1;
    const int64_t run = parts[a] == 1 ? extent : ceil_div(ceil_div(extent, unit), parts[a]) * unit, begin = number[a] * run;
    p.begin[a] = begin < extent ? begin : extent;
    p.extent[a] = extent - p.begin[a] < run ? extent - p.begin[a] : run;
    p.is_idle = p.is_idle || !p.extent[a];
  }
  return p;
}

bool chips_same_shape(const chips_kernel *k, const chips_part *a, const chips_part *b) {
  return a->is_idle == b->is_idle && memcmp(a->extent, b->extent, (size_t)k->n_axes * sizeof *a->extent) == 0;
}

int64_t chips_box(const chips_kernel *k, const chips_part *p, int t, int64_t *begin, int64_t *size) {
  const chips_tensor *x = &k->tensors.at[t];
  int64_t elems = 1;
  for (int d = 0; d < x->rank; d++) {
    const int a = x->axis[d];
    const int64_t n = a < 0 ? x->shape[d] : p->extent[a];
    if (begin)
      begin[d] = a < 0 ? 0 : p->begin[a];
    if (size)
      size[d] = n;
    elems *= n;
  }
  return elems;
}

bool chips_splits_sum(const chips_kernel *k, const chips_split *s) {
  for (int d = 0; d < s->n_dims; d++)
    if (s->axis[d] >= 0 && k->axis[s->axis[d]].is_sum)
      return true;
  return false;
}

/* Is the tensor the same along dim d of the mesh, for chips that all work? */
bool chips_is_shared(const chips_kernel *k, const chips_split *s, int t, int d) {
  return s->axis[d] >= 0 && !chips_tensor_has_axis(&k->tensors.at[t], s->axis[d]);
}

bool chips_is_sharded(const chips_kernel *k, const chips_split *s, int t, int d) {
  return s->axis[d] >= 0 && chips_tensor_has_axis(&k->tensors.at[t], s->axis[d]);
}

/* Chips along a dim without axis, all but the first, have nothing, unless they repeat what the first does. */
bool chips_takes_part(const machine *m, const chips_split *s, int64_t chip) {
  int64_t at[MACHINE_MESH_DIMS_MAX];
  chips_coordinates(m, chip, at);
  for (int d = 0; d < s->n_dims; d++)
    if (s->axis[d] < 0 && at[d] && !s->repeats)
      return false;
  return true;
}

static int64_t box_elems(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip) {
  const chips_part p = chips_part_of(k, m, s, chip);
  return chips_box(k, &p, t, NULL, NULL);
}

/* A result that ends everywhere lies on every chip box behind box: those of chips with smaller coordinates along the dims that shard it first. */
static int64_t place_of_box(const chips_kernel *k, const machine *m, const chips_split *s, int t, const int64_t *at) {
  int64_t other[MACHINE_MESH_DIMS_MAX], elems = 0;
  for (int64_t c = 0; c < machine_n_chips(m); c++) {
    int order = 0;                         /* < 0: in front */
    bool counts = true;
    chips_coordinates(m, c, other);
    for (int d = 0; d < s->n_dims; d++) {
      if (chips_is_sharded(k, s, t, d))
        order = order ? order : (other[d] > at[d]) - (other[d] < at[d]);
      else
        counts = counts && !other[d];
    }
    elems += counts && order < 0 ? box_elems(k, m, s, t, c) : 0;
  }
  return elems;
}

static bool is_kept_everywhere(const chips_tensor *x) { return x->is_output && x->is_everywhere; }

chips_run_of chips_box_of(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip) {
  int64_t at[MACHINE_MESH_DIMS_MAX];
  if (!chips_takes_part(m, s, chip))
    return (chips_run_of){0, 0};
  chips_coordinates(m, chip, at);
  return (chips_run_of){is_kept_everywhere(&k->tensors.at[t]) ? place_of_box(k, m, s, t, at) : 0, box_elems(k, m, s, t, chip)};
}

/* With dims from .. gathered: the boxes of all chips that differ there alone. */
chips_run_of chips_gathered(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip, int from) {
  int64_t at[MACHINE_MESH_DIMS_MAX], other[MACHINE_MESH_DIMS_MAX];
  chips_run_of r = {0};
  chips_coordinates(m, chip, at);
  for (int64_t c = 0; c < machine_n_chips(m); c++) {
    bool counts = true;
    chips_coordinates(m, c, other);
    for (int d = 0; d < s->n_dims; d++) {
      const bool is_sharded = chips_is_sharded(k, s, t, d);
      if (!is_sharded || d < from)
        counts = counts && other[d] == (is_sharded ? at[d] : 0);
    }
    r.elems += counts ? box_elems(k, m, s, t, c) : 0;
  }
  for (int d = from; d < s->n_dims; d++)
    at[d] = 0;
  r.at = place_of_box(k, m, s, t, at);
  return r;
}

/* Piece `i` of `n` of a run. */
chips_run_of chips_piece(chips_run_of r, int64_t i, int64_t n) {
  const int64_t begin = r.elems * i / n, end = r.elems * (i + 1) / n;
  return (chips_run_of){r.at + begin, end - begin};
}

/* The box cut along the dims of the mesh along which it is shared, one after the other, those before `to`. */
chips_run_of chips_cut(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip, int to) {
  int64_t at[MACHINE_MESH_DIMS_MAX];
  chips_run_of r = chips_box_of(k, m, s, t, chip);
  chips_coordinates(m, chip, at);
  for (int d = 0; d < to; d++)
    if (chips_is_shared(k, s, t, d))
      r = chips_piece(r, at[d], m->chips.at[d].size);
  return r;
}

chips_run_of chips_start_of(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip) {
  if (k->tensors.at[t].is_everywhere || k->tensors.at[t].is_output)
    return chips_box_of(k, m, s, t, chip);
  return chips_cut(k, m, s, t, chip, s->n_dims);
}

chips_run_of chips_end_of(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip) {
  if (!chips_takes_part(m, s, chip))
    return (chips_run_of){0, 0};
  return k->tensors.at[t].is_everywhere ? chips_gathered(k, m, s, t, chip, 0) : chips_cut(k, m, s, t, chip, s->n_dims);
}

int64_t chips_room(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip) {
  const chips_run_of box = chips_box_of(k, m, s, t, chip);
  return is_kept_everywhere(&k->tensors.at[t]) && chips_takes_part(m, s, chip) ? chips_gathered(k, m, s, t, chip, 0).elems : box.elems;
}
