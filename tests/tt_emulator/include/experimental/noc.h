#pragma once
#include "tt_emulator/dataflow.h"
