// Typed keys for a program's values in its application or in a request (aiohttp's AppKey and RequestKey).
//
//     inline const aio::http::AppKey<Database> kDatabase("database");
//     app.set(kDatabase, Database("..."));
//     Database& database = request.app().get(kDatabase);
//
// A key is identified by its address, not by its name, which is for messages: define it once, `inline const` at
// namespace scope. Thread rule: that of the object it is used with.
#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

namespace detail {

// The part of a key that does not depend on the type of its value.
class KeyBase {
public:
    explicit constexpr KeyBase(std::string_view name) noexcept : name_(name) {}
    KeyBase(const KeyBase&) = delete;
    KeyBase& operator=(const KeyBase&) = delete;
    // The name given to the constructor.
    std::string_view name() const noexcept { return name_; }

private:
    std::string_view name_;
};

// A handful of values, found by their key's address.
class KeyStore {
public:
    void set(const KeyBase& key, std::shared_ptr<void> value);
    void* find(const KeyBase& key) const noexcept;
    // Errors: ValueError, which names the key.
    void* get(const KeyBase& key) const;
    bool remove(const KeyBase& key) noexcept;
    void clear() noexcept { entries_.clear(); }

private:
    struct Entry {
        const KeyBase* key;
        std::shared_ptr<void> value;
    };
    std::vector<Entry> entries_;
};

}  // namespace detail

// The key of a value of type T in an Application: aiohttp.web.AppKey.
template <class T>
class AppKey : public detail::KeyBase {
public:
    using value_type = T;
    // `name` must outlive the key: a literal.
    using KeyBase::KeyBase;
};

// The key of a value of type T in a Request: aiohttp.web.RequestKey.
template <class T>
class RequestKey : public detail::KeyBase {
public:
    using value_type = T;
    using KeyBase::KeyBase;
};

}  // namespace aio::http
