// Devices and buffers: DRAM from the bottom of every bank, L1 from the top of every core.
#pragma once
#include "run.h"

namespace tt::tt_metal {

using tte::machine;

ARCH IDevice::arch() const { return strcmp(machine().arch->name, "wormhole") == 0 ? ARCH::WORMHOLE_B0 : ARCH::BLACKHOLE; }
CoreCoord IDevice::compute_with_storage_grid_size() const { return {machine().grid_x, machine().grid_y}; }
CoreCoord IDevice::worker_core_from_logical_core(const CoreCoord &c) const {
  tte::Core &core = core_at(c);
  return {static_cast<size_t>(core.vx), static_cast<size_t>(core.vy)};
}
int IDevice::num_dram_channels() const { return static_cast<int>(machine().arch->dram_banks); }
uint32_t IDevice::l1_size_per_core() const { return machine().arch->l1_bytes; }
uint32_t IDevice::Allocator::get_alignment(BufferType type) const { return type == BufferType::DRAM ? machine().arch->dram_align : 16; }
uint32_t IDevice::Allocator::get_base_allocator_addr(int) const { return tte::L1_UNRESERVED; }
bool IDevice::close() { return true; }
IDevice *CreateDevice(int, uint8_t, size_t, size_t) { static IDevice d; machine(); return &d; }
bool CloseDevice(IDevice *) { return true; }
namespace distributed {
std::shared_ptr<MeshDevice> MeshDevice::create_unit_mesh(int, size_t, size_t, size_t) { machine(); return std::make_shared<MeshDevice>(); }
}

static uint32_t first_fit(const std::map<uint64_t, tte::DramBuffer> &used, uint64_t base, uint64_t bytes, uint64_t limit) {
  uint64_t at = base;
  for (auto &[from, b] : used) {
    if (at + bytes <= from) break;
    at = std::max(at, from + (b.pages + b.banks - 1) / b.banks * b.page_bytes);
  }
  if (at + bytes > limit) tte::fault("dram-overflow", "a buffer of %llu bytes a bank does not fit", (unsigned long long)bytes);
  return static_cast<uint32_t>(at);
}
DeviceAddr Buffer::aligned_page_size() const { uint32_t a = is_dram() ? machine().arch->dram_align : 16; return (page + a - 1) / a * a; }
Buffer::Buffer(DeviceAddr size, DeviceAddr page_size, BufferType type, const BufferShardingArgs &sharding) : bytes(size), page(page_size), kind(type), shards(sharding) {
  tte::Machine &m = machine();
  if (!page || size % page) tte::fault("buffer", "a buffer of %llu bytes in pages of %llu", (unsigned long long)size, (unsigned long long)page);
  uint64_t banks = is_dram() ? m.arch->dram_banks : m.cores.size();
  if (shards.spec) banks = shards.spec->grid.num_cores();
  tte::DramBuffer b{0, aligned_page_size(), size / page, banks, std::vector<bool>(size / page)};
  uint64_t bank_bytes = (b.pages + banks - 1) / banks * b.page_bytes;
  if (is_dram()) {
    at = first_fit(m.dram_buffers, tte::DRAM_BASE, bank_bytes, std::min<uint64_t>(m.arch->dram_bank_bytes, 0xffffffffu));
    b.address = at, m.dram_buffers[at] = b;
    return;
  }
  uint64_t top = m.arch->l1_bytes;
  if (!m.l1_buffers.empty()) top = m.l1_buffers.begin()->first;
  if (top < tte::L1_UNRESERVED + bank_bytes) tte::fault("l1-overflow", "a buffer of %llu bytes a core does not fit in L1", (unsigned long long)bank_bytes);
  at = static_cast<uint32_t>((top - bank_bytes) / 64 * 64);
  b.address = at, m.l1_buffers[at] = b;
  for (tte::Core &c : m.cores) memset(c.fresh + at, 0, bank_bytes);
}
Buffer::~Buffer() {
  if (is_dram()) machine().dram_buffers.erase(at);
  else machine().l1_buffers.erase(at);
}
// Shards are blocks of pages of a 2-D tensor, dealt to the cores of the grid row by row.
uint8_t *Buffer::page_at(uint32_t i, bool written) const {
  tte::Machine &m = machine();
  uint32_t aligned = static_cast<uint32_t>(aligned_page_size());
  if (is_dram()) return m.dram[i % m.arch->dram_banks] + at + static_cast<uint64_t>(i / m.arch->dram_banks) * aligned;
  uint32_t core = i % static_cast<uint32_t>(m.cores.size()), slot = i / static_cast<uint32_t>(m.cores.size());
  if (shards.spec) {
    const ShardSpecBuffer &s = *shards.spec;
    uint32_t tx = s.tensor2d_shape_in_pages[1], sh = s.shape[0] / s.page_shape[0], sw = s.shape[1] / s.page_shape[1], y = i / tx, x = i % tx;
    uint32_t shard = y / sh * ((tx + sw - 1) / sw) + x / sw;
    auto cores = corerange_to_cores(s.grid, 0, s.orientation == ShardOrientation::ROW_MAJOR);
    if (shard >= cores.size()) tte::fault("buffer", "shard %u of %zu cores", shard, cores.size());
    core = static_cast<uint32_t>(core_at(cores[shard]).index), slot = y % sh * sw + x % sw;
  }
  tte::Core &c = m.cores[core];
  if (written) memset(c.fresh + at + slot * aligned, 1, page);
  return c.l1 + at + slot * aligned;
}
void Buffer::write(const void *data, size_t n) {
  auto *from = static_cast<const uint8_t *>(data);
  for (uint32_t i = 0; i < num_pages() && i * page < n; i++) {
    memcpy(page_at(i, true), from + i * page, std::min<size_t>(page, n - i * page));
    if (is_dram()) machine().dram_buffers.at(at).written[i] = true;
  }
}
void Buffer::read(void *data, size_t n) const {
  auto *to = static_cast<uint8_t *>(data);
  for (uint32_t i = 0; i < num_pages() && i * page < n; i++) {
    if (is_dram() && !machine().dram_buffers.at(at).written[i])
      tte::report("uncovered", "the host reads page %u of %u of the buffer at 0x%x, which nobody wrote", i, num_pages(), at);
    memcpy(to + i * page, page_at(i, false), std::min<size_t>(page, n - i * page));
  }
}
std::shared_ptr<Buffer> CreateBuffer(const InterleavedBufferConfig &c) { return std::make_shared<Buffer>(c.size, c.page_size, c.buffer_type); }

TensorAccessorArgs::TensorAccessorArgs(const Buffer &b) {
  const auto &s = b.sharding().spec;
  words.push_back((s ? 1u : 0u) | (b.is_dram() ? 2u : 0u));
  words.push_back(static_cast<uint32_t>(b.aligned_page_size()));
  if (!s) return;
  auto cores = corerange_to_cores(s->grid, 0, s->orientation == ShardOrientation::ROW_MAJOR);
  words.push_back(2), words.push_back(static_cast<uint32_t>(cores.size()));
  for (uint32_t d : s->tensor2d_shape_in_pages) words.push_back(d);
  for (size_t i = 0; i < 2; i++) words.push_back(s->shape[i] / s->page_shape[i]);
  std::vector<uint32_t> coords;
  for (CoreCoord c : cores) coords.push_back(static_cast<uint32_t>(core_at(c).vx << 8 | core_at(c).vy));
  if (coords.size() % 2) coords.push_back(0);
  for (size_t i = 0; i < coords.size(); i += 2) words.push_back(coords[i] << 16 | coords[i + 1]);
}

}  // namespace tt::tt_metal
