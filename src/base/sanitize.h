/* sanitize: MemorySanitizer and libraries that are not instrumented.  Between enter and leave it does not check what they hand to libc: their own
 * stack counts as unwritten.  A text that they hand out counts as written after sanitize_library_text.  Nothing in other builds. */
#ifndef LOOM_BASE_SANITIZE_H
#define LOOM_BASE_SANITIZE_H
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define LOOM_MSAN 1
#endif
#endif
#ifdef LOOM_MSAN
#include <sanitizer/msan_interface.h>
static inline void sanitize_enter_library(void) { __msan_scoped_disable_interceptor_checks(); }
static inline void sanitize_leave_library(void) { __msan_scoped_enable_interceptor_checks(); }
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
static inline const char *sanitize_library_text(const char *s) { return s; }
#endif
#endif
