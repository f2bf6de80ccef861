#pragma once
#include "tt_emulator/host.h"
