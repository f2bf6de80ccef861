/* Variants as JSON again, each in its own generation. */
#include "base/text.h"
#include "etg/etg_private.h"

/* What was read is written as it stood: equal, not only equivalent. */
static data_value *write_expr(arena *m, const etg_expr *e) { return e->text ? (data_value *)(uintptr_t)e->text : sym_to_etg(m, e->is, false); }

static data_value *write_scenarios(arena *m, const etg_scenarios *s) {
  data_value *list = data_array(m);
  for (size_t i = 0; i < s->n; i++) {
    const etg_scenario *x = &s->at[i];
    data_value *o = data_object(m), *time = write_expr(m, &x->cycles);
    if (x->wrapper) {
      data_value *wrap = data_object(m);
      data_set(m, wrap, x->wrapper, time);
      time = wrap;
    }
    data_set(m, o, "constraints", write_expr(m, &x->when));
    data_set(m, o, "time_cost", time);
    data_push(m, list, o);
  }
  return list;
}

static void set_optional(arena *m, data_value *o, const char *key, const char *s) {
  if (s)
    data_set_string(m, o, key, s);
}

static data_value *write_func(arena *m, const etg_call *c) {
  data_value *func = data_object(m);
  data_set_string(m, func, "name", c->func);
  if (c->has_map) {
    data_value *symbols = data_array(m), *map = data_object(m), *entries = data_array(m);
    for (size_t i = 0; i < c->symbols.n; i++)
      data_push(m, symbols, data_string(m, c->symbols.at[i]));
    for (size_t i = 0; i < c->args.n; i++) {
      data_value *entry = data_array(m);
      data_push(m, entry, data_string(m, c->args.at[i].symbol));
      data_push(m, entry, write_expr(m, &c->args.at[i].value));
      data_push(m, entries, entry);
    }
    data_set(m, map, "entries", entries);
    data_set(m, func, "symbols", symbols);
    data_set(m, func, "sym_map", map);
  }
  set_optional(m, func, "op_label", c->label);
  set_optional(m, func, "read", c->read);
  set_optional(m, func, "write", c->write);
  return func;
}

static data_value *write_call(arena *m, const etg_call *c) {
  data_value *wrap = data_object(m), *body = data_object(m);
  data_set(m, body, "func", write_func(m, c));
  if (c->target)
    data_set(m, body, "target", (data_value *)(uintptr_t)c->target);
  data_set(m, body, "scenarios", write_scenarios(m, &c->scenarios));
  data_set(m, wrap, c->is_placed ? "PlacedFunc" : "Func", body);
  return wrap;
}

static data_value *write_branch(arena *m, const etg_branch *b) {
  data_value *wrap = data_object(m), *seq = data_object(m), *schedules = data_array(m);
  for (size_t i = 0; i < b->calls.n; i++)
    data_push(m, schedules, write_call(m, b->calls.at[i]));
  data_set(m, seq, "schedules", schedules);
  data_set(m, seq, "scenarios", write_scenarios(m, &b->scenarios));
  data_set(m, wrap, "Sequential", seq);
  return wrap;
}

static void set_scopes(arena *m, data_value *into, const etg_block *b, int generation);

static data_value *write_stage(arena *m, const etg_stage *s, int generation) {
  data_value *o = data_object(m);
  data_set_int(m, o, "stage_id", s->id);
  if (s->loop) {
    data_value *block = data_object(m);
    set_scopes(m, block, s->loop, generation);
    data_set_string(m, block, "block_sym", s->loop->symbol);
    data_set_string(m, block, "iter_type", s->loop->is_temporal ? "temporal" : "sequential");
    data_set(m, block, "trip_count", write_expr(m, &s->loop->trips));
    data_set(m, o, "for_loop_block", block);
    return o;
  }
  data_value *parallel = data_array(m);
  for (size_t i = 0; i < s->branches.n; i++)
    data_push(m, parallel, write_branch(m, s->branches.at[i]));
  data_set(m, o, "Parallel", s->is_bare ? parallel->items[0] : parallel);
  return o;
}

static void set_scope(arena *m, data_value *into, const char *key, const char *name, const etg_scope *s, int generation) {
  data_value *o = data_object(m), *stages = data_array(m);
  for (size_t i = 0; i < s->n; i++)
    data_push(m, stages, write_stage(m, s->at[i], generation));
  data_set_string(m, o, "scope_name", name);
  data_set(m, o, "stages", stages);
  data_set(m, into, key, o);
}

static void set_scopes(arena *m, data_value *into, const etg_block *b, int generation) {
  if (generation > 1)
    set_scope(m, into, "load_scope", "LoadScope", &b->load, generation);
  set_scope(m, into, "compute_scope", "ComputeScope", &b->compute, generation);
  if (generation > 1)
    set_scope(m, into, "store_scope", "StoreScope", &b->store, generation);
  else
    set_scope(m, into, "memory_scope", "MemoryScope", &b->load, generation);
}

