// The host API of tt-metal that a program needs: devices, buffers, programs, kernels, circular buffers, semaphores, queues.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>
#include "fmt/core.h"
#include "tt_emulator/bfloat16.h"
#include "tt_emulator/common.h"
#include "tt_emulator/coords.h"

#define TT_THROW(...) throw std::runtime_error(std::string("TT_THROW: ") + fmt::format(__VA_ARGS__))
#define TT_FATAL(condition, ...) do { if (!(condition)) throw std::runtime_error(std::string("TT_FATAL: " #condition " ") + fmt::format(__VA_ARGS__)); } while (0)
#define TT_ASSERT(condition, ...) do { if (!(condition)) throw std::runtime_error("TT_ASSERT: " #condition); } while (0)

enum class MathFidelity : uint8_t { LoFi = 0, HiFi2 = 2, HiFi3 = 3, HiFi4 = 4, Invalid = 255 };
namespace tt {
enum class ARCH { GRAYSKULL, WORMHOLE_B0, BLACKHOLE };
template <class T, class U> constexpr auto div_up(T a, U b) { return (a + b - 1) / b; }
template <class T, class U> constexpr auto round_up(T a, U b) { return (a + b - 1) / b * b; }
template <class T, class U> constexpr auto align(T a, U b) { return (a + b - 1) / b * b; }
using ::CoreCoord;
}  // namespace tt

namespace tt::tt_metal {
using ::MathFidelity;
using tt::ARCH;
using tt::DataFormat;
using DeviceAddr = uint64_t;
using KernelHandle = uint32_t;
using CBHandle = uintptr_t;
using ChipId = int;

enum class BufferType { DRAM, L1, SYSTEM_MEMORY, L1_SMALL, TRACE };
enum class TensorMemoryLayout { INTERLEAVED, SINGLE_BANK, HEIGHT_SHARDED, WIDTH_SHARDED, BLOCK_SHARDED };
inline const char *to_string(TensorMemoryLayout l) {
  static const char *const names[] = {"INTERLEAVED", "SINGLE_BANK", "HEIGHT_SHARDED", "WIDTH_SHARDED", "BLOCK_SHARDED"};
  return names[static_cast<int>(l)];
}
enum class ShardOrientation { ROW_MAJOR, COL_MAJOR };
enum class DataMovementProcessor { RISCV_0 = 0, RISCV_1 = 1 };
enum NOC : uint8_t { RISCV_0_default = 0, RISCV_1_default = 1, NOC_0 = 0, NOC_1 = 1 };
enum class NOC_MODE : uint8_t { DM_DEDICATED_NOC = 0, DM_DYNAMIC_NOC = 1 };
enum class UnpackToDestMode : uint8_t { Default, UnpackToDestFp32 };
enum class KernelBuildOptLevel : uint8_t { O1, O2, O3, O0, Os, Ofast, Oz };
using NamedArgs = std::unordered_map<std::string, uint32_t>;
using Defines = std::map<std::string, std::string>;

struct DataMovementConfig {
  DataMovementProcessor processor = DataMovementProcessor::RISCV_0;
  NOC noc = NOC::RISCV_0_default;
  NOC_MODE noc_mode = NOC_MODE::DM_DEDICATED_NOC;
  std::vector<uint32_t> compile_args = {};
  Defines defines = {};
  NamedArgs named_compile_args = {};
  KernelBuildOptLevel opt_level = KernelBuildOptLevel::O2;
};
struct ReaderDataMovementConfig : DataMovementConfig {
  ReaderDataMovementConfig(std::vector<uint32_t> args = {}, Defines d = {}, NamedArgs named = {}, KernelBuildOptLevel = KernelBuildOptLevel::O2)
      : DataMovementConfig{DataMovementProcessor::RISCV_1, NOC::RISCV_0_default, NOC_MODE::DM_DEDICATED_NOC, std::move(args), std::move(d), std::move(named)} {}
};
struct WriterDataMovementConfig : DataMovementConfig {
  WriterDataMovementConfig(std::vector<uint32_t> args = {}, Defines d = {}, NamedArgs named = {}, KernelBuildOptLevel = KernelBuildOptLevel::O2)
      : DataMovementConfig{DataMovementProcessor::RISCV_0, NOC::RISCV_1_default, NOC_MODE::DM_DEDICATED_NOC, std::move(args), std::move(d), std::move(named)} {}
};
struct ComputeConfig {
  MathFidelity math_fidelity = MathFidelity::HiFi4;
  bool fp32_dest_acc_en = false, dst_full_sync_en = false;
  std::vector<UnpackToDestMode> unpack_to_dest_mode = {};
  bool bfp8_pack_precise = false, math_approx_mode = false;
  std::vector<uint32_t> compile_args = {};
  Defines defines = {};
  NamedArgs named_compile_args = {};
  KernelBuildOptLevel opt_level = KernelBuildOptLevel::O3;
};

class CommandQueue {};
class IDevice {
  CommandQueue only;

