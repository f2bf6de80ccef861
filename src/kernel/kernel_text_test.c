/* Kernels as text: which of them are one matrix product, the forms they are written and printed in, what stores to what.
 * Oracle: what the headers say; every edit of loom.kernel.v1 is refused or makes another sound kernel. */
#include "base/testing_data.h"
#include "kernel/kernel_product.h"
#include "kernel/kernel_stores.h"
#include "kernel/kernel_text_testing.h"

/* ---- products ---- */

#define BLOCKS "block m 4; block n 6; block k 8; "
#define TENSORS "arg a f32[4,8]; arg b f32[8,6]; alloc c f32[4,6]; "
#define GRID "parallel i 0..4 by m j 0..6 by n {; "
#define ZERO "z = full value=0 : f32[m,n]; "
#define LOOP "r = loop l 0..8 by k carry s=z : f32[m,n] {; "
#define LOADS "p = load a[i,l] : f32[m,k]; q = load b[l,j] : f32[k,n]; "
#define PRODUCT "t = matmul p q s : f32[m,n]; yield t; }; "
#define STORE "store c[i,j] = r; }"
#define BATCHED(range, index, size) "block m 4; block n 6; block k 8; size s 0; arg a f32[" size ",4,8]; arg b f32[" size ",8,6]; alloc c f32[" size ",4,6]; parallel i 0..4 by m j 0..6 by n " range " {; " ZERO LOOP \
  "p = load a[" index ",i,l] : f32[m,k]; q = load b[" index ",l,j] : f32[k,n]; " PRODUCT "store c[" index ",i,j] = r; }"

