/* oneDNN 2.x by its C interface: products, also with weights in the layout it likes best, softmax, normalisation, element-wise operations, sums of rows. */
#include "peers.h"
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 3, ARGS = 5 };
typedef struct part { dnnl_primitive_t primitive; int n; dnnl_exec_arg_t arg[ARGS]; } part;
typedef struct job { part part[PARTS]; int n; dnnl_memory_t memory[16]; int n_memory; void *scratch[4]; int n_scratch; } job;

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static bool ok(dnnl_status_t st) { return st == dnnl_success; }

/* Threads are those of OpenMP, which read its environment before this program began. */
static bool start(int threads) {
  void *address = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  void (*set_threads)(int);
  memcpy(&set_threads, &address, sizeof set_threads);
  if (address)
    set_threads(threads);
  return engine || (ok(dnnl_engine_create(&engine, dnnl_cpu, 0)) && ok(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags)));
}

static void run(void *data) {
  const job *j = data;
  for (int i = 0; i < j->n; i++)
    dnnl_primitive_execute(j->part[i].primitive, stream, j->part[i].n, j->part[i].arg);
  dnnl_stream_wait(stream);
}

static void finish(void *data) {
  job *j = data;
  for (int i = 0; i < j->n; i++)
    dnnl_primitive_destroy(j->part[i].primitive);
  for (int i = 0; i < j->n_memory; i++)
    dnnl_memory_destroy(j->memory[i]);
  for (int i = 0; i < j->n_scratch; i++)
    free(j->scratch[i]);
  free(j);
}

static dnnl_memory_desc_t describe(int rank, const int64_t *size, const int64_t *stride, dnnl_data_type_t t) {
  dnnl_memory_desc_t d;
  dnnl_dims_t sizes = {0}, strides = {0};
  for (int i = 0; i < rank; i++)
    sizes[i] = size[i], strides[i] = stride[i];
  dnnl_memory_desc_init_by_strides(&d, rank, sizes, t, strides);
  return d;
}

static dnnl_memory_desc_t matrix(int64_t rows, int64_t columns, dnnl_data_type_t t) { return describe(2, (int64_t[]){rows, columns}, (int64_t[]){columns, 1}, t); }

static dnnl_memory_t hold(job *j, const dnnl_memory_desc_t *d, void *bytes) {
  dnnl_memory_t m = NULL;
  if (ok(dnnl_memory_create(&m, d, engine, bytes)))
    j->memory[j->n_memory++] = m;
  return m;
}

static void *scratch(job *j, size_t bytes) { return j->scratch[j->n_scratch++] = peer_memory(bytes); }

static part *add_part(job *j, const_dnnl_primitive_desc_t pd) {
  part *p = &j->part[j->n];
  if (!pd || !ok(dnnl_primitive_create(&p->primitive, pd)))
    return NULL;
  j->n++;
  return p;
}

static void bind(part *p, int which, dnnl_memory_t m) { p->arg[p->n++] = (dnnl_exec_arg_t){which, m}; }

static dnnl_primitive_desc_t chosen(const void *op, const_dnnl_primitive_attr_t attr) {
  dnnl_primitive_desc_t pd = NULL;
  return ok(dnnl_primitive_desc_create(&pd, op, attr, engine, NULL)) ? pd : NULL;
}

/* ---- products ---- */

/* The weights in another layout, once, outside of what is measured. */
static dnnl_memory_t reordered(job *j, const dnnl_memory_desc_t *from, void *bytes, const dnnl_memory_desc_t *to) {
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_t move = NULL;
  dnnl_memory_t source = hold(j, from, bytes), target = hold(j, to, scratch(j, dnnl_memory_desc_get_size(to)));
  if (ok(dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL)) && ok(dnnl_primitive_create(&move, pd))) {
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}};
    dnnl_primitive_execute(move, stream, 2, args);
    dnnl_stream_wait(stream);
    dnnl_primitive_destroy(move);
  }
  dnnl_primitive_desc_destroy(pd);
  return target;
}

