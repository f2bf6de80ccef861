/* Axes and tensors of kernels, with the reasons why loops are none.  Oracle: kernels small enough to see it. */
#include "chips/chips_testing.h"
#include "kernel/kernel_text_testing.h"

/* "m 6, +k 10 | x[m,+k] in | o[m,-] out sums | loop n: why": axes, tensors (dims as they lie, where that is another order), why there are not more. */
static const char *as_line(arena *m, const chips_kernel *k) {
  text t = text_new(m);
  for (int a = 0; a < k->n_axes; a++)
    text_addf(&t, "%s%s%s %" PRId64, a ? ", " : "", k->axis[a].is_sum ? "+" : "", k->axis[a].name, k->axis[a].extent);
  for (size_t i = 0; i < k->tensors.n; i++) {
    const chips_tensor *x = &k->tensors.at[i];
    text_addf(&t, " | %s[", x->name);
    for (int d = 0; d < x->rank; d++)
      text_addf(&t, "%s%s%s", d ? "," : "", x->axis[x->order[d]] < 0 ? "-" : k->axis[x->axis[x->order[d]]].is_sum ? "+" : "", x->axis[x->order[d]] < 0 ? "" : k->axis[x->axis[x->order[d]]].name);
    text_addf(&t, "]%s%s%s%s", x->is_input ? " in" : "", x->is_output ? " out" : "", x->sums ? " sums" : "", x->is_everywhere ? " everywhere" : "");
  }
  if (k->why)
    text_addf(&t, " | %s", k->why);
  return text_str(&t);
}

typedef struct row { const char *text, *line; } row;