static void test_which_kernels_are_one_product(void **state) {
  (void)state;
  static const struct { const char *text; bool is; } rows[] = {
      {BLOCKS TENSORS GRID ZERO LOOP LOADS PRODUCT STORE, true},
      {BLOCKS TENSORS "y = constant value=2 : f32; x = index expr=3 : i64; " GRID ZERO LOOP LOADS PRODUCT STORE, true},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS PRODUCT STORE "; " GRID "}", false},
      {BLOCKS TENSORS "y = iota step=1 : i64[4]; " GRID ZERO LOOP LOADS PRODUCT STORE, false},
      {BLOCKS TENSORS "y = constant value=1 : i1; if y {; } else {; }", false},
      {BLOCKS TENSORS GRID "x = index expr=3 : i64; e = tile_begin i : i64; f = tile_end i : i64; g = tile_id i : i64; h = tile_index i : i32[m]; y = constant value=1 : i1; " ZERO LOOP LOADS PRODUCT STORE, true},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "y = neg p : f32[m,k]; " PRODUCT STORE, false},
      {BLOCKS TENSORS GRID ZERO "y = constant value=1 : i1; if y {; } else {; }; " LOOP LOADS PRODUCT STORE, false},
      /* how the sum goes on */
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "t = matmul p q s : f32[m,n]; yield s; }; " STORE, false},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "t = add s s : f32[m,n]; yield t; }; " STORE, false},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "t = add s z : f32[m,n]; yield t; }; " STORE, false},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "u = matmul p q : f32[m,n]; t = add u s : f32[m,n]; yield t; }; " STORE, true},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "u = matmul p q s : f32[m,n]; t = add u s : f32[m,n]; yield t; }; " STORE, false},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "u = matmul p q z : f32[m,n]; t = add s u : f32[m,n]; yield t; }; " STORE, true},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "t = matmul p q : f32[m,n]; yield t; }; " STORE, false},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "t = matmul p q z : f32[m,n]; yield t; }; " STORE, false},
      {BLOCKS TENSORS GRID ZERO "r,u = loop l 0..8 by k carry s=z v=z : f32[m,n] f32[m,n] {; " LOADS "t = matmul p q s : f32[m,n]; yield t v; }; " STORE, false},
      {BLOCKS TENSORS GRID "y = constant value=0 : f32; z = full y : f32[m,n]; " LOOP LOADS PRODUCT STORE, false},
      {BLOCKS TENSORS GRID "z = load c[i,j] : f32[m,n]; " LOOP LOADS PRODUCT STORE, false},
      {BLOCKS "arg a f32[4,8]; arg b f32[8,6]; alloc c i32[4,6]; " GRID ZERO LOOP LOADS PRODUCT "x = cast r : i32[m,n]; store c[i,j] = x; }", false},
      {BLOCKS "arg a f16[4,8]; arg b f32[8,6]; alloc c f16[4,6]; " GRID ZERO LOOP "p = load a[i,l] : f16[m,k]; y = cast p : f32[m,k]; q = load b[l,j] : f32[k,n]; t = matmul y q s : f32[m,n]; yield t; }; x = cast r : f16[m,n]; store c[i,j] = x; }", true},
      {BLOCKS "arg a i8[4,8]; arg b f32[8,6]; alloc c f32[4,6]; " GRID ZERO LOOP "p = load a[i,l] : i8[m,k]; y = cast p : f32[m,k]; q = load b[l,j] : f32[k,n]; t = matmul y q s : f32[m,n]; yield t; }; store c[i,j] = r; }", false},
      {"block m 4; arg a f32[4,4]; alloc c f32[4,4]; parallel x 0..1 {; z = full value=0 : f32[4,4]; r = loop l 0..4 by m carry s=z : f32[4,4] {; q = load a[:,:] : f32[4,4]; t = matmul s q s : f32[4,4]; yield t; }; store c[:,:] = r; }", false},
      /* what it is of */
      {"alloc c i64[4]; parallel x 0..4 {; store c[x] = x; }", false},      /* what no operation made */
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "f = full value=1 : f32[k,m]; u = permute perm=10 f : f32[m,k]; t = matmul u q s : f32[m,n]; yield t; }; " STORE, false},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS "f = full value=1 : f32[k,n]; t = matmul p f s : f32[m,n]; yield t; }; " STORE, false},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS PRODUCT "store c[None,i,j] = r; }", false},
      {BLOCKS "arg a f32[4,8]; arg b f32[8,6]; alloc c f32[5,4,6]; " GRID ZERO LOOP LOADS PRODUCT "store c[:,i,j] = r; }", false},
      {BLOCKS TENSORS GRID ZERO LOOP "p = load a[i,l+1] : f32[m,k]; q = load b[l,j] : f32[k,n]; " PRODUCT STORE, false},
      {"size s 0; " BLOCKS TENSORS "parallel i s..4 by m j 0..6 by n {; " ZERO LOOP LOADS PRODUCT STORE, false},
      {BLOCKS "arg a f32[5,4,8]; arg b f32[5,8,6]; alloc c f32[5,4,6]; parallel i 0..4 by m j 0..6 by n {; z = full value=0 : f32[5,m,n]; r = loop l 0..8 by k carry s=z : f32[5,m,n] {; p = load a[:,i,l] : f32[5,m,k]; q = load b[:,l,j] : f32[5,k,n];"
              " t = matmul p q s : f32[5,m,n]; yield t; }; store c[:,i,j] = r; }", true},
      {BATCHED("x 0..5", "x", "5"), true}, {BATCHED("x 0..5 y 0..3", "x,y", "5,3"), true}, {BATCHED("x 0..5 step 2", "x", "5"), false}, {BATCHED("x s..5", "x", "5"), false}, {BATCHED("x 0..4", "x", "5"), false},
      {BATCHED("", "=0", "5"), false}, {BATCHED("", "#i", "4"), false},
      {BLOCKS "arg a f32[5,4,8]; arg b f32[8,6]; alloc c f32[4,6]; y = index expr=2 : i64; " GRID ZERO LOOP "p = load a[y,i,l] : f32[m,k]; q = load b[l,j] : f32[k,n]; " PRODUCT STORE, false},
      {"block m 4; block n 6; arg a f32[5,4,8]; arg b f32[8,6]; alloc c f32[4,6]; y = index expr=2 : i64; " GRID "p = load a[y,i,:] : f32[m,8]; q = load b[:,j] : f32[8,n]; r = matmul p q : f32[m,n]; " STORE, false},
      {"block m 4; block n 6; " TENSORS GRID "p = load a[i,:] : f32[m,8]; q = load b[:,j] : f32[8,n]; r = matmul p q : f32[m,n]; " STORE, true},
      /* loops around the store: over a dim of C, or not */
      {BLOCKS "arg a f32[4,8]; arg b f32[8,6]; alloc c f32[5,4,6]; " GRID ZERO LOOP LOADS PRODUCT "loop x 0..5 {; store c[x,i,j] = r; }; }", true},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS PRODUCT "loop x 0..5 {; store c[i,j] = r; }; }", false},
      {BLOCKS TENSORS GRID ZERO LOOP LOADS PRODUCT "loop q1 0..1 {; loop q2 0..1 {; loop q3 0..1 {; loop q4 0..1 {; loop q5 0..1 {; loop q6 0..1 {; loop q7 0..1 {; loop q8 0..1 {; store c[i,j] = r; }; }; }; }; }; }; }; }; }", false},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    text_kernel t = text_kernel_read(&ctx, rows[i].text);
    if (kernel_verify(&ctx, t.k) != LOOM_OK)
      fail_msg("%s: statement %d: %s", rows[i].text, ctx.diag.first->span.line, ctx.diag.first->text);
    kernel_product p;
    if (kernel_is_product(&ctx, t.k, NULL, 0, &p) != rows[i].is)
      fail_msg("%s: %s", rows[i].text, rows[i].is ? "is a product" : "is no product");
    assert_int_equal(ctx.diag.errors, 0);
    loom_ctx_done(&ctx);
  }
}

