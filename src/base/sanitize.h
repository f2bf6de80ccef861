/* sanitize: which sanitizer a build has (LOOM_ASAN, LOOM_MSAN, LOOM_TSAN: 0 or 1; gcc and clang say it in different ways), and MemorySanitizer with libraries that are not
 * instrumented.  Between enter and leave it does not check what they hand to libc: their own stack counts as unwritten.  A text that they hand out counts as written after
 * sanitize_library_text, what the system wrote for a plain syscall after sanitize_written.  Nothing in other builds. */
#ifndef LOOM_BASE_SANITIZE_H
#define LOOM_BASE_SANITIZE_H
#if defined(__has_feature)
#define LOOM_ASAN __has_feature(address_sanitizer)
#define LOOM_MSAN __has_feature(memory_sanitizer)
#define LOOM_TSAN __has_feature(thread_sanitizer)
#else
#ifdef __SANITIZE_ADDRESS__
#define LOOM_ASAN 1
#else
#define LOOM_ASAN 0
#endif
#ifdef __SANITIZE_THREAD__
#define LOOM_TSAN 1
#else
#define LOOM_TSAN 0
#endif
#define LOOM_MSAN 0
#endif
#define LOOM_SANITIZED (LOOM_ASAN | LOOM_MSAN | LOOM_TSAN)      /* one of them */
#if LOOM_MSAN
#include <sanitizer/msan_interface.h>
static inline void sanitize_enter_library(void) { __msan_scoped_disable_interceptor_checks(); }
static inline void sanitize_leave_library(void) { __msan_scoped_enable_interceptor_checks(); }
static inline void sanitize_written(void *p, unsigned long n) { __msan_unpoison(p, n); }
__attribute__((no_sanitize("memory"))) static inline const char *sanitize_library_text(const char *s) {
  const volatile char *end = s;
  while (*end)
    end++;
  __msan_unpoison(s, (unsigned long)(end - s) + 1);
  return s;
}
#else
static inline void sanitize_enter_library(void) {}
static inline void sanitize_leave_library(void) {}
static inline void sanitize_written(void *p, unsigned long n) { (void)p, (void)n; }
static inline const char *sanitize_library_text(const char *s) { return s; }
#endif
#endif