#define MN "block m 6 ; block n 4 ; block k 10 ; arg x f32[6,4] ; arg y f32[6,10] ; arg v f32[4] ; arg w i32[6,10] ; alloc o f32[6,4] ; alloc u f32[6] ; alloc q i32[6] ; "
#define GRID "parallel i 0..6 by m j 0..4 by n { ; "
#define STORED "store o[i,j] = p ; }"
#define BY_M "parallel i 0..6 by m { ; z = full value=0 : f32[m] ; "
#define SUMMED "loop l 0..10 by k carry a=z : f32[m] { ; p = load y[i,l] : f32[m,k] ; s = reduce add axes=1 p : f32[m] ; "
static const row rows[] = {
    {MN GRID "p = load x[i,j] : f32[m,n] ; " STORED, "m 6, n 4 | x[m,n] in | o[m,n] out"},
    {MN GRID "p = load x[i,j] : f32[m,n] ; b = load v[j] : f32[n] ; " STORED, "m 6, n 4 | x[m,n] in | v[n] in | o[m,n] out"},
    /* single steps are axes named after the loop's variable; an untiled place may be asked for */
    {MN "parallel i 0..6 j 0..4 by n { ; b = tile_begin i : i64 ; p = load x[#b,j] : f32[n] ; store o[i,j] = p ; }", "i 6, n 4 | x[i,n] in | o[i,n] out"},
    /* ranges that do not start at 0, take steps, or have one element */
    {MN "parallel i 1..6 by m j 0..4 by n { ; p = load x[i,j] : f32[m,n] ; " STORED, "n 4 | x[-,n] in | o[-,n] out"},
    {MN "parallel i 0..6 step 2 j 0..4 by n { ; p = load x[i,j] : f32[n] ; " STORED, "n 4 | x[-,n] in | o[-,n] out"},
    {MN "parallel i 0..6 step 1 j 0..1 { ; p = load x[i,j] : f32 ; " STORED, "i 6 | x[i,-] in | o[i,-] out"},
    {"size s 6 ; " MN "parallel i s..6 j 0..4 by n { ; p = load x[i,j] : f32[n] ; " STORED, "n 4 | x[-,n] in | o[-,n] out"},
    {"size s 1 ; " MN "parallel i 0..6 step s j 0..4 by n { ; p = load x[i,j] : f32[n] ; " STORED, "n 4 | x[-,n] in | o[-,n] out"},
    {"size s ; " MN "parallel i 0..s j 0..4 by n { ; p = load x[i,j] : f32[n] ; " STORED, "n 4 | x[-,n] in | o[-,n] out"},
    /* what walks a part of a tensor, is moved, or walks it twice */
    {MN "parallel i 0..5 j 0..4 by n { ; p = load x[i,j] : f32[n] ; " STORED, "n 4 | x[-,n] in | o[-,n] out | loop i: it does not walk the whole of a tensor"},
    {MN GRID "p = load x[i+1,j] : f32[m,n] ; " STORED, "n 4 | x[-,n] in | o[-,n] out | loop m: an access is moved along it"},
    {"size s 1 ; " MN GRID "p = load x[i+s,j] : f32[m,n] ; " STORED, "n 4 | x[-,n] in | o[-,n] out | loop m: an access is moved along it"},
    {MN GRID "p = load x[i+0,j] : f32[m,n] ; " STORED, "m 6, n 4 | x[m,n] in | o[m,n] out"},
    {"arg d f32[6,6] ; alloc u f32[6] ; parallel i 0..6 { ; p = load d[i,i] : f32 ; store u[i] = p ; }", " | d[-,-] in | u[-] out | loop i: an access walks it along two dims at once"},
    /* indices that are more than indices */
    {MN "parallel i 0..6 j 0..4 by n { ; p = load x[i,j] : f32[n] ; c = cast i : f32 ; e = add p c : f32[n] ; store o[i,j] = e ; }", "n 4 | x[-,n] in | o[-,n] out | loop i: its index is computed with"},
    {MN GRID "p = load x[i,j] : f32[m,n] ; b = tile_mask i : i1[m] ; " STORED, "m 6, n 4 | x[m,n] in | o[m,n] out"},
    {MN GRID "p = load x[i,j] : f32[m,n] ; b = tile_id i : i64 ; " STORED, "n 4 | x[-,n] in | o[-,n] out | loop m: its index is computed with"},
    {MN GRID "p = load x[i,j] : f32[m,n] ; b = tile_begin i : i64 ; " STORED, "n 4 | x[-,n] in | o[-,n] out | loop m: its index is computed with"},
    /* tiles of one element are places, other tiles as places are numbers */
    {"block m 6 by 1 ; arg x f32[6,4] ; alloc u f32[6,4] ; parallel i 0..6 by m { ; b = tile_begin i : i64 ; p = load x[#b,:] : f32[4] ; store u[#b,:] = p ; }", "m 6 | x[m,-] in | u[m,-] out"},
    {"block m 6 ; arg x f32[6,4] ; alloc u f32[6,4] ; parallel i 0..6 by m { ; p = load x[#i,:] : f32[4] ; store u[#i,:] = p ; }", " | x[-,-] in | u[-,-] out | loop m: its tiles are counted"},
    /* stores that do not move, moved twice: chips would race */
    {MN GRID "p = load x[i,j] : f32[m,n] ; b = reduce add axes=1 p : f32[m] ; store u[i] = b ; }", "m 6 | x[m,-] in | u[m] out | loop n: a store does not move with it"},
    {MN GRID "p = load x[i,j] : f32[m,n] ; r = atomic add o[i,j] = p - : f32[m,n] ; }", " | x[-,-] in | o[-,-] out | loop n: there is an atomic operation"},
    /* sums */
    {MN BY_M "r = " SUMMED "c = add a s : f32[m] ; yield c ; } ; store u[i] = r ; }", "m 6, +k 10 | y[m,+k] in | u[m] out sums"},
    {MN BY_M "r = " SUMMED "c = add s a : f32[m] ; yield c ; } ; e = cast r : f16[m] ; f = cast e : f32[m] ; store u[i] = f ; }", "m 6, +k 10 | y[m,+k] in | u[m] out sums"},
    {MN BY_M "r = loop l 0..10 carry a=z : f32[m] { ; p = load y[i,l] : f32[m] ; c = add a p : f32[m] ; yield c ; } ; store u[i] = r ; }", "m 6, +l 10 | y[m,+l] in | u[m] out sums"},
    {MN BY_M "r = " SUMMED "c = mul a s : f32[m] ; yield c ; } ; store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: it carries more than a sum"},
    {MN BY_M "r = " SUMMED "c = neg a : f32[m] ; yield c ; } ; store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: it carries more than a sum"},
    {MN BY_M "r = " SUMMED "yield a ; } ; store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: it carries more than a sum"},
    {MN BY_M "r = " SUMMED "yield z ; } ; store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: it carries more than a sum"},
    {MN BY_M "r = " SUMMED "c = add a s : f32[m] ; d = add a s : f32[m] ; yield c ; } ; store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: it carries more than a sum"},
    {MN BY_M "r = " SUMMED "c = add a s : f32[m] ; d = neg c : f32[m] ; yield c ; } ; store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: it carries more than a sum"},
    {MN BY_M "r = loop l 0..10 carry a=z : f32[m] { ; c = add a a : f32[m] ; yield c ; } ; store u[i] = r ; }", "m 6 | u[m] out | loop of single steps: it carries more than a sum"},
    {MN BY_M "h = full value=1 : f32[m] ; r = loop l 0..10 by k carry a=h : f32[m] { ; p = load y[i,l] : f32[m,k] ; s = reduce add axes=1 p : f32[m] ; c = add a s : f32[m] ; yield c ; } ; store u[i] = r ; }",
     "m 6 | y[m,-] in | u[m] out | loop k: it does not begin at zero"},
    {MN BY_M "g = constant value=0 : f32 ; h = full g : f32[m] ; r = loop l 0..10 by k carry a=h : f32[m] { ; p = load y[i,l] : f32[m,k] ; s = reduce add axes=1 p : f32[m] ; c = add a s : f32[m] ; yield c ; } ; "
        "store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: it does not begin at zero"},
    {MN BY_M "h = neg z : f32[m] ; r = loop l 0..10 by k carry a=h : f32[m] { ; p = load y[i,l] : f32[m,k] ; s = reduce add axes=1 p : f32[m] ; c = add a s : f32[m] ; yield c ; } ; store u[i] = r ; }",
     "m 6 | y[m,-] in | u[m] out | loop k: it does not begin at zero"},
    {MN BY_M "r = " SUMMED "c = add a s : f32[m] ; yield c ; } ; e = neg r : f32[m] ; store u[i] = e ; }", "m 6 | y[m,-] in | u[m] out | loop k: its sum is computed with before it is stored"},
    {MN BY_M "r = " SUMMED "c = add a s : f32[m] ; yield c ; } ; store u[i] = r ; store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: its sum is computed with before it is stored"},
    {MN BY_M "r = " SUMMED "c = add a s : f32[m] ; yield c ; } ; e = tile_mask i : i1[m] ; store u[i] = r where e ; }", "m 6 | y[m,-] in | u[m] out | loop k: its sum is computed with before it is stored"},
    {"arg g f32[6] ; " MN BY_M "r = " SUMMED "c = add a s : f32[m] ; yield c ; } ; store g[i] = r ; }", "m 6 | y[m,-] in | g[m] in out | loop k: its sum goes to an argument"},
    {MN BY_M "r = " SUMMED "c = add a s : f32[m] ; yield c ; } ; store u[i] = r ; e = cast z : i32[m] ; store q[i] = e ; }", "m 6 | y[m,-] in | u[m] out | q[m] out | loop k: something else than its sum is stored"},
    {MN BY_M "loop l 0..10 by k { ; p = load y[i,l] : f32[m,k] ; } ; store u[i] = z ; }", "m 6 | y[m,-] in | u[m] out | loop k: something else than its sum is stored"},
    {"block m 6 ; arg y f64[6,10] ; alloc u f64[6] ; parallel i 0..6 by m { ; z = full value=0 : f64[m] ; r = loop l 0..10 carry a=z : f64[m] { ; p = load y[i,l] : f64[m] ; c = add a p : f64[m] ; yield c ; } ; store u[i] = r ; }",
     "m 6 | y[m,-] in | u[m] out | loop of single steps: its sum is of f64, which engines add in one order alone"},
    {"block m 6 ; arg y f16[6,10] ; alloc u f16[6] ; parallel i 0..6 by m { ; z = full value=0 : f16[m] ; r = loop l 0..10 carry a=z : f16[m] { ; p = load y[i,l] : f16[m] ; c = add a p : f16[m] ; yield c ; } ; store u[i] = r ; }",
     "m 6 | y[m,-] in | u[m] out | loop of single steps: its sum is rounded to a narrow type in every step"},
    /* a running sum that says where something is read */
    {"block m 6 ; arg w i32[6,10] ; arg y i32[90] ; alloc u i32[6] ; alloc q i32[6] ; parallel i 0..6 by m { ; z = full value=0 : i32[m] ; r,s = loop l 0..10 carry a=z b=z : i32[m] i32[m] { ; p = load w[i,l] : i32[m] ; "
     "c = add a p : i32[m] ; g = load y[a@0] : i32[m] ; d = add b g : i32[m] ; yield c d ; } ; store u[i] = r ; store q[i] = s ; }",
     "m 6 | w[m,-] in | y[-] in | u[m] out | q[m] out | loop of single steps: it carries more than a sum"},
    {"block m 6 ; arg w i32[6,10] ; alloc u i32[90] ; parallel i 0..6 by m { ; z = full value=0 : i32[m] ; r = loop l 0..10 carry a=z : i32[m] { ; p = load w[i,l] : i32[m] ; c = add a p : i32[m] ; yield c ; } ; store u[r@0] = z ; }",
     " | w[-,-] in | u[-] out | loop m: a store does not move with it"},
    {"arg w i64[6] ; alloc q i64[6,4] ; parallel j 0..4 i 0..6 { ; e = constant value=1 : i64 ; r = loop l 0..10 carry a=i : i64 { ; c = add a e : i64 ; yield c ; } ; store q[i,j] = r ; }",
     "j 4 | q[-,j] out | loop of single steps: it does not begin at zero"},
    {MN BY_M "r = " SUMMED "c = add a s : f32[m] ; yield c ; } ; store u[i] = r ; e = constant value=1 : i32 ; t = atomic add q[=0] = e - : i32 ; }",
     " | y[-,-] in | u[-] out | q[-] out | loop m: there is an atomic operation"},
    /* what was said of a sum is not said again of a tile */
    {MN GRID "z = full value=1 : f32[m] ; r = " SUMMED "c = add a s : f32[m] ; yield c ; } ; store u[i] = r ; }", "m 6 | y[m,-] in | u[m] out | loop k: it does not begin at zero"},
    /* two loops that are none: the first one's reason; a product that begins at nothing */
    {MN BY_M "loop l 0..10 by k { ; p = load y[i,l] : f32[m,k] ; } ; loop h 0..4 { ; e = load v[h] : f32 ; } ; store u[i] = z ; }", "m 6 | y[m,-] in | v[-] in | u[m] out | loop k: something else than its sum is stored"},
    {MN GRID "z = full value=0 : f32[m,n] ; r = loop l 0..10 by k carry a=z : f32[m,n] { ; p = load y[i,l] : f32[m,k] ; s = full value=1 : f32[k,n] ; c = matmul p s : f32[m,n] ; d = add a c : f32[m,n] ; yield d ; } ; store o[i,j] = r ; }",
     "m 6, n 4, +k 10 | y[m,+k] in | o[m,n] out sums"},
    {"block m 6 ; arg y f32[6,6] ; alloc o f32[6,6] ; parallel i 0..6 by m { ; z = full value=0 : f32[m,6] ; r = loop l 0..10 carry a=z : f32[m,6] { ; s = full value=1 : f32[6,6] ; c = matmul a s : f32[m,6] ; yield c ; } ; store o[i,:] = r ; }",
     "m 6 | o[m,-] out | loop of single steps: it carries more than a sum"},
    {"alloc o f32[2,6,6] ; parallel i 0..2 { ; z = full value=0 : f32[6,6] ; r = loop l 0..10 carry a=z : f32[6,6] { ; s = full value=1 : f32[6,6] ; c = matmul a s s : f32[6,6] ; yield c ; } ; store o[i,:,:] = r ; }",
     "i 2 | o[i,-,-] out | loop of single steps: it carries more than a sum"},
    /* views: one in which elements show twice is as it is seen, a turned one as it lies; two of one argument are two tensors */
    {"block m 6 ; block n 4 ; arg x f32[4,6] ; view t f32[6,4] of x at 0 step 1 6 ; alloc o f32[6,4] ; " GRID "p = load t[i,j] : f32[m,n] ; " STORED, "m 6, n 4 | x[n,m] in | o[m,n] out"},
    {"block m 6 ; block n 4 ; arg x f32[6] ; view t f32[6,4] of x at 0 step 1 0 ; alloc o f32[6,4] ; " GRID "p = load t[i,j] : f32[m,n] ; " STORED, "m 6, n 4 | x[m,n] in | o[m,n] out"},
    {"block m 6 ; block n 4 ; arg x f32[6] ; view t f32[6,1] of x at 0 step 1 0 ; alloc o f32[6,4] ; " GRID "p = load t[i,:] : f32[m,1] ; " STORED, "m 6, n 4 | x[m,-] in | o[m,n] out"},
    {"block m 6 ; block n 6 ; arg x f32[6,3] ; alloc o f32[6,6] ; parallel i 0..6 by m j 0..6 by n { ; p = load x[i,:] : f32[m,3] ; q = load x[j,:] : f32[n,3] ; r = load x[:,:] : f32[6,3] ; q2 = load x[j,:] : f32[n,3] ; "
     "t = permute perm=10 q : f32[3,n] ; c = matmul p t : f32[m,n] ; store o[i,j] = c ; }", "m 6, n 6 | x[m,-] in | x_2[n,-] in | x_3[-,-] in | o[m,n] out"},
    /* new dims, slices, sizes as places */
    {MN "parallel i 0..6 { ; p = load x[i,:] : f32[4] ; q = load y[None,i,1:3] : f32[1,2] ; e = load x[i,=2] : f32 ; store o[i,:] = p ; }", "i 6 | x[i,-] in | y[i,-] in | o[i,-] out"},
    /* more ranges than axes */
    {"arg x f32[2,2,2,2,2,2,2,2] ; alloc u f32[2,2,2,2,2,2,2,2] ; parallel a 0..2 b 0..2 c 0..2 d 0..2 e 0..2 f 0..2 g 0..2 h 0..2 { ; p = load x[a,b,c,d,e,f,g,h] : f32 ; store u[a,b,c,d,e,f,g,h] = p ; }",
     "a 2, b 2, c 2, d 2, e 2, f 2, g 2, h 2 | x[a,b,c,d,e,f,g,h] in | u[a,b,c,d,e,f,g,h] out"},
    {"arg v f32[4] ; alloc u f32[2,2,2,2,2,2,2,2] ; parallel a 0..2 b 0..2 c 0..2 d 0..2 e 0..2 f 0..2 g 0..2 h 0..2 { ; z = full value=0 : f32 ; r = loop l 0..4 carry s=z : f32 { ; p = load v[l] : f32 ; "
     "q = add s p : f32 ; yield q ; } ; store u[a,b,c,d,e,f,g,h] = r ; }", "a 2, b 2, c 2, d 2, e 2, f 2, g 2, h 2 | v[-] in | u[a,b,c,d,e,f,g,h] out"},
};