 public:
  virtual ~IDevice() = default;
  CommandQueue &command_queue(size_t = 0) { return only; }
  int id() const { return 0; }
  ARCH arch() const;
  CoreCoord compute_with_storage_grid_size() const;
  CoreCoord logical_grid_size() const { return compute_with_storage_grid_size(); }
  CoreCoord worker_core_from_logical_core(const CoreCoord &c) const;
  CoreCoord physical_worker_core_from_logical_core(const CoreCoord &c) const { return worker_core_from_logical_core(c); }
  int num_dram_channels() const;
  uint32_t l1_size_per_core() const;
  struct Allocator {
    uint32_t get_alignment(BufferType type) const;
    uint32_t get_base_allocator_addr(int) const;
  };
  const Allocator *allocator() const { static const Allocator a; return &a; }
  bool close();
};
using Device = IDevice;
struct HalMemType { enum { L1 = 0, DRAM = 1 }; };

struct ShardSpecBuffer {
  CoreRangeSet grid;
  std::array<uint32_t, 2> shape{}, page_shape{}, tensor2d_shape_in_pages{};
  ShardOrientation orientation = ShardOrientation::ROW_MAJOR;
  ShardSpecBuffer() = default;
  ShardSpecBuffer(const CoreRangeSet &g, const std::array<uint32_t, 2> &s, ShardOrientation o, const std::array<uint32_t, 2> &page, const std::array<uint32_t, 2> &tensor)
      : grid(g), shape(s), page_shape(page), tensor2d_shape_in_pages(tensor), orientation(o) {}
};
struct BufferShardingArgs {
  std::optional<ShardSpecBuffer> spec;
  TensorMemoryLayout layout = TensorMemoryLayout::INTERLEAVED;
  BufferShardingArgs() = default;
  BufferShardingArgs(const ShardSpecBuffer &s, TensorMemoryLayout l) : spec(s), layout(l) {}
};
struct InterleavedBufferConfig {
  IDevice *device = nullptr;
  DeviceAddr size = 0, page_size = 0;
  BufferType buffer_type = BufferType::DRAM;
  TensorMemoryLayout buffer_layout = TensorMemoryLayout::INTERLEAVED;
};
using BufferConfig = InterleavedBufferConfig;
struct ShardedBufferConfig {
  IDevice *device = nullptr;
  DeviceAddr size = 0, page_size = 0;
  BufferType buffer_type = BufferType::L1;
  TensorMemoryLayout buffer_layout = TensorMemoryLayout::HEIGHT_SHARDED;
  ShardSpecBuffer shard_parameters = {};
};

// Pages interleaved over banks, or dealt to cores by a shard specification.
class Buffer {
 public:
  Buffer(DeviceAddr size, DeviceAddr page_size, BufferType type, const BufferShardingArgs &sharding = {});
  ~Buffer();
  Buffer(const Buffer &) = delete;
  uint32_t address() const { return at; }
  DeviceAddr size() const { return bytes; }
  DeviceAddr page_size() const { return page; }
  uint32_t num_pages() const { return static_cast<uint32_t>(page ? bytes / page : 0); }
  DeviceAddr aligned_page_size() const;
  BufferType buffer_type() const { return kind; }
  bool is_dram() const { return kind == BufferType::DRAM; }
  const BufferShardingArgs &sharding() const { return shards; }
  void write(const void *data, size_t n);
  void read(void *data, size_t n) const;