/* ---- forms ---- */

static const char everything[] =
    "size s 6; size u; block m 10 by 4 padded; block n 8; runtime %r; arg x f32[10,8]; arg i i64[3]; arg k i1[10]; arg h f16[8]; alloc o f32[10,8] inf; view v f32[8,10] of o at 0 step 1 8;"
    " c = constant value=-inf : f32; e = index expr=s*2 : i64; bind expr=%r e; barrier;"
    " parallel g 0..10 by m j 0..8 by n y 0..3 step 2 {; a = load x[g,j] : f32[m,n]; w = load k[g] : i1[m]; d = load x[g+1,=s] where w : f32[m]; f = load x[1:3,None,y] : f32[2,1];"
    " t = load i[:] : i64[3]; l = load x[t@0,e] : f32[3]; b = tile_begin g : i64; q = tile_index g : i32[m]; z = tile_mask g : i1[m]; p = reduce add axes=01 a : f32; r1 = reduce max axes=0 keep a : f32[1,n];"
    " st = stack axis=0 p p : f32[2]; ex = extract axis=0 expr=1 st : f32; ga = gather p g : f32[3]; fu = full p : f32[m]; io = iota value=1 step=2 : i64[4];"
    " bc = broadcast p : f32[m,n]; rs = reshape st : f32[2,1]; pe = permute perm=10 rs : f32[1,2]; ca = cast p : i32; bi = bitcast p : i32; se = select z d fu : f32[m]; mm = matmul rs pe : f32[2,2];"
    " store o[g,j] = bc; store o[g,=0] = d where z; at1 = atomic add o[g,j] = bc : f32[m,n]; atomic cas o[g,=0] = d where - expect fu;"
    " sc = scan axis=0 reverse st as s1 s2 : f32[2] {; s3 = add s1 s2 : f32; yield s3; }; fo,fp = fold axis=0 keep st st as a1 a2 a3 a4 : f32[1] f32[1] {; yield a1 a4; };"
    " lo,lp = loop n2 0..%r carry c1=p c2=ex : f32 f32 {; yield c1 c2; }; co = gt p ex : i1; ii = if co : f32 {; yield p; } else {; yield ex; };"
    " wh = while carry c3=p : f32 {; yield co; } do c4 {; ne = neg c4 : f32; yield ne; }; }";

static text_kernel read_everything(loom_ctx *ctx) {
  text_kernel t = text_kernel_read(ctx, everything);
  for (size_t i = 0; i < t.k->tensors.n; i++) {
    static const kernel_init kinds[] = {KERNEL_INIT_RANDN, KERNEL_INIT_RANDINT, KERNEL_INIT_ONES, KERNEL_INIT_FULL};
    t.k->tensors.at[i].init = kinds[i % 4];
    t.k->tensors.at[i].init_lo = i == 3 ? INFINITY : 0.5;
  }
  kernel_find_symbol(t.k, "n")->preferred = 4;
  kernel_find_symbol(t.k, "n")->divides = true;
  kernel_find_symbol(t.k, "n")->is_reduction = true;
  t.k->tensors.at[4].is_returned = true;
  vec_push(t.m, &t.k->returns, 4);
  vec_push(t.m, &t.k->returns, -1);
  vec_push(t.m, &t.k->guards, ((kernel_guard){parts_expr(ctx, "s == x.1"), {NULL, 7, 1, 7, 5}}));
  return t;
}

static loom_status round_trip(loom_ctx *ctx, const data_value *v) {
  kernel_graph *k;
  return kernel_from_data(ctx, v, &k);
}

