// Fibers: a kernel thread each, switched by hand (a dozen instructions) on x86-64, by ucontext elsewhere.
#pragma once
#include <sys/mman.h>
#include "machine.h"
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace tte {

constexpr size_t STACK_BYTES = 256 << 10;
inline void fiber_body();

#if defined(__x86_64__)
extern "C" void tte_switch(void **save, void *to);
asm(R"(
.text
.type tte_switch, @function
tte_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size tte_switch, .-tte_switch
)");
inline void *scheduler_sp;
inline void fiber_start(Fiber *f) {
  f->stack = mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  mprotect(f->stack, 4096, PROT_NONE);
  void **top = reinterpret_cast<void **>(static_cast<char *>(f->stack) + STACK_BYTES);
  *--top = nullptr;                                                // the body has no caller; its entry sees rsp = 8 mod 16
  *--top = reinterpret_cast<void *>(fiber_body);
  top -= 6;
  f->sp = top;
}
inline void fiber_resume(Fiber *f) { tte_switch(&scheduler_sp, f->sp); }
inline void fiber_leave(Fiber *f) { tte_switch(&f->sp, scheduler_sp); }
#else
inline ucontext_t scheduler_context;
inline void fiber_start(Fiber *f) {
  f->stack = mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  auto *c = new ucontext_t;
  getcontext(c);
  c->uc_stack.ss_sp = f->stack, c->uc_stack.ss_size = STACK_BYTES, c->uc_link = nullptr;
  makecontext(c, reinterpret_cast<void (*)()>(fiber_body), 0);
  f->sp = c;
}
inline void fiber_resume(Fiber *f) { swapcontext(&scheduler_context, static_cast<ucontext_t *>(f->sp)); }
inline void fiber_leave(Fiber *f) { swapcontext(static_cast<ucontext_t *>(f->sp), &scheduler_context); }
#endif

inline void fiber_free(Fiber *f) {
  if (f->stack) munmap(f->stack, STACK_BYTES);
  f->stack = nullptr;
}

}  // namespace tte
