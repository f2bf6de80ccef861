// Programs on the host's side: what was created, and where circular buffers lie.
#pragma once
#include "build.h"
#include "sfpu.h"
#include "tt_emulator/host.h"

namespace tt::tt_metal {

struct KernelEntry {
  std::string file, source;
  std::vector<CoreCoord> cores;
  std::variant<DataMovementConfig, ComputeConfig> config;
  std::map<CoreCoord, std::vector<uint32_t>> args;
  std::vector<uint32_t> common;
  tte::Kernel *built = nullptr;
};
struct CbEntry { std::vector<CoreCoord> cores; CircularBufferConfig config; uint32_t address; };
struct SemaphoreEntry { std::vector<CoreCoord> cores; uint32_t id, initial; };
struct ProgramState {
  std::vector<KernelEntry> kernels;
  std::vector<CbEntry> cbs;
  std::vector<SemaphoreEntry> semaphores;
  std::map<CoreCoord, uint32_t> top;        // where the next circular buffer of a core goes
  std::map<CoreCoord, uint32_t> cb_mask;
};

Program::Program() : state(std::make_shared<ProgramState>()) {}

inline tte::Core &core_at(const CoreCoord &c) {
  tte::Machine &m = tte::machine();
  if (c.x >= m.grid_x || c.y >= m.grid_y) tte::fault("core", "logical core (%zu,%zu) is not on the grid of %ux%u", c.x, c.y, m.grid_x, m.grid_y);
  return m.cores[c.y * m.grid_x + c.x];
}

// As written, or under TT_METAL_HOME and its programming examples.
inline std::string find_kernel(const std::string &file) {
  std::string home = getenv("TT_METAL_HOME") ? getenv("TT_METAL_HOME") : "";
  std::vector<std::string> places{file};
  if (!home.empty()) places.push_back(home + "/" + file), places.push_back(home + "/tt_metal/programming_examples/" + file);
  for (const std::string &p : places) if (tte::exists(p)) return p;
  tte::fault("compile", "kernel %s: no such file (nor under TT_METAL_HOME)", file.c_str());
}
static KernelHandle add_kernel(Program &p, KernelEntry e) {
  for (CoreCoord c : e.cores) core_at(c);
  p.state->kernels.push_back(std::move(e));
  return static_cast<KernelHandle>(p.state->kernels.size() - 1);
}
KernelHandle CreateKernel(Program &p, const std::string &file, const CoreSpecVariant &cores, const std::variant<DataMovementConfig, ComputeConfig> &config) {
  return add_kernel(p, {find_kernel(file), "", cores_of(cores), config, {}, {}});
}
KernelHandle CreateKernelFromString(Program &p, const std::string &source, const CoreSpecVariant &cores, const std::variant<DataMovementConfig, ComputeConfig> &config) {
  char name[64];
  snprintf(name, sizeof name, "/string_%016llx.cpp", static_cast<unsigned long long>(tte::hash_of(source)));
  std::string file = tte::object_directory() + name;
  std::ofstream(file) << source;
  return add_kernel(p, {file, "", cores_of(cores), config, {}, {}});
}
void SetRuntimeArgs(Program &p, KernelHandle k, const CoreSpecVariant &cores, const std::vector<uint32_t> &args) {
  if (args.size() > 341) tte::fault("argument", "%zu runtime arguments: at most 341", args.size());
  for (CoreCoord c : cores_of(cores)) p.state->kernels.at(k).args[c] = args;
}
void SetCommonRuntimeArgs(Program &p, KernelHandle k, const std::vector<uint32_t> &args) { p.state->kernels.at(k).common = args; }

uint32_t CreateSemaphore(Program &p, const std::variant<CoreRange, CoreRangeSet> &cores, uint32_t initial) {
  std::vector<CoreCoord> on;
  if (auto *r = std::get_if<CoreRange>(&cores)) on = cores_of(*r);
  else on = cores_of(std::get<CoreRangeSet>(cores));
  uint32_t id = 0;
  auto taken = [&](const SemaphoreEntry &s) {
    return s.id == id && std::any_of(s.cores.begin(), s.cores.end(), [&](CoreCoord c) { return std::find(on.begin(), on.end(), c) != on.end(); });
  };
  while (std::any_of(p.state->semaphores.begin(), p.state->semaphores.end(), taken)) id++;
  if (id >= tte::MAX_SEMAPHORES) tte::fault("semaphore-limit", "more than %u semaphores on a core", tte::MAX_SEMAPHORES);
  p.state->semaphores.push_back({on, id, initial});
  return id;
}

// Buffers on a core follow one another from where L1 is free; one on several cores has one address on all of them.
CBHandle CreateCircularBuffer(Program &p, const CoreSpecVariant &cores, const CircularBufferConfig &config) {
  CbEntry e{cores_of(cores), config, 0};
  uint32_t at = tte::L1_UNRESERVED;
  for (auto &[index, format] : config.format) {
    if (index >= NUM_CIRCULAR_BUFFERS) tte::fault("cb-limit", "circular buffer %u: a core has %u", index, NUM_CIRCULAR_BUFFERS);
    auto page = config.page.find(index);
    if (page == config.page.end() || !page->second) tte::fault("cb-config", "circular buffer %u has no page size", index);
    if (config.size % page->second) tte::fault("cb-config", "circular buffer %u: its size %u is not a multiple of its page size %u", index, config.size, page->second);
    for (CoreCoord c : e.cores) {
      core_at(c);
      if (p.state->cb_mask[c] >> index & 1) tte::fault("cb-config", "circular buffer %u is configured twice on core (%zu,%zu)", index, c.x, c.y);
      p.state->cb_mask[c] |= 1u << index;
    }
  }
  for (CoreCoord c : e.cores) {
    auto [t, fresh] = p.state->top.try_emplace(c, tte::L1_UNRESERVED);
    at = std::max(at, t->second);
  }
  e.address = config.global ? *config.global : at;
  if (!config.global) {
    uint32_t end = (at + config.size + 15) / 16 * 16, limit = tte::machine().arch->l1_bytes;
    if (!tte::machine().l1_buffers.empty()) limit = static_cast<uint32_t>(tte::machine().l1_buffers.begin()->first);
    if (end > limit)
      tte::fault("l1-overflow", "circular buffers grow to %u bytes on core (%zu,%zu); L1 has %u (%u of them free for buffers)", end, e.cores[0].x, e.cores[0].y, limit,
                 limit - tte::L1_UNRESERVED);
    for (CoreCoord c : e.cores) p.state->top[c] = end;
  }
  p.state->cbs.push_back(e);
  return p.state->cbs.size();
}

}  // namespace tt::tt_metal
