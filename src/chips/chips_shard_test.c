/* Kernels of random shapes, cut over random meshes: each shard in the reference interpreter on its own memory, the collectives in front and behind.  Oracle: the whole kernel in the interpreter,
 * whole numbers bit for bit, others within the derived bound; and each element of an argument starts, each of a result ends, on one chip. */
#include "base/rng.h"
#include "chips/chips_testing.h"
#include "kernel/interp.h"
#include "kernel/kernel_stores.h"
#include "kernel/kernel_text_testing.h"

typedef struct cut {
  loom_ctx *ctx; const char *name; kernel_graph *whole; chips_kernel k; machine m; chips_split s; chips_program p; bool integers;
  interp_tensor *inputs, *want;            /* by tensor of the whole */
  void **at, **partial;                    /* by chip * tensors + tensor */
} cut;

static size_t slot_of(const cut *c, int64_t chip, size_t t) { return (size_t)chip * c->k.tensors.n + t; }
static kernel_tensor root_of(const cut *c, size_t t) { return kernel_root(c->whole, c->k.tensors.at[t].of); }
static bool is_summed(const cut *c, size_t t) { return c->k.tensors.at[t].is_output && chips_splits_sum(&c->k, &c->s); }
static dtype type_of(const cut *c, size_t t) { return is_summed(c, t) ? c->k.tensors.at[t].partial_type : c->k.tensors.at[t].type; }

static int64_t size_of(const cut *c, const sym_expr *e) {
  int64_t n;
  assert_int_equal(kernel_size(c->ctx, c->whole, e, NULL, 0, &n), LOOM_OK);
  return n;
}

/* Element `i` of what lies in a box, which one of the root that is. */
static int64_t element_of(const cut *c, size_t t, int64_t chip, int64_t i) {
  const chips_tensor *x = &c->k.tensors.at[t];
  const kernel_tensor_info *info = &c->whole->tensors.at[x->of];
  const chips_part part = chips_part_of(&c->k, &c->m, &c->s, chip);
  int64_t begin[KERNEL_RANK_MAX], size[KERNEL_RANK_MAX], at[KERNEL_RANK_MAX], e = 0;
  const int64_t elems = chips_box(&c->k, &part, (int)t, begin, size);
  assert_in_range(i, 0, elems - 1);
  for (int d = x->rank; d-- > 0; i /= size[x->order[d]])
    at[x->order[d]] = begin[x->order[d]] + i % size[x->order[d]];
  if (info->role == KERNEL_VIEW)
    e = size_of(c, info->offset);
  for (int d = 0, step = 1; d < x->rank; d++) {
    const int from_end = x->rank - 1 - d;
    e += at[from_end] * (info->role == KERNEL_VIEW ? size_of(c, info->stride[from_end]) : step);
    step *= (int)x->shape[from_end];
  }
  return e;
}

/* ---- memories ---- */

static void place(cut *c, size_t t, int64_t chip, int *starts) {
  const chips_tensor *x = &c->k.tensors.at[t];
  const chips_run_of run = chips_start_of(&c->k, &c->m, &c->s, (int)t, chip), box = chips_box_of(&c->k, &c->m, &c->s, (int)t, chip);
  char *to = c->at[slot_of(c, chip, t)];
  assert_true(run.at >= box.at && run.at + run.elems <= box.at + box.elems);
  for (int64_t i = run.at; i < run.at + run.elems; i++) {
    const int64_t e = element_of(c, t, chip, i - box.at);
    dtype_store(x->type, to + (size_t)i * dtype_bytes(x->type), c->inputs[root_of(c, t)].value[e]);
    starts[e]++;
  }
}

