// Pages of a sharded L1 buffer, read through a TensorAccessor and written to an interleaved one: every page comes out where it went in.
#include <tt-metalium/distributed.hpp>
#include <tt-metalium/host_api.hpp>
#include <tt-metalium/tensor_accessor_args.hpp>

using namespace tt::tt_metal;

static const char COPY[] = R"(
#include "api/dataflow/dataflow_api.h"
void kernel_main() {
  constexpr auto in_args = TensorAccessorArgs<1>();
  constexpr auto out_args = TensorAccessorArgs<in_args.next_compile_time_args_offset()>();
  static_assert(in_args.is_sharded && !out_args.is_sharded);
  const auto in = TensorAccessor(in_args, get_common_arg_val<uint32_t>(0));
  const auto out = TensorAccessor(out_args, get_common_arg_val<uint32_t>(1));
  constexpr uint32_t cb = get_named_compile_time_arg_val("buffer");
  for (uint32_t i = get_relative_logical_x(); i < get_compile_time_arg_val(0); i += LANES) {
    cb_reserve_back(cb, 1);
    noc_async_read_page(i, in, get_write_ptr(cb));
    noc_async_read_barrier();
    cb_push_back(cb, 1);
    cb_wait_front(cb, 1);
    noc_async_write_page(i, out, get_read_ptr(cb));
    noc_async_write_barrier();
    cb_pop_front(cb, 1);
  }
})";

static bool copies(TensorMemoryLayout layout, ShardSpecBuffer shards, uint32_t rows, uint32_t columns) {
  constexpr uint32_t page = 256;
  auto device = distributed::MeshDevice::create_unit_mesh(0);
  auto &queue = device->mesh_command_queue();
  distributed::ReplicatedBufferConfig size{.size = rows * columns * page};
  auto in = distributed::MeshBuffer::create(size, {.page_size = page, .buffer_type = BufferType::L1, .sharding_args = BufferShardingArgs(shards, layout)}, device.get());
  auto out = distributed::MeshBuffer::create(size, {.page_size = page, .buffer_type = BufferType::DRAM}, device.get());
  std::vector<uint32_t> data(rows * columns * page / 4), result, words{rows * columns};
  for (size_t i = 0; i < data.size(); i++) data[i] = static_cast<uint32_t>(i * 2654435761u);
  distributed::EnqueueWriteMeshBuffer(queue, in, data);
  TensorAccessorArgs(*in).append_to(words), TensorAccessorArgs(*out).append_to(words);
  Program program = CreateProgram();
  CoreRange cores({1, 1}, {3, 1});
  CreateCircularBuffer(program, cores, CircularBufferConfig(2 * page, {{5, tt::DataFormat::UInt32}}).set_page_size(5, page));
  auto k = CreateKernelFromString(program, COPY, cores, DataMovementConfig{.compile_args = words, .defines = {{"LANES", "3"}}, .named_compile_args = {{"buffer", 5}}});
  SetCommonRuntimeArgs(program, k, {in->address(), out->address()});
  distributed::MeshWorkload workload;
  workload.add_program(distributed::MeshCoordinateRange(device->shape()), std::move(program));
  distributed::EnqueueMeshWorkload(queue, workload, true);
  distributed::EnqueueReadMeshBuffer(queue, result, out);
  bool good = result == data;
  printf("%s %s, %ux%u pages\n", good ? "ok" : "FAILED", to_string(layout), rows, columns);
  return good;
}

int main() {
  std::array<uint32_t, 2> page{8, 8};
  bool good = copies(TensorMemoryLayout::BLOCK_SHARDED, ShardSpecBuffer(CoreRange({0, 0}, {1, 1}), {16, 24}, ShardOrientation::ROW_MAJOR, page, {4, 6}), 4, 6);
  good &= copies(TensorMemoryLayout::HEIGHT_SHARDED, ShardSpecBuffer(CoreRange({2, 0}, {4, 0}), {24, 16}, ShardOrientation::ROW_MAJOR, page, {9, 2}), 9, 2);
  good &= copies(TensorMemoryLayout::WIDTH_SHARDED, ShardSpecBuffer(CoreRange({0, 2}, {1, 3}), {16, 8}, ShardOrientation::COL_MAJOR, page, {2, 4}), 2, 4);
  return !good;
}
