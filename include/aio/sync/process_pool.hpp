// ProcessPoolExecutor: calls made in other processes. For code that may crash or leak, or that is not thread-safe.
//
//     int primes(int below);
//
//     aio::ProcessPoolExecutor pool(4);
//     int count = co_await pool.submit(primes, 1'000'000);           // or loop.run_in_executor(&pool, primes, n)
//     int count = pool.submit(primes, 1'000'000).result();           // on a thread without a loop
//
// The function is a plain function, or a lambda without captures. Arguments and results are copied between the
// processes: see pickle.hpp. An exception of the function is thrown here: the common errors with their own type, others
// as RemoteError. A process that dies breaks the pool, as in Python: every call not yet done gets BrokenProcessPool,
// whose message says how it died. Make a new pool then.
//
// The origin of the processes: a child of a process with threads may do little, because a lock that another thread held
// at the moment of the fork stays locked in it. So the pool forks *once*, when it is constructed, a "fork server" with
// one thread, from which all workers are forked later on. Therefore:
//   - construct the pool early, best before there are other threads; then workers are as sound as the program was;
//   - workers see the program's variables as they were at that moment, and libraries that were loaded by then;
//   - nothing is executed anew: no start-up cost, and functions are where they are here.
// Of Python's start methods, workers see variables as with "fork", and later threads do no harm, as with "forkserver".
//
// Workers have standard output and error, an empty standard input, and no other descriptor of this process. Signals
// have their default effect, apart from SIGINT, which is ignored: Ctrl-C reaches the whole terminal, and this process
// decides. Workers end when the pool does, and are killed when this process dies. exit(),
// abort() or a signal ends a worker.
//
// Thread rule: any thread. Source: concurrent.futures.ProcessPoolExecutor, CPython 3.13 process.py.
#pragma once

#include <aio/sync/executor.hpp>
#include <aio/sync/pickle.hpp>

#include <iterator>
#include <string>

namespace aio {

// A worker died, or its initializer failed. concurrent.futures.process.BrokenProcessPool.
class BrokenProcessPool : public BrokenExecutor {
public:
    using BrokenExecutor::BrokenExecutor;
};

// An exception of a worker whose type cannot be thrown here. what(): "ns::Type: its what()".
class RemoteError : public Error {
public:
    RemoteError(std::string type, const std::string& message)
        : Error(message.empty() ? type : type + ": " + message), type_(std::move(type)) {}
    // The exception's type, as the compiler's ABI names it, demangled.
    const std::string& type() const noexcept { return type_; }

private:
    std::string type_;
};

// The options of a ProcessPoolExecutor.
struct ProcessPoolOptions {
    int max_workers = 0;              // 0: std::thread::hardware_concurrency()
    int max_tasks_per_child = 0;      // a worker is replaced after so many calls; 0: never
    void (*initializer)() = nullptr;  // called first in each worker; when it throws, the pool is broken
    std::size_t max_message = std::size_t{1} << 30;  // bytes that the arguments, or the result, of a call may have
};

namespace detail {

class ProcessPool;

// The function of the worker: loads the function and its arguments, calls it, saves the result.
using ProcessThunk = void (*)(Unpickler& in, Pickler& out);

template <class F>
struct CallSignature {
    static constexpr bool known = false;
};
template <class R, class... Ps>
struct CallSignature<R (*)(Ps...)> {
    static constexpr bool known = true;
    using Arguments = std::tuple<std::remove_cvref_t<Ps>...>;
    static constexpr bool changes_arguments =
        ((std::is_lvalue_reference_v<Ps> && !std::is_const_v<std::remove_reference_t<Ps>>) || ...);
};
template <class R, class... Ps>
struct CallSignature<R (*)(Ps...) noexcept> : CallSignature<R (*)(Ps...)> {};
template <class F>
    requires requires(const F& f) { +f; } && std::is_class_v<F>
struct CallSignature<F> : CallSignature<decltype(+std::declval<const F&>())> {};

template <class F>
inline constexpr bool is_plain_function =
    (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>) ||
    (std::is_class_v<F> && std::is_empty_v<F> && std::is_default_constructible_v<F>);

// The types in which arguments travel: the function's parameters when they are known, else those of the given values.
template <class F, class... Given>
struct TravelTypes {
    using Tuple = std::tuple<std::decay_t<Given>...>;
};
template <class F, class... Given>
    requires(CallSignature<F>::known && std::tuple_size_v<typename CallSignature<F>::Arguments> == sizeof...(Given))
struct TravelTypes<F, Given...> {
    using Tuple = typename CallSignature<F>::Arguments;
};

template <class F, class Tuple>
struct ProcessCall;
template <class F, class... Ts>
struct ProcessCall<F, std::tuple<Ts...>> {
    using Result = std::remove_cvref_t<std::invoke_result_t<F, Ts...>>;
    static constexpr bool arguments_travel = (Picklable<Ts> && ...);

    // Plain loads and stores: a pointer to a function is the same in all processes of the pool.
    static void save(Pickler& out, F function, const Ts&... arguments) {
        if constexpr (std::is_pointer_v<F>) out.write(&function, sizeof function);
        out.save(arguments...);
    }
    static void run(Unpickler& in, Pickler& out) {
        F function{};
        if constexpr (std::is_pointer_v<F>) in.read(&function, sizeof function);
        std::tuple<Ts...> arguments{in.load<Ts>()...};
        if constexpr (std::is_void_v<Result>) {
            std::apply(function, std::move(arguments));
        } else {
            out.save(static_cast<const Result&>(std::apply(function, std::move(arguments))));
        }
    }
};

// Blocks until a worker has made the call. Result: the saved result. Errors: those of the function; BrokenProcessPool;
// OSError when no worker can be started.
std::string call_in_process(ProcessPool& pool, ProcessThunk thunk, const std::string& arguments);
// Hands the job to a thread, which waits for its worker. Errors: as ProcessPoolExecutor::submit().
void execute(ProcessPool& pool, Job& job, std::size_t message_size);

template <class R>
class ProcessJob final : public ConcurrentState<R>, public Job {
public:
    ProcessJob(std::shared_ptr<ProcessPool> pool, ProcessThunk thunk, std::string arguments) noexcept
        : pool_(std::move(pool)), thunk_(thunk), arguments_(std::move(arguments)) {}

