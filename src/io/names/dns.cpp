// getaddrinfo() and getnameinfo(), the loop's resolver, and the one that asks the system.
#include <aio/io/dns.hpp>

#include <aio/base/error.hpp>
#include <aio/sync/threads.hpp>

#include "core/loop_state.hpp"
#include "io/names/resolve.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace aio {

namespace {

// --- on the thread -------------------------------------------------------------------------------------------

struct Answer {
    int error = 0;  // EAI_*
    int system_error = 0;
    std::vector<AddressInfo> infos;
};

struct NameAnswer {
    int error = 0;
    int system_error = 0;
    NameInfo names;
};

struct FreeAddrinfo {
    void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

AddressInfo decoded(const addrinfo& found) {
    detail::RawAddress raw;
    std::memcpy(&raw.storage, found.ai_addr, found.ai_addrlen);
    raw.length = found.ai_addrlen;
    return {found.ai_family, found.ai_socktype, found.ai_protocol, found.ai_canonname ? found.ai_canonname : "",
            raw.decoded()};
}

// Blocks.
Answer ask_system(const std::string& host, int port, const LookupOptions& options) {
    addrinfo hints = {};
    hints.ai_family = options.family;
    hints.ai_socktype = options.type;
    hints.ai_protocol = options.proto;
    hints.ai_flags = options.flags | AI_NUMERICSERV;
    Answer answer;
    addrinfo* list = nullptr;
    answer.error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    answer.system_error = errno;
    if (answer.error != 0) return answer;
    const std::unique_ptr<addrinfo, FreeAddrinfo> owned(list);
    for (const addrinfo* each = list; each; each = each->ai_next) {
        if (each->ai_addr && each->ai_addrlen <= sizeof(sockaddr_storage)) answer.infos.push_back(decoded(*each));
    }
    return answer;
}

// Blocks, unless both answers are numeric.
NameAnswer ask_system_for_name(const detail::RawAddress& address, int flags) {
    char host[NI_MAXHOST] = "";
    char service[NI_MAXSERV] = "";
    NameAnswer answer;
    answer.error = ::getnameinfo(address.get(), address.length, host, sizeof host, service, sizeof service, flags);
    answer.system_error = errno;
    if (answer.error == 0) answer.names = NameInfo(host, service);
    return answer;
}

// --- on the loop ---------------------------------------------------------------------------------------------

// The shared_ptr keeps an executor of the resolver's own alive as long as the look-up.
Coro<std::vector<AddressInfo>> look_up(std::shared_ptr<Executor> executor, std::string host, int port,
                                       LookupOptions options) {
    Future<Answer> asked = get_running_loop().run_in_executor(executor.get(), ask_system, host, port, options);
    Answer answer = co_await std::move(asked);
    if (answer.error == EAI_SYSTEM) {
        throw_os_error(answer.system_error, detail::look_up_of(host, options.family));
    }
    if (answer.error != 0) detail::throw_gai_error(answer.error, host, options.family);
    co_return std::move(answer.infos);
}

NameInfo names_of(NameAnswer answer, const Address& address) {
    if (answer.error == EAI_SYSTEM) throw_os_error(answer.system_error, detail::look_up_of(address));
    if (answer.error != 0) detail::throw_gai_error(answer.error, address);
    return std::move(answer.names);
}

Coro<NameInfo> look_up_name(std::shared_ptr<Executor> executor, Address address, int flags) {
    const detail::RawAddress raw = detail::numeric_address(address);
    Future<NameAnswer> asked = get_running_loop().run_in_executor(executor.get(), ask_system_for_name, raw, flags);
    NameAnswer answer = co_await std::move(asked);
    co_return names_of(std::move(answer), address);
}

detail::LoopState& running_state() { return detail::LoopState::of(detail::require_loop()); }

}  // namespace

// --- resolvers -----------------------------------------------------------------------------------------------

Coro<NameInfo> Resolver::getnameinfo(Address address, int flags) {
    return look_up_name(nullptr, std::move(address), flags);
}

Coro<std::vector<AddressInfo>> ThreadedResolver::getaddrinfo(std::string host, int port, LookupOptions options) {
    return look_up(executor_, std::move(host), port, options);
}
Coro<NameInfo> ThreadedResolver::getnameinfo(Address address, int flags) {
    return look_up_name(executor_, std::move(address), flags);
}

void set_resolver(EventLoop& loop, std::shared_ptr<Resolver> resolver) {
    detail::LoopState& state = loop.state();
    if (state.closed) throw RuntimeError("set_resolver: the event loop is closed");
    state.resolver = std::move(resolver);
}
void set_resolver(std::shared_ptr<Resolver> resolver) { running_state().resolver = std::move(resolver); }

std::shared_ptr<Resolver> get_resolver() {
    if (const std::shared_ptr<Resolver>& own = running_state().resolver) return own;
    // Never destroyed: a loop may be running while the process exits.
    static const auto* const threaded = new std::shared_ptr<Resolver>(std::make_shared<ThreadedResolver>());
    return *threaded;
}

// --- the two questions ---------------------------------------------------------------------------------------

Coro<std::vector<AddressInfo>> getaddrinfo(std::string host, int port, LookupOptions options) {
    detail::check_port("getaddrinfo", port);
    std::optional<std::vector<AddressInfo>> local = detail::answer_locally(host, port, options);
    if (local) co_return *std::move(local);
    const std::shared_ptr<Resolver> resolver = get_resolver();
    std::vector<AddressInfo> infos = co_await resolver->getaddrinfo(host, port, options);
    if (infos.empty()) detail::throw_gai_error(EAI_NODATA, host, options.family);
    co_return infos;
}

Coro<NameInfo> getnameinfo(Address address, int flags) {
    const detail::RawAddress raw = detail::numeric_address(address);
    if ((flags & NI_NUMERICHOST) && (flags & NI_NUMERICSERV))
        co_return names_of(ask_system_for_name(raw, flags), address);
    const std::shared_ptr<Resolver> resolver = get_resolver();
    co_return co_await resolver->getnameinfo(std::move(address), flags);
}

}  // namespace aio
