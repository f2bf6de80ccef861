#pragma once
#include "tt_emulator/dprint.h"
