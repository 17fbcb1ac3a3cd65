// A context variable's value for the time of one request: the task of a connection serves many.
#pragma once

#include <aio/core/context.hpp>

#include <exception>
#include <utility>

namespace aio::http::detail {

template <class T>
class ScopedVar {
public:
    // Errors: std::bad_alloc.
    ScopedVar(const ContextVar<T>& var, T value) : var_(var), token_(var.set(std::move(value))) {}
    ScopedVar(const ScopedVar&) = delete;
    ~ScopedVar() {
        try {
            var_.reset(token_);
        } catch (const std::exception&) {
            // No memory for the map without it: the value stays until the next request's takes its place.
        }
    }

private:
    const ContextVar<T>& var_;
    typename ContextVar<T>::Token token_;
};

}  // namespace aio::http::detail
