/* What a process has from who started it, and what Loom relies on. */
#include "cli/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

void cli_start(void) {
  (void)signal(SIGCHLD, SIG_DFL);      /* ignored, the exit code of a child is lost, and no error is seen */
  (void)signal(SIGXFSZ, SIG_IGN);      /* a limit on the size of files is an error of writing */
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)      /* else the next file that is opened becomes standard output; reading and writing still fail */
      return;
}
