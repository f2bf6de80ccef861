// Each compute operation against a formula of its own, in bf16 (16-bit DST) and in f32 (32-bit DST, UnpackToDestFp32).
#include <bit>
#include <functional>
#include <tt-metalium/distributed.hpp>
#include <tt-metalium/host_api.hpp>
#include <tt-metalium/tensor_accessor_args.hpp>
#include <tt-metalium/tilize_utils.hpp>

using namespace tt::tt_metal;

static std::vector<float> A, B, RAW;   // 32 x 32, row-major; RAW: A's bytes as a buffer holds them
static double a(int r, int c) { return A[static_cast<size_t>(r * 32 + c)]; }
static double b(int r, int c) { return B[static_cast<size_t>(r * 32 + c)]; }
static double sum(int n, const std::function<double(int)> &f) { double s = 0; for (int i = 0; i < n; i++) s += f(i); return s; }
static double most(int n, const std::function<double(int)> &f) { double s = f(0); for (int i = 1; i < n; i++) s = std::max(s, f(i)); return s; }
// A source of the matrix unit: 10 bits of fraction.
static double nine(double v) { return std::bit_cast<float>(std::bit_cast<uint32_t>(static_cast<float>(v)) & 0xffffc000u); }   // in a multiplication, of source A
static double tf32(double v) { return std::bit_cast<float>(std::bit_cast<uint32_t>(static_cast<float>(v)) & 0xffffe000u); }

struct Op {
  const char *name;
  std::string body;                            // leaves the result in DST 0
  std::function<double(int, int)> value;
  bool sources = false;                        // through the matrix unit: f32 operands lose bits
  double tolerance = 0;                        // beyond rounding of the result, relative to 1 + |value|
  std::string after = "";
};

static std::string copies(const char *more) { return std::string("copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0); copy_tile_to_dst_init_short(1); copy_tile(1, 0, 1); copy_tile(1, 0, 2); ") + more; }
static Op unary(const char *name, double (*f)(double)) {
  return {name, "copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0); " + std::string(name) + "_tile_init(); " + name + "_tile(0);", [f](int r, int c) { return f(a(r, c)); }};
}
static Op positive(const char *name, double (*f)(double)) {   // of B, which is
  return {name, "copy_tile_to_dst_init_short(1); copy_tile(1, 0, 0); " + std::string(name) + "_tile_init(); " + name + "_tile(0);", [f](int r, int c) { return f(b(r, c)); }};
}
static Op scalar(const char *name, const char *init, float s, double (*f)(double, double)) {
  return {name, "copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0); " + std::string(init) + "_tile_init(); " + name + "_tile(0, " + std::to_string(std::bit_cast<uint32_t>(s)) + "u);",
          [f, s](int r, int c) { return f(a(r, c), s); }};
}
static Op two(const char *name, double (*f)(double, double)) {
  return {name, copies((std::string(name) + "_tile_init(); " + name + "_tile(0, 1, 0);").c_str()), [f](int r, int c) { return f(a(r, c), b(r, c)); }};
}
static Op fpu(const char *name, std::string body, std::function<double(int, int)> f) { return {name, std::move(body), std::move(f), true}; }