    void run() noexcept override {
        if (this->set_running()) {
            this->outcome_of([this] {
                const std::string result = call_in_process(*pool_, thunk_, arguments_);
                if constexpr (!std::is_void_v<R>) {
                    Unpickler in(result);
                    this->value.emplace(in.load<R>());
                }
            });
        }
        end();
    }
    void discard() noexcept override {
        this->cancel();
        end();
    }
    void fail(const std::exception_ptr& error) noexcept override {
        this->outcome_of([&] { std::rethrow_exception(error); });
        end();
    }

private:
    void end() noexcept {
        arguments_ = std::string();
        const std::shared_ptr<ProcessPool> pool = std::move(pool_);  // a future does not keep the pool
        this->release();
    }

    std::shared_ptr<ProcessPool> pool_;
    ProcessThunk thunk_;
    std::string arguments_;
};

}  // namespace detail

// Calls functions in worker processes: concurrent.futures.ProcessPoolExecutor.
class ProcessPoolExecutor {
public:
    using submits_by_itself = void;  // EventLoop::run_in_executor() takes it

    // Forks the fork server; workers are forked as they are needed.
    // Errors: ValueError for negative numbers; OSError when there are too many processes or descriptors.
    explicit ProcessPoolExecutor(ProcessPoolOptions options = {});
    explicit ProcessPoolExecutor(int max_workers)
        : ProcessPoolExecutor(ProcessPoolOptions{.max_workers = max_workers}) {}
    // shutdown(), unless it was called.
    ~ProcessPoolExecutor();
    ProcessPoolExecutor(const ProcessPoolExecutor&) = delete;
    ProcessPoolExecutor& operator=(const ProcessPoolExecutor&) = delete;

    // Calls `function(args...)` in a worker. Arguments travel as the types of the function's parameters. Result: a
    // ConcurrentFuture.
    // Cancel: a call that has not begun is not made; another runs to its end, and its result is dropped.
    // Errors: BrokenProcessPool; RuntimeError after shutdown(); ValueError when the arguments are larger than
    // max_message. The future's: the exception of the function; ValueError when the result is larger than max_message;
    // BrokenProcessPool; OSError.
    template <class F, class... Args>
    auto submit(const F& function, Args&&... args);
    // submit() of `function(item)` for each item. Result: a vector of their futures, in order.
    template <class F, class Items>
    auto map(const F& function, Items&& items);

    // Takes no more calls. `wait`: returns when all are done and the processes have ended. `cancel_futures`: calls that
    // have not begun are cancelled.
    void shutdown(bool wait = true, bool cancel_futures = false);
    // Kills all workers at once: calls that are not done get BrokenProcessPool. CPython 3.14.
    void kill_workers();

    // The greatest number of workers.
    std::size_t max_workers() const noexcept;
    // The process ids of the workers that are there now.
    std::vector<int> processes() const;

private:
    std::shared_ptr<detail::ProcessPool> pool_;
};

// ---------------------------------------------------------------------------------------------------------

template <class F, class... Args>
auto ProcessPoolExecutor::submit(const F& function, Args&&... args) {
    using Function = std::decay_t<F>;
    static_assert(
        detail::is_plain_function<Function>,
        "a call in another process is a plain function or a lambda without captures: what a lambda captures "
        "would have to travel; pass it as arguments");
    if constexpr (detail::is_plain_function<Function>) {
        using Call = detail::ProcessCall<Function, typename detail::TravelTypes<Function, Args...>::Tuple>;
        static_assert(std::invocable<Function, Args...>, "the function cannot be called with these arguments");
        static_assert(Call::arguments_travel,
                      "an argument cannot travel to another process (pointers and views never do): pass a value, or "
                      "write an aio::Pickle<T> for its type");
        if constexpr (detail::CallSignature<Function>::known) {
            static_assert(
                !detail::CallSignature<Function>::changes_arguments,
                "the function changes an argument in place: in another process that would be lost; return it");
        }
        using R = typename Call::Result;
        static_assert(std::is_void_v<R> || Picklable<R>,
                      "the result cannot travel back (pointers and views never do): write an aio::Pickle<T> for it");
        Pickler out;
        Call::save(out, function, std::forward<Args>(args)...);
        const std::size_t size = out.bytes().size();
        auto* job = new detail::ProcessJob<R>(pool_, &Call::run, out.take());
        ConcurrentFuture<R> future{detail::ConcurrentRef<detail::ConcurrentState<R>>(job)};
        job->retain();  // the thread's
        try {
            detail::execute(*pool_, *job, size);
        } catch (...) {
            job->release();
            throw;
        }
        return future;
    }
}

template <class F, class Items>
auto ProcessPoolExecutor::map(const F& function, Items&& items) {
    using Future = decltype(submit(function, *std::begin(items)));
    std::vector<Future> futures;
    for (auto&& item : items) futures.push_back(submit(function, std::forward<decltype(item)>(item)));
    return futures;
}

}  // namespace aio
