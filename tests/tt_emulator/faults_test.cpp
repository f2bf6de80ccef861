// Each fault the emulation reports, provoked by one small kernel in an otherwise sound pipeline: reader, compute (a copy), writer on four cores.
// A case runs in a process of its own; it passes when the host program ends with code 3 and the report holds the words named here.
#include <sys/wait.h>
#include <tt-metalium/distributed.hpp>
#include <tt-metalium/host_api.hpp>
#include <tt-metalium/tensor_accessor_args.hpp>

using namespace tt::tt_metal;

static const char READER[] = R"(
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
  constexpr auto args = TensorAccessorArgs<0>();
  const auto in = TensorAccessor(args, get_arg_val<uint32_t>(0), 2048);
  for (uint32_t i = 0; i < 4; i++) {
    cb_reserve_back(0, 1);
    noc_async_read_tile(i, in, get_write_ptr(0));
    noc_async_read_barrier();
    cb_push_back(0, 1);
  }
})";
static const char COMPUTE[] = R"(
#include "api/compute/common.h"
#include "api/compute/tile_move_copy.h"
#include "api/compute/eltwise_unary/eltwise_unary.h"
void kernel_main() {
  init_sfpu(0, 16);
  for (uint32_t i = 0; i < 4; i++) {
    cb_wait_front(0, 1);
    tile_regs_acquire();
    copy_tile(0, 0, 0);
    tile_regs_commit();
    cb_pop_front(0, 1);
    cb_reserve_back(16, 1);
    tile_regs_wait();
    pack_tile(0, 16);
    tile_regs_release();
    cb_push_back(16, 1);
  }
})";
static const char WRITER[] = R"(
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
  constexpr auto args = TensorAccessorArgs<0>();
  const auto out = TensorAccessor(args, get_arg_val<uint32_t>(1), 2048);
  for (uint32_t i = 0; i < 4; i++) {
    cb_wait_front(16, 1);
    noc_async_write_tile(get_arg_val<uint32_t>(2) * 4 + i, out, get_read_ptr(16));
    noc_async_write_barrier();
    cb_pop_front(16, 1);
  }
})";

static const char OBJECT_READER[] = R"(
#include "api/dataflow/noc.h"
#include "api/dataflow/circular_buffer.h"
#include "api/tensor/noc_traits.h"
void kernel_main() {
  constexpr auto args = TensorAccessorArgs<0>();
  const auto in = TensorAccessor(args, get_arg_val<uint32_t>(0));
  Noc noc;
  CircularBuffer cb(0);
  for (uint32_t i = 0; i < 4; i++) {
    cb.reserve_back(1);
    noc.async_read(in, cb, in.get_aligned_page_size(), {.page_id = i}, {});
    noc.async_read_barrier();
    cb.push_back(1);
  }
})";
static const char OBJECT_WRITER[] = R"(
#include "experimental/noc.h"
#include "experimental/circular_buffer.h"
#include "experimental/core_local_mem.h"
void kernel_main() {
  constexpr auto args = TensorAccessorArgs<0>();
  const auto out = TensorAccessor(args, get_arg_val<uint32_t>(1), 2048);
  experimental::Noc noc(1);
  experimental::CircularBuffer cb(16);
  for (uint32_t i = 0; i < 4; i++) {
    cb.wait_front(1);
    noc.async_write(experimental::CoreLocalMem<uint32_t>(cb.get_read_ptr()), out, 2048, {}, {.page_id = get_arg_val<uint32_t>(2) * 4 + i});
    noc.async_write_barrier();
    cb.pop_front(1);
  }
})";

// Text of a kernel with one stretch replaced.
struct Change { char which; const char *from, *to; };
struct Case { const char *name, *words; std::vector<Change> changes; uint32_t pages = 4; uint32_t page_bytes = 2048; bool fp32 = false; };

