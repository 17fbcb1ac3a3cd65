// Application: routes, middlewares, values that handlers share, and functions for its start and end
// (aiohttp.web.Application).
//
//     aio::http::Application app;
//     app.router().add_get("/", index);
//     app.add_middleware(log_errors);
//     app.cleanup_ctx().append(database);             // opened at startup, closed at the end
//     aio::http::run_app(app, "127.0.0.1", 8080);
//
// Signals are lists of functions that are called with the application, in the order in which they were added:
// on_startup before the first request, on_shutdown when no new requests are accepted (close WebSockets there, so that
// their handlers end), and on_cleanup when the last one has been answered. Those of sub-applications
// are called with their parent's.
//
// An application that runs is frozen: routes, middlewares and signals do not change any more.
// Thread rule: the loop's thread. Source: aiohttp 3.11 web_app.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/server/app_key.hpp>
#include <aio/http/server/middleware.hpp>
#include <aio/http/server/router.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::http {

class Request;

namespace detail {

class ApplicationState;

// The result type of F; if it cannot be called with Args, this struct.
struct NotCallable {};
template <class F, class... Args>
struct ResultOfCall {
    using type = NotCallable;
};
template <class F, class... Args>
    requires std::invocable<F, Args...>
struct ResultOfCall<F, Args...> : std::invoke_result<F, Args...> {};
template <class F, class... Args>
using ResultOf = typename ResultOfCall<F, Args...>::type;

// The coroutine in place of a function that awaits nothing.
inline Coro<> done() { co_return; }

}  // namespace detail

// A list of functions that are called one after the other: coroutines, or, if they await nothing, functions that return
// void. aiosignal.Signal.
template <class... Args>
class Signal {
public:
    // The type of a function in the list.
    using Function = aio::detail::Function<Coro<>(Args...)>;

    // Adds `function(args...)`, which returns a Coro<> or void. Errors: RuntimeError once the application runs.
    template <class F>
    Signal& append(F&& function) {
        using Plain = std::decay_t<F>;
        constexpr bool kTakes = std::invocable<Plain&, Args...>;
        constexpr bool kAwaits = std::is_invocable_r_v<Coro<>, Plain&, Args...>;
        constexpr bool kReturns = kAwaits || std::is_void_v<detail::ResultOf<Plain&, Args...>>;
        static_assert(
            kTakes,
            "a function of on_startup, on_shutdown or on_cleanup is called with an aio::http::Application&, one of "
            "on_response_prepare with an aio::http::Request& and an aio::http::Response&");
        static_assert(
            !kTakes || kReturns,
            "a function of an application's signals returns an aio::Coro<>, or nothing if it awaits nothing: a "
            "lambda that awaits is written [](aio::http::Application& app) -> aio::Coro<>");
        if constexpr (kAwaits) {
            add(Function(std::forward<F>(function)));
        } else if constexpr (kTakes && kReturns) {
            add(Function([function = Plain(std::forward<F>(function))](Args... args) mutable {
                function(args...);
                return detail::done();
            }));
        }
        return *this;
    }
    // Whether no function was added.
    bool empty() const noexcept { return functions_.empty(); }
    // Calls the functions. Errors: the exception of one of them; the functions after it are not called.
    Coro<> send(Args... args) const {
        for (std::size_t i = 0; i < functions_.size(); ++i) co_await functions_[i](args...);
    }
    // For the library: append() throws from now on.
    void freeze() noexcept { frozen_ = true; }

private:
    void add(Function function) {
        if (frozen_) throw RuntimeError("Signal.append: the application runs already");
        functions_.push_back(std::move(function));
    }
    std::vector<Function> functions_;
    bool frozen_ = false;
};

namespace detail {

// A generator that is stopped at its co_yield while the application runs.
class CleanupContext {
public:
    virtual ~CleanupContext() = default;
    // Resumes it. Whether it has ended.
    virtual Coro<bool> advance() = 0;
};
using CleanupMaker = aio::detail::Function<std::unique_ptr<CleanupContext>(Application&)>;

template <class T>
class CleanupContextOf final : public CleanupContext {
public:
    explicit CleanupContextOf(AsyncGenerator<T> generator) noexcept : generator_(std::move(generator)) {}
    Coro<bool> advance() override {
        auto value = co_await generator_.next();
        co_return !value.has_value();
    }

private:
    AsyncGenerator<T> generator_;
};

}  // namespace detail

// Generators that yield once: the code before the co_yield runs at startup, the code after it at the end, in reverse
// order. aiohttp's cleanup_ctx.
//
//     aio::AsyncGenerator<bool> database(Application& app) {
//         app.set(kPool, co_await connect());
//         co_yield true;
//         co_await app.get(kPool).close();
//     }
class CleanupContexts {
public:
    // Adds `function(app)`, which returns an AsyncGenerator. Errors: RuntimeError once the application runs.
    template <class F>
    CleanupContexts& append(F function) {
        using Generator = detail::ResultOf<F&, Application&>;
        static_assert(aio::detail::is_generator<Generator>,
                      "a cleanup context is called with an aio::http::Application& and yields once: write "
                      "aio::AsyncGenerator<bool> database(aio::http::Application& app)");
        if constexpr (aio::detail::is_generator<Generator>) {
            using T = typename Generator::value_type;
            add([function =
                     std::move(function)](Application& app) mutable -> std::unique_ptr<detail::CleanupContext> {
                return std::make_unique<detail::CleanupContextOf<T>>(function(app));
            });
        }
        return *this;
    }

private:
    friend class detail::ApplicationState;
    void add(detail::CleanupMaker maker);
    std::vector<detail::CleanupMaker> makers_;
    std::vector<std::unique_ptr<detail::CleanupContext>> open_;
    bool frozen_ = false;
};