static bool add_product(job *j, const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b, const dnnl_memory_desc_t *c, const float *scale, bool packs, void *x, void *y, void *out) {
  dnnl_memory_desc_t weights = *b;
  dnnl_matmul_desc_t d;
  dnnl_primitive_attr_t attr = NULL;
  if (packs)
    dnnl_memory_desc_init_by_tag(&weights, b->ndims, b->dims, b->data_type, dnnl_format_tag_any);
  if (!ok(dnnl_matmul_desc_init(&d, a, &weights, NULL, c)) || !ok(dnnl_primitive_attr_create(&attr)))
    return false;
  if (scale)
    dnnl_primitive_attr_set_output_scales(attr, 1, 0, scale);
  dnnl_primitive_desc_t pd = chosen(&d, attr);
  dnnl_primitive_attr_destroy(attr);
  part *p = add_part(j, pd);
  if (p) {
    const dnnl_memory_desc_t *w = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    bind(p, DNNL_ARG_SRC, hold(j, a, x));
    bind(p, DNNL_ARG_WEIGHTS, packs ? reordered(j, b, y, w) : hold(j, b, y));
    bind(p, DNNL_ARG_DST, hold(j, c, out));
  }
  dnnl_primitive_desc_destroy(pd);
  return p != NULL;
}

static bool add_softmax(job *j, const dnnl_memory_desc_t *d, int axis, void *x, void *out) {
  dnnl_softmax_v2_desc_t s;
  if (!ok(dnnl_softmax_v2_forward_desc_init(&s, dnnl_forward_inference, dnnl_softmax_accurate, d, d, axis)))
    return false;
  dnnl_primitive_desc_t pd = chosen(&s, NULL);
  part *p = add_part(j, pd);
  if (p) {
    bind(p, DNNL_ARG_SRC, hold(j, d, x));
    bind(p, DNNL_ARG_DST, hold(j, d, out));
  }
  dnnl_primitive_desc_destroy(pd);
  return p != NULL;
}

/* Scores, softmax, sums: three primitives over a tensor of scores. */
static bool add_attention(job *j, const peer_row *r, void *const *in, void *out) {
  const int64_t b = r->b, m = r->m, n = r->n, k = r->k;
  const float scale = 0.125f;      /* 1 / sqrt(64) */
  const dnnl_memory_desc_t q = describe(3, (int64_t[]){b, m, k}, (int64_t[]){m * k, k, 1}, dnnl_f32), kt = describe(3, (int64_t[]){b, k, n}, (int64_t[]){n * k, 1, k}, dnnl_f32),
                           s = describe(3, (int64_t[]){b, m, n}, (int64_t[]){m * n, n, 1}, dnnl_f32), v = describe(3, (int64_t[]){b, n, k}, (int64_t[]){n * k, k, 1}, dnnl_f32);
  void *scores = scratch(j, (size_t)(b * m * n) * sizeof(float));
  return k == 64 && add_product(j, &q, &kt, &s, &scale, false, in[0], in[1], scores) && add_softmax(j, &s, 2, scores, scores) &&
         add_product(j, &s, &v, &q, NULL, false, scores, in[2], out);
}

/* ---- rows ---- */

static bool add_layernorm(job *j, const peer_row *r, void *const *in, void *out) {
  const dnnl_memory_desc_t d = matrix(r->m, r->n, dnnl_f32), w = describe(1, (int64_t[]){r->n}, (int64_t[]){1}, dnnl_f32);
  dnnl_layer_normalization_desc_t l;
  if (!ok(dnnl_layer_normalization_forward_desc_init(&l, dnnl_forward_inference, &d, NULL, 1e-5f, dnnl_use_scale | dnnl_use_shift)))
    return false;
  dnnl_primitive_desc_t pd = chosen(&l, NULL);
  part *p = add_part(j, pd);
  if (p) {
    bind(p, DNNL_ARG_SRC, hold(j, &d, in[0]));
    bind(p, DNNL_ARG_SCALE, hold(j, &w, in[1]));
    bind(p, DNNL_ARG_SHIFT, hold(j, &w, in[2]));
    bind(p, DNNL_ARG_DST, hold(j, &d, out));
  }
  dnnl_primitive_desc_destroy(pd);
  return p != NULL;
}

