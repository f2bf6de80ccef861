/* What LLVM makes of vector code runs, whatever instructions it chooses: small functions of LLVM IR, compiled by llc for the core, on vectors of 16 elements that differ in every
 * lane.  Oracle: the same in C, element by element, exactly. */
#include "base/dtype.h"
#include "sim/rvv/rvv_testing.h"
#include <math.h>

enum { N = 16, LANES = 4, VLEN = 256, AREA = 256 };

typedef struct values { float a[N], b[N], out[N]; int32_t i[N], j[N], k[N]; uint16_t h[N], g[N]; } values;
typedef struct irow { const char *name, *body; void (*of)(values *v); } irow;

#define OF(name, ...) static void name(values *v) { __VA_ARGS__ }
#define EACH for (int e = 0; e < N; e++)
#define OUT(name, expression) OF(name, EACH v->out[e] = (expression);)
#define INT(name, expression) OF(name, EACH v->k[e] = (int32_t)(expression);)
#define A v->a[e]
#define B v->b[e]
#define I v->i[e]
#define J v->j[e]
static float bf16_of(float f) {
  uint32_t b;
  memcpy(&b, &f, 4);
  b = isnan(f) ? 0x7fc00000 : (b + 0x7fff + (b >> 16 & 1)) & 0xffff0000;
  memcpy(&f, &b, 4);
  return f;
}
static float half(uint16_t h) { return dtype_f16_to_f32(h); }
static int32_t saturated(double d) { return isnan(d) ? 0 : d >= 2147483647.0 ? INT32_MAX : d <= -2147483648.0 ? INT32_MIN : (int32_t)d; }
OUT(axpy, fmaf(A, 2.5f, B)) OUT(floor_, floorf(A)) OUT(ceil_, ceilf(A)) OUT(round_, roundf(A)) OUT(even_, rintf(A)) OUT(trunc_, truncf(A)) OUT(root, sqrtf(fabsf(A)))
OUT(select_, A < B ? A * B : A - B) OUT(relu, A > 0 ? A : 0) OUT(clamped, A < -1 ? -1.0f : A > 1 ? 1.0f : A) OUT(negated, -A) OUT(signed_, copysignf(A, B)) OUT(quotient, A / B)
OUT(reversed, v->a[N - 1 - e]) OUT(interleaved, e % 2 ? v->b[e / 2] : v->a[e / 2]) OUT(halves, v->a[(e + 8) % N]) OUT(converted, (float)I) OUT(unsigned_, (float)(uint32_t)I)
OUT(widened, half(v->h[e]) + A) OUT(wide_sum, (float)((double)A * (double)B)) OUT(bf16_, bf16_of(bf16_of(A) * 1.0f)) OUT(gathered, v->a[I & 15])
OUT(picked, A == B ? 1.0f : isnan(A) ? 2.0f : 3.0f)
INT(sums, (uint32_t)I + (uint32_t)J * 3u) INT(shifted, (uint32_t)I << (J & 31)) INT(arithmetic, I >> (J & 31)) INT(divided, J ? I == INT32_MIN && J == -1 ? I : I / J : 7)
INT(lesser, I < J ? I : J) INT(absolute, I < 0 ? 0u - (uint32_t)I : (uint32_t)I)
INT(to_integer, saturated((double)A)) INT(bytes, (int8_t)I + (uint8_t)J) INT(longs, ((int64_t)I * J) >> 16) INT(counted, I > J ? e : -1) INT(products, (uint32_t)I * (uint32_t)J - 5u)
OF(half_sum, EACH v->g[e] = isnan(half(v->h[e])) ? 0x7e00 : dtype_f64_to_f16(2 * (double)half(v->h[e]));)
OF(total, float t = 0; EACH t += A; EACH v->out[e] = t;)
OF(largest, int32_t m = INT32_MIN; EACH m = I > m ? I : m; EACH v->k[e] = m;)
OF(any_, bool some = false; EACH some |= I > J; EACH v->k[e] = some ? I : J;)
OF(tail, EACH if (e < 11) v->out[e] = A + B;)
OF(strided, EACH v->out[e] = v->a[e / 2 * 2] * 2 + v->b[e];)

