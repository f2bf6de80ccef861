/* linalg.pack and linalg.unpack as one loop nest over the result that reads where the element lies: sizes and tiles may be static or not. */
#include "pass/pass_template.h"

enum { PACK_RANK_MAX = 8 };
typedef struct pack_op {
  ir_ctx *ir; MlirOperation op;
  MlirType plain, packed;                     /* the tensor without tiles and the one with */
  int rank, n_tiles;                          /* rank of `plain` */
  int64_t perm[PACK_RANK_MAX];                /* outer dim j of `packed` runs over dim perm[j] */
  int64_t position[PACK_RANK_MAX], tile[PACK_RANK_MAX];   /* tiles: of which dim, of which size; mlirShapedTypeGetDynamicSize() where a value says it */
  intptr_t first_tile;                        /* operand that holds the first of those values */
} pack_op;

static int read_integers(MlirAttribute a, int64_t *out) {
  int n = mlirAttributeIsNull(a) || !mlirAttributeIsADenseI64Array(a) ? 0 : (int)mlirDenseArrayGetNumElements(a);
  for (int i = 0; i < n && i < PACK_RANK_MAX; i++)
    out[i] = mlirDenseI64ArrayGetElement(a, i);
  return n;
}

static loom_status read_op(ir_ctx *ir, MlirOperation op, bool is_pack, pack_op *p) {
  MlirType types[2] = {mlirValueGetType(ir_operand(op, 0)), mlirValueGetType(ir_operand(op, 1))};
  *p = (pack_op){.ir = ir, .op = op, .plain = types[!is_pack], .packed = types[is_pack]};
  bool fits = mlirTypeIsARankedTensor(types[0]) && mlirTypeIsARankedTensor(types[1]);
  p->rank = fits ? (int)mlirShapedTypeGetRank(p->plain) : 0;
  if (!fits || mlirShapedTypeGetRank(p->packed) > PACK_RANK_MAX)
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "%s is read on ranked tensors of at most %d dims", ir_op_name(op), PACK_RANK_MAX);
  p->n_tiles = read_integers(ir_attr_of(op, "inner_dims_pos"), p->position);
  (void)read_integers(ir_attr_of(op, "static_inner_tiles"), p->tile);
  if (read_integers(ir_attr_of(op, "outer_dims_perm"), p->perm) != p->rank)
    for (int d = 0; d < p->rank; d++)
      p->perm[d] = d;
  bool pads = false;
  intptr_t first, count;
  if (is_pack && ir_segment(op, 2, &first, &count))
    pads = count > 0;
  p->first_tile = 2 + pads;
  return LOOM_OK;
}

/* The tile of dim d; -1: it has none. */
static int tile_of(const pack_op *p, int d) {
  for (int k = 0; k < p->n_tiles; k++)
    if (p->position[k] == d)
      return k;
  return -1;
}

/* %t0, %t1, ..: the sizes of the tiles, from the function's arguments or constants; the arguments are listed first. */
static void add_tiles(const pack_op *p, text *arguments, text *body) {
  for (int k = 0; k < p->n_tiles; k++)
    if (p->tile[k] == mlirShapedTypeGetDynamicSize())
      text_addf(arguments, ", %%t%d: index", k);
    else
      text_addf(body, "  %%t%d = arith.constant %" PRId64 " : index\n", k, p->tile[k]);
}

static void add_generic(text *t, int rank, const char *type) {
  text_add(t, "  %y = linalg.generic {indexing_maps = [");
  pass_add_map(t, rank, -1);
  text_add(t, "], iterator_types = ");
  pass_add_iterators(t, rank, -1);
  text_addf(t, "} outs(%%init : %s) {\n  ^bb0(%%o: ", type);
}

static void add_indices(text *t, int rank) {
  for (int d = 0; d < rank; d++)
    text_addf(t, "    %%i%d = linalg.index %d : index\n", d, d);
}

static const char *names(arena *mem, const char *stem, int n) {
  text t = text_new(mem);
  for (int i = 0; i < n; i++)
    text_addf(&t, "%s%%%s%d", i ? ", " : "", stem, i);
  return text_str(&t);
}

