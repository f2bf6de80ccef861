/* progress: how far the work of this process is, told by whoever does it to whoever shows it.  Nobody listens at first; telling is then a comparison.  One thread. */
#ifndef LOOM_BASE_PROGRESS_H
#define LOOM_BASE_PROGRESS_H
#include <stdbool.h>
#include <stdint.h>

/* `what` is done: "simulate".  done of total, in any unit; total 0: nobody knows how much there is; done -1: it is over.  Work may be part of other work, which was told of
 * before. */
typedef void progress_listener(void *data, const char *what, int64_t done, int64_t total);
/* NULL: nobody, from then on. */
void progress_listen(progress_listener *listener, void *data);
void progress_tell(const char *what, int64_t done, int64_t total);
/* That work is over. */
void progress_over(const char *what);
bool progress_is_heard(void);
#endif