static std::vector<Op> ops() {
  auto pick = [](int kind) { return [kind](int r, int c) { return b(kind == 1 ? 0 : kind == 3 ? 0 : r, kind == 2 ? 0 : kind == 3 ? 0 : c); }; };
  auto rows = pick(1), cols = pick(2), one = pick(3);
  auto product = [](int r, int c) { return sum(32, [=](int k) { return tf32(a(r, k)) * nine(b(k, c)); }); };
  const char *reduce_init = "reduce_init<PoolType::%s, ReduceDim::%s>(0, 2, 16); reduce_tile<PoolType::%s, ReduceDim::%s>(0, 2, 0, 0, 0);";
  auto reduce = [=](const char *pool, const char *dim, std::function<double(int, int)> f) {
    char text[256];
    snprintf(text, sizeof text, reduce_init, pool, dim, pool, dim);
    return Op{"reduce", text, std::move(f), true, 0.01, "reduce_uninit();"};
  };
  return {
    {"copy", "copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0);", a},
    unary("exp", [](double x) { return std::exp(x); }), unary("exp2", [](double x) { return std::exp2(x); }), unary("expm1", [](double x) { return std::expm1(x); }),
    unary("abs", [](double x) { return std::fabs(x); }), unary("negative", [](double x) { return -x; }), unary("square", [](double x) { return x * x; }),
    unary("relu", [](double x) { return std::max(0.0, x); }), unary("sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }), unary("silu", [](double x) { return x / (1 + std::exp(-x)); }),
    unary("tanh", [](double x) { return std::tanh(x); }), unary("gelu", [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); }), unary("erf", [](double x) { return std::erf(x); }),
    unary("sin", [](double x) { return std::sin(x); }), unary("cos", [](double x) { return std::cos(x); }), unary("sign", [](double x) { return double(x > 0) - double(x < 0); }),
    unary("gtz", [](double x) { return double(x > 0); }), unary("lez", [](double x) { return double(x <= 0); }), unary("eqz", [](double x) { return double(x == 0); }),
    {"floor", "copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0); rounding_op_tile_init(); floor_tile(0);", [](int r, int c) { return std::floor(a(r, c)); }},
    positive("log", [](double x) { return std::log(x); }), positive("recip", [](double x) { return 1 / x; }), positive("sqrt", [](double x) { return std::sqrt(x); }),
    positive("rsqrt", [](double x) { return 1 / std::sqrt(x); }), positive("log1p", [](double x) { return std::log1p(x); }),
    scalar("add_unary", "binop_with_scalar", 1.5f, [](double x, double s) { return x + s; }), scalar("mul_unary", "binop_with_scalar", -2.0f, [](double x, double s) { return x * s; }),
    scalar("sub_unary", "binop_with_scalar", 0.25f, [](double x, double s) { return x - s; }), scalar("rsub_unary", "binop_with_scalar", 1.0f, [](double x, double s) { return s - x; }),
    scalar("unary_max", "unary_max", 0.5f, [](double x, double s) { return std::max(x, s); }), scalar("unary_gt", "unary_gt", 0.5f, [](double x, double s) { return double(x > s); }),
    scalar("leaky_relu", "leaky_relu", 0.5f, [](double x, double s) { return x < 0 ? x * s : x; }), scalar("power", "power", 2.0f, [](double x, double s) { return std::pow(x, s); }),
    two("add_binary", [](double x, double y) { return x + y; }), two("sub_binary", [](double x, double y) { return x - y; }), two("mul_binary", [](double x, double y) { return x * y; }),
    two("div_binary", [](double x, double y) { return x / y; }), two("binary_max", [](double x, double y) { return std::max(x, y); }), two("binary_min", [](double x, double y) { return std::min(x, y); }),
    two("gt_binary", [](double x, double y) { return double(x > y); }), two("rsub_binary", [](double x, double y) { return y - x; }),
    {"where", copies("gtz_tile_init(); gtz_tile(0); where_tile_init(); where_tile(0, 1, 2, 0);"), [](int r, int c) { return b(r, c); }},
    {"mask", copies("copy_dest_values_init(); copy_dest_values(1, 2); ltz_tile_init(); copy_tile_to_dst_init_short(0); copy_tile(0, 0, 1); ltz_tile(1); mask_tile_init(); mask_tile(0, 1);"),
     [](int r, int c) { return a(r, c) < 0 ? a(r, c) : 0.0; }},
    {"fill", "fill_tile_init(); fill_tile(0, 2.5f);", [](int, int) { return 2.5; }},
    {"clamp", "copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0); clamp_tile_init(); clamp_tile(0, 0xbf000000u, 0x3f000000u);", [](int r, int c) { return std::clamp(a(r, c), -0.5, 0.5); }},
    {"typecast", "copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0); typecast_tile_init(); typecast_tile<0u, 8u>(0); typecast_tile<8u, 0u>(0);", [](int r, int c) { return std::trunc(a(r, c)); }},
    {"vector_mode", "fill_tile_init(); fill_tile(0, 1.0f); negative_tile_init(); negative_tile(0, static_cast<int>(VectorMode::C));", [](int, int c) { return c < 16 ? -1.0 : 1.0; }},
    fpu("add_tiles", "add_tiles_init(0, 1); add_tiles(0, 1, 0, 0, 0);", [](int r, int c) { return tf32(a(r, c)) + tf32(b(r, c)); }),
    fpu("sub_tiles", "sub_tiles_init(0, 1); sub_tiles(0, 1, 0, 0, 0);", [](int r, int c) { return tf32(a(r, c)) - tf32(b(r, c)); }),
    fpu("mul_tiles", "mul_tiles_init(0, 1); mul_tiles(0, 1, 0, 0, 0);", [](int r, int c) { return nine(a(r, c)) * tf32(b(r, c)); }),
    fpu("mul twice", "mul_tiles_init(0, 1); mul_tiles(0, 1, 0, 0, 0); mul_tiles(0, 1, 0, 0, 0);", [](int r, int c) { return 2 * nine(a(r, c)) * tf32(b(r, c)); }),
    fpu("mul_bcast_cols", "mul_bcast_cols_init_short(0, 1); mul_tiles_bcast_cols(0, 1, 0, 0, 0);", [=](int r, int c) { return nine(a(r, c)) * tf32(cols(r, c)); }),
    fpu("sub_bcast_cols", "sub_bcast_cols_init_short(0, 1); sub_tiles_bcast_cols(0, 1, 0, 0, 0);", [=](int r, int c) { return tf32(a(r, c)) - tf32(cols(r, c)); }),
    fpu("add_bcast_rows", "add_bcast_rows_init_short(0, 1); add_tiles_bcast_rows(0, 1, 0, 0, 0);", [=](int r, int c) { return tf32(a(r, c)) + tf32(rows(r, c)); }),
    fpu("mul_bcast_scalar", "mul_tiles_bcast_scalar_init_short(0, 1); mul_tiles_bcast_scalar(0, 1, 0, 0, 0);", [=](int r, int c) { return nine(a(r, c)) * tf32(one(r, c)); }),
    fpu("bcast template", "init_bcast<ELWADD, BroadcastType::ROW>(0, 1, 16); add_tiles_bcast<BroadcastType::ROW>(0, 1, 0, 0, 0);", [=](int r, int c) { return tf32(a(r, c)) + tf32(rows(r, c)); }),
    {"unary_bcast COL", "unary_bcast_init<BroadcastType::COL>(1, 16); unary_bcast<BroadcastType::COL>(1, 0, 0);", cols},
    {"unary_bcast ROW", "unary_bcast_init<BroadcastType::ROW>(1, 16); unary_bcast<BroadcastType::ROW>(1, 0, 0);", rows},
    {"unary_bcast SCALAR", "unary_bcast_init<BroadcastType::SCALAR>(1, 16); unary_bcast<BroadcastType::SCALAR>(1, 0, 0);", one},
    fpu("dest reuse", "copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0); binary_dest_reuse_tiles_init<ELWSUB, EltwiseBinaryReuseDestType::DEST_TO_SRCA>(1); "
        "binary_dest_reuse_tiles<ELWSUB, EltwiseBinaryReuseDestType::DEST_TO_SRCA>(1, 0, 0);", [](int r, int c) { return tf32(a(r, c)) - tf32(b(r, c)); }),
    {"transpose_wh", "transpose_wh_init_short(0); transpose_wh_tile(0, 0, 0);", [](int r, int c) { return a(c, r); }},
    {"matmul", "mm_init_short(0, 1); matmul_tiles(0, 1, 0, 0, 0);", product, true, 0.03},
    {"matmul twice", "mm_init_short(0, 1); matmul_tiles(0, 1, 0, 0, 0); matmul_tiles(0, 1, 0, 0, 0);", [=](int r, int c) { return 2 * product(r, c); }, true, 0.03},
    {"matmul transposed", "mm_init_short(0, 1, 1); matmul_tiles(0, 1, 0, 0, 0);", [](int r, int c) { return sum(32, [=](int k) { return tf32(a(r, k)) * nine(b(c, k)); }); }, true, 0.03},
    {"matmul_block", "mm_block_init_short(0, 1, 0, 2, 1, 1); matmul_block(0, 1, 0, 0, 0, 0, 2, 1, 1); copy_dest_values_init(); copy_dest_values(1, 0);", product, true, 0.03},
    reduce("SUM", "REDUCE_ROW", [](int r, int c) { return c ? 0.0 : 0.5 * sum(32, [=](int k) { return nine(a(r, k)); }); }),
    reduce("SUM", "REDUCE_COL", [](int r, int c) { return r ? 0.0 : 0.5 * sum(32, [=](int k) { return nine(a(k, c)); }); }),
    reduce("MAX", "REDUCE_ROW", [](int r, int c) { return c ? 0.0 : 0.5 * most(32, [=](int k) { return tf32(a(r, k)); }); }),
    reduce("MAX", "REDUCE_COL", [](int r, int c) { return r ? 0.0 : 0.5 * most(32, [=](int k) { return tf32(a(k, c)); }); }),
    reduce("SUM", "REDUCE_SCALAR", [](int r, int c) { return r || c ? 0.0 : 0.25 * sum(1024, [=](int k) { return nine(a(k / 32, k % 32)); }); }),
    {"L1 accumulation", "copy_tile_to_dst_init_short(0); copy_tile(0, 0, 0);", [](int r, int c) { return 3 * a(r, c); }, false, 0.01, "ACCUMULATE"},
    {"tilize", "TILIZE", [](int r, int c) { return RAW[static_cast<size_t>(r * 32 + c)]; }},
    {"untilize", "UNTILIZE", [](int r, int c) { return RAW.empty() ? 0.0 : a(r, c); }},
  };
}