#define V "<16 x float>"
#define VI "<16 x i32>"
#define LOAD "%a = load " V ", ptr %pa\n%b = load " V ", ptr %pb\n%i = load " VI ", ptr %pi\n%j = load " VI ", ptr %pj\n%h = load <16 x half>, ptr %ph\n"
#define STORE(v) "store " V " " v ", ptr %out\n"
#define STORE_I(v) "store " VI " " v ", ptr %k\n"
#define CALL1(f) "%r = call " V " @llvm." f ".v16f32(" V " %a)\n" STORE("%r")
static const irow rows[] = {
    {"axpy", "%r = call " V " @llvm.fma.v16f32(" V " %a, " V " splat (float 2.5), " V " %b)\n" STORE("%r"), axpy},
    {"floor", CALL1("floor"), floor_}, {"ceil", CALL1("ceil"), ceil_}, {"round", CALL1("round"), round_}, {"even", CALL1("roundeven"), even_}, {"trunc", CALL1("trunc"), trunc_},
    {"root", "%x = call " V " @llvm.fabs.v16f32(" V " %a)\n%r = call " V " @llvm.sqrt.v16f32(" V " %x)\n" STORE("%r"), root},
    {"select", "%c = fcmp olt " V " %a, %b\n%x = fmul " V " %a, %b\n%y = fsub " V " %a, %b\n%r = select <16 x i1> %c, " V " %x, " V " %y\n" STORE("%r"), select_},
    {"relu", "%c = fcmp ogt " V " %a, zeroinitializer\n%r = select <16 x i1> %c, " V " %a, " V " zeroinitializer\n" STORE("%r"), relu},
    {"clamped", "%c = fcmp olt " V " %a, splat (float -1.0)\n%d = fcmp ogt " V " %a, splat (float 1.0)\n%x = select <16 x i1> %d, " V " splat (float 1.0), " V " %a\n"
                "%r = select <16 x i1> %c, " V " splat (float -1.0), " V " %x\n" STORE("%r"), clamped},
    {"negated", "%r = fneg " V " %a\n" STORE("%r"), negated}, {"signed", "%r = call " V " @llvm.copysign.v16f32(" V " %a, " V " %b)\n" STORE("%r"), signed_},
    {"quotient", "%r = fdiv " V " %a, %b\n" STORE("%r"), quotient},
    {"reversed", "%r = shufflevector " V " %a, " V " %b, " VI " <i32 15, i32 14, i32 13, i32 12, i32 11, i32 10, i32 9, i32 8, i32 7, i32 6, i32 5, i32 4, i32 3, i32 2, i32 1, i32 0>\n" STORE("%r"), reversed},
    {"interleaved", "%r = shufflevector " V " %a, " V " %b, " VI " <i32 0, i32 16, i32 1, i32 17, i32 2, i32 18, i32 3, i32 19, i32 4, i32 20, i32 5, i32 21, i32 6, i32 22, i32 7, i32 23>\n" STORE("%r"), interleaved},
    {"halves", "%r = shufflevector " V " %a, " V " %b, " VI " <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>\n" STORE("%r"), halves},
    {"converted", "%r = sitofp " VI " %i to " V "\n" STORE("%r"), converted}, {"unsigned", "%r = uitofp " VI " %i to " V "\n" STORE("%r"), unsigned_},
    {"widened", "%x = fpext <16 x half> %h to " V "\n%r = fadd " V " %x, %a\n" STORE("%r"), widened},
    {"wide_sum", "%x = fpext " V " %a to <16 x double>\n%y = fpext " V " %b to <16 x double>\n%z = fmul <16 x double> %x, %y\n"
                "%r = fptrunc <16 x double> %z to " V "\n" STORE("%r"), wide_sum},
    {"bf16", "%x = fptrunc " V " %a to <16 x bfloat>\n%y = fpext <16 x bfloat> %x to " V "\n%z = fmul " V " %y, splat (float 1.0)\n%w = fptrunc " V " %z to <16 x bfloat>\n"
                "%r = fpext <16 x bfloat> %w to " V "\n" STORE("%r"), bf16_},
    {"gathered", "%x = and " VI " %i, splat (i32 15)\n%y = zext " VI " %x to <16 x i64>\n%p = getelementptr float, ptr %pa, <16 x i64> %y\n"
                "%r = call " V " @llvm.masked.gather.v16f32.v16p0(<16 x ptr> align 4 %p, <16 x i1> splat (i1 true), " V " undef)\n" STORE("%r"), gathered},
    {"picked", "%c = fcmp oeq " V " %a, %b\n%n = fcmp uno " V " %a, %a\n%x = select <16 x i1> %n, " V " splat (float 2.0), " V " splat (float 3.0)\n"
                "%r = select <16 x i1> %c, " V " splat (float 1.0), " V " %x\n" STORE("%r"), picked},
    {"sums", "%x = mul " VI " %j, splat (i32 3)\n%r = add " VI " %i, %x\n" STORE_I("%r"), sums}, {"shifted", "%x = and " VI " %j, splat (i32 31)\n"
                "%r = shl " VI " %i, %x\n" STORE_I("%r"), shifted},
    {"arithmetic", "%x = and " VI " %j, splat (i32 31)\n%r = ashr " VI " %i, %x\n" STORE_I("%r"), arithmetic},
    {"divided", "%z = icmp eq " VI " %j, zeroinitializer\n%y = select <16 x i1> %z, " VI " splat (i32 1), " VI " %j\n%w = sext " VI " %i to <16 x i64>\n"
                "%u = sext " VI " %y to <16 x i64>\n%q = sdiv <16 x i64> %w, %u\n%t = trunc <16 x i64> %q to " VI "\n"
                "%r = select <16 x i1> %z, " VI " splat (i32 7), " VI " %t\n" STORE_I("%r"), divided},
    {"lesser", "%r = call " VI " @llvm.smin.v16i32(" VI " %i, " VI " %j)\n" STORE_I("%r"), lesser},
    {"absolute", "%r = call " VI " @llvm.abs.v16i32(" VI " %i, i1 false)\n" STORE_I("%r"), absolute},
    {"to_integer", "%r = call " VI " @llvm.fptosi.sat.v16i32.v16f32(" V " %a)\n" STORE_I("%r"), to_integer},
    {"bytes", "%x = trunc " VI " %i to <16 x i8>\n%y = trunc " VI " %j to <16 x i8>\n%z = sext <16 x i8> %x to " VI "\n%w = zext <16 x i8> %y to " VI "\n"
                "%r = add " VI " %z, %w\n" STORE_I("%r"), bytes},
    {"longs", "%x = sext " VI " %i to <16 x i64>\n%y = sext " VI " %j to <16 x i64>\n%z = mul <16 x i64> %x, %y\n%w = ashr <16 x i64> %z, splat (i64 16)\n"
                "%r = trunc <16 x i64> %w to " VI "\n" STORE_I("%r"), longs},
    {"counted", "%c = icmp sgt " VI " %i, %j\n%r = select <16 x i1> %c, " VI " <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>, " VI " splat (i32 -1)\n" STORE_I("%r"), counted},
    {"products", "%x = mul " VI " %i, %j\n%r = sub " VI " %x, splat (i32 5)\n" STORE_I("%r"), products},
    {"half_sum", "%r = fadd <16 x half> %h, %h\nstore <16 x half> %r, ptr %g\n", half_sum},
    {"total", "%x = insertelement " V " zeroinitializer, float 0.0, i32 0\n"
              "%s0 = extractelement " V " %a, i32 0\nbr label %loop\nloop:\n%n = phi i32 [0, %entry], [%n1, %loop]\n%sum = phi " V " [zeroinitializer, %entry], [%sum1, %loop]\n"
                  "%at = phi " V " [%a, %entry], [%at1, %loop]\n"
              "%first = shufflevector " V " %at, " V " undef, " VI " zeroinitializer\n%sum1 = fadd " V " %sum, %first\n"
              "%at1 = shufflevector " V " %at, " V " undef, " VI " <i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 0>\n"
              "%n1 = add i32 %n, 1\n%go = icmp ult i32 %n1, 16\nbr i1 %go, label %loop, label %done\ndone:\n" STORE("%sum1"), total},
    {"largest", "%x8 = shufflevector " VI " %i, " VI " undef, " VI " <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>\n%m8 = call " VI " @llvm.smax.v16i32(" VI " %i, " VI " %x8)\n"
                "%x4 = shufflevector " VI " %m8, " VI " undef, " VI " <i32 4, i32 5, i32 6, i32 7, i32 0, i32 1, i32 2, i32 3, i32 12, i32 13, i32 14, i32 15, i32 8, i32 9, i32 10, i32 11>\n%m4 = call " VI " @llvm.smax.v16i32(" VI " %m8, " VI " %x4)\n"
                "%x2 = shufflevector " VI " %m4, " VI " undef, " VI " <i32 2, i32 3, i32 0, i32 1, i32 6, i32 7, i32 4, i32 5, i32 10, i32 11, i32 8, i32 9, i32 14, i32 15, i32 12, i32 13>\n%m2 = call " VI " @llvm.smax.v16i32(" VI " %m4, " VI " %x2)\n"
                "%x1 = shufflevector " VI " %m2, " VI " undef, " VI " <i32 1, i32 0, i32 3, i32 2, i32 5, i32 4, i32 7, i32 6, i32 9, i32 8, i32 11, i32 10, i32 13, i32 12, i32 15, i32 14>\n%r = call " VI " @llvm.smax.v16i32(" VI " %m2, " VI " %x1)\n" STORE_I("%r"), largest},
    {"any", "%c = icmp sgt " VI " %i, %j\n%e = sext <16 x i1> %c to " VI "\n%o = call i32 @llvm.vector.reduce.or.v16i32(" VI " %e)\n"
                "%s = insertelement " VI " undef, i32 %o, i32 0\n%t = shufflevector " VI " %s, " VI " undef, " VI " zeroinitializer\n"
            "%d = icmp ne " VI " %t, zeroinitializer\n%r = select <16 x i1> %d, " VI " %i, " VI " %j\n" STORE_I("%r"), any_},
    {"tail", "%r = fadd " V " %a, %b\ncall void @llvm.masked.store.v16f32.p0(" V " %r, ptr align 4 %out, <16 x i1> <i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0>)\n", tail},
    {"strided", "%x = shufflevector " V " %a, " V " undef, " VI " <i32 0, i32 0, i32 2, i32 2, i32 4, i32 4, i32 6, i32 6, i32 8, i32 8, i32 10, i32 10, i32 12, i32 12, i32 14, i32 14>\n%y = fadd " V " %x, %x\n%r = fadd " V " %y, %b\n" STORE("%r"), strided},
};