static void open_memory(cut *c) {
  const int64_t n = machine_n_chips(&c->m);
  c->at = ARENA_NEW_N(&c->ctx->mem, void *, n * (int64_t)c->k.tensors.n);
  c->partial = ARENA_NEW_N(&c->ctx->mem, void *, n * (int64_t)c->k.tensors.n);
  for (size_t t = 0; t < c->k.tensors.n; t++) {
    const chips_tensor *x = &c->k.tensors.at[t];
    const int64_t elems = c->want[root_of(c, t)].elems;
    int *starts = ARENA_NEW_N(&c->ctx->mem, int, elems + 1);
    for (int64_t chip = 0; chip < n; chip++) {
      const size_t room = (size_t)chips_room(&c->k, &c->m, &c->s, (int)t, chip);
      c->at[slot_of(c, chip, t)] = memset(arena_alloc(&c->ctx->mem, room * dtype_bytes(x->type) + 1), 0xff, room * dtype_bytes(x->type));
      c->partial[slot_of(c, chip, t)] = memset(arena_alloc(&c->ctx->mem, room * dtype_bytes(x->partial_type) + 1), 0xff, room * dtype_bytes(x->partial_type));
      if (chips_part_of(&c->k, &c->m, &c->s, chip).is_idle)
        memset(c->partial[slot_of(c, chip, t)], 0, room * dtype_bytes(x->partial_type));      /* nothing to add */
      if (x->is_input)
        place(c, t, chip, starts);
    }
    int64_t seen = 0, once = 0;
    for (int64_t e = 0; e < elems; e++) {
      seen += starts[e] > 0;
      once += starts[e] == 1;
    }
    int64_t shown = 1;
    for (int d = 0; d < x->rank; d++)
      shown *= x->shape[d];
    if (x->is_input && !x->is_everywhere && !x->is_output && (seen != once || seen != shown))
      fail_msg("of the %" PRId64 " elements of %s %" PRId64 " start somewhere, %" PRId64 " of them on one chip", shown, x->name, seen, once);
  }
}

/* ---- a chip's kernel ---- */

static void run_shard(cut *c, int64_t chip, const chips_part *part) {
  kernel_graph *g;
  const interp_options o = {.op_budget = -1, .exact = c->integers};
  assert_int_equal(chips_shard(c->ctx, &c->k, &c->s, part, &g), LOOM_OK);
  interp_tensor *x = ARENA_NEW_N(&c->ctx->mem, interp_tensor, g->tensors.n);
  for (int back = 0; back < 2; back++) {
    for (size_t t = 0; t < c->k.tensors.n; t++) {
      const kernel_tensor here = kernel_root(g, c->k.tensors.at[t].here);
      const chips_run_of box = chips_box_of(&c->k, &c->m, &c->s, (int)t, chip);
      const dtype type = back ? type_of(c, t) : c->k.tensors.at[t].type;
      char *at = (char *)(back && is_summed(c, t) ? c->partial : c->at)[slot_of(c, chip, t)] + (size_t)box.at * dtype_bytes(type);
      if (!back && g->tensors.at[here].role == KERNEL_ARG) {
        assert_int_equal(interp_make_input(c->ctx, g, here, 0, true, &x[here]), LOOM_OK);
        assert_int_equal(x[here].elems, box.elems);
        for (int64_t i = 0; i < box.elems; i++)
          x[here].value[i] = dtype_load(type, at + (size_t)i * dtype_bytes(type));
      }
      if (back)
        assert_int_equal(g->tensors.at[here].shape.type, type);
      for (int64_t i = 0; i < box.elems && back && c->k.tensors.at[t].is_output; i++)
        dtype_store(type, at + (size_t)i * dtype_bytes(type), x[here].value[i]);
    }
    if (!back && interp_run(c->ctx, g, x, &o) != LOOM_OK)
      fail_msg("%s\n%s", c->ctx->diag.first->text, kernel_print(&c->ctx->mem, g));
  }
}

/* ---- results ---- */

/* Element i of a result that is kept everywhere: boxes lie one behind the other. */
static int64_t element_in_boxes(const cut *c, size_t t, int64_t i) {
  for (int64_t chip = 0; chip < machine_n_chips(&c->m); chip++) {
    const chips_run_of box = chips_box_of(&c->k, &c->m, &c->s, (int)t, chip);
    if (i >= box.at && i < box.at + box.elems)
      return element_of(c, t, chip, i - box.at);
  }
  return -1;
}

