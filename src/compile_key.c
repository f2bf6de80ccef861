#include "compile_key.h"
#include "base/hash.h"
#include <string.h>

const char *compile_hash(arena *m, const void *bytes, size_t size) {
  char hash[65];
  hash_sha256_hex(bytes, size, hash);
  return arena_strdup(m, hash);
}

const char *compile_hash_data(arena *m, const data_value *v) {
  const char *json = data_write_json(m, v, 0);
  return compile_hash(m, json, strlen(json));
}

static bool is_among(const char *key, const char *const *keys) {
  while (*keys && strcmp(*keys, key) != 0)
    keys++;
  return *keys != NULL;
}

static void drop_members(data_value *v, const char *const *keys) {
  size_t kept = 0;
  if (v->kind != DATA_OBJECT)
    return;
  for (size_t i = 0; i < v->n; i++)
    if (!is_among(v->members[i].key, keys))
      v->members[kept++] = v->members[i];
  v->n = kept;
}

static void drop_everywhere(data_value *v, const char *const *keys) {
  drop_members(v, keys);
  for (size_t i = 0; i < v->n && (v->kind == DATA_OBJECT || v->kind == DATA_ARRAY); i++)
    drop_everywhere(v->kind == DATA_OBJECT ? v->members[i].value : v->items[i], keys);
}

static void drop_in_list(const data_value *list, const char *const *keys) {
  for (size_t i = 0; list && i < list->n; i++)
    drop_members(list->items[i], keys);
}

const char *compile_hash_graph(arena *m, const kernel_graph *k, bool with_names) {
  static const char *const places[] = {"span", NULL}, *const files[] = {"path", "sha256", NULL}, *const name[] = {"name", NULL},
                    *const labels[] = {"name", "init", "init_lo", "init_hi", NULL};
  data_value *v = kernel_to_data(m, k);
  drop_everywhere(v, places);
  drop_members(v, files);
  if (!with_names) {
    drop_members(v, name);
    drop_in_list(data_get(v, "tensors"), labels);
    drop_in_list(data_get(v, "values"), labels);
  }
  return compile_hash_data(m, v);
}

const char *compile_hash_machine(arena *m, const compile_state *s) {
  data_value *v = data_object(m);
  machine whole = *s->machine;
  whole.l1_bytes += s->o->board_reserve_bytes + s->o->l1_reserved_bytes;
  data_set(m, v, "machine", machine_to_data(m, &whole));
  data_set_int(m, v, "reserve", s->o->for_npu ? 0 : s->o->board_reserve_bytes);      /* of an NPU it is tried out */
  data_set_string(m, v, "calibration", s->o->calibration);
  return compile_hash_data(m, v);
}

data_value *compile_search_options(arena *m, const compile_options *o) {
  data_value *v = data_object(m), *domains = data_array(m), *pins = data_array(m), *l1 = data_array(m);
  for (size_t i = 0; i < o->n_domains; i++) {
    const solve_domain *d = &o->domains[i];
    data_push(m, domains, data_string(m, arena_printf(m, "%s=%" PRId64 ",%" PRId64 ",%" PRId64, d->symbol ? d->symbol : "", d->assigned, d->lb, d->ub)));
  }
  for (size_t i = 0; i < o->explore.n_pins; i++)
    data_push(m, pins, data_string(m, o->explore.pins[i]));
  for (size_t i = 0; i < o->n_l1; i++)      /* where in the L1 a tensor lies changes nothing but its address, which each run sets */
    data_push(m, l1, data_string(m, arena_printf(m, "%d,%" PRId64, o->l1[i].tensor, o->l1[i].page)));
  if (o->l1_reserved_bytes) {
    data_set(m, v, "l1", l1);
    data_set_int(m, v, "l1_reserved_bytes", o->l1_reserved_bytes);
  }
  data_set(m, v, "domains", domains);
  data_set(m, v, "pins", pins);
  data_set_string(m, v, "variant", o->explore.variant);
  data_set_int(m, v, "kind", o->explore.kind);
  data_set_bool(m, v, "upstream_compatible", o->explore.upstream_compatible);
  data_set_int(m, v, "model", o->model);
  data_set_bool(m, v, "accumulate_f32", o->accumulate_f32);
  data_set_bool(m, v, "ragged", o->ragged);
  return v;
}
