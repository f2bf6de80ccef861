/* Matrix products: values and sum|a||b| in one sweep over packed columns. */
#include "base/sanitize.h"
#include "kernel/interp_private.h"
#include <math.h>

enum { LANES = 8, COLS = 2 * LANES };
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(8)));
typedef int64_t lane_bits __attribute__((vector_size(LANES * sizeof(double))));

/* The compiler makes one body for each vector width and the loader picks; sanitizers can't see through the choice. */
#if defined(__x86_64__) && !LOOM_ASAN
#define EACH_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EACH_WIDTH
#endif

/* Columns j..j+COLS-1 of b[k, n] as k rows of COLS, zero behind column n. */
static void pack_columns(const double *b, int64_t k, int64_t n, int64_t j, double *panel) {
  int64_t width = n - j < COLS ? n - j : COLS;
  for (int64_t p = 0; p < k; p++)
    for (int64_t c = 0; c < COLS; c++)
      panel[p * COLS + c] = c < width ? b[p * n + j + c] : 0;
}

/* sum[c] += a . panel[:, c], mag[c] += |a| . |panel[:, c]| */
EACH_WIDTH
static void dot_with_magnitude(const double *a, const double *panel, int64_t k, double sum[COLS], double mag[COLS]) {
  const lane_bits no_sign = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
  lanes s0, s1, m0, m1, zero = {0};
  memcpy(&s0, sum, sizeof s0);
  memcpy(&s1, sum + LANES, sizeof s1);
  memcpy(&m0, mag, sizeof m0);
  memcpy(&m1, mag + LANES, sizeof m1);
  for (int64_t p = 0; p < k; p++) {
    const lanes *row = (const lanes *)(const void *)(panel + p * COLS);
    lanes x = a[p] + zero, t0 = x * row[0], t1 = x * row[1];
    s0 += t0;
    s1 += t1;
    m0 += (lanes)((lane_bits)t0 & no_sign);
    m1 += (lanes)((lane_bits)t1 & no_sign);
  }
  memcpy(sum, &s0, sizeof s0);
  memcpy(sum + LANES, &s1, sizeof s1);
  memcpy(mag, &m0, sizeof m0);
  memcpy(mag + LANES, &m1, sizeof m1);
}

/* sum[c] += a . panel[:, c] */
EACH_WIDTH
static void dot(const double *a, const double *panel, int64_t k, double sum[COLS]) {
  lanes s0, s1, zero = {0};
  memcpy(&s0, sum, sizeof s0);
  memcpy(&s1, sum + LANES, sizeof s1);
  for (int64_t p = 0; p < k; p++) {
    const lanes *row = (const lanes *)(const void *)(panel + p * COLS);
    lanes x = a[p] + zero;
    s0 += x * row[0];
    s1 += x * row[1];
  }
  memcpy(sum, &s0, sizeof s0);
  memcpy(sum + LANES, &s1, sizeof s1);
}

typedef struct product { const double *a, *b; double *sum, *mag; int64_t m, k, n; } product;

/* p->sum += a*b, p->mag (may be NULL) += |a|*|b|.  `panel` has k * COLS elements. */
static void add_product(const product *p, double *panel) {
  for (int64_t j = 0; j < p->n; j += COLS) {
    int64_t width = p->n - j < COLS ? p->n - j : COLS;
    size_t bytes = (size_t)width * sizeof(double);
    pack_columns(p->b, p->k, p->n, j, panel);
    for (int64_t i = 0; i < p->m; i++) {
      double sum[COLS] = {0}, mag[COLS] = {0};
      double *to = p->sum + i * p->n + j, *to_mag = p->mag ? p->mag + i * p->n + j : NULL;
      memcpy(sum, to, bytes);
      if (to_mag) {
        memcpy(mag, to_mag, bytes);
        dot_with_magnitude(p->a + i * p->k, panel, p->k, sum, mag);
        memcpy(to_mag, mag, bytes);
      } else {
        dot(p->a + i * p->k, panel, p->k, sum);
      }
      memcpy(to, sum, bytes);
    }
  }
}

static bool all_whole(const double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (x[i] != nearbyint(x[i]))
      return false;
  return true;
}

