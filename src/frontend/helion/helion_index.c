/* Subscripts: of sequences, of host tensors (helion_memory.c) and of device values (new dimensions). */
#include "frontend/helion/helion_memory.h"
#include "frontend/helion/helion_view.h"

/* ---- sequences ---- */
bool helion_clamp_bound(helion_reader *r, const helion_value *v, int64_t n, int64_t missing, int64_t *out) {
  *out = missing;
  if (!v || v->kind == HELION_NONE)
    return true;
  if (!helion_known_int(r, v, out))
    return false;
  *out += *out < 0 ? n : 0;
  *out = *out < 0 ? 0 : *out > n ? n : *out;
  return true;
}

/* A bound of a slice that counts down over n items: -1 stands in front of the first. */
static bool clamp_downward(helion_reader *r, const helion_value *v, int64_t n, int64_t missing, int64_t *out) {
  *out = missing;
  if (!v || v->kind == HELION_NONE)
    return true;
  if (!helion_known_int(r, v, out))
    return false;
  *out += *out < 0 ? n : 0;
  *out = *out < -1 ? -1 : *out >= n ? n - 1 : *out;
  return true;
}

static helion_value slice_sequence(helion_reader *r, const syn_node *n, const helion_value *base, const helion_slice *s) {
  int64_t begin, end, step = 1, count = (int64_t)base->seq.n;
  bool known = !s->step || s->step->kind == HELION_NONE || helion_known_int(r, s->step, &step);
  if (known && step == 0)
    return helion_fail(r, n, LOOM_EINPUT, "steps count up or down", "a slice with step 0");
  if (step > 0)
    known = known && helion_clamp_bound(r, s->begin, count, 0, &begin) && helion_clamp_bound(r, s->end, count, count, &end);
  else
    known = known && clamp_downward(r, s->begin, count, count - 1, &begin) && clamp_downward(r, s->end, count, -1, &end);
  if (!known)
    return helion_fail(r, n, LOOM_EUNSUP, "write a:b with ints that are known while compiling", "a slice with unknown bounds");
  helion_value out = helion_sequence(r, 0, base->seq.is_list);
  if (step > 0 ? begin >= end : begin <= end)
    return out;
  uint64_t span = step > 0 ? (uint64_t)(end - begin) : (uint64_t)(begin - end), by = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
  out = helion_sequence(r, (size_t)((span - 1) / by + 1), base->seq.is_list);
  for (size_t i = 0; i < out.seq.n; i++)
    out.seq.at[i] = base->seq.at[begin + (int64_t)i * step];
  return out;
}

static helion_value subscript_sequence(helion_reader *r, const syn_node *n, const helion_value *base, const helion_value *index) {
  int64_t i, count = (int64_t)base->seq.n;
  if (index->kind == HELION_SLICE)
    return slice_sequence(r, n, base, index->slice);
  if (!helion_known_int(r, index, &i))
    return helion_fail(r, n, LOOM_EUNSUP, "index sequences with ints that are known while compiling", "%s as an index of a sequence",
                       helion_describe(r, index));
  if (i < -count || i >= count)
    return helion_fail(r, n, LOOM_EINPUT, "indices count from 0, or from -1 at the end", "index %" PRId64 " of a sequence of %" PRId64, i, count);
  return base->seq.at[i < 0 ? i + count : i];
}

static helion_value subscript_dict(helion_reader *r, const syn_node *n, const helion_value *base, const helion_value *index) {
  for (size_t i = 0; i < base->dict->n; i++) {
    helion_value same = helion_compare(r, n, SYN_Eq, base->dict->keys[i], *index);
    if (same.kind == HELION_BOOL && same.flag)
      return base->dict->values[i];
  }
  return helion_fail(r, n, LOOM_EINPUT, "use one of the keys that it was made with", "the dict has no key %s", helion_describe(r, index));
}

/* x[:, None] of a device value: a new shape of the same elements. */
static helion_value add_dimensions(helion_reader *r, const syn_node *n, kernel_value v, const helion_value *index) {
  const kernel_type *old = helion_type(r, v);
  kernel_type t = {.type = old->type};
  helion_values items = {0};
  int dim = 0;
  if (!helion_expand_index(r, n, index, old, &items))
    return helion_unknown();
  for (size_t i = 0; i < items.n; i++) {
    const helion_value *item = &items.at[i];
    bool is_all = item->kind == HELION_SLICE && !item->slice->begin && !item->slice->end && !item->slice->step;
    if (!is_all && item->kind != HELION_NONE)
      return helion_fail(r, n, LOOM_EUNSUP, "index device values with : and None only", "%s as an index of a device value",
                         helion_describe(r, item));
    if (t.rank == KERNEL_RANK_MAX)
      return helion_fail(r, n, LOOM_ELIMIT, "join dimensions with reshape", "a value of more than %d dimensions", KERNEL_RANK_MAX);
    t.dim[t.rank++] = is_all ? helion_type(r, v)->dim[dim++] : sym_const(r->mem, 1);
  }
  return t.rank == helion_type(r, v)->rank ? helion_device(v) : helion_device(helion_emit(r, n, KERNEL_RESHAPE, 1, &v, &t));
}

helion_value helion_subscript(helion_reader *r, const syn_node *n, helion_value base, helion_value index) {
  if (base.kind == HELION_UNKNOWN || index.kind == HELION_UNKNOWN)
    return helion_unknown();
  switch (base.kind) {
  case HELION_SEQ: return subscript_sequence(r, n, &base, &index);
  case HELION_DICT: return subscript_dict(r, n, &base, &index);
  case HELION_TENSOR: return helion_in_loop(r) ? helion_load(r, n, base.tensor, &index, -1) : helion_view_subscript(r, n, base.tensor, &index);
  case HELION_DEVICE: return add_dimensions(r, n, base.device, &index);
  case HELION_TILE:   /* `tile[0]` of a loop over a one-element list */
    if (helion_known_int(r, &index, &(int64_t){0}))
      return base;
    break;
  default: break;
  }
  return helion_fail(r, n, LOOM_EUNSUP, "index tensors, device values, tuples, lists and dicts", "a subscript of %s", helion_describe(r, &base));
}
