// What the network keeps in order, and what not: protocols under seeds on both chips, each run a process of its own.
#include <sys/wait.h>
#include <tt-metalium/distributed.hpp>
#include <tt-metalium/host_api.hpp>

using namespace tt::tt_metal;

// A sender writes a page and then tells; receivers check the page once told.  ARGS: 0 role, 1..4 rectangle, 5 destinations, 6 data.
#define BEGIN                                                                                                                  \
  "#include \"dataflow_api.h\"\n"                                                                                              \
  "#define ARG(i) get_arg_val<uint32_t>(i)\n"                                                                                  \
  "void kernel_main() {\n"                                                                                                     \
  "  auto *data = reinterpret_cast<volatile tt_l1_ptr uint32_t *>(ARG(6)), *flag = reinterpret_cast<volatile tt_l1_ptr uint32_t *>(get_semaphore(0));\n" \
  "  auto *ready = reinterpret_cast<volatile tt_l1_ptr uint32_t *>(get_semaphore(1));\n"                                       \
  "  uint64_t to = get_noc_multicast_addr(ARG(1), ARG(2), ARG(3), ARG(4), ARG(6)), tell = get_noc_multicast_addr(ARG(1), ARG(2), ARG(3), ARG(4), get_semaphore(0));\n" \
  "  (void)ready, (void)to, (void)tell;\n"                                                                                     \
  "  for (uint32_t turn = 1; turn <= 3; turn++) {\n"                                                                           \
  "    if (ARG(0) == 0) {\n"
#define RECEIVE                                                                                                                \
  "    } else {\n"                                                                                                             \
  "      noc_semaphore_inc(get_noc_addr(ARG(7), ARG(8), get_semaphore(1)), 1);\n"                                              \
  "      WAIT;\n"                                                                                                              \
  "      for (uint32_t i = 0; i < 512; i++) if (data[i] != turn * 1000 + i) { volatile uint32_t *wrong = nullptr; *wrong = i; }\n" \
  "      noc_async_atomic_barrier();\n"                                                                                        \
  "    }\n  }\n}\n"
#define FILL "      noc_semaphore_wait(ready, ARG(5)); noc_semaphore_set(ready, 0);\n      for (uint32_t i = 0; i < 512; i++) data[i] = turn * 1000 + i;\n"

struct Protocol { const char *name, *source; bool sound, unicast = false; };
static const Protocol PROTOCOLS[] = {
  {"multicast, then a multicast of the semaphore", BEGIN FILL
   "      noc_async_write_multicast(ARG(6), to, 2048, ARG(5));\n      noc_semaphore_set(flag, turn);\n      noc_semaphore_set_multicast(get_semaphore(0), tell, ARG(5));\n      noc_async_write_barrier();\n"
   "#define WAIT noc_semaphore_wait(flag, turn)\n" RECEIVE, true},
  {"linked multicasts", BEGIN FILL
   "      noc_async_write_multicast(ARG(6), to, 2048, ARG(5), true);\n      noc_semaphore_set(flag, turn);\n      noc_semaphore_set_multicast(get_semaphore(0), tell, ARG(5));\n      noc_async_writes_flushed();\n"
   "#define WAIT noc_semaphore_wait_min(flag, turn)\n" RECEIVE, true},
  {"a write, its barrier, an increment", BEGIN FILL
   "      noc_async_write(ARG(6), get_noc_addr(ARG(1), ARG(2), ARG(6)), 2048);\n      noc_async_write_barrier();\n      noc_semaphore_inc(get_noc_addr(ARG(1), ARG(2), get_semaphore(0)), 1);\n"
   "      noc_async_atomic_barrier();\n#define WAIT noc_semaphore_wait_min(flag, turn)\n" RECEIVE, true, true},
  {"a write and an increment without a barrier", BEGIN FILL
   "      noc_async_write(ARG(6), get_noc_addr(ARG(1), ARG(2), ARG(6)), 2048);\n      noc_semaphore_inc(get_noc_addr(ARG(1), ARG(2), get_semaphore(0)), 1);\n"
   "      noc_async_atomic_barrier();\n#define WAIT noc_semaphore_wait_min(flag, turn)\n" RECEIVE, false, true},
  {"a multicast on NoC 0, its semaphore on NoC 1", BEGIN FILL
   "      noc_async_write_multicast(ARG(6), to, 2048, ARG(5));\n      noc_semaphore_set(flag, turn);\n"
   "      noc_semaphore_set_multicast(get_semaphore(0), get_noc_multicast_addr(ARG(3), ARG(4), ARG(1), ARG(2), get_semaphore(0), 1), ARG(5), false, 1);\n      noc_async_write_barrier(); noc_async_write_barrier(1);\n"
   "#define WAIT noc_semaphore_wait(flag, turn)\n" RECEIVE, false},
  {"a source changed before the multicast left", BEGIN FILL
   "      noc_async_write_multicast(ARG(6), to, 2048, ARG(5));\n      data[0] = 0;\n      noc_semaphore_set(flag, turn);\n      noc_semaphore_set_multicast(get_semaphore(0), tell, ARG(5));\n      noc_async_write_barrier();\n"
   "#define WAIT noc_semaphore_wait(flag, turn)\n" RECEIVE, false},
};

