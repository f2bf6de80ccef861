/* loom run MODEL --expect RESULT=FILE: results that something else made, against the interpreter. */
#include "base/file.h"
#include "cli/worker_network.h"
#include "weights/weights.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Other types than the result's are as good: what is compared are numbers. */
static loom_status from_npy(program_run *r, const char *what, const char *path, const interp_tensor *want, double *out) {
  npy_array a;
  LOOM_TRY(npy_read(r->ctx, path, &a));
  if (a.elems != want->elems)
    LOOM_FAIL(r->ctx, diag_file_span(r->ctx, path), LOOM_EINPUT, "%s: the file has %" PRId64 " elements; the result has %" PRId64, what, a.elems, want->elems);
  for (int64_t i = 0; i < a.elems; i++)
    out[i] = dtype_load(a.type, (const char *)a.data + (size_t)i * dtype_bytes(a.type));
  return LOOM_OK;
}

/* An archive says no types: that of the result, or f32 where there are bytes for that. */
static loom_status from_irpa(program_run *r, const char *what, const char *path, int result, const interp_tensor *want, double *out) {
  char *bytes;
  size_t size;
  weights all;
  const char *name = arena_printf(&r->ctx->mem, "result%d", result);
  LOOM_TRY(file_read(r->ctx, path, INT32_MAX, &bytes, &size));
  LOOM_TRY(weights_read_irpa(r->ctx, path, (const unsigned char *)bytes, size, &all));
  const weight *w = all.all.n == 1 ? &all.all.at[0] : weights_find(&all, name);
  if (!w)
    LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: the archive has %zu tensors and none of the name '%s'", what, all.all.n, name);
  const uint64_t elems = (uint64_t)want->elems;
  const dtype t = w->size == elems * dtype_bytes(want->type) ? want->type : DTYPE_F32;
  if (w->size != elems * dtype_bytes(t))
    LOOM_FAIL(r->ctx, diag_file_span(r->ctx, path), LOOM_EINPUT, "%s: its tensor in the archive has %" PRIu64 " bytes; the result has %" PRIu64 " elements", what, w->size, elems);
  unsigned char *data = arena_alloc(&r->ctx->mem, (size_t)w->size + 8);
  weights_copy(w, data, (size_t)w->size);
  for (int64_t i = 0; i < want->elems; i++)
    out[i] = dtype_load(t, data + (size_t)i * dtype_bytes(t));
  return LOOM_OK;
}

static loom_status judge(program_run *r, const char *name, int result, const network_sampled *s) {
  if (!r->o->json)
    printf("expect       %s %s: max error %.3g; of what rounding explains (moved runs) %.2g is used\n", name, s->ok ? "ok" : "WRONG", s->max_error,
           s->tolerance > 0 ? s->error / s->tolerance : s->error > 0 ? (double)INFINITY : 0);
  if (!s->ok)
    LOOM_FAIL(r->ctx, r->f->span, LOOM_ENUMERIC, "--expect: result%d is not what the interpreter makes: %" PRId64 " elements are further away than rounding explains; worst %s with %.3g of %.3g", result,
              s->wrong, s->where, s->error, s->tolerance);
  return LOOM_OK;
}

loom_status worker_network_expect(program_run *r, const compile_network *n) {
  loom_ctx *ctx = r->ctx;
  loom_status worst = LOOM_OK;
  for (size_t k = 0; k < r->o->expect.all.n; k++) {
    const char *s = r->o->expect.all.at[k], *eq = strchr(s, '=');
    const int i = eq ? worker_program_result(r, s, (size_t)(eq - s)) : -1;
    const char *what = arena_printf(&ctx->mem, "--expect %s", s);
    network_sampled found;
    if (i < 0) {
      diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: function @%s has %d result%s", what, r->f->name, r->f->n_results, r->f->n_results == 1 ? "" : "s");
      diag_help(ctx, "results are named result0, result1, ..: --expect result0=FILE.npy, or FILE.irpa");
      return LOOM_EUSAGE;
    }
    if (!n->tolerance)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: the interpreter judges it: add --check or --interp", what);
    double *got = ARENA_NEW_N(&ctx->mem, double, n->want[i].elems + 1);
    LOOM_TRY(text_ends(eq + 1, ".irpa") ? from_irpa(r, what, eq + 1, i, &n->want[i], got) : from_npy(r, what, eq + 1, &n->want[i], got));
    compile_network_sample_result(ctx, n, i, got, &found);
    loom_status st = judge(r, arena_strndup(&ctx->mem, s, (size_t)(eq - s)), i, &found);
    worst = worst == LOOM_OK ? st : worst;
  }
  return worst;
}