static void expect(const cut *c, size_t t, int64_t chip, const void *got) {
  const interp_comparison r = interp_compare(&c->want[root_of(c, t)], got, c->integers);
  if (!r.ok)
    fail_msg("%s on %s: chip %" PRId64 ", %s: %" PRId64 " elements are wrong; element %" PRId64 " is %.17g, expected %.17g within %g\n%s", c->name, chips_split_text(&c->ctx->mem, &c->k, &c->m, &c->s), chip,
             c->k.tensors.at[t].name, r.wrong, r.worst, r.worst_got, r.worst_want, r.worst_bound, kernel_print(&c->ctx->mem, c->whole));
}

/* What nobody stores to is as it was. */
static void *start_of_result(const cut *c, kernel_tensor root) {
  const interp_tensor *want = &c->want[root];
  char *out = arena_alloc(&c->ctx->mem, (size_t)want->elems * 8 + 8);
  const kernel_tensor_info *info = &c->whole->tensors.at[root];
  for (int64_t i = 0; i < want->elems; i++)
    dtype_store(want->type, out + (size_t)i * dtype_bytes(want->type), info->role == KERNEL_ARG ? c->inputs[root].value[i] : info->fill_value);
  return out;
}

static void check_result(const cut *c, size_t t) {
  const chips_tensor *x = &c->k.tensors.at[t];
  const kernel_tensor root = root_of(c, t);
  const size_t width = dtype_bytes(x->type);
  char *all = start_of_result(c, root);
  int *ends = ARENA_NEW_N(&c->ctx->mem, int, c->want[root].elems + 1);
  int64_t n = 0, shown = 1;
  for (int64_t chip = 0; chip < machine_n_chips(&c->m); chip++) {
    const chips_run_of end = chips_end_of(&c->k, &c->m, &c->s, (int)t, chip), box = chips_box_of(&c->k, &c->m, &c->s, (int)t, chip);
    char *own = x->is_everywhere ? start_of_result(c, root) : all;
    for (int64_t i = end.at; i < end.at + end.elems; i++) {
      const int64_t e = x->is_everywhere ? element_in_boxes(c, t, i) : element_of(c, t, chip, i - box.at);
      memcpy(own + (size_t)e * width, (char *)c->at[slot_of(c, chip, t)] + (size_t)i * width, width);
      ends[e]++;
    }
    if (x->is_everywhere && chips_takes_part(&c->m, &c->s, chip)) {
      expect(c, t, chip, own);
      n++;
    }
  }
  if (!x->is_everywhere)
    expect(c, t, -1, all);
  for (int d = 0; d < x->rank; d++)
    shown *= x->shape[d];
  for (int64_t e = 0; e < c->want[root].elems; e++) {
    assert_true(ends[e] == 0 || ends[e] == (x->is_everywhere ? n : 1));
    shown -= ends[e] > 0;
  }
  assert_int_equal(shown, 0);
}

/* ---- all of it ---- */

static void run_whole(cut *c, uint64_t seed) {
  const interp_options o = {.op_budget = -1, .exact = c->integers};
  const size_t n = c->whole->tensors.n;
  c->inputs = ARENA_NEW_N(&c->ctx->mem, interp_tensor, n);
  c->want = ARENA_NEW_N(&c->ctx->mem, interp_tensor, n);
  for (size_t t = 0; t < n; t++)
    if (c->whole->tensors.at[t].role == KERNEL_ARG) {
      assert_int_equal(interp_make_input(c->ctx, c->whole, (kernel_tensor)t, seed, c->integers, &c->inputs[t]), LOOM_OK);
      c->want[t] = c->inputs[t];
      c->want[t].value = ARENA_NEW_N(&c->ctx->mem, double, c->inputs[t].elems);
      memcpy(c->want[t].value, c->inputs[t].value, (size_t)c->inputs[t].elems * sizeof *c->inputs[t].value);
    }
  assert_int_equal(interp_run(c->ctx, c->whole, c->want, &o), LOOM_OK);
}

