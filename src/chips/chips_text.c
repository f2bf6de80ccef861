/* Splits in words and as JSON, and the pins that ask for them. */
#include "base/text.h"
#include "chips/chips_private.h"

static const char *loop_name(const chips_kernel *k, int axis) { return axis < 0 ? "none" : k->axis[axis].name; }

const char *chips_split_text(arena *mem, const chips_kernel *k, const machine *m, const chips_split *s) {
  text t = text_new(mem);
  for (int d = 0; d < s->n_dims; d++)
    text_addf(&t, "%s%s=%s", d ? ", " : "", m->chips.at[d].name, loop_name(k, s->axis[d]));
  return text_str(&t);
}

data_value *chips_split_to_data(arena *mem, const chips_kernel *k, const machine *m, const chips_split *s) {
  data_value *all = data_array(mem);
  for (int d = 0; d < s->n_dims; d++) {
    data_value *v = data_object(mem);
    data_set_string(mem, v, "name", m->chips.at[d].name);
    data_set_int(mem, v, "size", m->chips.at[d].size);
    data_set_string(mem, v, "loop", loop_name(k, s->axis[d]));
    data_push(mem, all, v);
  }
  return all;
}

static loom_status read_loop(loom_ctx *ctx, const chips_kernel *k, const char *pin, const char *name, int *out) {
  text all = text_new(&ctx->mem);
  text_add(&all, "none");
  *out = -1;
  if (text_eq(name, "none"))
    return LOOM_OK;
  for (int a = 0; a < k->n_axes; a++) {
    *out = a;
    if (text_eq(k->axis[a].name, name))
      return LOOM_OK;
    text_addf(&all, ", %s", k->axis[a].name);
  }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s: '%s' is no loop that can be split over chips", pin, name);
  diag_help(ctx, k->why ? "there are %s; %s" : "there are %s", text_str(&all), k->why);
  return LOOM_EUSAGE;
}

loom_status chips_read_pins(loom_ctx *ctx, const chips_kernel *k, const machine *m, const char *const *pins, size_t n, int out[MACHINE_MESH_DIMS_MAX]) {
  for (size_t d = 0; d < m->chips.n; d++)
    out[d] = -2;
  for (size_t i = 0; i < n; i++) {
    int axis;
    bool is_known = false;
    const char *names[MACHINE_MESH_DIMS_MAX], *eq = strchr(pins[i], '=');
    if (!eq || !text_starts(pins[i], "chips"))
      continue;
    const char *name = arena_strndup(&ctx->mem, pins[i], (size_t)(eq - pins[i]));
    LOOM_TRY(read_loop(ctx, k, pins[i], eq + 1, &axis));
    for (size_t d = 0; d < m->chips.n; d++) {
      names[d] = arena_printf(&ctx->mem, "chips.%s", m->chips.at[d].name);
      if (!text_eq(name, "chips") && !text_eq(name, names[d]))
        continue;
      out[d] = m->chips.at[d].size > 1 ? axis : -1;
      is_known = true;
    }
    if (is_known)
      continue;
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s: machine '%s' has no such dim of chips", pins[i], m->name);
    const char *near = diag_nearest(name, names, m->chips.n);
    diag_help(ctx, near ? "did you mean '%s'?" : "write chips.%s=LOOP, or chips=LOOP for all dims", near ? near : m->chips.at[0].name);
    return LOOM_EUSAGE;
  }
  return LOOM_OK;
}

/* ---- loom.chips.v1 ---- */

static data_value *transfer_to_data(arena *m, const chips_transfer *t) {
  const int64_t words[] = {t->stage, t->from, t->to, t->at, t->elems, t->after};
  data_value *a = data_array(m);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    data_push(m, a, data_int(m, words[i]));
  return a;
}

data_value *chips_program_to_data(arena *m, const chips_program *p) {
  data_value *v = data_object(m), *tensors = data_array(m), *stages = data_array(m), *transfers = data_array(m);
  data_set_string(m, v, "schema", "loom.chips.v1");
  data_set_int(m, v, "chips", p->n_chips);
  for (size_t i = 0; i < p->tensors.n; i++) {
    data_value *o = data_object(m);
    data_set_string(m, o, "name", p->tensors.at[i].name);
    data_set_string(m, o, "type", dtype_mlir(p->tensors.at[i].type));
    data_set_string(m, o, "partial_type", dtype_mlir(p->tensors.at[i].partial_type));
    data_push(m, tensors, o);
  }
  for (size_t i = 0; i < p->stages.n; i++) {
    const chips_stage *g = &p->stages.at[i];
    data_value *o = data_object(m);
    data_set_string(m, o, "kind", chips_collective_text(g->kind));
    data_set_int(m, o, "tensor", g->tensor);
    data_set_int(m, o, "dim", g->dim);
    data_set_int(m, o, "previous", g->previous);
    data_set_bool(m, o, "behind", g->behind);
    data_set_bool(m, o, "rounds", g->rounds);
    data_set_int(m, o, "cycles", g->cycles);
    data_set_int(m, o, "bytes", g->bytes);
    data_push(m, stages, o);
  }
  for (size_t i = 0; i < p->transfers.n; i++)
    data_push(m, transfers, transfer_to_data(m, &p->transfers.at[i]));
  data_set_int(m, v, "cycles_before", p->cycles_before);
  data_set_int(m, v, "cycles_behind", p->cycles_behind);
  data_set(m, v, "tensors", tensors);
  data_set(m, v, "stages", stages);
  data_set(m, v, "transfers", transfers);
  return v;
}