/* ---- what restricts the block sizes ---- */

static data_value *write_exprs(arena *m, const etg_exprs *e) {
  data_value *list = data_array(m);
  for (size_t i = 0; i < e->n; i++)
    data_push(m, list, write_expr(m, &e->at[i]));
  return list;
}

static data_value *write_symbols(arena *m, const etg_variant *v) {
  data_value *o = data_object(m);
  for (size_t i = 0; i < v->symbols.n; i++) {
    const etg_symbol *s = &v->symbols.at[i];
    data_value *x = s->is_bare ? data_string(m, "int") : data_object(m);
    if (!s->is_bare) {
      data_set_string(m, x, "type", "int");
      if (s->align)
        data_set_int(m, x, "alignment", s->align);
      if (s->upper)
        data_set_int(m, x, "natural_ub", s->upper);
    }
    data_set(m, o, s->name, x);
  }
  return o;
}

static data_value *write_trip(arena *m, const etg_trip *t) {
  data_value *e = write_expr(m, &t->trips);
  if (t->divides == ETG_NOT_TOLD)
    return e;
  data_value *pair = data_array(m);
  data_push(m, pair, e);
  data_push(m, pair, data_bool(m, t->divides == ETG_DIVIDES));
  return pair;
}

static data_value *write_trips(arena *m, const etg_variant *v) {
  data_value *o = data_object(m), *temporal = data_array(m), *sequential = data_array(m);
  for (size_t i = 0; i < v->temporal.n; i++)
    data_push(m, temporal, write_trip(m, &v->temporal.at[i]));
  for (size_t i = 0; i < v->sequential.n; i++)
    data_push(m, sequential, write_trip(m, &v->sequential.at[i]));
  data_set(m, o, "temp_iter", temporal);
  if (v->sequential_is_list || sequential->n)
    data_set(m, o, "seq_iter", v->sequential_is_list ? sequential : sequential->items[0]);
  return o;
}

static data_value *write_memory(arena *m, const etg_memory *x, int generation) {
  static const char *const keys[2][4] = {{"load", "compute", "store", "capacity"}, {"load_bytes", "compute_bytes", "store_bytes", "capacity_bytes"}};
  const char *const *key = keys[generation == 3];
  data_value *o = data_object(m);
  if (generation == 3)
    data_set_string(m, o, "memory", x->name);
  if (x->capacity != ETG_CAPACITY_UNTOLD)
    data_set_int(m, o, key[3], x->capacity);
  data_set(m, o, key[0], write_exprs(m, &x->load));
  data_set(m, o, key[1], write_exprs(m, &x->compute));
  data_set(m, o, key[2], write_exprs(m, &x->store));
  return o;
}

static void set_memories(arena *m, data_value *metadata, const etg_variant *v) {
  if (!v->has_memories)
    return;
  if (v->generation < 3) {
    const etg_memory *x = &v->memories.at[0];
    data_set(m, metadata, "L1_footprint", x->name ? write_memory(m, x, 2) : write_exprs(m, &x->load));
    return;
  }
  data_value *list = data_array(m);
  for (size_t i = 0; i < v->memories.n; i++)
    data_push(m, list, write_memory(m, &v->memories.at[i], 3));
  data_set(m, metadata, "memory_footprints", list);
}

static data_value *write_limits(arena *m, const etg_variant *v) {
  data_value *o = data_object(m), *metadata = data_object(m);
  set_optional(m, metadata, "datatype", v->datatype);
  if (v->has_booleans) {
    data_value *booleans = data_array(m);
    for (size_t i = 0; i < v->booleans.n; i++)
      data_push(m, booleans, data_string(m, v->booleans.at[i]));
    data_set(m, metadata, "booleans", booleans);
  }
  data_set(m, metadata, "symbols", write_symbols(m, v));
  data_set(m, metadata, "iter_num", write_trips(m, v));
  set_memories(m, metadata, v);
  data_set(m, o, "hard_constraints", write_exprs(m, &v->hard));
  data_set(m, o, "metadata", metadata);
  return o;
}

data_value *etg_write(arena *m, const etg_file *e) {
  data_value *list = data_array(m);
  for (size_t i = 0; i < e->variants.n; i++) {
    const etg_variant *v = e->variants.at[i];
    data_value *o = data_object(m), *kernel = v->is_flat ? o : data_object(m);
    data_set_string(m, o, "variant_name", v->name);
    set_scopes(m, kernel, v->kernel, v->generation);
    if (!v->is_flat)
      data_set(m, o, "kernel_block", kernel);
    data_set(m, o, "constraint_scope", write_limits(m, v));
    data_push(m, list, o);
  }
  return list;
}
