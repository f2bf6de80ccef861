// The emulator's library: one source, compiled beside a host program (README.md).
#include "src/device.h"