static void test_every_edit_of_a_kernels_form_is_judged(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  text_kernel t = read_everything(&ctx);
  if (kernel_verify(&ctx, t.k) != LOOM_OK)
    fail_msg("statement %d: %s", ctx.diag.first->span.line, ctx.diag.first->text);
  data_value *v = kernel_to_data(&ctx.mem, t.k);
  kernel_graph *back;
  assert_int_equal(kernel_from_data(&ctx, v, &back), LOOM_OK);
  assert_string_equal(kernel_print(&ctx.mem, back), kernel_print(&ctx.mem, t.k));
  assert_true(kernel_find_symbol(back, "n")->preferred == 4 && isinf(back->tensors.at[3].init_lo) && isinf(back->tensors.at[4].fill_value));
  static const char *const optional[] = {"value", "extent", "preferred", "block", "is_padded", "is_reduction", "divides", "is_open", "span", "init_lo", "init_hi", "fill_value", "is_returned", "name", "end", "begin", "step",
                                         "fvalue", "ivalue", "flag", "expr", "operands", "results", "perm", "params", "guards", "returns", "ranges", "fn", "offset", NULL};
  static const char *const free[] = {"init_lo", "init_hi", "fill_value", "fvalue", "guards", NULL};
  testing_edits e = {.read = round_trip, .optional = optional, .free = free};
  testing_edit_all(&ctx.mem, v, &e);
  loom_ctx_done(&ctx);
}

static void test_print_has_a_line_for_every_kind_of_operation(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  text_kernel t = read_everything(&ctx);
  const char *printed = kernel_print(&ctx.mem, t.k);
  static const char *const lines[] = {
      "  block n of 8 reduction divides\n", "  block m = 4 of 10 padded\n", "  view v: f32[8, 10] of o offset 0 strides 1, 8\n", "  alloc o: f32[10, 8] returned\n", "  guard s == x.1  # line 7\n", "  runtime %r\n", "  size u\n",
      " = constant -inf  : f32  # line 12\n", " = index s * 2  : i64", "  bind `%r` %1", "  barrier  # line 15\n", "  parallel %2:g in 0..10 by m, %3:j in 0..8 by n, %4:y in 0..3 step 2  # line 16\n",
      " = load x[%2:g + 1, s] where %6  : f32[m]", " = load x[1:3, None, %4:y]  : f32[2, 1]", " = load i[:]  : i64[3]", " = load x[%9, %1]  : f32[3]", " = reduce add axes=0,1 %5  : f32", " = reduce max axes=0 keepdim %5  : f32[1, n]",
      " = stack axis=0 %14, %14  : f32[2]", " = extract 1 of axis 0 of %16  : f32", " = gather %14, %2:g  : f32[3]", " = full %14  : f32[m]", " = iota 1 step 2  : i64[4]", " = permute 1,0 %22  : f32[1, 2]",
      "  store o[%2:g, 0] = %7 where %13  #", " = atomic add o[%2:g, %3:j] = %21  : f32[m, n]", "  atomic cas o[%2:g, 0] = %7, %-1, %19  #", " = scan axis=0 reverse %16  : f32[2]", " = fold axis=0 keepdim %16, %16  : f32[1], f32[1]",
      "in 0..`%r` carry %14, %17  : f32, f32", "    else\n", "      with %"};
  for (size_t i = 0; i < COUNT_OF(lines); i++)
    if (!strstr(printed, lines[i]))
      fail_msg("'%s' is not in\n%s", lines[i], printed);
  /* graphs that are not sound print too, for who looks for what is wrong */
  kernel_graph *k = kernel_new(&ctx.mem, "broken");
  const kernel_type f32 = {.type = DTYPE_F32};
  const kernel_value values[] = {-1, 99};
  const kernel_op_kind kinds[] = {KERNEL_INDEX_EXPR, KERNEL_EXTRACT, KERNEL_PERMUTE, KERNEL_LOAD, KERNEL_LOAD, KERNEL_LOOP, KERNEL_OP_COUNT};
  for (size_t i = 0; i < COUNT_OF(kinds); i++) {
    kernel_op *op = kernel_add_op(&ctx.mem, k, &k->body, kinds[i] == KERNEL_OP_COUNT ? KERNEL_UNARY : kinds[i], kinds[i] == KERNEL_PERMUTE ? 0 : 2, values, 1, &f32);
    op->kind = kinds[i];
    op->tensor = i == 4 ? 7 : -1;
    if (kinds[i] == KERNEL_LOOP) {
      op->n_ranges = 1;
      op->ranges = ARENA_NEW_N(&ctx.mem, kernel_range, 1);
      op->ranges[0] = (kernel_range){.begin = sym_const(&ctx.mem, 0), .end = sym_const(&ctx.mem, 1)};
    }
  }
  k->body.ops.at[6]->fn = KERNEL_FN_COUNT;
  kernel_add_tensor(&ctx.mem, k, "v", KERNEL_VIEW, f32);
  assert_string_equal(kernel_print(&ctx.mem, k), "kernel broken\n  view v: f32\n  %0 = index ? %-1, %99  : f32\n  %1 = extract ? of axis 0 of %-1, %99  : f32\n  %2 = permute  : f32\n  %3 = load ?[] where %-1, %99  : f32\n"
                                                 "  %4 = load ?[] where %-1, %99  : f32\n  %5 = loop  in 0..1 carry %-1, %99  : f32\n  %6 = ? %-1, %99  : f32\n");
  assert_string_equal(kernel_fn_name(KERNEL_FN_COUNT), "?");
  assert_int_equal(kernel_fn_arity(KERNEL_FN_COUNT), 0);
  loom_ctx_done(&ctx);
}