static loom_status read_type(loom_ctx *ctx, const data_value *o, const char *name, dtype *out) {
  data_value *s;
  LOOM_TRY(data_need(ctx, o, name, DATA_STRING, &s));
  if (!dtype_parse(s->string, out))
    LOOM_FAIL(ctx, s->span, LOOM_EINPUT, "unknown element type '%s'", s->string);
  return LOOM_OK;
}

static loom_status read_stage(loom_ctx *ctx, const data_value *o, const chips_program *p, chips_stage *g) {
  data_value *kind, *flag;
  int64_t i;
  LOOM_TRY(data_need(ctx, o, "kind", DATA_STRING, &kind));
  for (g->kind = CHIPS_ALL_GATHER; !text_eq(chips_collective_text(g->kind), kind->string); g->kind++)
    if (g->kind == CHIPS_REDUCE_SCATTER)
      LOOM_FAIL(ctx, kind->span, LOOM_EINPUT, "there is no collective '%s'", kind->string);
  LOOM_TRY(data_need_int(ctx, o, "tensor", 0, (int64_t)p->tensors.n - 1, &i));
  g->tensor = (int)i;
  LOOM_TRY(data_need_int(ctx, o, "dim", 0, MACHINE_MESH_DIMS_MAX - 1, &i));
  g->dim = (int)i;
  LOOM_TRY(data_need_int(ctx, o, "previous", -1, (int64_t)p->stages.n - 1, &i));
  g->previous = (int)i;
  LOOM_TRY(data_need(ctx, o, "behind", DATA_BOOL, &flag));
  g->behind = flag->boolean;
  LOOM_TRY(data_need(ctx, o, "rounds", DATA_BOOL, &flag));
  g->rounds = flag->boolean;
  LOOM_TRY(data_need_int(ctx, o, "cycles", 0, INT64_MAX, &g->cycles));
  return data_need_int(ctx, o, "bytes", 0, INT64_MAX, &g->bytes);
}

static loom_status read_transfer(loom_ctx *ctx, const data_value *a, const chips_program *p, chips_transfer *t) {
  const int64_t most[] = {(int64_t)p->stages.n - 1, p->n_chips - 1, p->n_chips - 1, INT64_MAX / 16, INT64_MAX / 16, (int64_t)p->transfers.n - 1};
  int64_t words[6];
  if (a->kind != DATA_ARRAY || a->n != 6)
    LOOM_FAIL(ctx, a->span, LOOM_EINPUT, "a transfer is [stage, from, to, at, elems, after]");
  for (size_t i = 0; i < 6; i++) {
    if (a->items[i]->kind != DATA_INT || a->items[i]->integer < (i == 5 ? -1 : 0) || a->items[i]->integer > most[i])
      LOOM_FAIL(ctx, a->items[i]->span, LOOM_EINPUT, "number %zu of a transfer must be %d..%" PRId64, i, i == 5 ? -1 : 0, most[i]);
    words[i] = a->items[i]->integer;
  }
  if (words[1] == words[2])
    LOOM_FAIL(ctx, a->span, LOOM_EINPUT, "a transfer goes from a chip to another");
  *t = (chips_transfer){(int)words[0], (int)words[1], (int)words[2], words[3], words[4], (int)words[5], p->stages.at[words[0]].kind == CHIPS_REDUCE_SCATTER};
  return LOOM_OK;
}

loom_status chips_program_from_data(loom_ctx *ctx, const data_value *v, chips_program *p) {
  data_value *tensors, *stages, *transfers;
  const char *schema;
  *p = (chips_program){0};
  LOOM_TRY(data_need_string(ctx, v, "schema", &schema));
  if (!text_eq(schema, "loom.chips.v1"))
    LOOM_FAIL(ctx, data_get(v, "schema")->span, LOOM_EINPUT, "schema is '%s'; expected loom.chips.v1", schema);
  LOOM_TRY(data_need_int(ctx, v, "chips", 1, MACHINE_CHIPS_MAX, &p->n_chips));
  LOOM_TRY(data_need(ctx, v, "tensors", DATA_ARRAY, &tensors));
  LOOM_TRY(data_need(ctx, v, "stages", DATA_ARRAY, &stages));
  LOOM_TRY(data_need(ctx, v, "transfers", DATA_ARRAY, &transfers));
  if (tensors->n > CHIPS_TENSORS_MAX || stages->n > CHIPS_STAGES_MAX)
    LOOM_FAIL(ctx, v->span, LOOM_ELIMIT, "there are %zu tensors and %zu stages; at most %d and %d", tensors->n, stages->n, CHIPS_TENSORS_MAX, CHIPS_STAGES_MAX);
  for (size_t i = 0; i < tensors->n; i++) {
    chips_elements t;
    LOOM_TRY(data_need_string(ctx, tensors->items[i], "name", &t.name));
    LOOM_TRY(read_type(ctx, tensors->items[i], "type", &t.type));
    LOOM_TRY(read_type(ctx, tensors->items[i], "partial_type", &t.partial_type));
    vec_push(&ctx->mem, &p->tensors, t);
  }
  for (size_t i = 0; i < stages->n; i++) {
    chips_stage g = {0};
    LOOM_TRY(read_stage(ctx, stages->items[i], p, &g));
    vec_push(&ctx->mem, &p->stages, g);
  }
  for (size_t i = 0; i < transfers->n; i++) {
    chips_transfer t;
    LOOM_TRY(read_transfer(ctx, transfers->items[i], p, &t));
    vec_push(&ctx->mem, &p->transfers, t);
  }
  LOOM_TRY(data_need_int(ctx, v, "cycles_before", 0, INT64_MAX, &p->cycles_before));
  return data_need_int(ctx, v, "cycles_behind", 0, INT64_MAX, &p->cycles_behind);
}
