// The scheduler: fibers in an order drawn from the seed, transactions at drawn times, blocked fibers woken when their core changes, deadlocks told.
#pragma once
#include <algorithm>
#include <csignal>
#include "l1.h"

namespace tte {

void event_happens(const Event &e);   // noc.h
void fiber_ends(Fiber *f);            // run.h

inline bool barrier_passed(const Fiber *f, uint32_t kind, uint32_t noc, uint32_t trid) {
  for (const Txn *t : f->outstanding) {
    if (t->noc != static_cast<int>(noc) || (trid != TTE_NO_TRID && t->trid != trid)) continue;
    bool read = t->kind == TxnKind::Read, atomic = t->kind == TxnKind::Atomic, write = !read && !atomic;
    bool waits = kind == TTE_BARRIER_FULL || (kind == TTE_BARRIER_READ && read) || (kind == TTE_BARRIER_ATOMIC && atomic) || (kind == TTE_BARRIER_WRITE && write);
    if (waits && !t->arrived) return false;
    if (kind == TTE_BARRIER_FLUSH && write && !t->departed) return false;
  }
  return true;
}
inline bool satisfied(const Fiber *f) {
  const Core *c = f->core;
  uint32_t value;
  switch (f->wait) {
    case Wait::CbSpace: return c->cbs[f->wait_a].received + f->wait_b <= c->cbs[f->wait_a].acked + c->cbs[f->wait_a].pages;
    case Wait::CbData: return c->cbs[f->wait_a].received - c->cbs[f->wait_a].acked >= f->wait_b;
    case Wait::Semaphore:
      memcpy(&value, c->l1 + f->wait_a, 4);
      return f->wait_c ? value >= f->wait_b : value == f->wait_b;
    case Wait::Barrier: return barrier_passed(f, f->wait_a, f->wait_b, f->wait_c);
    default: return true;
  }
}
inline void wake(Core *c) {
  machine().progress++;
  for (Fiber *f : c->fibers)
    if (!f->ready && !f->done && satisfied(f)) f->ready = true, machine().ready.push_back(f);
}
inline void pause(bool ready) {
  current->ready = ready;
  if (ready) machine().ready.push_back(current);
  fiber_leave(current);
}
// Every call of the API: time goes on, and now and then another thread runs.
inline void enter(void *pc) {
  current->pc = pc, current->loads = 0, current->calls++;
  machine().now++, machine().progress++;
  if (current->stored) current->stored = false, wake(current->core);
  if (draw(8) == 0) pause(true);
}
inline void block(Wait wait, uint32_t a, uint32_t b, uint32_t c) {
  current->wait = wait, current->wait_a = a, current->wait_b = b, current->wait_c = c;
  while (!satisfied(current)) pause(false);
  current->wait = Wait::None;
}

inline void say_wait(const Fiber *f) {
  const Core *c = f->core;
  fprintf(stderr, "  core (%d,%d) %s at %s: ", c->x, c->y, f->role, place(f, f->pc).c_str());
  uint32_t value = 0;
  switch (f->wait) {
    case Wait::CbSpace: case Wait::CbData: {
      const Cb &b = c->cbs[f->wait_a];
      fprintf(stderr, "waits for %u %s pages of circular buffer %u (%u pages: pushed %llu, popped %llu)", f->wait_b, f->wait == Wait::CbSpace ? "free" : "full", f->wait_a,
              b.pages, (unsigned long long)b.received, (unsigned long long)b.acked);
      break;
    }
    case Wait::Semaphore:
      memcpy(&value, c->l1 + f->wait_a, 4);
      fprintf(stderr, "waits for %s%u at 0x%x", f->wait_c ? "at least " : "", f->wait_b, f->wait_a);
      if (f->wait_a >= SEMAPHORE_BASE && f->wait_a < SEMAPHORE_BASE + 16 * MAX_SEMAPHORES) fprintf(stderr, " (semaphore %u)", (f->wait_a - SEMAPHORE_BASE) / 16);
      fprintf(stderr, ", which holds %u", value);
      break;
    case Wait::Barrier: fprintf(stderr, "waits at a barrier of NoC %u", f->wait_b); break;
    default: fprintf(stderr, "%s", f->spinning ? "spins on a word of L1" : "runs");
  }
  fputc('\n', stderr);
}
[[noreturn]] inline void deadlock(const char *what) {
  Machine &m = machine();
  fflush(stdout);
  size_t waiting = 0;
  for (auto &f : m.fibers) waiting += !f->done;
  fprintf(stderr, "tt_emulator: error: [deadlock] %s: %zu of %zu threads wait, at step %llu\n", what, waiting, m.fibers.size(), (unsigned long long)m.now);
  size_t said = 0;
  for (auto &f : m.fibers) {
    if (f->done) continue;
    if (++said > 12) { fprintf(stderr, "  ... and %zu more\n", waiting - 12); break; }
    say_wait(f.get());
    const Core *c = f->core;
    if (f->wait != Wait::CbSpace && f->wait != Wait::CbData) continue;
    for (Fiber *o : c->fibers)
      if (o != f.get()) fprintf(stderr, "    there %s %s\n", o->role, o->done ? "has ended" : o->wait == Wait::None ? "runs" : "waits too");
  }
  fprintf(stderr, "  seed %llu\n", (unsigned long long)m.seed);
  leave();
}

inline void fiber_body() {
  current->kernel->main();
  fiber_ends(current);
  current->done = true, current->ready = false;
  fiber_leave(current);
  abort();
}

void fiber_switches_in(Fiber *f);   // run.h: the kernel's own variables

// A kernel that strays outside L1 and the host's own memory.
inline void crashed(int signal_number, siginfo_t *info, void *) {
  if (!current) { signal(signal_number, SIG_DFL); return; }
  fault("crash", "the kernel touches 0x%llx, which is no memory", (unsigned long long)reinterpret_cast<uintptr_t>(info->si_addr));
}
inline void watch_for_crashes() {
  static char stack[64 << 10];
  stack_t alternate{};
  alternate.ss_sp = stack, alternate.ss_size = sizeof stack;
  struct sigaction action{};
  action.sa_sigaction = crashed, action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaltstack(&alternate, nullptr);
  sigaction(SIGSEGV, &action, nullptr), sigaction(SIGBUS, &action, nullptr);
}

inline void run_fibers() {
  watch_for_crashes();
  Machine &m = machine();
  size_t left = m.fibers.size();
  uint64_t quiet = 0, before = m.progress;
  m.ready.clear();
  for (auto &f : m.fibers) m.ready.push_back(f.get());
  while (left) {
    while (!m.events.empty() && (m.events.top().time <= m.now || m.ready.empty())) {
      Event e = m.events.top();
      m.events.pop();
      m.now = std::max(m.now, e.time);
      event_happens(e);
    }
    if (m.ready.empty()) deadlock("no thread can go on");
    size_t at = draw(m.ready.size());
    Fiber *f = m.ready[at];
    m.ready[at] = m.ready.back(), m.ready.pop_back();
    fiber_switches_in(f);
    current = f;
    fiber_resume(f);
    current = nullptr;
    if (f->done) left--, m.progress++, wake(f->core);
    if (m.progress != before) quiet = 0, before = m.progress;
    else if (m.events.empty() && ++quiet > 2000 + 200 * left) deadlock("threads only spin");
    if (f->spinning && !m.events.empty()) m.now++;
  }
  while (!m.events.empty()) {
    Event e = m.events.top();
    m.events.pop();
    m.now = std::max(m.now, e.time);
    event_happens(e);
  }
}

}  // namespace tte