static void test_axes_and_tensors_of_kernels(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    chips_kernel k;
    kernel_graph *g = text_kernel_read(&ctx, rows[i].text).k;
    if (kernel_verify(&ctx, g) != LOOM_OK || chips_read(&ctx, g, NULL, 0, &k) != LOOM_OK) {
      print_error("%s: %s\n", rows[i].text, ctx.diag.first->text);
      wrong++;
    } else if (strcmp(as_line(&ctx.mem, &k), rows[i].line) != 0) {
      print_error("%s:\n  is       %s\n  expected %s\n", rows[i].text, as_line(&ctx.mem, &k), rows[i].line);
      wrong++;
    }
    loom_ctx_done(&ctx);
  }
  assert_int_equal(wrong, 0);
}

/* ---- refusals ---- */

typedef struct refusal { const char *text, *place; loom_status status; const char *says, *help; int line; } refusal;
#define EXCHANGED "arg x f32[6,6] ; parallel i 0..6 j 0..6 { ; p = load x[j,i] : f32 ; store x[i,j] = p ; }"
static const refusal refusals[] = {
    {"arg x f32[2]", NULL, LOOM_EUNSUP, "on several chips a kernel is one parallel loop nest; 'text' has none", NULL, 0},
    {"arg x f32[2] ; alloc o f32[2] ; p = load x[:] : f32[2] ; store o[:] = p", NULL, LOOM_EUNSUP, "one parallel loop nest; this stands beside it", NULL, 3},
    {"arg x f32[2] ; alloc o f32[2] ; parallel i 0..2 { ; p = load x[i] : f32 ; store o[i] = p ; } ; parallel j 0..2 { ; q = load o[j] : f32 ; store o[j] = q ; }", NULL, LOOM_EUNSUP,
     "one parallel loop nest; this stands beside it", NULL, 7},
    {EXCHANGED, NULL, LOOM_EUNSUP, "on several chips: 'x' is stored to and accessed in another way, too", NULL, 1},
    {"size s ; arg x f32[s,4] ; alloc o f32[4] ; parallel i 0..4 { ; p = load x[=0,i] : f32 ; store o[i] = p ; }", NULL, LOOM_EINPUT, "s", NULL, 0},
    {"size s ; arg x f32[4] ; view v f32[2,2] of x at 0 step s 1 ; alloc o f32[2] ; parallel i 0..2 { ; p = load v[=0,i] : f32 ; store o[i] = p ; }", NULL, LOOM_EINPUT, "s", NULL, 0},
    {MN GRID "p = load x[i,j] : f32[m,n] ; " STORED, "zap=replicated", LOOM_EUSAGE, "--pin place.zap=replicated: the kernel has no tensor 'zap'", NULL, 0},
    {"arg where f32[2] ; alloc o f32[2] ; parallel i 0..2 { ; p = load where[i] : f32 ; store o[i] = p ; }", "wher=split", LOOM_EUSAGE, "the kernel has no tensor 'wher'", "did you mean 'where'?", 0},
    {MN GRID "p = load x[i,j] : f32[m,n] ; " STORED, "x", LOOM_EUSAGE, "--pin place.x: a place is 'split' or 'replicated'", NULL, 0},
    {MN GRID "p = load x[i,j] : f32[m,n] ; " STORED, "x=here", LOOM_EUSAGE, "--pin place.x=here: a place is 'split' or 'replicated'", NULL, 0},
};

