// The values that applications and requests keep for handlers.
#include <aio/base/error.hpp>
#include <aio/http/server/app_key.hpp>

#include <string>

namespace aio::http::detail {

void KeyStore::set(const KeyBase& key, std::shared_ptr<void> value) {
    for (Entry& entry : entries_) {
        if (entry.key == &key) return void(entry.value = std::move(value));
    }
    entries_.push_back({&key, std::move(value)});
}

void* KeyStore::find(const KeyBase& key) const noexcept {
    for (const Entry& entry : entries_) {
        if (entry.key == &key) return entry.value.get();
    }
    return nullptr;
}

void* KeyStore::get(const KeyBase& key) const {
    if (void* value = find(key)) return value;
    throw ValueError("nothing was set for the key '" + std::string(key.name()) + "'");
}

bool KeyStore::remove(const KeyBase& key) noexcept {
    return std::erase_if(entries_, [&](const Entry& entry) { return entry.key == &key; }) > 0;
}

}  // namespace aio::http::detail