static bool add_elementwise(job *j, const peer_row *r, dnnl_alg_kind_t kind, void *const *in, void *out) {
  const dnnl_memory_desc_t d = matrix(r->m, r->n, dnnl_f32);
  dnnl_eltwise_desc_t e;
  if (!ok(dnnl_eltwise_forward_desc_init(&e, dnnl_forward_inference, kind, &d, 0, 0)))
    return false;
  dnnl_primitive_desc_t pd = chosen(&e, NULL);
  part *p = add_part(j, pd);
  if (p) {
    bind(p, DNNL_ARG_SRC, hold(j, &d, in[0]));
    bind(p, DNNL_ARG_DST, hold(j, &d, out));
  }
  dnnl_primitive_desc_destroy(pd);
  return p != NULL;
}

static bool add_sum(job *j, const peer_row *r, void *const *in, void *out) {
  const dnnl_memory_desc_t d = matrix(r->m, r->n, dnnl_f32), o = matrix(r->m, 1, dnnl_f32);
  dnnl_reduction_desc_t s;
  if (!ok(dnnl_reduction_desc_init(&s, dnnl_reduction_sum, &d, &o, 0, 0)))
    return false;
  dnnl_primitive_desc_t pd = chosen(&s, NULL);
  part *p = add_part(j, pd);
  if (p) {
    bind(p, DNNL_ARG_SRC, hold(j, &d, in[0]));
    bind(p, DNNL_ARG_DST, hold(j, &o, out));
  }
  dnnl_primitive_desc_destroy(pd);
  return p != NULL;
}

static bool add_row(job *j, const peer_row *r, bool packs, void *const *in, void *out) {
  const dnnl_data_type_t t = strcmp(r->type, "bf16") == 0 ? dnnl_bf16 : strcmp(r->type, "i8") == 0 ? dnnl_s8 : dnnl_f32, sums = t == dnnl_s8 ? dnnl_s32 : t;
  const dnnl_memory_desc_t a = matrix(r->m, r->k, t), b = matrix(r->k, r->n, t), c = matrix(r->m, r->n, sums), d = matrix(r->m, r->n, dnnl_f32);
  if (r->op == PEER_MATMUL)
    return add_product(j, &a, &b, &c, NULL, packs, in[0], in[1], out);
  if (packs)
    return false;
  switch (r->op) {
  case PEER_ATTENTION: return add_attention(j, r, in, out);
  case PEER_SOFTMAX: return add_softmax(j, &d, 1, in[0], out);
  case PEER_LAYERNORM: return add_layernorm(j, r, in, out);
  case PEER_GELU: return add_elementwise(j, r, dnnl_eltwise_gelu_erf, in, out);
  case PEER_EXP: return add_elementwise(j, r, dnnl_eltwise_exp, in, out);
  case PEER_ROWSUM: return add_sum(j, r, in, out);
  default: return false;      /* causal attention and rmsnorm: 2.x has neither */
  }
}

static bool open_job(const peer *p, const peer_row *r, void *const *in, void *out, int threads, peer_call *call) {
  if (!start(threads))
    return false;
  job *j = peer_memory(sizeof *j);
  *call = (peer_call){run, j, finish};
  if (add_row(j, r, p->data != NULL, in, out))
    return true;
  finish(j);
  return false;
}

size_t peers_onednn(const peer **out) {
  static const peer all[] = {{"oneDNN", open_job, NULL}, {"oneDNN packed", open_job, ""}};
  *out = all;
  return sizeof all / sizeof *all;
}
