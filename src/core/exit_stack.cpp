// The end of an AsyncExitStack: its calls in reverse order, each of which sees the error so far and may replace it.
// Registration, with_exit_stack(), with_finally() and with_aclosing() are templates in the header.
#include <aio/core/exit_stack.hpp>

#include "core/observe.hpp"

#include <iterator>

namespace aio {

AsyncExitStack::~AsyncExitStack() {
    if (!empty()) detail::report_never_called(calls_.size());
    while (!empty()) calls_.pop_back();
}

Coro<> AsyncExitStack::unwind(std::exception_ptr& error) {
    while (!empty()) {
        std::list<detail::ExitCall> last;
        last.splice(last.end(), calls_, std::prev(calls_.end()));
        last.back().error = error;
        try {
            if (co_await std::move(last.back().coro.coro)) error = nullptr;
        } catch (...) {
            error = std::current_exception();
        }
    }
    if (error) std::rethrow_exception(error);
}

Coro<> AsyncExitStack::exit(std::exception_ptr error) { co_await unwind(error); }

}  // namespace aio