static const char SEND[] = R"(  uint32_t me = get_arg_val<uint32_t>(2), data = get_arg_val<uint32_t>(9), flag = get_semaphore(0), ready = get_semaphore(1);
  auto *word = reinterpret_cast<volatile tt_l1_ptr uint32_t *>(flag);
  uint64_t to = get_noc_multicast_addr(get_arg_val<uint32_t>(5), get_arg_val<uint32_t>(4), get_arg_val<uint32_t>(7), get_arg_val<uint32_t>(8), data);
  for (uint32_t i = 0; i < 64; i++) reinterpret_cast<volatile uint32_t *>(data)[i] = i;
  (void)me, (void)word, (void)to, (void)ready;
  constexpr auto args = TensorAccessorArgs<0>();
)";
#define AT_START(body) {'r', "  constexpr auto args = TensorAccessorArgs<0>();\n", body}
static std::string with_send(const char *body) { return std::string(SEND) + body; }

static std::vector<Case> cases() {
  static std::vector<std::string> kept;
  kept.reserve(64);
  auto send = [](const char *body) { kept.push_back(with_send(body)); return Change{'r', "  constexpr auto args = TensorAccessorArgs<0>();\n", kept.back().c_str()}; };
  return {
    {"sound", "", {}},
    {"objects", "", {{'R', "", OBJECT_READER}, {'W', "", OBJECT_WRITER}}},
    {"older form", "", {{'c', "void kernel_main() {", "namespace NAMESPACE { void MAIN {"}, {'c', "    cb_push_back(16, 1);\n  }\n}", "    cb_push_back(16, 1);\n  }\n} }"}, {'c', "#include \"api/compute/common.h\"", "#include \"compute_kernel_api/common.h\""}}},
    {"deadlock", "[deadlock] no thread can go on|waits for 1 full pages of circular buffer 16 (4 pages: pushed 0, popped 0)|there compute has ended", {{'c', "cb_push_back(16, 1);", ""}, {'c', "pack_tile(0, 16);", "pack_tile<true>(0, 16, 0);"}}},
    {"deadlock-space", "[deadlock] no thread can go on|waits for 1 free pages of circular buffer 0 (2 pages: pushed 2, popped 0)", {{'c', "cb_pop_front(0, 1);", ""}}, 2},
    {"spin", "[deadlock] threads only spin|spins on a word of L1", {send("  if (me == 0) while (*word != 7) {}\n")}},
    {"push-unreserved", "[cb-overflow] cb_push_back(0, 1) with 0 pages reserved", {{'r', "cb_reserve_back(0, 1);", ""}}},
    {"read-unreserved", "[cb-overflow] noc_async_read writes", {{'r', "get_write_ptr(0)", "get_write_ptr(0) + 2048"}}},
    {"pack-unreserved", "[cb-overflow] pack_tile writes tile 0 of circular buffer 16", {{'c', "cb_reserve_back(16, 1);", ""}}},
    {"pack-beyond", "[cb-overflow] pack_tile writes tile 1 of circular buffer 16 with 1 pages reserved", {{'c', "pack_tile(0, 16);", "pack_tile<true>(0, 16, 1);"}}},
    {"never-fits", "[cb-overflow] cb_reserve_back(0, 5): the buffer has 4 pages", {{'r', "cb_reserve_back(0, 1);", "cb_reserve_back(0, 5);"}}},
    {"unpack-unwaited", "[cb-underflow] copy_tile reads tile 0 of circular buffer 0 with 0 waited for", {{'c', "cb_wait_front(0, 1);", ""}}},
    {"pop-unwaited", "[cb-underflow] cb_pop_front(16, 1)", {{'w', "cb_wait_front(16, 1);\n    noc_async_write_tile", "if (0) noc_async_write_tile"}}},
    {"wrap", "[cb-wrap] cb_push_back(0, 2) at page 2 of 3", {{'r', "cb_reserve_back(0, 1);", "cb_reserve_back(0, 2);"}, {'r', "get_write_ptr(0));", "get_write_ptr(0)); if (i == 0) noc_async_read_tile(i, in, get_write_ptr(0) + 2048);"},
      {'r', "cb_push_back(0, 1);", "cb_push_back(0, 2);"}, {'c', "i < 4", "i < 8"}, {'c', "cb_reserve_back(16, 1);", "if (i % 2) { tile_regs_wait(); tile_regs_release(); continue; } cb_reserve_back(16, 1);"}}, 3},
    {"no-read-barrier", "[missing-read-barrier] cb_push_back at", {{'r', "noc_async_read_barrier();", ""}}},
    {"load-before-barrier", "[missing-read-barrier] a load at", {{'r', "noc_async_read_barrier();", "uint32_t v = *reinterpret_cast<volatile uint32_t *>(get_write_ptr(0)); (void)v; noc_async_read_barrier();"}}},
    {"no-write-barrier", "[missing-write-barrier] cb_pop_front(16, 1)", {{'w', "noc_async_write_barrier();", ""}}},
    {"write-at-end", "[missing-write-barrier] the kernel ends with a write to DRAM in flight", {{'w', "noc_async_write_barrier();", "noc_async_writes_flushed();"}}},
    {"source-overwritten", "[source-overwritten] a store at", {{'w', "noc_async_write_barrier();", "*reinterpret_cast<volatile uint32_t *>(get_read_ptr(16)) = 0; noc_async_write_barrier();"}}},
    {"uninitialised", "[uninitialised] copy_tile of 2048 bytes", {{'r', "noc_async_read_tile(i, in, get_write_ptr(0));", ""}}},
    {"uninitialised-part", "[uninitialised] copy_tile of 2048 bytes|byte 1024 of page 0", {{'r', "noc_async_read_tile(i, in, get_write_ptr(0));", "noc_async_read(get_noc_addr(i, in), get_write_ptr(0), 1024);"}}},
    {"null-pointer", "[l1-bounds] a store of 4 bytes at 0x10", {send("  *reinterpret_cast<volatile uint32_t *>(16) = 1;\n")}},
    {"crash", "[crash] the kernel touches 0x", {send("  *reinterpret_cast<volatile uint32_t *>(static_cast<uintptr_t>(0x123456789000)) = 1;\n")}},
    {"poll", "[deadlock] threads only spin", {send("  while (!cb_pages_available_at_front(0, 4)) {}\n")}},
    {"beyond-l1", "[l1-bounds] noc_async_read: destination of 2048 bytes", {{'r', "get_write_ptr(0));", "1499136 - 1024);"}}},
    {"beyond-pages", "[dram-bounds] noc_async_read of 2048 bytes|is page 16 of a buffer of 16 pages", {{'r', "read_tile(i,", "read_tile(16 + i,"}}},
    {"beyond-page", "[dram-bounds] noc_async_read of 2048 bytes|runs beyond the page", {{'r', "noc_async_read_tile(i, in, get_write_ptr(0));", "noc_async_read(get_noc_addr(i, in, 32), get_write_ptr(0), 2048);"}}},
    {"no-buffer", "[dram-bounds]|lies in no buffer", {{'w', "noc_async_write_tile(get_arg_val<uint32_t>(2) * 4 + i, out, get_read_ptr(16));", "noc_async_write(get_read_ptr(16), get_noc_addr_from_bank_id<true>(0, 0), 2048);"}}},
    {"dst-capacity", "[dst-capacity] copy_tile uses DST register 8 of 8 (16-bit", {{'c', "copy_tile(0, 0, 0);", "copy_tile(0, 0, 8);"}}},
    {"dst-capacity-fp32", "[dst-capacity] copy_tile uses DST register 4 of 4 (fp32", {{'c', "copy_tile(0, 0, 0);", "copy_tile(0, 0, 4);"}}, 4, 2048, true},
    {"dst-unacquired", "[dst-order] copy_tile without tile_regs_acquire", {{'c', "tile_regs_acquire();", ""}}},
    {"dst-uncommitted", "[dst-order] tile_regs_wait without tile_regs_commit", {{'c', "tile_regs_commit();", ""}}},
    {"dst-unwaited", "[dst-order] pack_tile without tile_regs_wait", {{'c', "tile_regs_wait();", ""}}},
    {"dst-unreleased", "[dst-order] tile_regs_wait while the packer still holds", {{'c', "tile_regs_release();", ""}}},
    {"block-init", "[init] matmul_block of 2 columns and 1 rows of tiles; its init said 1 and 1", {{'c', "copy_tile(0, 0, 0);", "mm_block_init_short(0, 0); matmul_block(0, 0, 0, 0, 0, 0, 2, 1, 1);"}}},
    {"no-init", "[init] copy_tile without copy_tile_init", {{'c', "init_sfpu(0, 16);", "compute_kernel_hw_startup(0, 16);"}}},
    {"no-start", "[init] an operation's init before any start-up", {{'c', "init_sfpu(0, 16);", "copy_tile_init(0);"}}},
    {"empty-register", "[uninitialised] pack_tile packs DST register 0, which nothing wrote", {{'c', "copy_tile(0, 0, 0);", ""}}},
    {"empty-operand", "[uninitialised] exp_tile reads DST register 1, which nothing wrote", {{'c', "copy_tile(0, 0, 0);", "copy_tile(0, 0, 0); exp_tile_init(); exp_tile(1);"}, {'c', "#include \"api/compute/common.h\"", "#include \"api/compute/eltwise_unary/exp.h\""}}},
    {"uncovered", "[uncovered] the host reads page 1 of 16", {{'w', "noc_async_write_tile(", "if (i == 0) noc_async_write_tile("}}},
    {"unwritten-dram", "[uninitialised] noc_async_read of page 0 of the buffer at", {{'r', "get_arg_val<uint32_t>(0), 2048", "get_arg_val<uint32_t>(1), 2048"}}},
    {"sfpu-init", "[init] exp_tile without its init", {{'c', "copy_tile(0, 0, 0);", "copy_tile(0, 0, 0); exp_tile(0);"}}},
    {"format", "[format] copy_tile: circular buffer 0 holds Float16_b, source A is set for Float32", {{'c', "init_sfpu(0, 16);", "init_sfpu(0, 16); reconfig_data_format_srca(1);"}}},
    {"pack-format", "[format] pack_tile: circular buffer 16 holds Float16_b, the packer is set for Float32", {{'c', "init_sfpu(0, 16);", "init_sfpu(0, 1); "}}},
    {"l1-overflow", "[l1-overflow] circular buffers grow to", {}, 1000},
    {"page-size", "[format] copy_tile: pages of circular buffer 0 have 1024 bytes", {{'r', "noc_async_read_tile(i, in, get_write_ptr(0));", "noc_async_read(get_noc_addr(i, in), get_write_ptr(0), 1024);"}}, 4, 1024},
    {"congruence", "[congruence] noc_async_read from DRAM|differ modulo 32", {{'r', "noc_async_read_tile(i, in, get_write_ptr(0));", "noc_async_read(get_noc_addr(i, in, 16), get_write_ptr(0), 1024);"}}},
    {"congruence-write", "[congruence] noc_async_write|differ modulo 16", {{'w', "noc_async_write_tile(get_arg_val<uint32_t>(2) * 4 + i, out, get_read_ptr(16));", "noc_async_write(get_read_ptr(16), get_noc_addr(i, out, 8), 64);"}}},
    {"mcast-dests", "[multicast-dests]|says 4 destinations; the rectangle has 3", {send("  if (me == 0) noc_async_write_multicast(data, to, 256, 4), noc_async_write_barrier();\n")}},
    {"mcast-sender", "[multicast-sender]", {send("  if (me == 1) noc_async_write_multicast(data, to, 256, 2), noc_async_write_barrier();\n")}},
    {"mcast-backwards", "[multicast-rectangle]|start and end are swapped", {send("  to = get_noc_multicast_addr(get_arg_val<uint32_t>(7), get_arg_val<uint32_t>(8), get_arg_val<uint32_t>(5), get_arg_val<uint32_t>(4), data);\n  if (me == 0) noc_async_write_multicast(data, to, 256, 3), noc_async_write_barrier();\n")}},
    {"mcast-noc1", "[multicast-rectangle]|not swapped (NoC 1", {send("  if (me == 0) noc_async_write_multicast(data, to, 256, 3, false, 1), noc_async_write_barrier(1);\n")}},
    {"linked", "[linked] a barrier on NoC 0", {send("  if (me == 0) noc_async_write_multicast(data, to, 256, 3, true), noc_async_write_barrier();\n")}},
    {"no-core", "[noc-node] noc_semaphore_inc address names (63,63)", {send("  noc_semaphore_inc(get_noc_addr(63, 63, flag), 1);\n")}},
    {"semaphore-left", "[semaphore-balance] at the kernels' end semaphore 1 of core (0,0) holds 4", {send("  noc_semaphore_inc(get_noc_addr(get_arg_val<uint32_t>(3), get_arg_val<uint32_t>(4), ready), 1); noc_async_atomic_barrier();\n")}},
    {"semaphore-never", "[deadlock]|waits for 1 at|(semaphore 0), which holds 0", {send("  noc_semaphore_wait(word, 1);\n")}},
    {"semaphore-unknown", "[semaphore-index] semaphore 5 was not created", {send("  get_semaphore(5);\n")}},
    {"semaphore-limit", "[semaphore-limit] more than 16 semaphores", {{'s', "", ""}}},
    {"cb-limit", "[cb-limit] circular buffer 32", {{'b', "", ""}}},
    {"cb-left", "[cb-balance] at the kernels' end circular buffer 16 of core (0,0) holds 4 pages", {{'w', "i < 4", "i < 0"}}},
    {"argument", "[argument] runtime argument 40 of", {send("  get_arg_val<uint32_t>(40);\n")}},
    {"compile", "[compile] kernel|undeclared_name", {{'r', "cb_reserve_back(0, 1);", "undeclared_name();"}}},
    {"write-in-flight", "[write-in-flight] a store at", {send("  if (me == 0) { for (uint32_t n = 0; n < 200; n++) noc_async_write(data, get_noc_addr(get_arg_val<uint32_t>(5), get_arg_val<uint32_t>(4), data), 256); noc_async_write_barrier(); }\n"
      "  if (me == 1) for (uint32_t n = 0; n < 400; n++) { reinterpret_cast<volatile uint32_t *>(data)[n % 64] = n; get_absolute_logical_x(); cb_reserve_back(0, 1); }\n")}},
  };
}

