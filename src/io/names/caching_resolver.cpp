// CachingResolver: the answers that are cached, and the waiters for look-ups in progress.
//
// A look-up runs as a task of its own, so that the cancellation of the caller who happened to be first does not take
// it from the others (aiohttp's "throttle"). It ends in a callback, and not in the task's own body: a task that is
// cancelled before its first step has none.
#include <aio/io/dns.hpp>

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/sync/event.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace aio {

namespace {

using Infos = std::vector<AddressInfo>;

// A question that the inner resolver was asked.
struct Lookup {
    std::string key;
    Task<Infos> task;
    Event done;
    Infos infos;
    std::exception_ptr error;
    std::size_t waiting = 0;
};

struct Entry {
    std::string key;
    Infos infos;
    std::exception_ptr error;  // instead
    TimePoint expires;
    std::size_t turn = 0;
};

// Names of hosts do not depend on upper and lower case (RFC 4343).
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// "2/1/6/0/example.org"
std::string key_of(std::string_view host, const LookupOptions& options) {
    std::string key;
    for (const int number : {options.family, options.type, options.proto, options.flags}) {
        key += std::to_string(number) + "/";
    }
    for (const char c : host) key += lower(c);
    return key;
}

bool is_about(std::string_view key, std::string_view host) noexcept {
    for (int field = 0; field < 4; ++field) key.remove_prefix(key.find('/') + 1);
    return std::equal(key.begin(), key.end(), host.begin(), host.end(),
                      [](char known, char given) { return known == lower(given); });
}

Coro<Infos> ask(std::shared_ptr<Resolver> resolver, std::string host, LookupOptions options) {
    co_return co_await resolver->getaddrinfo(std::move(host), 0, options);
}

bool says_no_such_name(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const GaiError& gai) {
        return gai.code() == EAI_NONAME || gai.code() == EAI_NODATA;
    } catch (...) {
        return false;
    }
}

Infos with_port(Infos infos, int port) {
    for (AddressInfo& info : infos) info.address.port = port;
    return infos;
}

// The addresses of each family in turn: the first `turn` of them go to the end of their family's places.
Infos rotated(const Infos& infos, std::size_t turn) {
    Infos result = infos;
    for (const int family : {AF_INET, AF_INET6}) {
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < infos.size(); ++i) {
            if (infos[i].family == family) places.push_back(i);
        }
        for (std::size_t i = 0; i < places.size(); ++i) result[places[i]] = infos[places[(i + turn) % places.size()]];
    }
    if (!infos.empty() && !infos.front().canonname.empty()) {
        for (AddressInfo& info : result) info.canonname.clear();
        result.front().canonname = infos.front().canonname;
    }
    return result;
}

}  // namespace

class CachingResolver::Cache : public std::enable_shared_from_this<Cache> {
public:
    Cache(std::shared_ptr<Resolver> inner, const CacheOptions& options)
        : inner_(std::move(inner)), options_(options) {}

    const std::shared_ptr<Resolver>& inner() const noexcept { return inner_; }
    std::size_t size() const noexcept { return entries_.size(); }

    // Errors: RuntimeError when look-ups of another loop are in progress.
    void enter();
    // What is remembered and still good; null otherwise. Valid until the next call of anything here.
    Entry* find(const std::string& key) noexcept;
    Infos answer(Entry& entry) const;
    // The look-up in progress, or a new one.
    std::shared_ptr<Lookup> join(const std::string& key, const std::string& host, const LookupOptions& options);
    void leave(const std::shared_ptr<Lookup>& lookup) noexcept;

    void clear() noexcept;
    void clear(std::string_view host) noexcept;

private:
    using Entries = std::list<Entry>;
    void ended(const std::shared_ptr<Lookup>& lookup, const Task<Infos>& task) noexcept;
    void remember(const Lookup& lookup) noexcept;
    void forget(Entries::iterator entry) noexcept;
    void forget_lookup(const std::shared_ptr<Lookup>& lookup) noexcept;
    static TimePoint now() noexcept { return get_running_loop().time(); }

    const std::shared_ptr<Resolver> inner_;
    const CacheOptions options_;
    EventLoop* loop_ = nullptr;
    Entries entries_;  // the one used last first
    std::unordered_map<std::string_view, Entries::iterator> by_key_;
    std::unordered_map<std::string_view, std::shared_ptr<Lookup>> lookups_;  // those that may be joined
};

void CachingResolver::Cache::enter() {
    EventLoop* const loop = &get_running_loop();
    if (loop == loop_) return;
    if (!lookups_.empty()) throw RuntimeError("CachingResolver: another loop is using it; make one for each loop");
    clear();  // its times are of another clock
    loop_ = loop;
}