static void test_what_is_wrong_is_said_with_its_place(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(refusals); i++) {
    const refusal *r = &refusals[i];
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    chips_kernel k;
    kernel_graph *g = text_kernel_read(&ctx, r->text).k;
    assert_int_equal(kernel_verify(&ctx, g), LOOM_OK);
    assert_int_equal(chips_read(&ctx, g, &r->place, r->place != NULL, &k), r->status);
    testing_expect_error(&ctx, r->status, r->says, r->line, 5);
    const char *help = ctx.diag.first->help;
    if (r->place && !text_eq(help, r->help))
      fail_msg("%s: help is %s", r->place, help ? help : "none");
    loom_ctx_done(&ctx);
  }
}

/* A name of the kernel is all its tensors, one of the chips' that one; the last word counts. */
static void test_places(void **state) {
  static const char seen_twice[] = "arg x f32[6,6] ; alloc o f32[6,6] ; parallel i 0..6 j 0..6 { ; p = load x[i,:] : f32[6] ; q = load x[:,j] : f32[6] ; c = constant value=0 : f32 ; store o[i,j] = c ; }";
  static const struct { const char *place[2]; const char *line; } places[] = {
      {{"x=replicated", "o=split"}, "i 6, j 6 | x[i,-] in everywhere | x_2[-,j] in everywhere | o[i,j] out"},
      {{"x=replicated", "x_2=split"}, "i 6, j 6 | x[i,-] in everywhere | x_2[-,j] in | o[i,j] out"},
      {{"o=replicated", "x_2=replicated"}, "i 6, j 6 | x[i,-] in | x_2[-,j] in everywhere | o[i,j] out everywhere"},
      {{"o=replicated", "o=split"}, "i 6, j 6 | x[i,-] in | x_2[-,j] in | o[i,j] out"},
  };
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < COUNT_OF(places); i++) {
    chips_kernel k;
    assert_int_equal(chips_read(ctx, text_kernel_read(ctx, seen_twice).k, places[i].place, 2, &k), LOOM_OK);
    assert_string_equal(as_line(&ctx->mem, &k), places[i].line);
  }
}

