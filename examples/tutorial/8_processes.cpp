#include <aio/aio.hpp>
#include <aio/subprocess.hpp>
#include <fmt/core.h>
#include <numeric>
#include <thread>
using namespace std::chrono_literals;

aio::Coro<std::pair<int, std::string>> run(std::vector<std::string> command) {
    auto process = co_await aio::create_subprocess_exec(command).stdout_(aio::subprocess::PIPE);
    auto [output, errors] = co_await process.communicate();
    co_return std::pair(*process.returncode(), output);
}

int slow_sum(std::vector<int> numbers) {
    std::this_thread::sleep_for(50ms);
    return std::accumulate(numbers.begin(), numbers.end(), 0);
}

aio::Coro<> async_main() {
    std::vector<std::string> echo{"echo", "hello from a child"}, fails{"sh", "-c", "exit 3"};
    auto [code, output] = co_await run(echo);
    fmt::print("exit status {}: {}", code, output);

    auto [failed, nothing] = co_await run(fails);
    fmt::print("exit status {}\n", failed);

    std::vector<int> numbers{1, 2, 3};
    fmt::print("{}\n", co_await aio::to_thread(slow_sum, numbers));
}

int main() { aio::run(async_main()); }
