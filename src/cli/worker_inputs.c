/* Values of a function's arguments: by position or by name, as text, from files, or made up. */
#include "base/file.h"
#include "base/rng.h"
#include "cli/cli.h"
#include "cli/worker_program.h"
#include "network/network_places.h"
#include "npz/npz.h"
#include "weights/weights.h"
#include <ctype.h>
#include <string.h>

static int argument_named(const program_function *f, const char *name, size_t n) {
  for (int i = 0; i < f->n_args; i++)
    if (strlen(f->arg_names[i]) == n && memcmp(f->arg_names[i], name, n) == 0)
      return i;
  return -1;
}

static loom_status take(program_run *r, int i, const char *what, const run_value *v) {
  if (r->given[i])
    LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: argument '%s' is given twice", what, r->f->arg_names[i]);
  r->given[i] = true;
  r->args[i] = *v;
  return LOOM_OK;
}

static loom_status take_archive(program_run *r, const char *path) {
  npz_array *arrays;
  size_t n;
  run_value v;
  LOOM_TRY(npz_read(r->ctx, path, &arrays, &n));
  for (size_t k = 0; k < n; k++) {
    int i = argument_named(r->f, arrays[k].name, strlen(arrays[k].name));
    const char *what = arena_printf(&r->ctx->mem, "--input %s: '%s'", path, arrays[k].name);
    if (i < 0)
      LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: function @%s has no such argument", what, r->f->name);
    LOOM_TRY(run_value_from_array(r->ctx, what, &arrays[k].array, &r->f->args[i], &v));
    LOOM_TRY(take(r, i, what, &v));
  }
  return LOOM_OK;
}

/* The bytes of an archive's tensor, which says neither type nor shape: one open size follows from how many they are. */
static loom_status value_of_bytes(program_run *r, const char *what, const weight *w, int i, run_value *out) {
  run_value v = r->f->args[i];
  uint64_t known = run_element_bytes(&v.type);
  int open = -1;
  for (int d = 0; d < v.rank; d++) {
    if (v.shape[d] == RUN_ANY_SIZE && open >= 0)
      LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s has several open sizes (%s); --shape has to give them, as the archive says none", what, run_value_type_text(&r->ctx->mem, &v));
    if (v.shape[d] == RUN_ANY_SIZE)
      open = d;
    else
      known = __builtin_mul_overflow(known, (uint64_t)v.shape[d], &known) ? UINT64_MAX : known;
  }
  if (open >= 0 && known)
    v.shape[open] = (int64_t)(w->size / known);
  if (open >= 0 ? !known || w->size % known : w->size != known)
    LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s is %s; its tensor in the archive has %" PRIu64 " bytes", what, run_value_type_text(&r->ctx->mem, &r->f->args[i]), w->size);
  v.bytes = arena_alloc(&r->ctx->mem, (size_t)w->size + 8);
  weights_copy(w, v.bytes, (size_t)w->size);
  v.elems = (int64_t)(w->size / run_element_bytes(&v.type));
  *out = v;
  return LOOM_OK;
}

/* NAME=FILE.irpa: its tensor of that name, or the only one. */
static loom_status take_irpa(program_run *r, const char *what, const char *path, int i) {
  char *bytes;
  size_t size;
  weights all;
  run_value v;
  LOOM_TRY(file_read(r->ctx, path, INT32_MAX, &bytes, &size));
  LOOM_TRY(weights_read_irpa(r->ctx, path, (const unsigned char *)bytes, size, &all));
  const weight *w = all.all.n == 1 ? &all.all.at[0] : weights_find(&all, r->f->arg_names[i]);
  if (!w)
    LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: the archive has %zu tensors and none of the name '%s'", what, all.all.n, r->f->arg_names[i]);
  LOOM_TRY(value_of_bytes(r, what, w, i, &v));
  return take(r, i, what, &v);
}

/* Is what stands before '=' a shape and a type ("2xf32", "i32"), and not a name? */
static bool is_typed(arena *mem, const char *s, size_t n) {
  run_element e;
  while (n && isdigit((unsigned char)*s)) {
    size_t digits = strspn(s, "0123456789");
    if (digits >= n || s[digits] != 'x')
      return false;
    s += digits + 1;
    n -= digits + 1;
  }
  return run_element_parse(mem, arena_strndup(mem, s, n), &e);
}

