/* Where an argument lies: in DRAM, or by its attributes loom.space = "l1", loom.page and loom.offset in the L1 of all cores (tog.h). */
#include "ir/ir.h"
#include <string.h>

static MlirAttribute argument_attrs(MlirOperation func, intptr_t i) {
  MlirAttribute all = ir_attr_of(func, "arg_attrs"), none = {NULL};
  if (mlirAttributeIsNull(all) || !mlirAttributeIsAArray(all) || i >= mlirArrayAttrGetNumElements(all))
    return none;
  MlirAttribute own = mlirArrayAttrGetElement(all, i);
  return mlirAttributeIsADictionary(own) ? own : none;
}

static MlirAttribute entry(MlirAttribute own, const char *name) { return mlirDictionaryAttrGetElementByName(own, mlirStringRefCreateFromCString(name)); }

bool ir_argument_l1(ir_ctx *ir, MlirOperation func, intptr_t i, ir_l1_place *out) {
  MlirAttribute own = argument_attrs(func, i), space, page, offset;
  *out = (ir_l1_place){0, 0};
  if (mlirAttributeIsNull(own) || mlirAttributeIsNull(space = entry(own, "loom.space")))
    return true;
  const char *name = ir_attr_string(&ir->ctx->mem, space);
  if (name && !strcmp(name, "dram"))
    return true;
  page = entry(own, "loom.page");
  offset = entry(own, "loom.offset");
  return name && !strcmp(name, "l1") && !mlirAttributeIsNull(page) && !mlirAttributeIsNull(offset) && ir_attr_int(page, &out->page) && ir_attr_int(offset, &out->offset) && out->page > 0;
}

MlirAttribute ir_with_l1(ir_ctx *ir, MlirAttribute own, ir_l1_place place) {
  const ir_named more[] = {{"loom.space", ir_str_attr(ir, "l1")}, {"loom.page", ir_int_attr(ir, place.page)}, {"loom.offset", ir_int_attr(ir, place.offset)}};
  enum { MORE = 3 };
  intptr_t n = mlirAttributeIsNull(own) ? 0 : mlirDictionaryAttrGetNumElements(own);
  MlirNamedAttribute *all = ARENA_NEW_N(&ir->ctx->mem, MlirNamedAttribute, n + MORE);
  for (intptr_t e = 0; e < n; e++)
    all[e] = mlirDictionaryAttrGetElement(own, e);
  for (int k = 0; k < MORE; k++)
    all[n + k] = mlirNamedAttributeGet(mlirIdentifierGet(ir->mlir, mlirStringRefCreateFromCString(more[k].name)), more[k].attr);
  return mlirDictionaryAttrGet(ir->mlir, n + MORE, all);
}

void ir_set_argument_l1(ir_ctx *ir, MlirOperation func, intptr_t i, ir_l1_place place) {
  intptr_t n = mlirBlockGetNumArguments(ir_body(func));
  MlirAttribute *all = ARENA_NEW_N(&ir->ctx->mem, MlirAttribute, n), none = mlirDictionaryAttrGet(ir->mlir, 0, NULL);
  for (intptr_t k = 0; k < n; k++) {
    MlirAttribute own = argument_attrs(func, k);
    all[k] = k == i ? ir_with_l1(ir, own, place) : mlirAttributeIsNull(own) ? none : own;
  }
  ir_set_attr(func, "arg_attrs", mlirArrayAttrGet(ir->mlir, n, all));
}
