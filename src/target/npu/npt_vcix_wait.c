/* Waits of a product for its operands.
 *
 * PyTorchSim counts the parts of B n by n, of A k by k, of the bias n by n, and no taps of a convolution in A; its cutting pass numbers them row by row.  Both agree where K is whole (its
 * templates) and no dim but one is cut.  Where they do not, slots are those of the loads. */
#include "base/ceil.h"
#include "target/npu/npt_emit.h"

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

MlirValue npt_emit_apply(npt_emit *e, int n, const MlirValue *operands, MlirAffineExpr expr) {
  return ir_build1(&e->at, "affine.apply", ir_index_type(e->ir), n, operands, 1, &(ir_named){"map", mlirAffineMapAttrGet(mlirAffineMapGet(e->ir->mlir, n, 0, 1, &expr))});
}

static MlirValue or_zero(npt_emit *e, MlirValue index) { return mlirValueIsNull(index) ? e->zero : index; }

/* The slot of a wait: a sum over operands, built up term by term. */
typedef struct slot { npt_emit *e; MlirAffineExpr sum; int n; MlirValue operands[NPT_LOOPS_MAX + 8]; } slot;

static void slot_add(slot *s, MlirValue index, int64_t divisor, int64_t coefficient) {
  MlirContext c = s->e->ir->mlir;
  MlirAffineExpr d = mlirAffineDimExprGet(c, s->n);
  if (divisor != 1)
    d = mlirAffineFloorDivExprGet(d, mlirAffineConstantExprGet(c, divisor));
  s->sum = mlirAffineAddExprGet(s->sum, mlirAffineMulExprGet(d, mlirAffineConstantExprGet(c, coefficient)));
  s->operands[s->n++] = index;
}

static slot slot_new(npt_emit *e, bool is_reduced) {
  slot s = {.e = e, .sum = mlirAffineConstantExprGet(e->ir->mlir, 0)};
  for (int i = 0; is_reduced && i < e->p->accumulation.n; i++)
    slot_add(&s, npt_loop_index(e->p->accumulation.at[i]), 1, -1);
  return s;
}

/* One dim of a part's place: which = sum(index * step) in steps of `block` elements, counted in parts. */
typedef struct cut_dim { MlirValue index[2]; int64_t step[2], block; } cut_dim;

/* Slots of loads that were cut: the parts row by row, as loom-dma-fine-grained numbers them. */
static void slot_add_cut(slot *s, const npt_operand *o, const cut_dim *dims) {
  int64_t stride = 1, strides[NPT_RANK_MAX];
  for (int d = o->rank - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= ceil_div(o->shape[d], o->part[d]);
  }
  for (int d = 0; d < o->rank; d++)
    for (int i = 0; i < 2; i++)
      if (o->part[d] != o->shape[d] && !mlirValueIsNull(dims[d].index[i]))
        slot_add(s, dims[d].index[i], o->part[d] / dims[d].block, dims[d].step[i] * strides[d]);
}

static bool wait_for(npt_emit *e, int which, const slot *s) {
  npt_wait w = {.form = e->p->from[which].form, .tag = e->p->from[which].tag, .count = ir_index_const(&e->at, 1), .n_tag_index = 1};
  w.tag_index[0] = npt_emit_apply(e, s->n, s->operands, s->sum);
  return !mlirOperationIsNull(npt_build_wait(&e->at, &w, w.form));
}

bool npt_emit_wait_for_weights(npt_emit *e) {
  const npt_product *p = e->p;
  if (!p->from[NPT_B].is_async)
    return true;
  slot s = slot_new(e, true);
  if (p->from[NPT_B].is_cut && p->sub_k != p->k) {
    const cut_dim block[2] = {{{e->k}, {1}, p->ss}, {{e->n}, {1}, p->ss}};
    cut_dim dims[4] = {block[0], block[1]};
    if (p->is_conv) {
      dims[0] = (cut_dim){{npt_loop_index(p->inner.at[NPT_K_H])}, {1}, 1};
      dims[1] = (cut_dim){{npt_loop_index(p->inner.at[NPT_K_W])}, {1}, 1};
      dims[2] = block[0];
      dims[3] = block[1];
    }
    slot_add_cut(&s, &p->from[NPT_B], dims);
    return wait_for(e, NPT_B, &s);
  }
  if (p->is_conv) {
    int64_t k_w = 1, parts = (p->n / p->sub_n) * (p->k / p->sub_k);
    npt_loop_end(p->inner.at[NPT_K_W], &k_w);
    slot_add(&s, npt_loop_index(p->inner.at[NPT_K_H]), 1, parts * k_w);
    slot_add(&s, npt_loop_index(p->inner.at[NPT_K_W]), 1, parts);
  }
  slot_add(&s, p->n == p->sub_n ? e->zero : or_zero(e, e->n), ceil_div(least(p->sub_n, p->ss), p->ss), p->k / p->sub_k);
  slot_add(&s, p->k == p->sub_k ? e->zero : or_zero(e, e->k), ceil_div(p->sub_k, p->ss), 1);
  return wait_for(e, NPT_B, &s);
}