static loom_status unknown_argument(program_run *r, const char *s, size_t n) {
  const program_function *f = r->f;
  const char *name = arena_strndup(&r->ctx->mem, s, n), *near = diag_nearest(name, f->arg_names, (size_t)f->n_args);
  diag_error(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--input: function @%s has no argument '%s', and it is no shape and element type either", f->name, name);
  if (near)
    diag_help(r->ctx, "did you mean '%s'", near);
  else
    diag_help(r->ctx, "values go by position (4x4xf32=1,2,.., f32=1.5, @file.npy) or by name (NAME=FILE.npy)");
  return LOOM_EUSAGE;
}

static int next_free(const program_run *r) {
  for (int i = 0; i < r->f->n_args; i++)
    if (!r->given[i])
      return i;
  return -1;
}

static loom_status take_input(program_run *r, const char *spelled) {
  loom_ctx *ctx = r->ctx;
  const program_function *f = r->f;
  const char *eq = strchr(spelled, '=');
  size_t n = eq ? (size_t)(eq - spelled) : strlen(spelled);
  run_value v;
  if (!eq && text_ends(spelled, ".npz"))
    return take_archive(r, spelled);
  bool is_positional = *spelled == '@' || !eq || is_typed(&ctx->mem, spelled, n);
  int i = is_positional ? next_free(r) : argument_named(f, spelled, n);
  if (!is_positional && i < 0)
    return unknown_argument(r, spelled, n);
  if (i < 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--input %s: function @%s takes %d value%s", spelled, f->name, f->n_args, f->n_args == 1 ? "" : "s");
  const char *what = arena_printf(&ctx->mem, "--input %.60s%s: argument %d ('%s')", spelled, strlen(spelled) > 60 ? ".." : "", i, f->arg_names[i]);
  if (eq && !is_positional && text_ends(spelled, ".irpa"))
    return take_irpa(r, what, eq + 1, i);
  bool is_file = !is_positional && (text_ends(spelled, ".npy") || file_exists(eq + 1));
  const char *value = is_positional ? spelled : is_file ? arena_printf(&ctx->mem, "@%s", eq + 1) : eq + 1;
  LOOM_TRY(run_value_parse(ctx, what, value, &f->args[i], &v));
  return take(r, i, what, &v);
}

/* By argument: the most that its elements can be as places in tensors (network_places.h), which are looked for where there are whole numbers. */
static loom_status find_places(program_run *r, int64_t **out) {
  *out = ARENA_NEW_N(&r->ctx->mem, int64_t, r->f->n_args + 1);
  bool any = false;
  for (int i = 0; i < r->f->n_args; i++) {
    (*out)[i] = NETWORK_NO_PLACE;
    any = any || !r->f->args[i].type.is_float;
    for (int d = 0; d < r->f->args[i].rank; d++)
      if (r->f->args[i].shape[d] == RUN_ANY_SIZE)
        return LOOM_OK;      /* it is said where the value is made */
  }
  if (!any)
    return LOOM_OK;
  MlirModule known = ir_clone_module(r->module);
  diag_mark mark = diag_save(r->ctx);
  if (network_sizes_fix(&r->sizes, known) != LOOM_OK)
    diag_drop(r->ctx, mark);      /* sizes inside of it that are open bound no place */
  network_find_places(&r->ir, known, r->f->name, *out);
  ir_close_module(known);
  return LOOM_OK;
}

/* Without any --input: normal floats, small whole numbers, as for kernels; places within their tensors. */
static loom_status make_value(program_run *r, rng *random, int i, int64_t most) {
  run_value v = r->f->args[i];
  v.elems = 1;
  for (int d = 0; d < v.rank; d++) {
    if (v.shape[d] == RUN_ANY_SIZE)
      LOOM_FAIL(r->ctx, r->f->span, LOOM_EUSAGE, "argument %d ('%s') is %s: give its contents with --input, or the size with --shape %s.%d=SIZE", i, r->f->arg_names[i], run_value_type_text(&r->ctx->mem, &v), r->f->arg_names[i], d);
    if (__builtin_mul_overflow(v.elems, v.shape[d], &v.elems) || v.elems > INT64_C(1) << 30)
      LOOM_FAIL(r->ctx, r->f->span, LOOM_ELIMIT, "argument %d ('%s') is %s: that much is not made up", i, r->f->arg_names[i], run_value_type_text(&r->ctx->mem, &v));
  }
  size_t width = run_element_bytes(&v.type);
  bool is_place = most != NETWORK_NO_PLACE;
  int bits = v.type.bits - !v.type.is_unsigned;
  int64_t low = is_place || v.type.bits == 1 || v.type.is_unsigned ? 0 : -4, high = v.type.bits == 1 ? 1 : is_place ? most : v.type.bits < 4 ? 1 : 4;
  high = bits > 0 && bits < 62 && high >= INT64_C(1) << bits ? (INT64_C(1) << bits) - 1 : high;
  v.bytes = arena_array(&r->ctx->mem, (size_t)v.elems + 1, width);
  for (int64_t e = 0; e < v.elems; e++) {
    void *p = (char *)v.bytes + (size_t)e * width;
    if (v.type.is_float)
      run_element_store_float(&v.type, p, rng_normal(random));
    else
      run_element_store_integer(&v.type, p, rng_range(random, low, high));
  }
  r->args[i] = v;
  return LOOM_OK;
}

static loom_status sizes_of_inputs(program_run *r) {
  for (int i = 0; i < r->f->n_args; i++)
    for (int d = 0; d < r->f->args[i].rank; d++)
      LOOM_TRY(network_sizes_set(&r->sizes, i, d, r->args[i].shape[d], "its value"));
  return network_sizes_settle(&r->sizes);
}

loom_status worker_program_inputs(program_run *r) {
  loom_ctx *ctx = r->ctx;
  int64_t seed = 0;
  r->args = ARENA_NEW_N(&ctx->mem, run_value, r->f->n_args + 1);
  r->given = ARENA_NEW_N(&ctx->mem, bool, r->f->n_args + 1);
  for (size_t i = 0; i < r->o->input.all.n; i++)
    LOOM_TRY(take_input(r, r->o->input.all.at[i]));
  if (r->o->seed.last)
    LOOM_TRY(cli_int(ctx, "--seed", r->o->seed.last, 0, INT64_MAX, &seed));
  rng random = rng_new((uint64_t)seed);
  int missing = next_free(r);
  if (missing >= 0 && r->o->input.all.n) {
    diag_error(ctx, r->f->span, LOOM_EUSAGE, "argument %d ('%s') of function @%s has no value", missing, r->f->arg_names[missing], r->f->name);
    diag_help(ctx, "add --input %s=..", run_value_type_text(&ctx->mem, &r->f->args[missing]));
    return LOOM_EUSAGE;
  }
  int64_t *places = NULL;
  if (!r->o->input.all.n)
    LOOM_TRY(find_places(r, &places));
  for (int i = 0; places && i < r->f->n_args; i++)
    LOOM_TRY(make_value(r, &random, i, places[i]));
  return sizes_of_inputs(r);
}