Entry* CachingResolver::Cache::find(const std::string& key) noexcept {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    if (now() >= found->second->expires) {
        forget(found->second);
        return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return &entries_.front();
}

Infos CachingResolver::Cache::answer(Entry& entry) const {
    if (entry.error) std::rethrow_exception(entry.error);
    return options_.round_robin ? rotated(entry.infos, ++entry.turn) : entry.infos;
}

std::shared_ptr<Lookup> CachingResolver::Cache::join(const std::string& key, const std::string& host,
                                                     const LookupOptions& options) {
    if (const auto found = lookups_.find(key); found != lookups_.end()) return found->second;
    auto lookup = std::make_shared<Lookup>();
    lookup->key = key;
    lookups_.emplace(lookup->key, lookup);
    try {
        lookup->task = create_task(ask(inner_, host, options), {.name = "look-up"});
        lookup->task.add_done_callback(
            [cache = shared_from_this(), lookup](const Task<Infos>& task) { cache->ended(lookup, task); });
    } catch (...) {
        if (lookup->task) lookup->task.cancel();
        lookups_.erase(lookup->key);
        throw;
    }
    return lookup;
}

// The last waiter to leave cancels the look-up, which nobody needs any more; the next caller begins another.
void CachingResolver::Cache::leave(const std::shared_ptr<Lookup>& lookup) noexcept {
    if (--lookup->waiting > 0 || lookup->done.is_set()) return;
    forget_lookup(lookup);
    lookup->task.cancel();
    lookup->task = Task<Infos>();  // otherwise it would keep itself alive, if it is destroyed with its loop
}

void CachingResolver::Cache::ended(const std::shared_ptr<Lookup>& lookup, const Task<Infos>& task) noexcept {
    try {
        lookup->infos = task.result();
    } catch (...) {
        lookup->error = std::current_exception();
    }
    const auto found = lookups_.find(lookup->key);
    if (found != lookups_.end() && found->second == lookup) {
        remember(*lookup);
        lookups_.erase(found);
    }
    lookup->task = Task<Infos>();
    lookup->done.set();
}

void CachingResolver::Cache::remember(const Lookup& lookup) noexcept {
    Duration good = options_.ttl;
    if (lookup.error) good = says_no_such_name(lookup.error) ? options_.negative_ttl : Duration(0);
    if (good <= Duration(0)) return;
    try {
        entries_.push_front({lookup.key, lookup.infos, lookup.error, now() + good});
    } catch (const std::bad_alloc&) {
        return;  // it will be asked for again
    }
    try {
        by_key_.emplace(entries_.front().key, entries_.begin());
    } catch (const std::bad_alloc&) {
        return entries_.pop_front();
    }
    if (entries_.size() > options_.max_entries) forget(std::prev(entries_.end()));
}

void CachingResolver::Cache::forget(Entries::iterator entry) noexcept {
    by_key_.erase(entry->key);
    entries_.erase(entry);
}

void CachingResolver::Cache::forget_lookup(const std::shared_ptr<Lookup>& lookup) noexcept {
    const auto found = lookups_.find(lookup->key);
    if (found != lookups_.end() && found->second == lookup) lookups_.erase(found);
}

void CachingResolver::Cache::clear() noexcept {
    by_key_.clear();
    entries_.clear();
    lookups_.clear();
}

void CachingResolver::Cache::clear(std::string_view host) noexcept {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        if (is_about(entry->key, host)) forget(entry);
        entry = next;
    }
    std::erase_if(lookups_, [&](const auto& item) { return is_about(item.first, host); });
}

namespace {

// One of those who wait for a look-up.
class Waiting {
public:
    Waiting(std::shared_ptr<CachingResolver::Cache> cache, std::shared_ptr<Lookup> lookup) noexcept
        : cache_(std::move(cache)), lookup_(std::move(lookup)) {
        ++lookup_->waiting;
    }
    ~Waiting() { cache_->leave(lookup_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    Lookup& lookup() const noexcept { return *lookup_; }

private:
    std::shared_ptr<CachingResolver::Cache> cache_;
    std::shared_ptr<Lookup> lookup_;
};

Coro<Infos> ask_cache(std::shared_ptr<CachingResolver::Cache> cache, std::string host, int port,
                      LookupOptions options) {
    cache->enter();
    const std::string key = key_of(host, options);
    if (Entry* known = cache->find(key)) co_return with_port(cache->answer(*known), port);
    const Waiting waiting(cache, cache->join(key, host, options));
    co_await waiting.lookup().done.wait();
    if (waiting.lookup().error) std::rethrow_exception(waiting.lookup().error);
    co_return with_port(waiting.lookup().infos, port);
}

Coro<NameInfo> ask_inner(std::shared_ptr<Resolver> inner, Address address, int flags) {
    co_return co_await inner->getnameinfo(std::move(address), flags);
}

}  // namespace

CachingResolver::CachingResolver(std::shared_ptr<Resolver> inner, CacheOptions options) {
    if (options.max_entries == 0) throw ValueError("CachingResolver: max_entries must be positive");
    if (options.ttl < Duration(0) || options.negative_ttl < Duration(0)) {
        throw ValueError("CachingResolver: ttl and negative_ttl must not be negative");
    }
    if (!inner) inner = std::make_shared<ThreadedResolver>();
    cache_ = std::make_shared<Cache>(std::move(inner), options);
}

CachingResolver::~CachingResolver() = default;

Coro<Infos> CachingResolver::getaddrinfo(std::string host, int port, LookupOptions options) {
    return ask_cache(cache_, std::move(host), port, options);
}
Coro<NameInfo> CachingResolver::getnameinfo(Address address, int flags) {
    return ask_inner(cache_->inner(), std::move(address), flags);
}

void CachingResolver::clear() noexcept { cache_->clear(); }
void CachingResolver::clear(std::string_view host) noexcept { cache_->clear(host); }
std::size_t CachingResolver::size() const noexcept { return cache_->size(); }
bool CachingResolver::remembers(std::string_view host, LookupOptions options) const {
    cache_->enter();
    return cache_->find(key_of(host, options)) != nullptr;
}

}  // namespace aio
