// tt::tt_metal::distributed on one chip: a mesh of one device, its buffers and queue.
#pragma once
#include "tt_emulator/host.h"

namespace tt::tt_metal {
namespace distributed {
struct MeshShape {
  uint32_t rows = 1, columns = 1;
  MeshShape(uint32_t r = 1, uint32_t c = 1) : rows(r), columns(c) {}
  size_t mesh_size() const { return static_cast<size_t>(rows) * columns; }
};
struct MeshCoordinate {
  uint32_t r = 0, c = 0;
  MeshCoordinate(uint32_t a, uint32_t b = 0) : r(a), c(b) {}
};
struct MeshCoordinateRange {
  MeshShape shape;
  explicit MeshCoordinateRange(const MeshShape &s) : shape(s) {}
  MeshCoordinateRange(const MeshCoordinate &, const MeshCoordinate &) {}
};
class MeshCommandQueue : public CommandQueue {};
class MeshDevice : public IDevice, public std::enable_shared_from_this<MeshDevice> {
 public:
  static std::shared_ptr<MeshDevice> create_unit_mesh(int, size_t = 0, size_t = 0, size_t = 1);
  MeshCommandQueue &mesh_command_queue(int = 0) { return queue; }
  MeshShape shape() const { return {}; }
  size_t num_devices() const { return 1; }
  std::vector<IDevice *> get_devices() { return {this}; }

 private:
  MeshCommandQueue queue;
};
struct DeviceLocalBufferConfig {
  DeviceAddr page_size = 0;
  BufferType buffer_type = BufferType::DRAM;
  BufferShardingArgs sharding_args = {};
  std::optional<bool> bottom_up = {};
};
struct ReplicatedBufferConfig { DeviceAddr size = 0; };
class MeshBuffer {
 public:
  static std::shared_ptr<MeshBuffer> create(const ReplicatedBufferConfig &size, const DeviceLocalBufferConfig &local, MeshDevice *device, std::optional<DeviceAddr> = std::nullopt) {
    auto b = std::make_shared<MeshBuffer>();
    b->buffer = std::make_shared<Buffer>(size.size, local.page_size, local.buffer_type, local.sharding_args);
    b->on = device;
    return b;
  }
  uint32_t address() const { return buffer->address(); }
  DeviceAddr size() const { return buffer->size(); }
  DeviceAddr device_local_size() const { return buffer->size(); }
  uint32_t page_size() const { return static_cast<uint32_t>(buffer->page_size()); }
  uint32_t num_pages() const { return buffer->num_pages(); }
  MeshDevice *device() const { return on; }
  Buffer *get_backing_buffer() const { return buffer.get(); }
  Buffer *get_reference_buffer() const { return buffer.get(); }
  Buffer *get_device_buffer(const MeshCoordinate &) const { return buffer.get(); }

 private:
  std::shared_ptr<Buffer> buffer;
  MeshDevice *on = nullptr;
};
class MeshWorkload {
 public:
  void add_program(const MeshCoordinateRange &, Program &&p) { programs.push_back(std::move(p)); }
  std::vector<Program> programs;
};
inline MeshWorkload CreateMeshWorkload() { return {}; }
inline void AddProgramToMeshWorkload(MeshWorkload &w, Program &&p, const MeshCoordinateRange &r) { w.add_program(r, std::move(p)); }
inline void EnqueueMeshWorkload(MeshCommandQueue &, MeshWorkload &w, bool) { for (Program &p : w.programs) RunProgram(p); }
inline void Finish(MeshCommandQueue &) {}
using MeshBufferPtr = std::shared_ptr<MeshBuffer>;
template <class T> void EnqueueWriteMeshBuffer(MeshCommandQueue &, const MeshBufferPtr &b, const std::vector<T> &v, bool = false) {
  b->get_backing_buffer()->write(v.data(), v.size() * sizeof(T));
}
template <class T> void EnqueueReadMeshBuffer(MeshCommandQueue &, std::vector<T> &v, const MeshBufferPtr &b, bool = true) {
  v.resize(b->size() / sizeof(T));
  b->get_backing_buffer()->read(v.data(), v.size() * sizeof(T));
}
template <class T> void WriteShard(MeshCommandQueue &q, const MeshBufferPtr &b, const std::vector<T> &v, const MeshCoordinate &, bool = false) { EnqueueWriteMeshBuffer(q, b, v); }
template <class T> void ReadShard(MeshCommandQueue &q, std::vector<T> &v, const MeshBufferPtr &b, const MeshCoordinate &, bool = true) { EnqueueReadMeshBuffer(q, v, b); }
}  // namespace distributed
}  // namespace tt::tt_metal