 private:
  DeviceAddr bytes, page;
  BufferType kind;
  BufferShardingArgs shards;
  uint32_t at = 0;
  uint8_t *page_at(uint32_t index, bool written) const;
};
std::shared_ptr<Buffer> CreateBuffer(const InterleavedBufferConfig &c);
template <class C> requires std::is_same_v<C, ShardedBufferConfig> std::shared_ptr<Buffer> CreateBuffer(const C &c) {   // braces alone mean the interleaved one
  return std::make_shared<Buffer>(c.size, c.page_size, c.buffer_type, BufferShardingArgs(c.shard_parameters, c.buffer_layout));
}
inline void DeallocateBuffer(Buffer &) {}

class CircularBufferConfig {
 public:
  CircularBufferConfig(uint32_t total, const std::map<uint8_t, DataFormat> &formats) : size(total), format(formats) {}
  CircularBufferConfig(uint32_t total, const std::map<uint8_t, DataFormat> &formats, const Buffer &b) : size(total), format(formats), global(b.address()) {}
  explicit CircularBufferConfig(uint32_t total) : size(total) {}
  CircularBufferConfig &set_page_size(uint8_t i, uint32_t bytes) { page[i] = bytes; return *this; }
  CircularBufferConfig &set_total_size(uint32_t total) { size = total; return *this; }
  CircularBufferConfig &set_globally_allocated_address(const Buffer &b) { global = b.address(); return *this; }
  struct Builder {
    CircularBufferConfig &config;
    uint8_t i;
    const Builder &set_data_format(DataFormat f) const { config.format[i] = f; return *this; }
    const Builder &set_page_size(uint32_t bytes) const { config.page[i] = bytes; return *this; }
    const Builder &set_total_size(uint32_t bytes) const { config.size = bytes; return *this; }
  };
  Builder index(uint8_t i) { return {*this, i}; }
  uint32_t total_size() const { return size; }
  uint32_t size;
  std::map<uint8_t, DataFormat> format;
  std::map<uint8_t, uint32_t> page;
  std::optional<uint32_t> global;
};

struct ProgramState;
class Program {
 public:
  Program();
  Program(Program &&) = default;
  Program &operator=(Program &&) = default;
  std::shared_ptr<ProgramState> state;
};
inline Program CreateProgram() { return Program(); }
KernelHandle CreateKernel(Program &p, const std::string &file, const CoreSpecVariant &cores, const std::variant<DataMovementConfig, ComputeConfig> &config);
KernelHandle CreateKernelFromString(Program &p, const std::string &source, const CoreSpecVariant &cores, const std::variant<DataMovementConfig, ComputeConfig> &config);
CBHandle CreateCircularBuffer(Program &p, const CoreSpecVariant &cores, const CircularBufferConfig &config);
uint32_t CreateSemaphore(Program &p, const std::variant<CoreRange, CoreRangeSet> &cores, uint32_t initial);
void SetRuntimeArgs(Program &p, KernelHandle k, const CoreSpecVariant &cores, const std::vector<uint32_t> &args);
inline void SetRuntimeArgs(Program &p, KernelHandle k, const CoreSpecVariant &cores, std::initializer_list<uint32_t> args) { SetRuntimeArgs(p, k, cores, std::vector<uint32_t>(args)); }
inline void SetRuntimeArgs(Program &p, KernelHandle k, const std::vector<CoreCoord> &cores, const std::vector<std::vector<uint32_t>> &args) {
  for (size_t i = 0; i < cores.size(); i++) SetRuntimeArgs(p, k, cores[i], args.at(i));
}
void SetCommonRuntimeArgs(Program &p, KernelHandle k, const std::vector<uint32_t> &args);
inline void SetCommonRuntimeArgs(Program &p, KernelHandle k, std::initializer_list<uint32_t> args) { SetCommonRuntimeArgs(p, k, std::vector<uint32_t>(args)); }
void RunProgram(Program &p);

// Words that tell a kernel's TensorAccessorArgs where pages lie.
class TensorAccessorArgs {
 public:
  TensorAccessorArgs(const Buffer &b);
  TensorAccessorArgs(const Buffer *b) : TensorAccessorArgs(*b) {}
  TensorAccessorArgs(const std::shared_ptr<Buffer> &b) : TensorAccessorArgs(*b) {}
  template <class B> requires requires(const B &b) { b.get_backing_buffer(); } TensorAccessorArgs(const B &b) : TensorAccessorArgs(*b.get_backing_buffer()) {}
  template <class B> requires requires(const B &b) { b->get_backing_buffer(); } TensorAccessorArgs(const B &b) : TensorAccessorArgs(*b->get_backing_buffer()) {}
  void append_to(std::vector<uint32_t> &compile_args) const { compile_args.insert(compile_args.end(), words.begin(), words.end()); }
  void append_to(std::vector<uint32_t> &compile_args, std::vector<uint32_t> &) const { append_to(compile_args); }
  std::vector<uint32_t> get_compile_time_args() const { return words; }
  std::vector<uint32_t> get_common_runtime_args() const { return {}; }