static std::string kernel(const std::vector<Op> &all) {
  std::string text = "#include \"api/compute/eltwise_binary.h\"\n#include \"api/compute/matmul.h\"\n#include \"api/compute/reduce.h\"\nvoid kernel_main() {\n"
                     "  compute_kernel_hw_startup(0, 1, 16);\n  cb_wait_front(0, 1); cb_wait_front(1, 2); cb_wait_front(2, 1);\n";
  for (const Op &op : all) {
    text += "  cb_reserve_back(16, 1);\n";
    if (op.body == "TILIZE") text += "  tilize_init(0, 1, 16); tilize_block(0, 1, 16); tilize_uninit(0, 16);\n";
    else if (op.body == "UNTILIZE") text += "  untilize_init(0); untilize_block(0, 1, 16); untilize_uninit(0);\n";
    else {
      text += "  tile_regs_acquire(); " + op.body + " tile_regs_commit(); tile_regs_wait(); pack_tile<true>(0, 16, 0);";
      if (op.after == "ACCUMULATE") text += " PACK((llk_pack_reconfig_l1_acc(1))); pack_tile<true>(0, 16, 0); pack_tile<true>(0, 16, 0); PACK((llk_pack_reconfig_l1_acc(0)));";
      else text += op.after;
      text += " tile_regs_release();\n";
    }
    text += "  cb_push_back(16, 1);\n";
  }
  return text + "  cb_pop_front(0, 1); cb_pop_front(1, 2); cb_pop_front(2, 1);\n}\n";
}
static const char READER[] = R"(
#include "dataflow_api.h"
void kernel_main() {
  constexpr auto args = TensorAccessorArgs<0>();
  const auto in = TensorAccessor(args, get_arg_val<uint32_t>(0), get_tile_size(0));
  cb_reserve_back(0, 1), cb_reserve_back(1, 2), cb_reserve_back(2, 1);
  noc_async_read_tile(0, in, get_write_ptr(0));
  noc_async_read_tile(1, in, get_write_ptr(1));
  noc_async_read_tile(1, in, get_write_ptr(1) + get_tile_size(0));
  noc_async_read_tile(2, in, get_write_ptr(2));
  noc_async_read_barrier();
  cb_push_back(0, 1), cb_push_back(1, 2), cb_push_back(2, 1);
})";
static const char WRITER[] = R"(
#include "dataflow_api.h"
void kernel_main() {
  constexpr auto args = TensorAccessorArgs<0>();
  const auto out = TensorAccessor(args, get_arg_val<uint32_t>(0), get_tile_size(16));
  for (uint32_t i = 0; i < get_arg_val<uint32_t>(1); i++) {
    cb_wait_front(16, 1);
    noc_async_write_tile(i, out, get_read_ptr(16));
    noc_async_write_barrier();
    cb_pop_front(16, 1);
  }
})";

