// The emulated chip: cores with L1, circular buffers and fibers, DRAM banks, transactions in flight.  One chip a process.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>
#include "tt_emulator/abi.h"
#include "tt_emulator/common.h"

namespace tte {

using tt::DataFormat;
constexpr uint32_t L1_STRIDE = 2u << 20, L1_LOW = 0x10000, SEMAPHORE_BASE = 0x18000, L1_UNRESERVED = 100352, ARGS_BASE = 0x17000;
constexpr uint32_t MAX_SEMAPHORES = 16, DRAM_BASE = 1024;

struct Arch {
  const char *name, *define;
  uint32_t grid_x, grid_y, l1_bytes, dram_banks, dram_align, max_ncrisc_text;
  uint64_t dram_bank_bytes;
};

struct Node { int core = -1, bank = -1; };   // what answers at a pair of coordinates

struct Cb {
  bool used = false, global = false, ever_reserved = false, ever_waited = false;
  uint32_t address = 0, page_bytes = 0, pages = 0;
  DataFormat format = DataFormat::Invalid;
  uint64_t received = 0, acked = 0;       // pages pushed, popped
  uint32_t reserved = 0, waited = 0;      // beyond received; from acked on
};

struct Fiber;
enum class TxnKind { Read, Write, Multicast, Atomic, Inline };
struct Txn {
  TxnKind kind;
  Fiber *issuer;
  int noc;
  uint32_t trid;
  uint64_t src = 0, dst = 0;      // NoC addresses, or local L1 addresses of the issuer
  uint32_t bytes = 0, value = 0;
  std::vector<uint8_t> data, fresh;   // what travels, and which bytes of it were ever written
  std::vector<int> cores;         // destinations of a multicast
  uint32_t arrivals = 0;
  bool departed = false, arrived = false, to_dram = false, semaphore = false, confirmed = false;
  void *pc = nullptr;
};

struct Event {
  uint64_t time, order;
  Txn *txn;
  int what;                       // -1 departs, else the destination's index that it reaches
  bool operator<(const Event &o) const { return time != o.time ? time > o.time : order > o.order; }
};

// A stretch of a core's L1 that a transaction still reads (source) or will write (destination).
struct InFlight { uint32_t from, to; bool write; Txn *txn; };

struct Core {
  int index, x, y, vx, vy;
  uint8_t *l1 = nullptr, *fresh = nullptr;
  Cb cbs[NUM_CIRCULAR_BUFFERS];
  std::vector<int> cb_list;
  std::vector<Fiber *> fibers;
  std::vector<InFlight> in_flight;
  uint32_t l1_top = L1_UNRESERVED;
  std::map<uint32_t, uint32_t> semaphores;   // id -> initial value
  uint32_t counted = 0;                      // semaphores last changed by an increment, not set since
};

struct Kernel {   // compiled
  std::string file, object;
  void *handle = nullptr;
  void (*main)() = nullptr;
  uint64_t text_bytes = 0;
};

enum class Wait { None, CbSpace, CbData, Semaphore, Barrier };
struct Dst;
struct Fiber {
  Core *core = nullptr;
  Kernel *kernel = nullptr;
  const char *role = "";          // reader (RISCV_1), writer (RISCV_0), compute
  int noc = 0;
  bool done = false, ready = true, spinning = false;
  std::vector<uint32_t> args, common_args;
  uint32_t relative_x = 0, relative_y = 0;
  uint64_t wr[NUM_CIRCULAR_BUFFERS] = {}, rd[NUM_CIRCULAR_BUFFERS] = {};   // pages this thread pushed, popped
  std::set<Txn *> outstanding;
  Wait wait = Wait::None;
  uint32_t wait_a = 0, wait_b = 0, wait_c = 0;   // what for: cb and pages; address, value, at least; kind, noc, trid
  void *pc = nullptr;
  uint32_t loads = 0, last_load = 0;   // since the last call; a loop on one word spins
  bool stored = false, linked[2] = {};
  uint32_t packed[NUM_CIRCULAR_BUFFERS] = {};   // tiles packed since the last push
  uint64_t calls = 0;
  std::unique_ptr<Dst> dst;
  void *stack = nullptr, *sp = nullptr;
  std::vector<uint8_t> globals;   // the kernel's own variables while another core runs
};

struct DramBuffer { uint64_t address, page_bytes, pages, banks; std::vector<bool> written = {}; };

struct Machine {
  const Arch *arch = nullptr;
  uint32_t grid_x = 0, grid_y = 0;
  std::vector<Core> cores;
  std::vector<uint8_t *> dram;
  Node nodes[64][64];
  int bank_x[16], bank_y[16];
  int l1_file = -1, window = -1;
  uint8_t *l1 = nullptr, *fresh = nullptr;
  std::map<uint64_t, DramBuffer> dram_buffers;    // by address
  std::map<uint64_t, DramBuffer> l1_buffers;
  uint64_t now = 0, order = 0, seed = 1, random = 1, delay = 64, progress = 0;
  std::priority_queue<Event> events;
  std::map<uint64_t, uint64_t> last;              // by issuer, NoC, channel and destination: the last arrival
  std::vector<Fiber *> ready;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::set<std::string> allowed;
};

Machine &machine();
inline void (*at_fault)() = nullptr;   // removes what the run leaves in the file system
extern Fiber *current;            // runs now; null on the host's side

uint64_t draw(uint64_t below);    // the seeded generator
[[noreturn]] void fault(const char *id, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool allowed(const char *id);     // TT_EMULATOR_ALLOW names faults that only warn (once each)
void report(const char *id, const char *format, ...) __attribute__((format(printf, 2, 3)));   // fault unless allowed

}  // namespace tte