/* Dim d of the source is at (outer index) * tile + (inner index); beyond its end is padding. */
static const char *pack_function(const pack_op *p) {
  arena *m = &p->ir->ctx->mem;
  bool pads = p->first_tile > 2;
  const char *source = ir_print_type(m, p->plain), *type = ir_print_type(m, p->packed), *element = ir_print_type(m, mlirShapedTypeGetElementType(p->plain));
  text t = text_new(m), body = text_new(m);
  text_addf(&t, "(%%x: %s, %%init: %s%s%s", source, type, pads ? ", %pad: " : "", pads ? element : "");
  add_tiles(p, &t, &body);
  text_addf(&t, ") -> %s {\n%s", ir_print_type(m, mlirValueGetType(ir_result(p->op, 0))), text_str(&body));
  for (int d = 0; pads && d < p->rank; d++)
    text_addf(&t, "  %%c%d = arith.constant %d : index\n  %%n%d = tensor.dim %%x, %%c%d : %s\n", d, d, d, d, source);
  add_generic(&t, (int)mlirShapedTypeGetRank(p->packed), type);
  text_addf(&t, "%s):\n", element);
  add_indices(&t, p->rank + p->n_tiles);
  for (int j = 0; j < p->rank; j++) {
    int d = (int)p->perm[j], k = tile_of(p, d);
    if (k < 0)
      text_addf(&t, "    %%z%d = arith.constant 0 : index\n    %%s%d = arith.addi %%i%d, %%z%d : index\n", d, d, j, d);
    else
      text_addf(&t, "    %%b%d = arith.muli %%i%d, %%t%d : index\n    %%s%d = arith.addi %%b%d, %%i%d : index\n", d, j, k, d, d, p->rank + k);
  }
  const char *where = names(m, "s", p->rank);
  if (!pads) {
    text_addf(&t, "    %%v = tensor.extract %%x[%s] : %s\n", where, source);
  } else {
    text_add(&t, "    %in = arith.constant true\n");
    const char *inside = "%in";
    for (int k = 0; k < p->n_tiles; k++) {
      text_addf(&t, "    %%l%d = arith.cmpi ult, %%s%d, %%n%d : index\n    %%a%d = arith.andi %s, %%l%d : i1\n", k, (int)p->position[k], (int)p->position[k], k, inside, k);
      inside = arena_printf(m, "%%a%d", k);
    }
    text_addf(&t, "    %%v = scf.if %s -> (%s) {\n      %%e = tensor.extract %%x[%s] : %s\n      scf.yield %%e : %s\n    } else {\n      scf.yield %%pad : %s\n    }\n", inside, element, where,
              source, element, element);
  }
  text_addf(&t, "    linalg.yield %%v : %s\n  } -> %s\n  return %%y : %s\n}", element, type, type);
  return text_str(&t);
}

/* Element i of dim d is in tile i / t at place i % t. */
static const char *unpack_function(const pack_op *p) {
  arena *m = &p->ir->ctx->mem;
  const char *source = ir_print_type(m, p->packed), *type = ir_print_type(m, p->plain), *element = ir_print_type(m, mlirShapedTypeGetElementType(p->plain));
  text t = text_new(m), body = text_new(m), where = text_new(m);
  text_addf(&t, "(%%x: %s, %%init: %s", source, type);
  add_tiles(p, &t, &body);
  text_addf(&t, ") -> %s {\n%s", ir_print_type(m, mlirValueGetType(ir_result(p->op, 0))), text_str(&body));
  add_generic(&t, p->rank, type);
  text_addf(&t, "%s):\n", element);
  add_indices(&t, p->rank);
  for (int j = 0; j < p->rank; j++) {
    int d = (int)p->perm[j], k = tile_of(p, d);
    if (k >= 0)
      text_addf(&t, "    %%q%d = arith.divui %%i%d, %%t%d : index\n    %%r%d = arith.remui %%i%d, %%t%d : index\n", d, d, k, k, d, k);
    text_addf(&where, "%s%%%s%d", j ? ", " : "", k >= 0 ? "q" : "i", d);
  }
  text_addf(&t, "    %%v = tensor.extract %%x[%s%s%s] : %s\n", text_str(&where), p->n_tiles ? ", " : "", names(m, "r", p->n_tiles), source);
  text_addf(&t, "    linalg.yield %%v : %s\n  } -> %s\n  return %%y : %s\n}", element, type, type);
  return text_str(&t);
}

static loom_status lower_all(ir_ctx *ir, MlirOperation module, const char *name, bool is_pack) {
  pass_ops all = pass_gather(&ir->ctx->mem, module, name);
  pass_template t = pass_template_new(ir, module, is_pack ? "pack" : "unpack");
  for (size_t i = 0; i < all.n; i++) {
    pack_op p;
    LOOM_TRY(read_op(ir, all.at[i], is_pack, &p));
    LOOM_TRY(pass_template_apply(&t, all.at[i], is_pack ? pack_function(&p) : unpack_function(&p)));
  }
  return LOOM_OK;
}

loom_status pass_lower_pack(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  LOOM_TRY(lower_all(ir, module, "linalg.pack", true));
  return lower_all(ir, module, "linalg.unpack", false);
}
