/* The filter is a list of numbers of calls, each "equal: allow", with three calls looked into: clone makes no namespaces (and in a computing process only threads), ioctl types nothing
 * into a terminal, and memory of a computing process does not become code.  What is not on the list fails with EPERM; calls newer than this list with ENOSYS, so that libraries use
 * the older ones they know. */
#include "run/run_seccomp.h"
#include <errno.h>

#if defined(__x86_64__) && defined(__linux__)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Memory, threads, time: what computing takes. */
#define COMPUTE_LIST(X)                                                                                                                                   \
  X(exit) X(exit_group) X(futex) X(munmap) X(madvise) X(mremap) X(brk) X(rt_sigreturn) X(rt_sigprocmask) X(rt_sigaction) X(sigaltstack) X(sched_yield)    \
  X(sched_getaffinity) X(sched_getparam) X(sched_getscheduler) X(clock_gettime) X(clock_getres) X(clock_nanosleep) X(nanosleep) X(gettimeofday) X(time)   \
  X(times) X(getrusage) X(set_robust_list) X(rseq) X(gettid) X(getpid) X(tgkill) X(membarrier) X(getcpu) X(restart_syscall) X(write) X(arch_prctl)

/* Files, processes, and what libraries ask about both. */
#define COMPILE_LIST(X)                                                                                                                                   \
  X(read) X(readv) X(writev) X(pread64) X(pwrite64) X(preadv) X(pwritev) X(close) X(close_range) X(open) X(openat) X(openat2) X(creat) X(stat) X(lstat)   \
  X(fstat) X(newfstatat) X(statx) X(statfs) X(fstatfs) X(lseek) X(access) X(faccessat) X(faccessat2) X(readlink) X(readlinkat) X(getdents) X(getdents64)  \
  X(getcwd) X(chdir) X(fchdir) X(mkdir) X(mkdirat) X(rmdir) X(rename) X(renameat) X(renameat2) X(link) X(linkat) X(unlink) X(unlinkat) X(symlink)         \
  X(symlinkat) X(chmod) X(fchmod) X(fchmodat) X(fchown) X(umask) X(utimensat) X(utimes) X(truncate) X(ftruncate) X(fallocate) X(fadvise64) X(fsync)       \
  X(fdatasync) X(sync_file_range) X(flock) X(fcntl) X(dup) X(dup2) X(dup3) X(pipe) X(pipe2) X(poll) X(ppoll) X(select) X(pselect6) X(sendfile)            \
  X(copy_file_range) X(memfd_create) X(getrandom) X(mmap) X(mprotect) X(msync) X(mincore) X(fork) X(vfork) X(wait4) X(waitid) X(kill) X(tkill)            \
  X(getppid) X(getuid) X(geteuid) X(getgid) X(getegid) X(getgroups) X(getresuid) X(getresgid) X(getpgrp) X(getpgid) X(getsid) X(setpgid) X(setsid)        \
  X(getrlimit) X(setrlimit) X(prlimit64) X(getpriority) X(setpriority) X(sched_setaffinity) X(sched_get_priority_max) X(sched_get_priority_min)           \
  X(sysinfo) X(uname) X(rt_sigpending) X(rt_sigsuspend) X(rt_sigtimedwait) X(pause) X(alarm) X(setitimer) X(getitimer) X(set_tid_address)                 \
  X(get_robust_list) X(eventfd2) X(prctl) X(seccomp) X(get_mempolicy) X(landlock_create_ruleset) X(landlock_add_rule) X(landlock_restrict_self)

/* What libraries try and can do without, in a computing process: refused without ending it. */
#define TRY_LIST(X) X(open) X(openat) X(read) X(close) X(stat) X(fstat) X(newfstatat) X(ioctl) X(getrandom) X(sysinfo) X(prlimit64)

#define START_LIST(X) X(execve) X(execveat)

