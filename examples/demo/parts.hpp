// The parts of the demo, in the order of main.cpp. Each runs a loop of its own and throws when it fails.
#pragma once

#include "console.hpp"

namespace demo {

void cooks_one_by_one(Console& console);  // kitchen.cpp
void cooks_side_by_side(Console& console);

void tasks(Console& console);  // basics.cpp
void future(Console& console);
void producers_and_consumers(Console& console);
void executor(Console& console);
void semaphore(Console& console);

void fetch(Console& console);  // fetch.cpp

void database(Console& console);  // database.cpp

}  // namespace demo