/* ---- limits ---- */

/* x[a,:,c,..] in n ways. */
static kernel_graph *read_many(loom_ctx *ctx, int n) {
  text t = text_new(&ctx->mem);
  text_add(&t, "arg x f32[2,2,2,2,2,2,2,2] ; parallel a 0..2 b 0..2 c 0..2 d 0..2 e 0..2 f 0..2 g 0..2 h 0..2 {");
  for (int i = 0; i < n; i++) {
    text_addf(&t, " ; p%d = load x[", i);
    for (int d = 0; d < KERNEL_RANK_MAX; d++)
      text_addf(&t, "%s%c", d ? "," : "", i >> d & 1 ? 'a' + d : ':');
    text_add(&t, "] : f32");
    for (int d = 0, left = 0; d < KERNEL_RANK_MAX; d++)
      if (!(i >> d & 1))
        text_add(&t, left++ ? ",2" : "[2");
    text_add(&t, "]");
  }
  text_add(&t, " ; }");
  return text_kernel_read(ctx, text_str(&t)).k;
}

static kernel_graph *read_deep(loom_ctx *ctx, int n) {
  sample s = {&ctx->mem, kernel_new(&ctx->mem, "deep"), 0};
  kernel_op *op = sample_op(&s, &s.k->body, KERNEL_PARALLEL, 0, NULL, NULL);
  for (int i = 0; i < n; i++) {
    op->n_ranges = 1;
    op->ranges = ARENA_NEW(s.m, kernel_range);
    op->ranges[0] = (kernel_range){.begin = sym_const(s.m, 0), .end = sym_const(s.m, 2)};
    kernel_add_param(s.m, s.k, &op->regions[0], (kernel_type){.type = DTYPE_I64}, NULL, NULL);
    kernel_region *r = &op->regions[0];
    kernel_op *inner = i + 1 < n ? sample_op(&s, r, KERNEL_LOOP, 0, NULL, NULL) : NULL;
    if (i)
      sample_op(&s, r, KERNEL_YIELD, 0, NULL, NULL);
    op = inner;
  }
  return s.k;
}