// The options of an Application.
class ApplicationOptions {
public:
    ApplicationOptions() = default;
    // The greatest body of read(), text(), json() and post(), in bytes; 0: no limit. Default: 1 MiB.
    ApplicationOptions& client_max_size(std::uint64_t bytes) noexcept {
        client_max_size_ = bytes;
        return *this;
    }
    std::uint64_t client_max_size() const noexcept { return client_max_size_; }

private:
    std::uint64_t client_max_size_ = 1024 * 1024;
};

// An HTTP application: aiohttp.web.Application. Run it with run_app() or an AppRunner.
class Application {
public:
    explicit Application(ApplicationOptions options = {});
    ~Application();
    Application(Application&&) noexcept;
    Application& operator=(Application&&) noexcept;

    // The routes.
    Router& router() noexcept;
    const Router& router() const noexcept;
    // As router().add_routes(). Errors of these: RuntimeError once the application runs.
    void add_routes(const RouteTableDef& routes) { router().add_routes(routes); }
    void add_routes(std::initializer_list<RouteDef> routes) { router().add_routes(routes); }
    // Adds a middleware inside of those added before: see middleware.hpp.
    template <class F>
    void add_middleware(F&& middleware) {
        constexpr bool kTakes = std::invocable<std::decay_t<F>&, Request&, Next>;
        constexpr bool kReturns = std::constructible_from<Middleware, F>;
        static_assert(kTakes,
                      "a middleware is called with the request and what comes next: write "
                      "aio::Coro<aio::http::Response> middleware(aio::http::Request& request, aio::http::Next next)");
        static_assert(!kTakes || kReturns,
                      "a middleware returns an aio::Coro<aio::http::Response>: a lambda is written "
                      "[](aio::http::Request& request, aio::http::Next next) -> aio::Coro<aio::http::Response>");
        if constexpr (kReturns) add_middleware_function(Middleware(std::forward<F>(middleware)));
    }
    // `app` answers requests below `prefix`, with routes relative to it. Result: the application, which is now part of
    // this one and not moved any more. Errors: ValueError for a prefix that is empty or does not begin with "/".
    Application& add_subapp(std::string_view prefix, Application app);
    // `app` answers requests to this host: "example.org", "*.example.org", "example.org:8443".
    Application& add_domain(std::string_view domain, Application app);

    // Called before the first request; when no new requests are accepted; when the last one has been answered.
    Signal<Application&>& on_startup() noexcept;
    Signal<Application&>& on_shutdown() noexcept;
    Signal<Application&>& on_cleanup() noexcept;
    // Called before the headers of a response are sent, to change them.
    Signal<Request&, Response&>& on_response_prepare() noexcept;
    // Generators around the life of the application.
    CleanupContexts& cleanup_ctx() noexcept;

    // --- values that handlers share --------------------------------------------------------------------------

    // Sets the value of `key`, in place of an earlier one, which is destroyed. Result: a reference to the new one.
    template <class T, class U = T>
        requires std::constructible_from<T, U>
    T& set(const AppKey<T>& key, U&& value) {
        auto stored = std::make_shared<T>(std::forward<U>(value));
        T& result = *stored;
        keys().set(key, std::move(stored));
        return result;
    }
    // The same with a shared value.
    template <class T>
    T& set(const AppKey<T>& key, std::shared_ptr<T> value) {
        T& result = *value;
        keys().set(key, std::move(value));
        return result;
    }
    // The value of `key`. Errors: ValueError when none was set.
    template <class T>
    T& get(const AppKey<T>& key) const {
        return *static_cast<T*>(keys().get(key));
    }
    // The same; null when none was set.
    template <class T>
    T* find(const AppKey<T>& key) const noexcept {
        return static_cast<T*>(keys().find(key));
    }

    // The option of this name.
    std::uint64_t client_max_size() const noexcept;
    // Whether it runs, so that routes, middlewares and signals cannot be changed.
    bool frozen() const noexcept;

    // The calls of AppRunner, in this order. startup() freezes. Errors: those of the program's functions; before it
    // throws, startup() closes the cleanup contexts that it has opened, and cleanup() calls the other functions.
    Coro<> startup();
    Coro<> shutdown();
    Coro<> cleanup();

    // For the library: the state behind the handle.
    detail::ApplicationState& state() const noexcept { return *state_; }

private:
    void add_middleware_function(Middleware middleware);
    detail::KeyStore& keys() const noexcept;

    std::unique_ptr<detail::ApplicationState> state_;
};

}  // namespace aio::http
