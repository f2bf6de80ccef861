/* Builds func.func @matmul(%A: tensor<MxK>, %B: tensor<KxN>, %C: tensor<MxN>) with MLIR's C API and prints it:
 *
 *     build_ir M N K [ELEMENT TYPE]
 *
 * An operation is a name, operands, result types, attributes and regions; blocks and regions are made first and owned by what they are put into. */
#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>
#include <mlir-c/Dialect/Linalg.h>
#include <mlir-c/IR.h>
#include <mlir-c/RegisterEverything.h>
#include <stdio.h>
#include <stdlib.h>

static MlirStringRef text(const char *s) { return mlirStringRefCreateFromCString(s); }

static MlirNamedAttribute named(MlirContext ctx, const char *name, MlirAttribute value) {
  return mlirNamedAttributeGet(mlirIdentifierGet(ctx, text(name)), value);
}

static MlirType matrix(MlirContext ctx, int64_t rows, int64_t columns, const char *element) {
  return mlirRankedTensorTypeGet(2, (int64_t[]){rows, columns}, mlirTypeParseGet(ctx, text(element)), mlirAttributeGetNull());
}

/* func.return of one value, at the end of `block`. */
static void add_return(MlirContext ctx, MlirBlock block, MlirValue v) {
  MlirOperationState s = mlirOperationStateGet(text("func.return"), mlirLocationUnknownGet(ctx));
  mlirOperationStateAddOperands(&s, 1, &v);
  mlirBlockAppendOwnedOperation(block, mlirOperationCreate(&s));
}

/* linalg.matmul: two inputs, one destination.  Its region says what is done with one element of each; MLIR fills it in. */
static MlirValue add_matmul(MlirContext ctx, MlirBlock block, MlirValue a, MlirValue b, MlirValue c) {
  MlirOperationState s = mlirOperationStateGet(text("linalg.matmul"), mlirLocationUnknownGet(ctx));
  MlirType type = mlirValueGetType(c);
  MlirRegion body = mlirRegionCreate();
  MlirNamedAttribute segments = named(ctx, "operandSegmentSizes", mlirDenseI32ArrayGet(ctx, 2, (int32_t[]){2, 1}));
  mlirOperationStateAddOperands(&s, 3, (MlirValue[]){a, b, c});
  mlirOperationStateAddResults(&s, 1, &type);
  mlirOperationStateAddAttributes(&s, 1, &segments);
  mlirOperationStateAddOwnedRegions(&s, 1, &body);
  MlirOperation op = mlirOperationCreate(&s);
  mlirBlockAppendOwnedOperation(block, op);
  mlirLinalgFillBuiltinNamedOpRegion(op);
  return mlirOperationGetResult(op, 0);
}

static MlirOperation make_function(MlirContext ctx, MlirType a, MlirType b, MlirType c) {
  MlirLocation here = mlirLocationUnknownGet(ctx);
  MlirType inputs[] = {a, b, c}, type = mlirFunctionTypeGet(ctx, 3, inputs, 1, &c);
  MlirBlock block = mlirBlockCreate(3, inputs, (MlirLocation[]){here, here, here});
  MlirValue sum = add_matmul(ctx, block, mlirBlockGetArgument(block, 0), mlirBlockGetArgument(block, 1), mlirBlockGetArgument(block, 2));
  add_return(ctx, block, sum);
  MlirRegion body = mlirRegionCreate();
  mlirRegionAppendOwnedBlock(body, block);
  MlirNamedAttribute attributes[] = {named(ctx, "sym_name", mlirStringAttrGet(ctx, text("matmul"))), named(ctx, "function_type", mlirTypeAttrGet(type))};
  MlirOperationState s = mlirOperationStateGet(text("func.func"), here);
  mlirOperationStateAddAttributes(&s, 2, attributes);
  mlirOperationStateAddOwnedRegions(&s, 1, &body);
  return mlirOperationCreate(&s);
}

static void print(MlirStringRef s, void *file) { fwrite(s.data, 1, s.length, file); }

int main(int argc, char **argv) {
  int64_t size[3];
  const char *element = argc > 4 ? argv[4] : "f32";
  for (int i = 0; i < 3; i++)
    size[i] = argc > 3 ? atoll(argv[i + 1]) : 0;
  if (size[0] < 1 || size[1] < 1 || size[2] < 1) {
    fprintf(stderr, "usage: build_ir M N K [ELEMENT TYPE]\n");
    return 2;
  }
  MlirDialectRegistry all = mlirDialectRegistryCreate();
  mlirRegisterAllDialects(all);
  MlirContext ctx = mlirContextCreateWithRegistry(all, false);
  mlirDialectRegistryDestroy(all);
  mlirContextGetOrLoadDialect(ctx, text("func"));      /* an operation of a dialect that is not loaded has no verifier */
  mlirContextGetOrLoadDialect(ctx, text("linalg"));
  int status = 1;
  if (!mlirTypeIsNull(mlirTypeParseGet(ctx, text(element)))) {
    MlirModule m = mlirModuleCreateEmpty(mlirLocationUnknownGet(ctx));
    MlirType a = matrix(ctx, size[0], size[2], element), b = matrix(ctx, size[2], size[1], element), c = matrix(ctx, size[0], size[1], element);
    mlirBlockAppendOwnedOperation(mlirModuleGetBody(m), make_function(ctx, a, b, c));
    MlirOperation op = mlirModuleGetOperation(m);
    status = mlirOperationVerify(op) ? 0 : 1;      /* what is wrong goes to standard error */
    if (status == 0)
      mlirOperationPrint(op, print, stdout);
    mlirModuleDestroy(m);
  }
  mlirContextDestroy(ctx);
  return status;
}
