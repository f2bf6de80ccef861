#pragma once
#include "tt_emulator/kernel.h"