template <class T> static int check(bool fp32) {
  auto all = ops();
  uint32_t n = static_cast<uint32_t>(all.size()), bytes = 1024 * sizeof(T);
  auto format = fp32 ? tt::DataFormat::Float32 : tt::DataFormat::Float16_b;
  std::mt19937 rng(7);
  std::uniform_real_distribution<float> any(-2.0f, 2.0f), above(0.25f, 3.0f);
  std::vector<T> in(3 * 1024), rows_a(1024), rows_b(1024), result;
  A.resize(1024), B.resize(1024), RAW.resize(1024);
  for (size_t i = 0; i < 1024; i++) {
    rows_a[i] = T(i % 37 ? any(rng) : 0.0f), rows_b[i] = T(above(rng));
    A[i] = static_cast<float>(rows_a[i]), B[i] = static_cast<float>(rows_b[i]);
  }
  auto ta = tilize_nfaces(rows_a, 32, 32), tb = tilize_nfaces(rows_b, 32, 32);
  for (size_t i = 0; i < 1024; i++) in[i] = ta[i], in[1024 + i] = tb[i], in[2048 + i] = T(0.5f), RAW[i] = static_cast<float>(ta[i]);

  auto device = distributed::MeshDevice::create_unit_mesh(0);
  auto &queue = device->mesh_command_queue();
  distributed::DeviceLocalBufferConfig local{.page_size = bytes, .buffer_type = BufferType::DRAM};
  auto from = distributed::MeshBuffer::create(distributed::ReplicatedBufferConfig{.size = 3 * bytes}, local, device.get());
  auto to = distributed::MeshBuffer::create(distributed::ReplicatedBufferConfig{.size = n * bytes}, local, device.get());
  distributed::EnqueueWriteMeshBuffer(queue, from, in);
  Program program = CreateProgram();
  CoreCoord core{0, 0};
  for (auto [index, pages] : {std::pair<uint8_t, uint32_t>{0, 1}, {1, 2}, {2, 1}, {16, 2}})
    CreateCircularBuffer(program, core, CircularBufferConfig(pages * bytes, {{index, format}}).set_page_size(index, bytes));
  std::vector<uint32_t> words;
  TensorAccessorArgs(*from).append_to(words);
  auto reader = CreateKernelFromString(program, READER, core, ReaderDataMovementConfig(words)), writer = CreateKernelFromString(program, WRITER, core, WriterDataMovementConfig(words));
  std::vector<UnpackToDestMode> modes(32, fp32 ? UnpackToDestMode::UnpackToDestFp32 : UnpackToDestMode::Default);
  CreateKernelFromString(program, kernel(all), core, ComputeConfig{.fp32_dest_acc_en = fp32, .unpack_to_dest_mode = modes});
  SetRuntimeArgs(program, reader, core, {from->address()});
  SetRuntimeArgs(program, writer, core, {to->address(), n});
  distributed::MeshWorkload workload;
  workload.add_program(distributed::MeshCoordinateRange(device->shape()), std::move(program));
  distributed::EnqueueMeshWorkload(queue, workload, true);
  distributed::EnqueueReadMeshBuffer(queue, result, to);

  int failed = 0;
  double rounding = fp32 ? 1e-5 : 1.0 / 100;   // twice in bf16, where a scalar or an intermediate is rounded too
  for (uint32_t k = 0; k < n; k++) {
    std::vector<T> tile(result.begin() + k * 1024, result.begin() + (k + 1) * 1024);
    if (all[k].body != "UNTILIZE") tile = untilize_nfaces(tile, 32, 32);
    for (int r = 0, bad = 0; r < 32 && !bad; r++)
      for (int c = 0; c < 32 && !bad; c++) {
        double want = all[k].value(r, c), got = static_cast<float>(tile[static_cast<size_t>(r * 32 + c)]);
        double bound = (rounding + (fp32 && all[k].tolerance != 0 ? 1e-5 : all[k].tolerance)) * (1 + std::fabs(want));
        if (std::fabs(got - want) <= bound) continue;
        printf("FAILED %s (%s) at (%d,%d): %.9g instead of %.9g\n", all[k].name, fp32 ? "f32" : "bf16", r, c, got, want);
        failed++, bad = 1;
      }
  }
  printf("%u operations in %s, %d failed\n", n, fp32 ? "f32" : "bf16", failed);
  return failed;
}

int main() { return check<bfloat16>(false) + check<float>(true) != 0; }