static double largest(const double *x, int64_t n) {
  double m = 0;
  for (int64_t i = 0; i < n; i++)
    m = fmax(m, fabs(x[i]));
  return m;
}

enum { TEMP_PANEL, TEMP_LEFT, TEMP_RIGHT };

static const double smallest_normal = 0x1p-126;      /* of f32 and bf16 */

/* May the engine take what is below smallest_normal in these operands, and in sums of them, for 0?  That of sums of whole numbers it never is. */
static bool flushes(const interp *in, const interp_value *a, const interp_value *b, const interp_value *out) {
  return in->flushes_bf16 && in->bounds && !out->whole && a->type == DTYPE_BF16 && b->type == DTYPE_BF16;
}

/* The error of element i as the engine sees it. */
static double seen_error(const interp *in, const interp_value *v, int64_t i, int bits, bool flushed) {
  double e = interp_operand_error(in, v, i, bits), least = fabs(v->x[i]) - e, most = fabs(v->x[i]) + e;
  return flushed && least < smallest_normal ? e + fmin(most, smallest_normal) : e;
}

static bool has_errors(const interp *in, const interp_value *v, int bits, bool flushed) {
  bool has = v->has_e;
  for (int64_t i = 0; !has && in->cuts_f32 && v->type == DTYPE_F32 && i < v->elems; i++)
    has = interp_operand_error(in, v, i, bits) != 0;
  for (int64_t i = 0; !has && flushed && i < v->elems; i++)
    has = v->x[i] != 0 && fabs(v->x[i]) < smallest_normal;
  return has;
}

/* Errors that come in with the operands: |a| eb + ea (|b| + eb). */
static void add_operand_errors(interp *in, const interp_value *a, const interp_value *b, interp_value *out, int64_t batch, product shape,
                               double *panel) {
  const bool flushed = flushes(in, a, b, out), has_a = has_errors(in, a, INTERP_TF32_BITS, flushed), has_b = has_errors(in, b, INTERP_TF32_BITS_OF_RIGHT, flushed);
  if (!in->bounds || (!has_a && !has_b))
    return;
  int64_t na = shape.m * shape.k, nb = shape.k * shape.n;
  double *left = interp_temp(in, TEMP_LEFT, (size_t)na * sizeof(double)), *right = interp_temp(in, TEMP_RIGHT, (size_t)nb * sizeof(double));
  shape.a = left;
  shape.b = right;
  shape.sum = out->e + batch * shape.m * shape.n;
  shape.mag = NULL;
  if (has_b) {
    for (int64_t i = 0; i < na; i++)
      left[i] = fabs(a->x[batch * na + i]);
    for (int64_t i = 0; i < nb; i++)
      right[i] = seen_error(in, b, batch * nb + i, INTERP_TF32_BITS_OF_RIGHT, flushed);
    add_product(&shape, panel);
  }
  if (has_a) {
    for (int64_t i = 0; i < na; i++)
      left[i] = seen_error(in, a, batch * na + i, INTERP_TF32_BITS, flushed);
    for (int64_t i = 0; i < nb; i++)
      right[i] = fabs(b->x[batch * nb + i]) + seen_error(in, b, batch * nb + i, INTERP_TF32_BITS_OF_RIGHT, flushed);
    add_product(&shape, panel);
  }
  double *e = out->e + batch * shape.m * shape.n;
  for (int64_t i = 0; i < shape.m * shape.n; i++)
    e[i] = isnan(e[i]) ? INFINITY : e[i];   /* 0 times no bound */
}

/* Every operation of a sum may lose smallest_normal: one for a term and two for 32 of them, and what is lost is rounded on with the rest. */
static void add_flushed_sums(interp_value *out, int64_t k) {
  for (int64_t i = 0; i < out->elems; i++)
    out->e[i] += 4 * (double)(k + 1) * smallest_normal;
}