 private:
  std::vector<uint32_t> words;
};

IDevice *CreateDevice(int id, uint8_t = 1, size_t = 0, size_t = 0);
bool CloseDevice(IDevice *d);
template <class T> void EnqueueWriteBuffer(CommandQueue &, const std::shared_ptr<Buffer> &b, const std::vector<T> &v, bool) { b->write(v.data(), v.size() * sizeof(T)); }
template <class T> void EnqueueWriteBuffer(CommandQueue &, Buffer &b, const std::vector<T> &v, bool) { b.write(v.data(), v.size() * sizeof(T)); }
template <class T> void EnqueueReadBuffer(CommandQueue &, const std::shared_ptr<Buffer> &b, std::vector<T> &v, bool) { v.resize(b->size() / sizeof(T)); b->read(v.data(), v.size() * sizeof(T)); }
template <class T> void EnqueueReadBuffer(CommandQueue &, Buffer &b, std::vector<T> &v, bool) { v.resize(b.size() / sizeof(T)); b.read(v.data(), v.size() * sizeof(T)); }
template <class T> void EnqueueWriteBuffer(CommandQueue &, const std::shared_ptr<Buffer> &b, const T *data, bool) { b->write(data, b->size()); }
template <class T> void EnqueueReadBuffer(CommandQueue &, const std::shared_ptr<Buffer> &b, T *data, bool) { b->read(data, b->size()); }
inline void EnqueueProgram(CommandQueue &, Program &p, bool) { RunProgram(p); }
inline void Finish(CommandQueue &) {}
namespace detail {
inline void LaunchProgram(IDevice *, Program &p, bool = true, bool = false) { RunProgram(p); }
inline uint32_t TileSize(DataFormat f) { return tt::tile_size(f); }
template <class T> void WriteToBuffer(Buffer &b, const std::vector<T> &v) { b.write(v.data(), v.size() * sizeof(T)); }
template <class T> void ReadFromBuffer(Buffer &b, std::vector<T> &v) { v.resize(b.size() / sizeof(T)); b.read(v.data(), v.size() * sizeof(T)); }
}  // namespace detail

}  // namespace tt::tt_metal

#include "tt_emulator/mesh.h"