/* ---- what a kernel touches ---- */

static void test_what_is_stored_to(void **state) {
  (void)state;
  static const struct { const char *text; bool is[2]; } rows[] = {      /* x, y */
      {"arg x f32; arg y f32; c = load x[] : f32", {false, false}},
      {"arg x f32; arg y f32; c = load x[] : f32; store y[] = c", {false, true}},
      {"arg x f32; arg y f32; view v f32 of x at 0 step; view w f32 of v at 0 step; c = load y[] : f32; atomic add w[] = c", {true, false}},
      {"arg x f32; arg y f32; c = load x[] : f32; parallel i 0..2 {; k = constant value=1 : i1; if k {; } else {; store y[] = c; }; }; atomic add x[] = c", {true, true}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    text_kernel t = text_kernel_read(&ctx, rows[i].text);
    for (int x = 0; x < 2; x++)
      assert_int_equal(kernel_is_stored(t.k, x), rows[i].is[x]);
    assert_int_equal(kernel_root(t.k, -1), -1);
    loom_ctx_done(&ctx);
  }
}

static void test_float8_is_named_and_bits_are_not_retyped(void **state) {
  (void)state;
  static const struct { const char *text, *f8; loom_status retyped; } rows[] = {      /* f16 becomes bf16 */
      {"arg x f16; c = load x[] : f16", NULL, LOOM_OK},
      {"arg x f16; arg y f8E4M3FN; c = load x[] : f16", "float8_e4m3fn", LOOM_OK},
      {"arg x f16; c = load x[] : f16; d = cast c : f8E5M2", "float8_e5m2", LOOM_OK},
      {"arg x f16; c = load x[] : f16; d = bitcast c : i16", NULL, LOOM_EUNSUP},
      {"arg x i16; c = load x[] : i16; k = constant value=1 : i1; if k {; } else {; d = bitcast c : f16; }", NULL, LOOM_EUNSUP},
      {"arg x i32; arg y f32; c = load x[] : i32; d = bitcast c : f32", NULL, LOOM_OK},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    text_kernel t = text_kernel_read(&ctx, rows[i].text);
    const char *f8 = kernel_f8_name(t.k);
    if (rows[i].f8 ? !f8 || !text_is(f8, rows[i].f8) : f8 != NULL)
      fail_msg("%s: %s", rows[i].text, f8);
    const kernel_type before = t.k->tensors.at[0].shape;
    assert_int_equal(kernel_retype(&ctx, t.k, DTYPE_F16, DTYPE_BF16), rows[i].retyped);
    assert_int_equal(t.k->tensors.at[0].shape.type, before.type == DTYPE_F16 && rows[i].retyped == LOOM_OK ? DTYPE_BF16 : before.type);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_which_kernels_are_one_product), cmocka_unit_test(test_every_edit_of_a_kernels_form_is_judged), cmocka_unit_test(test_print_has_a_line_for_every_kind_of_operation),
                                     cmocka_unit_test(test_what_is_stored_to), cmocka_unit_test(test_float8_is_named_and_bits_are_not_retyped)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
