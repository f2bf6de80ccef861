/* scalar_ops: which function of the machines' perf sets prices a scalar op of MLIR, for a whole tile and for a reduction with it (loom.md 4.7).
 * Upstream publishes a dozen functions; what is not among them counts as the one that is nearest in effort. */
#ifndef LOOM_BASE_SCALAR_OPS_H
#define LOOM_BASE_SCALAR_OPS_H
#include <stddef.h>

/* X(scalar op, perf function, perf function of a reduction).  NULL: a cast or a name for a number: no cost beside other ops. */
#define SCALAR_OP_LIST(X)                                                                                                                             \
  X("addf", "vec_add", "vec_vsum") X("addi", "vec_add", "vec_vsum") X("subf", "vec_sub", "vec_sub") X("subi", "vec_sub", "vec_sub")                   \
  X("negf", "vec_sub", "vec_sub") X("mulf", "vec_mul", "vec_mul") X("muli", "vec_mul", "vec_mul") X("fma", "vec_mul", "vec_mul")                      \
  X("divf", "vec_div", "vec_div") X("divsi", "vec_div", "vec_div") X("divui", "vec_div", "vec_div") X("floordivsi", "vec_div", "vec_div")             \
  X("ceildivsi", "vec_div", "vec_div") X("ceildivui", "vec_div", "vec_div") X("remf", "vec_div", "vec_div") X("remsi", "vec_div", "vec_div")          \
  X("remui", "vec_div", "vec_div")                                                                                                                    \
  X("maximumf", "vec_max", "vec_vmax") X("maxnumf", "vec_max", "vec_vmax") X("maxsi", "vec_max", "vec_vmax") X("maxui", "vec_max", "vec_vmax")        \
  X("minimumf", "vec_max", "vec_vmax") X("minnumf", "vec_max", "vec_vmax") X("minsi", "vec_max", "vec_vmax") X("minui", "vec_max", "vec_vmax")        \
  X("absf", "vec_max", "vec_vmax") X("absi", "vec_max", "vec_vmax") X("copysign", "vec_max", "vec_vmax")                                              \
  X("andi", "vec_add", "vec_vsum") X("ori", "vec_add", "vec_vsum") X("xori", "vec_add", "vec_vsum") X("shli", "vec_add", "vec_vsum")                  \
  X("shrsi", "vec_add", "vec_vsum") X("shrui", "vec_add", "vec_vsum") X("floor", "vec_add", "vec_add") X("ceil", "vec_add", "vec_add")                \
  X("trunc", "vec_add", "vec_add") X("round", "vec_add", "vec_add") X("roundeven", "vec_add", "vec_add")                                              \
  X("exp", "vec_exp", "vec_exp") X("exp2", "vec_exp", "vec_exp") X("expm1", "vec_exp", "vec_exp") X("tanh", "vec_exp", "vec_exp")                     \
  X("erf", "vec_exp", "vec_exp") X("sin", "vec_exp", "vec_exp") X("cos", "vec_exp", "vec_exp")                                                        \
  X("log", "vec_log", "vec_log") X("log2", "vec_log", "vec_log") X("log1p", "vec_log", "vec_log")                                                     \
  X("powf", "vec_powf", "vec_powf") X("ipowi", "vec_powf", "vec_powf") X("sqrt", "vec_powf", "vec_powf") X("rsqrt", "vec_powf", "vec_powf")           \
  X("cmpf", "vec_cmpf_ogt", "vec_cmpf_ogt") X("cmpi", "vec_cmpf_ogt", "vec_cmpf_ogt") X("select", "vec_select", "vec_select")                         \
  X("truncf", NULL, NULL) X("extf", NULL, NULL) X("trunci", NULL, NULL) X("extsi", NULL, NULL) X("extui", NULL, NULL) X("bitcast", NULL, NULL)        \
  X("sitofp", NULL, NULL) X("uitofp", NULL, NULL) X("fptosi", NULL, NULL) X("fptoui", NULL, NULL) X("index_cast", NULL, NULL)                         \
  X("index_castui", NULL, NULL) X("index", NULL, NULL) X("constant", NULL, NULL)
#endif