/* Headers older than the kernel lack the newest names. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
enum { NEWEST_KNOWN = 450, X32_BIT = 0x40000000, ROOM = 512 };

static const uint32_t compute_calls[] = {
#define X(name) SYS_##name,
    COMPUTE_LIST(X)
};
static const uint32_t compile_calls[] = {COMPILE_LIST(X)};
static const uint32_t start_calls[] = {START_LIST(X)};
static const uint32_t try_calls[] = {TRY_LIST(X)};
#undef X

typedef struct filter { struct sock_filter code[ROOM]; unsigned short n; uint32_t refusal, refusal_of_new; } filter;

static void add(filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no) { f->code[f->n++] = (struct sock_filter){code, yes, no, k}; }
static void load(filter *f, size_t offset) { add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void answer(filter *f, uint32_t what) { add(f, BPF_RET | BPF_K, what, 0, 0); }

/* Low half of argument i; little endian. */
static size_t argument(int i) { return offsetof(struct seccomp_data, args) + (size_t)i * sizeof(uint64_t); }

static void answer_all(filter *f, const uint32_t *calls, size_t n, uint32_t what) {
  for (size_t i = 0; i < n; i++) {
    add(f, BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
    answer(f, what);
  }
}

static void allow_all(filter *f, const uint32_t *calls, size_t n) { answer_all(f, calls, n, SECCOMP_RET_ALLOW); }

/* Call `nr` with no bit of `mask` in argument i, or, `all`, with all of them; other forms are refused.  Behind it another call's number is loaded again. */
static void allow_bits(filter *f, uint32_t nr, int i, uint32_t mask, bool all) {
  add(f, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 5);
  load(f, argument(i));
  add(f, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
  add(f, BPF_JMP | BPF_JEQ | BPF_K, all ? mask : 0, 0, 1);
  answer(f, SECCOMP_RET_ALLOW);
  answer(f, f->refusal);
}

/* ioctl but for the two that type into a terminal. */
static void allow_ioctl(filter *f) {
  enum { TYPES_ON_CONSOLE = 0x541C };      /* TIOCLINUX */
  add(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 5);
  load(f, argument(1));
  add(f, BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 2, 0);
  add(f, BPF_JMP | BPF_JEQ | BPF_K, TYPES_ON_CONSOLE, 1, 0);
  answer(f, SECCOMP_RET_ALLOW);
  answer(f, f->refusal);
}

static void build(filter *f, run_calls allowed, bool only_log) {
  const bool computes = allowed == RUN_CALLS_COMPUTE;
  const uint32_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  *f = (filter){.refusal = only_log ? SECCOMP_RET_LOG : computes ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM,
                .refusal_of_new = only_log ? SECCOMP_RET_LOG : SECCOMP_RET_ERRNO | ENOSYS};
  load(f, offsetof(struct seccomp_data, arch));
  add(f, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
  answer(f, SECCOMP_RET_KILL_PROCESS);
  load(f, offsetof(struct seccomp_data, nr));
  add(f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
  answer(f, SECCOMP_RET_KILL_PROCESS);
  add(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);      /* its flags lie in memory: libraries then use clone */
  answer(f, SECCOMP_RET_ERRNO | ENOSYS);
  allow_all(f, compute_calls, sizeof compute_calls / sizeof *compute_calls);
  if (computes) {
    answer_all(f, try_calls, sizeof try_calls / sizeof *try_calls, only_log ? SECCOMP_RET_LOG : SECCOMP_RET_ERRNO | EPERM);
    allow_bits(f, SYS_clone, 0, CLONE_THREAD | CLONE_VM, true);
    allow_bits(f, SYS_mmap, 2, PROT_EXEC, false);
    allow_bits(f, SYS_mprotect, 2, PROT_EXEC, false);
  } else {
    allow_all(f, compile_calls, sizeof compile_calls / sizeof *compile_calls);
    allow_bits(f, SYS_clone, 0, namespaces, false);
    allow_ioctl(f);
  }
  if (allowed == RUN_CALLS_BUILD)
    allow_all(f, start_calls, sizeof start_calls / sizeof *start_calls);
  add(f, BPF_JMP | BPF_JGT | BPF_K, NEWEST_KNOWN, 0, 1);
  answer(f, f->refusal_of_new);
  answer(f, f->refusal);
}

int run_seccomp(run_calls allowed, bool only_log) {
  filter f;
  build(&f, allowed, only_log);
  struct sock_fprog program = {f.n, f.code};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}
#else
int run_seccomp(run_calls allowed, bool only_log) {
  (void)allowed, (void)only_log;
  return ENOSYS;
}
#endif