static void run(const Protocol &p, const char *arch, int seed) {
  setenv("TT_EMULATOR_ARCH", arch, 1), setenv("TT_EMULATOR_GRID", "4x2", 1), setenv("TT_EMULATOR_SEED", std::to_string(seed).c_str(), 1);
  setenv("TT_EMULATOR_ALLOW", "semaphore-balance", 1);   // counters that only rise
  auto device = distributed::MeshDevice::create_unit_mesh(0);
  auto data = distributed::MeshBuffer::create(distributed::ReplicatedBufferConfig{.size = 8 * 2048}, distributed::DeviceLocalBufferConfig{.page_size = 2048, .buffer_type = BufferType::L1}, device.get());
  Program program = CreateProgram();
  CoreCoord end = p.unicast ? CoreCoord{1, 0} : CoreCoord{3, 1};
  CoreRange receivers({1, 0}, end);
  CoreRangeSet cores(std::vector<CoreRange>{CoreRange(CoreCoord{0, 0}), receivers});
  CreateSemaphore(program, cores, 0), CreateSemaphore(program, cores, 0);
  auto k = CreateKernelFromString(program, p.source, cores, DataMovementConfig{});
  CoreCoord first = device->worker_core_from_logical_core({1, 0}), last = device->worker_core_from_logical_core(end), sender = device->worker_core_from_logical_core({0, 0});
  for (CoreCoord c : corerange_to_cores(cores)) {
    std::vector<uint32_t> args{c.x > 0};
    for (size_t v : {first.x, first.y, last.x, last.y, receivers.size(), size_t{data->address()}, sender.x, sender.y}) args.push_back(static_cast<uint32_t>(v));
    SetRuntimeArgs(program, k, c, args);
  }
  distributed::MeshWorkload workload;
  workload.add_program(distributed::MeshCoordinateRange(device->shape()), std::move(program));
  distributed::EnqueueMeshWorkload(device->mesh_command_queue(), workload, true);
}

int main() {
  char cache[] = "/tmp/tt_emulator_order.XXXXXX";
  if (!mkdtemp(cache)) return 1;
  setenv("TT_EMULATOR_CACHE", cache, 1);
  int failed = 0;
  for (const Protocol &p : PROTOCOLS)
    for (const char *arch : {"wormhole", "blackhole"}) {
      if (!p.sound && *arch == 'b') continue;
      int broken = 0;
      for (int seed = 0; seed < (p.sound ? 20 : 6); seed++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
          if (!p.sound || seed) (void)!freopen("/dev/null", "w", stderr);
          run(p, arch, seed);
          _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        broken += status != 0;
      }
      bool good = p.sound ? broken == 0 : broken > 0;
      failed += !good;
      printf("%s%s on %s: %d of %d seeds report a fault\n", good ? "" : "FAILED ", p.name, arch, broken, p.sound ? 20 : 6);
    }
  if (system((std::string("rm -rf ") + cache).c_str())) return 1;
  return failed != 0;
}