// A capital letter replaces the whole kernel.
static std::string changed(std::string text, const Case &c, char which) {
  for (const Change &h : c.changes) if (h.which == which - 'a' + 'A') text = h.to;
  for (const Change &h : c.changes) {
    if (h.which != which) continue;
    size_t at = text.find(h.from);
    if (at == std::string::npos) throw std::runtime_error(std::string(c.name) + ": no \"" + h.from + "\" in the kernel");
    text.replace(at, strlen(h.from), h.to);
  }
  return text;
}

static void run(const Case &c) {
  setenv("TT_EMULATOR_GRID", "4x1", 1);
  auto device = distributed::MeshDevice::create_unit_mesh(0);
  auto &queue = device->mesh_command_queue();
  distributed::DeviceLocalBufferConfig local{.page_size = 2048, .buffer_type = BufferType::DRAM}, in_l1{.page_size = 2048, .buffer_type = BufferType::L1};
  auto in = distributed::MeshBuffer::create(distributed::ReplicatedBufferConfig{.size = 16 * 2048}, local, device.get());
  auto out = distributed::MeshBuffer::create(distributed::ReplicatedBufferConfig{.size = 16 * 2048}, local, device.get());
  auto scratch = distributed::MeshBuffer::create(distributed::ReplicatedBufferConfig{.size = 4 * 2048}, in_l1, device.get());
  std::vector<bfloat16> data(16 * 1024), result;
  for (size_t i = 0; i < data.size(); i++) data[i] = bfloat16(static_cast<float>(i % 251));
  distributed::EnqueueWriteMeshBuffer(queue, in, data);
  Program program = CreateProgram();
  CoreRange cores({0, 0}, {3, 0});
  auto buffer = [&](uint8_t index, uint32_t pages, uint32_t bytes, tt::DataFormat f) {
    CreateCircularBuffer(program, cores, CircularBufferConfig(pages * bytes, {{index, f}}).set_page_size(index, bytes));
  };
  buffer(0, c.pages, c.page_bytes, tt::DataFormat::Float16_b), buffer(16, 4, 2048, tt::DataFormat::Float16_b), buffer(1, 1, 4096, tt::DataFormat::Float32);
  CreateSemaphore(program, cores, 0), CreateSemaphore(program, cores, 0);
  for (const Change &h : c.changes) {
    if (h.which == 's') for (int i = 0; i < 16; i++) CreateSemaphore(program, cores, 0);
    if (h.which == 'b') buffer(32, 1, 2048, tt::DataFormat::Float16_b);
  }
  std::vector<uint32_t> words;
  TensorAccessorArgs(*in).append_to(words);
  auto reader = CreateKernelFromString(program, changed(READER, c, 'r'), cores, DataMovementConfig{.processor = DataMovementProcessor::RISCV_1, .noc = NOC::NOC_0, .compile_args = words});
  auto writer = CreateKernelFromString(program, changed(WRITER, c, 'w'), cores, DataMovementConfig{.processor = DataMovementProcessor::RISCV_0, .noc = NOC::NOC_1, .compile_args = words});
  CreateKernelFromString(program, changed(COMPUTE, c, 'c'), cores, ComputeConfig{.fp32_dest_acc_en = c.fp32});
  auto at = [&](size_t x) { return device->worker_core_from_logical_core({x, 0}); };
  for (CoreCoord core : cores) {
    std::vector<uint32_t> args{in->address(), out->address(), static_cast<uint32_t>(core.x)};
    for (size_t v : {at(0).x, at(0).y, at(1).x, at(2).x, at(3).x, at(3).y}) args.push_back(static_cast<uint32_t>(v));
    args.push_back(scratch->address());
    SetRuntimeArgs(program, reader, core, args), SetRuntimeArgs(program, writer, core, args);
  }
  distributed::MeshWorkload workload;
  workload.add_program(distributed::MeshCoordinateRange(device->shape()), std::move(program));
  distributed::EnqueueMeshWorkload(queue, workload, true);
  distributed::EnqueueReadMeshBuffer(queue, result, out);
  for (size_t i = 0; i < result.size(); i++) TT_FATAL(result[i] == data[i % 4096], "element {} is {}", i, static_cast<float>(result[i]));
}