static void run_on_chips(cut *c) {
  const int64_t n = machine_n_chips(&c->m);
  const chips_memory memory = {c->at, c->partial};
  int64_t *begin = ARENA_NEW_N(&c->ctx->mem, int64_t, n), *end = ARENA_NEW_N(&c->ctx->mem, int64_t, n);
  assert_int_equal(chips_run(c->ctx, &c->p, &c->m, false, &memory, NULL, begin, end), LOOM_OK);
  for (int64_t chip = 0; chip < n; chip++) {
    const chips_part part = chips_part_of(&c->k, &c->m, &c->s, chip);
    if (!part.is_idle)
      run_shard(c, chip, &part);
  }
  assert_int_equal(chips_run(c->ctx, &c->p, &c->m, true, &memory, NULL, begin, end), LOOM_OK);
}

/* ---- kernels: M, N, K, B are sizes, T the type of arguments, S that of sums, O of results ---- */

typedef struct template { const char *name, *types; /* T S O, some of them */ const char *text; } template;
#define NEST_MN "parallel i 0..M by m j 0..N by n { ; "
#define SUM_MN "z = full value=0 : S[m,n] ; r = loop l 0..K by k carry a=z : S[m,n] { ; "
static const template templates[] = {
    {"product", "f32 f32 f32,bf16 f32 bf16,f16 f32 f16,bf16 bf16 bf16,i8 i32 i32,i8 i32 i16",
     "block m M ; block n N ; block k K ; arg x T[M,K] ; arg y T[K,N] ; alloc o O[M,N] ; " NEST_MN SUM_MN "p = load x[i,l] : T[m,k] ; q = load y[l,j] : T[k,n] ; c = matmul p q a : S[m,n] ; yield c ; } ; "
     "d = cast r : O[m,n] ; store o[i,j] = d ; }"},
    {"product of a turned argument", "f32 f32 f32,f16 f32 f16,i16 i32 i32",
     "block m M ; block n N ; block k K ; arg x T[M,K] ; arg y T[N,K] ; view t T[K,N] of y at 0 step 1 K ; alloc o O[M,N] ; " NEST_MN SUM_MN
     "p = load x[i,l] : T[m,k] ; q = load t[l,j] : T[k,n] ; c = matmul p q a : S[m,n] ; yield c ; } ; store o[i,j] = r ; }"},
    {"products in a batch", "f32 f32 f32,bf16 f32 f32",
     "block b B ; block m M ; block k K ; arg x T[B,M,K] ; arg y T[B,K,N] ; alloc o O[B,M,N] ; parallel h 0..B by b i 0..M by m { ; z = full value=0 : S[b,m,N] ; r = loop l 0..K by k carry a=z : S[b,m,N] { ; "
     "p = load x[h,i,l] : T[b,m,k] ; q = load y[h,l,:] : T[b,k,N] ; c = matmul p q a : S[b,m,N] ; yield c ; } ; store o[h,i,:] = r ; }"},
    {"one argument seen twice", "f32 f32 f32,i8 i32 i32",
     "block m M ; block n M ; block k K ; arg x T[M,K] ; alloc o O[M,M] ; parallel i 0..M by m j 0..M by n { ; " SUM_MN
     "p = load x[i,l] : T[m,k] ; q = load x[j,l] : T[n,k] ; t = permute perm=10 q : T[k,n] ; c = matmul p t a : S[m,n] ; yield c ; } ; store o[i,j] = r ; }"},
    {"two sums", "f32 f32 f32,i32 i32 i32,i32 i32 i16",
     "block m M ; block k K ; arg x T[M,K] ; alloc o O[M] ; alloc u O[M] ; parallel i 0..M by m { ; z = full value=0 : S[m] ; y = full value=0 : S[m] ; r,s = loop l 0..K by k carry a=z b=y : S[m] S[m] { ; "
     "p = load x[i,l] : T[m,k] ; q = reduce add axes=1 p : T[m] ; e = add a q : S[m] ; v = mul p p : T[m,k] ; w = reduce add axes=1 v : T[m] ; f = add w b : S[m] ; yield e f ; } ; "
     "store o[i] = r ; d = cast s : O[m] ; store u[i] = d ; }"},
    {"a sum in single steps", "i32 i32 i32,f32 f32 f32,ui8 ui8 ui8,i64 i64 i64",
     "block m M ; arg x T[M,K] ; arg w T[M] ; alloc o O[M] ; parallel i 0..M by m { ; z = full value=0 : S[m] ; r = loop l 0..K carry a=z : S[m] { ; "
     "p = load x[i,l] : T[m] ; q = load w[i] : T[m] ; v = max p q : T[m] ; c = add a v : S[m] ; yield c ; } ; store o[i] = r ; }"},
    {"a sum behind another loop of its block", "f32 f32 f32,i32 i32 i32",
     "block m M ; block k K ; arg x T[M,K] ; alloc o O[M] ; parallel i 0..M by m { ; h = full value=-9 : S[m] ; t = loop j 0..K by k carry b=h : S[m] { ; p = load x[i,j] : T[m,k] ; "
     "q = reduce max axes=1 p : T[m] ; g = max b q : S[m] ; yield g ; } ; z = full value=0 : S[m] ; r = loop l 0..K by k carry a=z : S[m] { ; u = load x[i,l] : T[m,k] ; "
     "v = reshape t : S[m,1] ; w = min u v : S[m,k] ; y = reduce add axes=1 w : S[m] ; c = add a y : S[m] ; yield c ; } ; store o[i] = r ; }"},
    {"elements, and a row for all", "f32 f32 f32,bf16 bf16 bf16,bool bool bool,i16 i16 i16",
     "block m M ; block n N ; arg x T[M,N] ; arg v T[N] ; alloc o O[M,N] ; " NEST_MN "p = load x[i,j] : T[m,n] ; q = load v[j] : T[n] ; c = max p q : T[m,n] ; store o[i,j] = c ; }"},
    {"in place, single rows", "f32 f32 f32,i32 i32 i32",
     "block n N ; arg x T[M,N] ; arg y T[N] ; parallel i 0..M j 0..N by n { ; b = tile_begin i : i64 ; p = load x[i,j] : T[n] ; q = load y[j] : T[n] ; c = add p q : T[n] ; store x[i,j] = c ; }"},
    {"a turned result, a dim of its own", "f32 f32 f32,i8 i8 i8",
     "block m M ; block n N ; arg x T[M,B,N] ; alloc o O[N,M,B] ; view t O[M,B,N] of o at 0 step B 1 M*B ; " NEST_MN "p = load x[i,:,j] : T[m,B,n] ; c = neg p : T[m,B,n] ; store t[i,:,j] = c ; }"},
    {"a filled result that is added to", "f32 f32 f32,i32 i32 i32",
     "block m M ; block n N ; arg x T[M,N] ; alloc o O[M,N] 3 ; " NEST_MN "p = load x[i,j] : T[m,n] ; q = load o[i,j] : O[m,n] ; c = add p q : O[m,n] ; store o[i,j] = c ; }"},
    {"rows that are added at once, a row that is filled", "i32 i32 i32",
     "block m M by 3 ; block n N ; arg x T[M,N] ; alloc f T[N] 2 ; alloc o O[M] 1 ; " NEST_MN "p = load x[i,j] : T[m,n] ; q = load f[j] : T[n] ; c = mul p q : T[m,n] ; "
     "w = reduce add axes=1 c : T[m] ; r = atomic add o[i] = w - : O[m] ; }"},
    {"tiles of a given size, a row that is filled", "f32 f32 f32,i32 i32 i32",
     "block m M by 3 ; block n N by 8 ; arg x T[M,N] ; alloc f T[N] 2 ; alloc o O[M,N] ; " NEST_MN "p = load x[i,j] : T[m,n] ; q = load f[j] : T[n] ; c = mul p q : T[m,n] ; store o[i,j] = c ; }"},
    {"no more than a part of an argument", "f32 f32 f32",
     "block m M ; block n N ; arg x T[M,N*2] ; view e T[M,N] of x at 1 step N*2 2 ; alloc o O[M,N] ; " NEST_MN "p = load e[i,j] : T[m,n] ; c = exp p : T[m,n] ; store o[i,j] = c ; }"},
};