static char *compile(loom_ctx *ctx, const char *ir, int vlen, size_t *size) {
  char from[] = "/tmp/rvv-XXXXXX", to[32], command[256];
  int fd = mkstemp(from);
  FILE *f = fdopen(fd, "w");
  assert_true(f && fputs(ir, f) >= 0 && fclose(f) == 0);
  snprintf(to, sizeof to, "%s.o", from);
  snprintf(command, sizeof command, "llc-22 -O2 -mtriple=riscv64 -relocation-model=pic -mattr=+m,+a,+f,+d,+c,+v,+xsfvcp,+zfh,+zvfh,+zfbfmin,+zvfbfmin,+zvl%db -filetype=obj %s -o %s", vlen, from, to);
  assert_int_equal(system(command), 0);
  unlink(from);
  f = fopen(to, "rb");
  assert_non_null(f);
  char *bytes = arena_alloc(&ctx->mem, 1 << 20);
  *size = fread(bytes, 1, 1 << 20, f);
  fclose(f);
  unlink(to);
  return bytes;
}

static bool same(const float *a, const float *b) {
  for (int e = 0; e < N; e++)
    if (memcmp(&a[e], &b[e], 4) != 0 && !(isnan(a[e]) && isnan(b[e])))
      return false;
  return true;
}

