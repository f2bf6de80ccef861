/* The kernels of compile_plans_test.c: shapes that divide, ragged ones, tiny ones. */
#ifndef LOOM_COMPILE_PLANS_CASES_H
#define LOOM_COMPILE_PLANS_CASES_H
#include "compile_plans.h"

#define SIX "tests/data/kernels/six.py"
#define POINTWISE "tests/data/kernels/corpus/pointwise.py"
#define ROWS "tests/data/kernels/corpus/rows.py"
#define PRODUCTS "tests/data/kernels/corpus/products.py"
#define TURNS "tests/data/kernels/corpus/turns.py"

static const plans_case plans_cases[] = {
  {.file = SIX, .function = "matmul", .shape = {"x=128x96,y=96x64", "x=100x70,y=70x130", "x=5x3,y=3x7"}},
  {.file = SIX, .function = "bmm", .shape = {"x=4x64x64,y=4x64x96", "x=3x50x70,y=3x70x45", "x=2x3x5,y=2x5x4"}},
  {.file = SIX, .function = "attention", .shape = {"q=4x64x32,k=4x96x32,v=4x96x32", "q=3x50x32,k=3x71x32,v=3x71x32", "q=1x3x8,k=1x5x8,v=1x5x8"}},
  {.file = SIX, .function = "decode", .shape = {"q=4x8x32,k=4x128x32,v=4x128x32", "q=3x4x32,k=3x100x32,v=3x100x32", "q=1x2x8,k=1x5x8,v=1x5x8"}},
  {.file = SIX, .function = "split_k", .shape = {"a=64x256,b=256x64", "a=50x200,b=200x45", "a=3x5,b=5x4"}},
  {.file = SIX, .function = "chunk_scan", .own_blocks = true,
   .shape = {"cb=1x2x2x64x64,x=1x128x4x32,dt=1x4x2x64,decay=1x4x2x64,C=1x128x2x32,states=1x2x4x32x32,D=4",
             "cb=1x2x2x50x50,x=1x100x4x40,dt=1x4x2x50,decay=1x4x2x50,C=1x100x2x32,states=1x2x4x40x32,D=4",
             "cb=1x1x1x4x4,x=1x4x2x8,dt=1x2x1x4,decay=1x2x1x4,C=1x4x1x8,states=1x1x2x8x8,D=2"}},

  {.file = POINTWISE, .function = "add_one", .shape = {"x=1024", "x=1000", "x=3"}},
  {.file = POINTWISE, .function = "chain", .shape = {"x=128x64,y=128x64,z=128x64", "x=50x70,y=50x70,z=50x70", "x=2x3,y=2x3,z=2x3"}},
  {.file = POINTWISE, .function = "smooth", .shape = {"x=64x128", "x=50x70", "x=1x3"}},
  {.file = POINTWISE, .function = "axpy", .shape = {"x=512,y=512", "x=777,y=777", "x=1,y=1"}, .args = "alpha=0.5"},
  {.file = POINTWISE, .function = "outer", .shape = {"x=128,y=64", "x=50,y=77", "x=3,y=2"}},
  {.file = POINTWISE, .function = "bias", .shape = {"x=64x128,row=128,column=64x1", "x=50x70,row=70,column=50x1", "x=2x3,row=3,column=2x1"}},
  {.file = POINTWISE, .function = "both", .shape = {"x=64x64,y=64x64", "x=45x77,y=45x77", "x=3x1,y=3x1"}},
  {.file = POINTWISE, .function = "both", .dtype = "bf16", .shape = {"x=64x64,y=64x64", "x=45x77,y=45x77", "x=3x2,y=3x2"}},
  {.file = POINTWISE, .function = "scale_in_place", .shape = {"x=64x64,y=64x64", "x=45x77,y=45x77", "x=3x2,y=3x2"}},
  {.file = POINTWISE, .function = "walk_in_place", .shape = {"x=64x128", "x=45x77", "x=3x2"}},
  {.file = POINTWISE, .function = "load_again", .refused = "loads do not wait for stores", .shape = {"x=64x64", "x=45x77", "x=3x2"}},
  {.file = POINTWISE, .function = "load_around", .refused = "loads do not wait for stores", .shape = {"x=64x64", "x=45x77", "x=3x2"}},
  {.file = POINTWISE, .function = "store_before_use", .refused = "stores do not wait for loads", .shape = {"x=64x64", "x=45x77", "x=3x2"}},
  {.file = POINTWISE, .function = "widths", .dtype = "x=bf16,y=f16,i=i32", .shape = {"x=64x64,y=64x64,i=64x64", "x=45x77,y=45x77,i=45x77", "x=3x2,y=3x2,i=3x2"}},
  {.file = POINTWISE, .function = "whole", .dtype = "i32", .shape = {"x=512,y=512", "x=333,y=333", "x=2,y=2"}},
  {.file = POINTWISE, .function = "whole", .dtype = "i64", .shape = {"x=512,y=512", "x=333,y=333", "x=2,y=2"}},
  {.file = POINTWISE, .function = "positions", .shape = {"x=64x128", "x=50x70", "x=2x3"}},
  {.file = POINTWISE, .function = "masked", .dtype = "lengths=i64", .shape = {"x=64x64,lengths=64", "x=50x70,lengths=50", "x=2x3,lengths=2"}},
  {.file = POINTWISE, .function = "cube", .shape = {"x=4x64x64,y=64x64", "x=3x50x70,y=50x70", "x=2x2x3,y=2x3"}},
  {.file = POINTWISE, .function = "four", .dtype = "f32", .shape = {"x=2x4x32x64", "x=3x2x50x40", "x=1x2x3x2"}},
  {.file = POINTWISE, .function = "five", .shape = {"x=2x2x4x32x32,y=2x2x4x32x32", "x=2x3x2x20x40,y=2x3x2x20x40", "x=1x2x1x2x3,y=1x2x1x2x3"}},
  {.file = POINTWISE, .function = "side_by_side", .shape = {"x=64x32,y=64x64", "x=50x45,y=50x70", "x=2x3,y=2x2"}},

  {.file = ROWS, .function = "row_sum", .shape = {"x=128x64", "x=70x45", "x=3x5"}},
  {.file = ROWS, .function = "row_sum_tiled", .shape = {"x=128x64", "x=70x145", "x=3x5"}},
  {.file = ROWS, .function = "row_extremes", .shape = {"x=128x64", "x=70x145", "x=3x5"}},
  {.file = ROWS, .function = "column_sum", .shape = {"x=128x64", "x=145x70", "x=3x5"}},
  {.file = ROWS, .function = "softmax_whole", .shape = {"x=128x64", "x=70x145", "x=3x5"}},
  {.file = ROWS, .function = "softmax_online", .shape = {"x=128x64", "x=70x145", "x=3x5"}},
  {.file = ROWS, .function = "softmax_three", .shape = {"x=128x64", "x=70x145", "x=3x5"}},
  {.file = ROWS, .function = "log_softmax", .dtype = "bf16", .shape = {"x=128x64", "x=70x145", "x=3x5"}},
  {.file = ROWS, .function = "layer_norm", .args = "eps=1e-5", .shape = {"x=128x64,weight=64,shift=64", "x=70x45,weight=45,shift=45", "x=3x5,weight=5,shift=5"}},
  {.file = ROWS, .function = "layer_norm_tiled", .shape = {"x=128x64,weight=64,shift=64", "x=70x145,weight=145,shift=145", "x=3x5,weight=5,shift=5"}},
  {.file = ROWS, .function = "rms_norm", .shape = {"x=128x64,weight=64", "x=70x45,weight=45", "x=3x5,weight=5"}},
  {.file = ROWS, .function = "batch_softmax", .dtype = "f32", .shape = {"x=4x64x64", "x=3x50x70", "x=2x3x5"}},
  {.file = ROWS, .function = "softmax_one_size", .shape = {"x=128x64", "x=70x145", "x=3x5"}},
  {.file = ROWS, .function = "lengths_of_one_size", .refused = "over different numbers of elements", .shape = {"x=64x64,y=64x96", "x=50x45,y=50x70", "x=2x3,y=2x5"}},

  {.file = PRODUCTS, .function = "product_f32", .dtype = "f32", .shape = {"x=64x96,y=96x128", "x=50x70,y=70x90", "x=3x4,y=4x5"}},
  {.file = PRODUCTS, .function = "started", .shape = {"x=64x96,y=96x128,c=64x128", "x=50x70,y=70x90,c=50x90", "x=3x4,y=4x5,c=3x5"}},
  {.file = PRODUCTS, .function = "started_whole", .dtype = "f32", .shape = {"x=64x96,y=96x128,c=64x128", "x=50x70,y=70x90,c=50x90", "x=3x4,y=4x5,c=3x5"}},
  {.file = PRODUCTS, .function = "bias_relu", .dtype = "bf16", .shape = {"x=64x96,y=96x128,b=128", "x=50x70,y=70x90,b=90", "x=3x4,y=4x5,b=5"}},
  {.file = PRODUCTS, .function = "turned", .shape = {"x=96x64,y=128x96", "x=70x50,y=90x70", "x=4x3,y=5x4"}},
  {.file = PRODUCTS, .function = "turned_view", .shape = {"x=64x96,y=128x96", "x=50x70,y=90x70", "x=3x4,y=5x4"}},
  {.file = PRODUCTS, .function = "gram", .shape = {"x=64x96", "x=50x70", "x=3x4"}},
  {.file = PRODUCTS, .function = "whole_k", .shape = {"x=64x96,y=96x128", "x=50x70,y=70x90", "x=3x4,y=4x5"}},
  {.file = PRODUCTS, .function = "two_products", .shape = {"x=64x96,y=96x64,z=64x96", "x=50x70,y=70x45,z=45x70", "x=3x4,y=4x5,z=5x4"}},
  {.file = PRODUCTS, .function = "gated", .shape = {"x=64x96,y=96x64,z=96x64", "x=50x70,y=70x45,z=70x45", "x=3x4,y=4x5,z=4x5"}},
  {.file = PRODUCTS, .function = "nested", .shape = {"x=64x96,y=96x128", "x=50x70,y=70x90", "x=3x4,y=4x5"}},
  {.file = PRODUCTS, .function = "mixed", .dtype = "x=bf16,y=f16", .shape = {"x=64x96,y=96x64", "x=50x70,y=70x45", "x=3x4,y=4x5"}},
  {.file = PRODUCTS, .function = "by_vector", .shape = {"x=128x96,v=96", "x=70x145,v=145", "x=3x5,v=5"}},
  {.file = PRODUCTS, .function = "flash", .shape = {"q=2x64x32,k=2x96x32,v=2x96x32", "q=3x50x32,k=3x71x32,v=3x71x32", "q=1x3x8,k=1x5x8,v=1x5x8"}},
  {.file = PRODUCTS, .function = "flash", .dtype = "bf16", .args = "causal=True",
   .shape = {"q=2x64x32,k=2x64x32,v=2x64x32", "q=3x50x32,k=3x50x32,v=3x50x32", "q=1x3x8,k=1x3x8,v=1x3x8"}},
  {.file = PRODUCTS, .function = "flash_skipping", .shape = {"q=2x64x32,k=2x64x32,v=2x64x32", "q=3x50x32,k=3x50x32,v=3x50x32", "q=1x3x8,k=1x3x8,v=1x3x8"}},

  {.file = TURNS, .function = "flip", .shape = {"x=64x128", "x=50x70", "x=2x3"}},
  {.file = TURNS, .function = "flip_view", .shape = {"x=64x128", "x=50x70", "x=2x3"}},
  {.file = TURNS, .function = "swap_inner", .shape = {"x=4x64x32", "x=3x50x45", "x=2x2x3"}},
  {.file = TURNS, .function = "rotate", .shape = {"x=2x64x4x32", "x=2x50x3x40", "x=1x2x3x4"}},
  {.file = TURNS, .function = "merge_heads", .shape = {"x=2x4x64x32", "x=2x3x50x40", "x=1x2x3x4"}},
  {.file = TURNS, .function = "reversed_rows", .shape = {"x=32x4x64x2", "x=45x3x5x3", "x=1x1x2x1"}},
  {.file = TURNS, .function = "last_is_index", .shape = {"x=4x64x32", "x=3x45x5", "x=3x5x1"}},
  {.file = TURNS, .function = "spread", .shape = {"x=64x64", "x=50x45", "x=2x3"}},
  {.file = TURNS, .function = "halves", .shape = {"x=64x128", "x=50x90", "x=2x6"}},
  {.file = TURNS, .function = "planes", .shape = {"x=3x64x64", "x=4x90x45", "x=3x4x3"}},
  {.file = TURNS, .function = "two_walks", .refused = "loop", .shape = {"x=64x64,y=64x64", "x=50x45,y=50x45", "x=2x3,y=2x3"}},
  {.file = TURNS, .function = "prefix", .shape = {"x=64x64", "x=50x45", "x=2x3"}},
  {.file = TURNS, .function = "count_up", .dtype = "where=i64", .has_indices = true, .refused = "atomic of a tile is not supported", .shape = {"x=64,where=64", "x=50,where=50", "x=2,where=2"}},
};
#endif
