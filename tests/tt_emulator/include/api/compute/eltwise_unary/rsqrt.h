#pragma once
#include "tt_emulator/compute.h"