static void test_limits(void **state) {
  loom_ctx *ctx = *state;
  chips_kernel k;
  kernel_graph *g = read_many(ctx, CHIPS_TENSORS_MAX);
  assert_int_equal(kernel_verify(ctx, g), LOOM_OK);
  assert_int_equal(chips_read(ctx, g, NULL, 0, &k), LOOM_OK);
  assert_int_equal(k.tensors.n, CHIPS_TENSORS_MAX);
  assert_int_equal(chips_read(ctx, read_many(ctx, CHIPS_TENSORS_MAX + 1), NULL, 0, &k), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "the kernel has more than 64 accesses that differ", CHIPS_TENSORS_MAX + 3, 5);
  g = read_deep(ctx, 64);
  assert_int_equal(kernel_verify(ctx, g), LOOM_OK);
  assert_int_equal(chips_read(ctx, g, NULL, 0, &k), LOOM_OK);
  assert_string_equal(as_line(&ctx->mem, &k), "loop0 2 | loop of single steps: something else than its sum is stored");
  assert_int_equal(chips_read(ctx, read_deep(ctx, 65), NULL, 0, &k), LOOM_ELIMIT);
}

/* Partial sums of narrow types are wide. */
static void test_types_of_partial_sums(void **state) {
  static const struct { dtype type, partial; } types[] = {{DTYPE_F16, DTYPE_F32}, {DTYPE_BF16, DTYPE_F32}, {DTYPE_F8E4M3, DTYPE_F32}, {DTYPE_F32, DTYPE_F32}, {DTYPE_F64, DTYPE_F64}, {DTYPE_I8, DTYPE_I32},
                                                          {DTYPE_U8, DTYPE_I32}, {DTYPE_I16, DTYPE_I32}, {DTYPE_I32, DTYPE_I32}, {DTYPE_I64, DTYPE_I64}, {DTYPE_BOOL, DTYPE_BOOL}};
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < COUNT_OF(types); i++) {
    chips_kernel k;
    const char *in_place = arena_printf(&ctx->mem, "arg x %s[2] ; parallel i 0..2 { ; p = load x[i] : %s ; store x[i] = p ; }", dtype_mlir(types[i].type), dtype_mlir(types[i].type));
    assert_int_equal(chips_read(ctx, text_kernel_read(ctx, in_place).k, NULL, 0, &k), LOOM_OK);
    assert_int_equal(k.tensors.at[0].type, types[i].type);
    assert_int_equal(k.tensors.at[0].partial_type, types[i].partial);
  }
}

static loom_status body(loom_ctx *ctx, void *data) {
  static const char *const places[] = {"x=replicated", "nix=split"};
  chips_kernel k;
  LOOM_TRY(chips_read(ctx, data, places, 1, &k));
  const diag_mark before = diag_save(ctx);
  const loom_status st = chips_read(ctx, data, places, 2, &k);
  diag_drop(ctx, before);
  return st == LOOM_EUSAGE ? LOOM_OK : st;
}

static void test_memory_failures_unwind(void **state) {
  loom_ctx *ctx = *state;
  testing_sweep_memory(body, text_kernel_read(ctx, rows[COUNT_OF(rows) - 4].text).k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_axes_and_tensors_of_kernels),
      cmocka_unit_test(test_what_is_wrong_is_said_with_its_place),
      cmocka_unit_test_setup_teardown(test_places, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_limits, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_types_of_partial_sums, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_memory_failures_unwind, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