/* `s` with each capital letter in its place. */
static const char *filled(arena *m, const char *s, const char *letters, const char *const *by) {
  text t = text_new(m);
  for (; *s; s++) {
    const char *letter = strchr(letters, *s);
    text_add(&t, letter ? by[letter - letters] : (char[]){*s, 0});
  }
  return text_str(&t);
}

static kernel_graph *draw_kernel(loom_ctx *ctx, rng *r, const template *of) {
  const char *row[8], *by[7];
  const int rows = text_split(&ctx->mem, of->types, ',', row, 8);
  text_split(&ctx->mem, row[rng_range(r, 0, rows - 1)], ' ', by, 3);
  for (int i = 3; i < 7; i++)
    by[i] = arena_printf(&ctx->mem, "%d", (int)rng_range(r, 1, i == 6 ? 4 : rng_range(r, 1, 40)));
  kernel_graph *k = text_kernel_read(ctx, filled(&ctx->mem, of->text, "TSOMNKB", by)).k;
  for (size_t t = 0; t < k->tensors.n; t++)
    if (k->tensors.at[t].role == KERNEL_ALLOC) {
      k->tensors.at[t].is_returned = true;
      vec_push(&ctx->mem, &k->returns, (kernel_tensor)t);
    }
  if (kernel_verify(ctx, k) != LOOM_OK)
    fail_msg("%s: %s", of->name, ctx->diag.first->text);
  return k;
}