// The report of a case, run in a process of its own; its exit code in *code.
static std::string report_of(const Case &c, int *code) {
  int ends[2];
  if (pipe(ends)) return "no pipe";
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 2), close(ends[0]), close(ends[1]);
    run(c);
    exit(0);
  }
  close(ends[1]);
  std::string text;
  char part[4096];
  for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return text;
}

static bool check(const Case &c, bool print) {
  int code = 0;
  std::string text = report_of(c, &code), words = c.words, missing;
  for (size_t from = 0; from < words.size();) {
    size_t to = std::min(words.find('|', from), words.size());
    if (text.find(words.substr(from, to - from)) == std::string::npos) missing = words.substr(from, to - from);
    from = to + 1;
  }
  bool nowhere = !*c.words || strstr("l1-overflow semaphore-limit cb-limit semaphore-left cb-left compile uncovered", c.name), located = nowhere || text.find(".cpp:") != std::string::npos;
  bool good = code == (*c.words ? 3 : 0) && missing.empty() && located;
  if (!good) printf("FAILED %s: exit %d, no %s\n%s", c.name, code, located ? missing.c_str() : "line of the kernel", text.c_str());
  else if (print) printf("%s", text.c_str());
  return good;
}

// Two lanes of cases at a time; kernels that cases share are built once.
int main(int argc, char **argv) {
  char cache[] = "/tmp/tt_emulator_faults.XXXXXX";
  if (!mkdtemp(cache)) return 1;
  setenv("TT_EMULATOR_CACHE", cache, 1);
  auto all = cases();
  int failed = 0;
  pid_t lanes[2];
  if (argc == 1) failed += !check(all[0], false);
  for (size_t lane = 0; lane < 2; lane++) {
    fflush(stdout);
    if ((lanes[lane] = fork())) continue;
    for (size_t i = lane; i < all.size(); i += 2)
      if (argc == 1 ? i > 0 : strcmp(argv[1], all[i].name) == 0) failed += !check(all[i], argc > 1);
    fflush(stdout);
    _exit(failed);
  }
  for (pid_t lane : lanes) {
    int status = 0;
    waitpid(lane, &status, 0);
    failed += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  if (system((std::string("rm -rf ") + cache).c_str())) return 1;
  printf("%zu cases, %d failed\n", all.size(), failed);
  return failed != 0;
}