/* Sets `out` to the start of the sum: acc as it is, or zero. */
static void start_sum(interp *in, const interp_value *acc, const kernel_type *type, const int64_t *shape, interp_value *out) {
  interp_reserve(in, out, type->type, type->rank, shape);
  size_t bytes = (size_t)out->elems * sizeof(double);
  out->whole = true;
  if (!acc) {
    memset(out->x, 0, bytes);
  } else {
    memcpy(out->x, acc->x, bytes);
    if (acc->has_e) {
      interp_need_bounds(in, out, false);
      memcpy(out->e, acc->e, bytes);
    }
  }
  if (!in->bounds)
    return;
  interp_need_mag(in, out);
  if (acc && acc->open) {
    memcpy(out->mag, acc->mag, bytes);
    out->terms = acc->terms;
    out->whole = acc->whole;
  } else if (acc && largest(acc->x, acc->elems) != 0) {
    for (int64_t i = 0; i < out->elems; i++)
      out->mag[i] = fabs(acc->x[i]);
    out->terms = 1;
    out->whole = all_whole(acc->x, acc->elems);
  } else {
    memset(out->mag, 0, bytes);   /* adding to an exact zero rounds nothing */
  }
}

loom_status interp_matmul(interp *in, const kernel_op *op) {
  const interp_value *a = interp_operand(in, op, 0), *b = interp_operand(in, op, 1), *acc = NULL;
  interp_value *out = &in->slot[op->results[0]];
  if (op->n_operands == 3) {
    if (in->is_sum[op->operands[2]] && in->is_sum[op->results[0]])
      acc = &in->slot[op->operands[2]];
    else
      acc = interp_operand(in, op, 2);
  }
  const kernel_type *type = &in->k->values.at[op->results[0]].type;
  int rank = a->rank;
  product p = {.m = a->shape[rank - 2], .k = a->shape[rank - 1], .n = b->shape[rank - 1]};
  int64_t shape[KERNEL_RANK_MAX], batches = 1;
  for (int d = 0; d < rank - 2; d++)
    batches *= shape[d] = a->shape[d];
  shape[rank - 2] = p.m;
  shape[rank - 1] = p.n;
  bool fits = b->shape[rank - 2] == p.k && (!acc || (acc->shape[rank - 2] == p.m && acc->shape[rank - 1] == p.n));
  for (int d = 0; d < rank - 2; d++)
    fits = fits && b->shape[d] == shape[d] && (!acc || acc->shape[d] == shape[d]);
  if (!fits) {
    diag_error(in->ctx, op->span, LOOM_EUNSUP, "the operands of matmul do not fit together in this tile");
    return interp_help_with_tiles(in);
  }
  LOOM_TRY(interp_spend(in, op, batches * p.m * p.k * p.n));

  start_sum(in, acc, type, shape, out);
  if (!dtype_is_float(out->type) && (double)p.k * largest(a->x, a->elems) * largest(b->x, b->elems) + largest(out->x, out->elems) > 0x1p53)
    LOOM_FAIL(in->ctx, op->span, LOOM_ELIMIT, "an integer sum of this matmul may exceed 2^53, which the reference interpreter can't hold exactly");
  const bool has_errors_in = in->bounds && (has_errors(in, a, INTERP_TF32_BITS, false) || has_errors(in, b, INTERP_TF32_BITS_OF_RIGHT, false));
  out->whole = in->bounds && out->whole && !has_errors_in && all_whole(a->x, a->elems) && all_whole(b->x, b->elems);
  const bool flushed = flushes(in, a, b, out);
  if (a->has_e || b->has_e || has_errors_in || flushed)
    interp_need_bounds(in, out, true);
  double *panel = interp_temp(in, TEMP_PANEL, (size_t)p.k * COLS * sizeof(double));
  for (int64_t i = 0; i < batches; i++) {
    p.a = a->x + i * p.m * p.k;
    p.b = b->x + i * p.k * p.n;
    p.sum = out->x + i * p.m * p.n;
    p.mag = in->bounds ? out->mag + i * p.m * p.n : NULL;
    add_product(&p, panel);
    add_operand_errors(in, a, b, out, i, p, panel);
  }
  if (flushed)
    add_flushed_sums(out, p.k);
  out->open = true;
  out->terms += p.k;
  if (!in->is_sum[op->results[0]])
    interp_close_sum(in, out);
  return LOOM_OK;
}