static void draw_cut(cut *c, rng *r, machine_chip_links *links) {
  int64_t sizes[MACHINE_MESH_DIMS_MAX], chips = 1;
  const int n = (int)rng_range(r, 1, MACHINE_MESH_DIMS_MAX);
  for (int d = 0; d < n; d++, chips *= sizes[d - 1])
    sizes[d] = rng_range(r, 1, chips > 3 ? 2 : 4);
  c->m = chips_testing_mesh(&c->ctx->mem, n, sizes, rng_range(r, 0, 1));
  c->m.tile_align = (int64_t)1 << rng_range(r, 0, 4);
  *links = chips_testing_links;
  links->packet_bytes = 1 << rng_range(r, 0, 8);      /* less than an element, too */
  c->m.chip_links = links;
  c->s = (chips_split){.n_dims = n};
  for (int d = 0; d < n; d++)
    c->s.axis[d] = sizes[d] > 1 ? (int)rng_range(r, rng_range(r, -1, 0), c->k.n_axes - 1) : -1;
  for (size_t t = 0; t < c->k.tensors.n; t++)
    c->k.tensors.at[t].is_everywhere = rng_range(r, 0, 3) == 0;
}

/* How many of the cuts sum over chips. */
static int try_template(const template *of, int rounds, bool integers) {
  int sums = 0;
  for (int i = 0; i < rounds; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    rng r = rng_new((uint64_t)i);
    machine_chip_links links;
    cut c = {.ctx = &ctx, .name = of->name, .whole = draw_kernel(&ctx, &r, of), .integers = integers};
    assert_int_equal(chips_read(&ctx, c.whole, NULL, 0, &c.k), LOOM_OK);
    draw_cut(&c, &r, &links);
    if (c.k.n_axes == 0)
      memset(c.s.axis, -1, sizeof c.s.axis);
    run_whole(&c, (uint64_t)i);
    chips_program_make(&ctx.mem, &c.k, &c.m, &c.s, &c.p);
    open_memory(&c);
    run_on_chips(&c);
    for (size_t t = 0; t < c.k.tensors.n; t++)
      if (c.k.tensors.at[t].is_output)
        check_result(&c, t);
    sums += chips_splits_sum(&c.k, &c.s);
    loom_ctx_done(&ctx);
  }
  return sums;
}

static void test_shards_put_together_are_the_whole(void **state) {
  (void)state;
  int sums = 0;
  for (size_t i = 0; i < COUNT_OF(templates); i++)
    for (int integers = 0; integers < 2; integers++)
      sums += try_template(&templates[i], (int)testing_number("LOOM_CHIPS_CUTS", 60), integers);
  assert_true(sums > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_shards_put_together_are_the_whole)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