/* The constants of a sub-tree of an affine expression, the last one. */
static void last_constant(MlirAffineExpr x, int64_t *out) {
  if (mlirAffineExprIsAConstant(x))
    *out = mlirAffineConstantExprGetValue(x);
  if (mlirAffineExprIsABinary(x)) {
    last_constant(mlirAffineBinaryOpExprGetLHS(x), out);
    last_constant(mlirAffineBinaryOpExprGetRHS(x), out);
  }
}

/* Pixels between neighbours of the output: the constant of affine.apply(o, k) in the loops over pixels, 1 where there is none (PyTorchSim's rule). */
typedef struct pixel_step { MlirValue out, kernel; int64_t step; } pixel_step;

static bool find_step(MlirOperation op, void *data) {
  pixel_step *s = data;
  MlirAttribute map = ir_op_is(op, "affine.apply") && ir_num_operands(op) >= 2 ? ir_attr_of(op, "map") : (MlirAttribute){NULL};
  if (!mlirAttributeIsNull(map) && mlirValueEqual(ir_operand(op, 0), s->out) && mlirValueEqual(ir_operand(op, 1), s->kernel))
    last_constant(mlirAffineMapGetResult(mlirAffineMapAttrGetValue(map), 0), &s->step);
  return true;
}

static int64_t step_of(const npt_product *p, int out, int kernel) {
  pixel_step s = {npt_loop_index(p->inner.at[out]), npt_loop_index(p->inner.at[kernel]), 1};
  ir_walk(p->inner.at[NPT_O_W], find_step, &s);
  return s.step;
}

bool npt_emit_wait_for_inputs(npt_emit *e) {
  const npt_product *p = e->p;
  if (!p->from[NPT_A].is_async)
    return true;
  slot s = slot_new(e, true);
  if (p->from[NPT_A].is_cut && (p->is_conv || p->sub_k != p->k)) {
    const cut_dim block[2] = {{{e->m}, {1}, p->push}, {{e->k}, {1}, p->ss}};
    cut_dim dims[4] = {block[0], block[1]};
    if (p->is_conv) {
      dims[0] = (cut_dim){{npt_loop_index(p->inner.at[NPT_O_H]), npt_loop_index(p->inner.at[NPT_K_H])}, {step_of(p, NPT_O_H, NPT_K_H), 1}, 1};
      dims[1] = (cut_dim){{npt_loop_index(p->inner.at[NPT_O_W]), npt_loop_index(p->inner.at[NPT_K_W])}, {step_of(p, NPT_O_W, NPT_K_W), 1}, 1};
      dims[2] = block[0];
      dims[3] = block[1];
    }
    slot_add_cut(&s, &p->from[NPT_A], dims);
    return wait_for(e, NPT_A, &s);
  }
  if (p->is_conv) {
    int64_t k_w = 1, o_w = 1, parts = (p->k / p->sub_k) * (p->m / p->sub_m), step_h = step_of(p, NPT_O_H, NPT_K_H), step_w = step_of(p, NPT_O_W, NPT_K_W);
    npt_loop_end(p->inner.at[NPT_K_W], &k_w);
    npt_loop_end(p->inner.at[NPT_O_W], &o_w);
    slot_add(&s, npt_loop_index(p->inner.at[NPT_O_H]), 1, parts * step_h * (1 + (o_w - 1) * step_w + (k_w - 1)));
    slot_add(&s, npt_loop_index(p->inner.at[NPT_O_W]), 1, parts * step_w);
  }
  int64_t m_step = least(p->m, p->push);
  slot_add(&s, p->k == p->sub_k ? e->zero : or_zero(e, e->k), 1, p->m / m_step);
  slot_add(&s, p->m == p->sub_m ? e->zero : or_zero(e, e->m), ceil_div(m_step, p->ss), 1);
  return wait_for(e, NPT_A, &s);
}

bool npt_emit_wait_for_bias(npt_emit *e) {
  const npt_product *p = e->p;
  if (!p->from[NPT_C].is_async)
    return true;
  bool is_one = p->from[NPT_C].has_fixed_slot;
  int64_t m_step = least(p->m, p->push);
  slot s = slot_new(e, false);
  const npt_operand *o = &p->from[NPT_C];
  bool is_as_counted = o->part[0] == p->sub_m && o->part[1] == p->sub_n && (p->sub_m == p->m || p->sub_n == p->n);
  if (o->is_cut && o->rank == 2 && !is_as_counted) {
    const cut_dim dims[2] = {{{e->m}, {1}, p->push}, {{e->n}, {1}, p->ss}};
    slot_add_cut(&s, o, dims);
    return wait_for(e, NPT_C, &s);
  }
  slot_add(&s, is_one || p->n == p->sub_n ? e->zero : or_zero(e, e->n), ceil_div(least(p->sub_n, p->ss), p->ss), p->m / m_step);
  slot_add(&s, is_one || p->m == p->sub_m ? e->zero : or_zero(e, e->m), ceil_div(m_step, p->ss), 1);
  return wait_for(e, NPT_C, &s);
}