static void random_values(rng *r, values *v) {
  memset(v, 0, sizeof *v);
  for (int e = 0; e < N; e++) {
    uint32_t a = (uint32_t)testing_corner(r, 32), b = rng_range(r, 0, 6) ? (uint32_t)testing_corner(r, 32) : a;
    memcpy(&v->a[e], &a, 4);
    memcpy(&v->b[e], &b, 4);
    if (rng_range(r, 0, 2) == 0)
      v->a[e] = (float)rng_range(r, -40, 40) / 4;      /* halves, for what rounds */
    v->i[e] = (int32_t)testing_corner(r, 32);
    v->j[e] = rng_range(r, 0, 3) ? (int32_t)testing_corner(r, 32) : v->i[e];
    v->h[e] = (uint16_t)testing_corner(r, 16);
  }
}

static void test_compiled_code_computes_what_its_source_says(void **state) {
  (void)state;
  loom_ctx ctx;
  rng r = rng_new(801 + (uint64_t)testing_number("LOOM_FUZZ_SEED", 0));
  loom_ctx_init(&ctx);
  text s = text_new(&ctx.mem);
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    text_addf(&s, "define void @%s(ptr %%pa, ptr %%pb, ptr %%out, ptr %%pi, ptr %%pj, ptr %%k, ptr %%ph, ptr %%g) {\nentry:\n%s%sret void\n}\n", rows[i].name, LOAD, rows[i].body);
  size_t size;
  rvv_image *image;
  char *bytes = compile(&ctx, text_str(&s), VLEN, &size);
  if (rvv_load(&ctx, "test.o", bytes, size, NULL, 0, &(rvv_config){.lanes = LANES, .vlen_bits = VLEN}, &image) != LOOM_OK)
    fail_msg("%s", ctx.diag.first->text);
  rvv_core *core = rvv_core_new(&ctx.mem, image);
  uint32_t *words = ARENA_NEW_N(&ctx.mem, uint32_t, 8 * AREA * LANES / 4);
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (int times = 0; times < 40; times++) {
      values v[LANES];
      int64_t args[8];
      rvv_fault fault;
      for (int l = 0; l < LANES; l++) {
        random_values(&r, &v[l]);
        if (strcmp(rows[i].name, "any") == 0 && l > 0)      /* what becomes scalar is one for all lanes */
          v[l] = v[0];
        const void *areas[] = {v[l].a, v[l].b, v[l].out, v[l].i, v[l].j, v[l].k, v[l].h, v[l].g};
        for (uint64_t k = 0; k < 8; k++)
          for (uint64_t b = 0; b < (k < 6 ? 64 : 32); b++)
            *testing_byte(words, LANES, l, k * AREA + b) = ((const uint8_t *)areas[k])[b];
      }
      for (int k = 0; k < 8; k++)
        args[k] = (int64_t)TESTING_SPAD + k * AREA;
      rvv_window w = {.address = TESTING_SPAD, .lane_bytes = 8 * AREA, .words = words};
      rvv_job job = {.entry = rvv_find(image, rows[i].name), .args = args, .n_args = 8, .windows = &w, .n_windows = 1, .budget = 100000};
      if (rvv_call(core, &job, NULL, &fault) != RVV_FINE)
        fail_msg("%s: %s", rows[i].name, fault.text);
      for (int l = 0; l < LANES; l++) {
        values got = v[l];
        rows[i].of(&v[l]);
        for (uint64_t b = 0; b < 64; b++) {
          ((uint8_t *)got.out)[b] = *testing_byte(words, LANES, l, 2 * AREA + b);
          ((uint8_t *)got.k)[b] = *testing_byte(words, LANES, l, 5 * AREA + b);
          if (b < 32)
            ((uint8_t *)got.g)[b] = *testing_byte(words, LANES, l, 7 * AREA + b);
        }
        if (same(got.out, v[l].out) && memcmp(got.k, v[l].k, sizeof got.k) == 0 && memcmp(got.g, v[l].g, sizeof got.g) == 0)
          continue;
        for (int e = 0; e < N; e++)
          print_message("%d: a %a b %a i %d j %d: out %a, expected %a; k %d, expected %d; g %x, expected %x\n", e, (double)v[l].a[e], (double)v[l].b[e], v[l].i[e], v[l].j[e], (double)got.out[e],
                        (double)v[l].out[e], got.k[e], v[l].k[e], got.g[e], v[l].g[e]);
        fail_msg("%s, lane %d", rows[i].name, l);
      }
    }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_compiled_code_computes_what_its_source_says)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
