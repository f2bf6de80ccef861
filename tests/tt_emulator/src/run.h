// A program on the chip: build its kernels, set its cores up, run, check what is left.
#pragma once
#include "program.h"

namespace tte {

// The writable data of a kernel's object, apart from what the loader made read-only: every core has its own.
struct Globals { uint8_t *from = nullptr; size_t bytes = 0; std::vector<uint8_t> initial; Fiber *owner = nullptr; };
inline std::map<const Kernel *, Globals> kernel_globals;
inline void find_globals(const Kernel *k) {
  struct link_map *map;
  if (dlinfo(k->handle, RTLD_DI_LINKMAP, &map)) return;
  struct Search { uintptr_t base; uint8_t *from = nullptr, *to = nullptr; uintptr_t relro_end = 0; } s{map->l_addr};
  dl_iterate_phdr([](dl_phdr_info *i, size_t, void *data) {
    auto *search = static_cast<Search *>(data);
    if (i->dlpi_addr != search->base) return 0;
    for (int n = 0; n < i->dlpi_phnum; n++) {
      const auto &h = i->dlpi_phdr[n];
      if (h.p_type == PT_LOAD && (h.p_flags & PF_W)) search->from = reinterpret_cast<uint8_t *>(search->base + h.p_vaddr), search->to = search->from + h.p_memsz;
      if (h.p_type == PT_GNU_RELRO) search->relro_end = (search->base + h.p_vaddr + h.p_memsz) & ~4095ul;
    }
    return 1;
  }, &s);
  if (!s.from) return;
  auto *from = std::max(s.from, reinterpret_cast<uint8_t *>(s.relro_end));
  Globals &g = kernel_globals[k];
  g.from = from, g.bytes = from < s.to ? static_cast<size_t>(s.to - from) : 0;
  g.initial.assign(g.from, g.from + g.bytes);
}
void fiber_switches_in(Fiber *f) {
  Globals &g = kernel_globals[f->kernel];
  if (g.owner == f || !g.bytes) return;
  if (g.owner) g.owner->globals.assign(g.from, g.from + g.bytes);
  const std::vector<uint8_t> &mine = f->globals.empty() ? g.initial : f->globals;
  memcpy(g.from, mine.data(), g.bytes);
  g.owner = f;
}

void fiber_ends(Fiber *f) {
  f->pc = nullptr;
  if (f->stored) f->stored = false, wake(f->core);
  for (const Txn *t : f->outstanding) {
    if (t->kind == TxnKind::Read) report("missing-read-barrier", "the kernel ends with a read in flight, issued at %s: noc_async_read_barrier is missing", place(f, t->pc).c_str());
    if (t->to_dram) report("missing-write-barrier", "the kernel ends with a write to DRAM in flight, issued at %s: noc_async_write_barrier is missing", place(f, t->pc).c_str());
  }
  if (f->linked[0] || f->linked[1]) report("linked", "the kernel ends with a linked multicast open");
  if (f->dst && (f->dst->acquired || f->dst->committed || f->dst->waited)) report("dst-order", "the kernel ends with DST registers not released");
}

}  // namespace tte

