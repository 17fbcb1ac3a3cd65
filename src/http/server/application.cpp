// Freezing, cleanup contexts, and startup, shutdown and cleanup through all sub-applications. runner.cpp has the order
// of a shutdown; connection.cpp runs the middlewares.
#include <aio/base/error.hpp>
#include <aio/base/exception_group.hpp>
#include <aio/http/server/application.hpp>

#include "http/server/application_state.hpp"

#include <string>

namespace aio::http {

namespace detail {

namespace {

[[noreturn]] void throw_all(std::vector<std::exception_ptr> errors) {
    if (errors.size() == 1) std::rethrow_exception(errors.front());
    throw ExceptionGroup("several functions failed at the end of an application", std::move(errors));
}

}  // namespace

ApplicationState::ApplicationState(const ApplicationOptions& o) : options(o) {}

void ApplicationState::check_can_change(const char* function) const {
    if (frozen) throw RuntimeError(std::string(function) + ": the application runs already");
}

std::vector<Application*> ApplicationState::sub_applications() const {
    std::vector<Application*> all;
    for (const Resource& resource : router.table().resources()) {
        if (resource.app) all.push_back(resource.app.get());
    }
    return all;
}

void ApplicationState::freeze(const std::vector<const Middleware*>& outer) {
    if (frozen) return;
    frozen = true;
    chain = outer;
    for (const Middleware& each : middlewares) chain.push_back(&each);
    if (!on_response_prepare.empty()) prepare_signals.push_back(&on_response_prepare);
    router.table().freeze();
    on_startup.freeze();
    on_shutdown.freeze();
    on_cleanup.freeze();
    on_response_prepare.freeze();
    for (Application* sub : sub_applications()) {
        sub->state().prepare_signals = prepare_signals;
        sub->state().freeze(chain);
    }
}

Coro<> ApplicationState::open_contexts(Application& app) {
    cleanup_ctx.frozen_ = true;
    for (const CleanupMaker& maker : cleanup_ctx.makers_) {
        auto context = maker(app);
        const bool ended = co_await context->advance();
        if (!ended) cleanup_ctx.open_.push_back(std::move(context));
    }
}

// In the reverse order of opening: sub-applications first.
Coro<> ApplicationState::close_contexts(std::vector<std::exception_ptr>& errors) {
    const std::vector<Application*> subs = sub_applications();
    for (std::size_t i = subs.size(); i-- > 0;) co_await subs[i]->state().close_contexts(errors);
    while (!cleanup_ctx.open_.empty()) {
        const auto context = std::move(cleanup_ctx.open_.back());
        cleanup_ctx.open_.pop_back();
        try {
            if (!co_await context->advance()) throw RuntimeError("a generator of cleanup_ctx yielded more than once");
        } catch (const CancelledError&) {
            throw;
        } catch (...) {
            errors.push_back(std::current_exception());
        }
    }
}

}  // namespace detail

void CleanupContexts::add(detail::CleanupMaker maker) {
    if (frozen_) throw RuntimeError("cleanup_ctx().append: the application runs already");
    makers_.push_back(std::move(maker));
}

Application::Application(ApplicationOptions options) : state_(std::make_unique<detail::ApplicationState>(options)) {}
Application::~Application() = default;
Application::Application(Application&&) noexcept = default;
Application& Application::operator=(Application&&) noexcept = default;

Router& Application::router() noexcept { return state_->router; }
const Router& Application::router() const noexcept { return state_->router; }
Signal<Application&>& Application::on_startup() noexcept { return state_->on_startup; }
Signal<Application&>& Application::on_shutdown() noexcept { return state_->on_shutdown; }
Signal<Application&>& Application::on_cleanup() noexcept { return state_->on_cleanup; }
Signal<Request&, Response&>& Application::on_response_prepare() noexcept { return state_->on_response_prepare; }
CleanupContexts& Application::cleanup_ctx() noexcept { return state_->cleanup_ctx; }
std::uint64_t Application::client_max_size() const noexcept { return state_->options.client_max_size(); }
bool Application::frozen() const noexcept { return state_->frozen; }
detail::KeyStore& Application::keys() const noexcept { return state_->keys; }

void Application::add_middleware_function(Middleware middleware) {
    state_->check_can_change("Application.add_middleware");
    state_->middlewares.push_back(std::move(middleware));
}

Application& Application::add_subapp(std::string_view prefix, Application app) {
    app.state_->check_can_change("Application.add_subapp");
    return router().table().add_subapp(prefix, std::move(app));
}

Application& Application::add_domain(std::string_view domain, Application app) {
    app.state_->check_can_change("Application.add_domain");
    return router().table().add_domain(domain, std::move(app));
}

Coro<> Application::startup() {
    state_->freeze(state_->chain);
    std::exception_ptr failed;
    try {
        co_await state_->open_contexts(*this);
        co_await state_->on_startup.send(*this);
        for (Application* sub : state_->sub_applications()) co_await sub->startup();
    } catch (...) {
        failed = std::current_exception();
    }
    if (!failed) co_return;
    std::vector<std::exception_ptr> errors;
    co_await state_->close_contexts(errors);
    std::rethrow_exception(failed);
}

Coro<> Application::shutdown() {
    for (Application* sub : state_->sub_applications()) co_await sub->shutdown();
    co_await state_->on_shutdown.send(*this);
}

Coro<> Application::cleanup() {
    std::vector<std::exception_ptr> errors;
    const std::vector<Application*> subs = state_->sub_applications();
    for (std::size_t i = subs.size(); i-- > 0;) {
        try {
            co_await subs[i]->cleanup();
        } catch (const CancelledError&) {
            throw;
        } catch (...) {
            errors.push_back(std::current_exception());
        }
    }
    co_await state_->close_contexts(errors);
    try {
        co_await state_->on_cleanup.send(*this);
    } catch (const CancelledError&) {
        throw;
    } catch (...) {
        errors.push_back(std::current_exception());
    }
    if (!errors.empty()) detail::throw_all(std::move(errors));
}

}  // namespace aio::http