namespace tt::tt_metal {

inline bool is_compute(const KernelEntry &e) { return std::holds_alternative<ComputeConfig>(e.config); }
inline std::string joined(const std::vector<uint32_t> &v) {
  std::string s;
  for (uint32_t x : v) s += (s.empty() ? "" : ",") + std::to_string(x);
  return s;
}
inline std::vector<std::string> defines_of(const ProgramState &p, const KernelEntry &e) {
  std::vector<std::string> out{std::string(tte::machine().arch->define) + "=1"};
  auto add = [&](const std::vector<uint32_t> &args, const Defines &defines, const NamedArgs &named) {
    out.push_back("KERNEL_COMPILE_TIME_ARGS=" + joined(args));
    for (auto &[name, value] : defines) out.push_back(name + "=" + value);
    std::map<std::string, uint32_t> sorted(named.begin(), named.end());
    std::string map;
    for (auto &[name, value] : sorted) map += (map.empty() ? "" : ",") + ("{\"" + name + "\"," + std::to_string(value) + "u}");
    if (!map.empty()) out.push_back("KERNEL_COMPILE_TIME_ARG_MAP=" + map);
  };
  if (auto *c = std::get_if<ComputeConfig>(&e.config)) {
    add(c->compile_args, c->defines, c->named_compile_args);
    out.push_back("TTE_FP32_DEST=" + std::to_string(c->fp32_dest_acc_en));
    out.push_back("TTE_APPROX=" + std::to_string(c->math_approx_mode));
    out.push_back("COMPILE_FOR_TRISC=1");
  } else {
    auto &d = std::get<DataMovementConfig>(e.config);
    add(d.compile_args, d.defines, d.named_compile_args);
    out.push_back("NOC_INDEX=" + std::to_string(static_cast<int>(d.noc)));
    out.push_back(d.processor == DataMovementProcessor::RISCV_0 ? "COMPILE_FOR_BRISC=1" : "COMPILE_FOR_NCRISC=1");
  }
  std::vector<uint32_t> formats(NUM_CIRCULAR_BUFFERS, static_cast<uint32_t>(DataFormat::Invalid));
  for (auto &cb : p.cbs)
    if (std::any_of(cb.cores.begin(), cb.cores.end(), [&](CoreCoord c) { return std::find(e.cores.begin(), e.cores.end(), c) != e.cores.end(); }))
      for (auto &[index, format] : cb.config.format) formats[index] = static_cast<uint32_t>(format);
  out.push_back("TTE_CB_FORMATS=" + joined(formats));
  return out;
}

inline std::map<std::string, tte::Kernel *> built_kernels;   // by command and text
inline uint64_t headers_hash() {
  static uint64_t h = 0;
  if (!h) for (const char *name : {"abi", "accessor", "common", "compute", "dataflow", "dprint", "kernel", "objects", "reduce"})
    h = tte::hash_of(tte::text_of(tte::include_directory() + "/tt_emulator/" + name + ".h"), h + 1);
  return h;
}
inline void build_kernels(ProgramState &p) {
  std::vector<tte::Build> builds;
  std::vector<std::pair<KernelEntry *, std::string>> wanted;
  for (KernelEntry &e : p.kernels) {
    if (e.built) continue;
    tte::Build b;
    b.file = e.file;
    b.command = tte::build_command(b, is_compute(e), defines_of(p, e));
    char name[64];
    snprintf(name, sizeof name, "/kernel_%016llx.so", static_cast<unsigned long long>(tte::hash_of(b.command + tte::text_of(e.file), headers_hash())));
    b.object = tte::object_directory() + name;
    wanted.emplace_back(&e, b.object);
    bool known = built_kernels.count(b.object) || std::any_of(builds.begin(), builds.end(), [&](const tte::Build &o) { return o.object == b.object; });
    if (!known) builds.push_back(b);
  }
  size_t started = 0, at_once = static_cast<size_t>(std::max(1L, std::min(4L, sysconf(_SC_NPROCESSORS_ONLN))));
  for (size_t done = 0; done < builds.size(); done++) {
    for (; started < builds.size() && started < done + at_once; started++)
      if (!tte::exists(builds[started].object)) tte::start_build(builds[started]);
    if (builds[done].pid) tte::finish_build(builds[done]);
    tte::Kernel *k = tte::load_kernel(builds[done]);
    built_kernels[builds[done].object] = k;
    tte::find_globals(k);
  }
  for (auto &[e, object] : wanted) e->built = built_kernels[object];
}

// A host byte of code counts for two of the device's, where calls of the API become code: an estimate.
inline void check_text(const ProgramState &p) {
  const tte::Arch *arch = tte::machine().arch;
  std::map<CoreCoord, uint64_t> total;
  for (const KernelEntry &e : p.kernels) {
    uint64_t bytes = 2 * e.built->text_bytes;
    auto *d = std::get_if<DataMovementConfig>(&e.config);
    if (d && d->processor == DataMovementProcessor::RISCV_1 && arch->max_ncrisc_text && bytes > arch->max_ncrisc_text)
      tte::report("kernel-text", "kernel %s: about %llu bytes of code; RISCV_1 of %s runs from %u", e.file.c_str(), (unsigned long long)bytes, arch->name, arch->max_ncrisc_text);
    for (CoreCoord c : e.cores) total[c] += bytes;
  }
  for (auto &[c, bytes] : total)
    if (bytes > 69 << 10) tte::report("kernel-text", "kernels of core (%zu,%zu): about %llu bytes of code; a core's kernels have %u", c.x, c.y, (unsigned long long)bytes, 69 << 10);
}

inline void set_up_cores(const ProgramState &p, tte::Machine &m) {
  for (tte::Core &c : m.cores) {
    for (tte::Cb &cb : c.cbs) cb = {};
    c.cb_list.clear(), c.fibers.clear(), c.in_flight.clear(), c.semaphores.clear(), c.counted = 0;
  }
  for (const CbEntry &e : p.cbs)
    for (CoreCoord at : e.cores) {
      tte::Core &c = core_at(at);
      if (!e.config.global) memset(c.fresh + e.address, 0, e.config.size);
      for (auto &[index, format] : e.config.format) {
        tte::Cb &cb = c.cbs[index];
        cb.used = true, cb.global = e.config.global.has_value(), cb.address = e.address, cb.format = format;
        cb.page_bytes = e.config.page.at(index), cb.pages = e.config.size / cb.page_bytes;
        c.cb_list.push_back(index);
      }
    }
  for (const SemaphoreEntry &s : p.semaphores)
    for (CoreCoord at : s.cores) {
      tte::Core &c = core_at(at);
      c.semaphores[s.id] = s.initial;
      tte::l1_store(&c, tte::SEMAPHORE_BASE + 16 * s.id, &s.initial, 4);
    }
}
inline void make_fibers(const ProgramState &p, tte::Machine &m) {
  m.fibers.clear();
  for (const KernelEntry &e : p.kernels) {
    size_t min_x = ~size_t{0}, min_y = ~size_t{0};
    for (CoreCoord at : e.cores) min_x = std::min(min_x, at.x), min_y = std::min(min_y, at.y);
    for (CoreCoord at : e.cores) {
      auto f = std::make_unique<tte::Fiber>();
      f->core = &core_at(at), f->kernel = e.built;
      f->relative_x = static_cast<uint32_t>(at.x - min_x), f->relative_y = static_cast<uint32_t>(at.y - min_y);
      auto args = e.args.find(at);
      if (args != e.args.end()) f->args = args->second;
      f->common_args = e.common;
      if (auto *c = std::get_if<ComputeConfig>(&e.config)) {
        f->role = "compute";
        f->dst = std::make_unique<tte::Dst>();
        f->dst->fp32 = c->fp32_dest_acc_en, f->dst->full_sync = c->dst_full_sync_en, f->dst->fidelity = static_cast<int>(c->math_fidelity);
        for (size_t i = 0; i < c->unpack_to_dest_mode.size() && i < NUM_CIRCULAR_BUFFERS; i++)
          f->dst->unpack_fp32[i] = c->unpack_to_dest_mode[i] == UnpackToDestMode::UnpackToDestFp32;
      } else {
        auto &d = std::get<DataMovementConfig>(e.config);
        f->role = d.processor == DataMovementProcessor::RISCV_0 ? "RISCV_0" : "RISCV_1";
        f->noc = d.noc;
      }
      for (const tte::Fiber *o : f->core->fibers)
        if (strcmp(o->role, f->role) == 0) tte::fault("role", "two kernels for %s of core (%d,%d): %s and %s", f->role, f->core->x, f->core->y, o->kernel->file.c_str(), f->kernel->file.c_str());
      f->core->fibers.push_back(f.get());
      tte::fiber_start(f.get());
      m.fibers.push_back(std::move(f));
    }
  }
}
inline void check_left(const ProgramState &p, tte::Machine &m) {
  for (tte::Core &c : m.cores) {
    for (int i : c.cb_list) {
      const tte::Cb &cb = c.cbs[i];
      if (cb.received != cb.acked && !cb.global)
        tte::report("cb-balance", "at the kernels' end circular buffer %d of core (%d,%d) holds %lld pages: pushed %llu, popped %llu", i, c.x, c.y,
                    (long long)(cb.received - cb.acked), (unsigned long long)cb.received, (unsigned long long)cb.acked);
    }
    for (auto &[id, initial] : c.semaphores) {
      uint32_t now;
      memcpy(&now, c.l1 + tte::SEMAPHORE_BASE + 16 * id, 4);
      if (now != initial && (c.counted >> id & 1))
        tte::report("semaphore-balance", "at the kernels' end semaphore %u of core (%d,%d) holds %u, it began with %u: increments nobody took", id, c.x, c.y, now, initial);
    }
  }
  (void)p;
}

void RunProgram(Program &program) {
  ProgramState &p = *program.state;
  tte::Machine &m = tte::machine();
  build_kernels(p);
  check_text(p);
  for (auto &k : p.kernels) {
    static const tte_table table = {
#define TTE_ENTRY(result, name, arguments) tte::k_##name,
      TTE_ABI(TTE_ENTRY)
#undef TTE_ENTRY
    };
    auto attach = reinterpret_cast<void (*)(const tte_table *)>(dlsym(k.built->handle, "tte_attach"));
    attach(&table);
    tte::Globals &g = tte::kernel_globals[k.built];
    if (g.bytes) {
      if (g.owner) memcpy(g.from, g.initial.data(), g.bytes), attach(&table);
      g.initial.assign(g.from, g.from + g.bytes), g.owner = nullptr;
    }
  }
  set_up_cores(p, m);
  m.last.clear();
  make_fibers(p, m);
  tte::run_fibers();
  check_left(p, m);
  for (auto &f : m.fibers) tte::fiber_free(f.get());
  for (auto &k : tte::kernel_globals) k.second.owner = nullptr;
  for (tte::Core &c : m.cores) c.fibers.clear(), c.in_flight.clear();
  m.fibers.clear();
}

}  // namespace tt::tt_metal
