// Transport's members forward to TransportCore where the protocol is concerned, else directly to the stream.
// The protocol is called in transport_core.cpp; start_tls() and ssl_object() are in transport_tls.cpp.
#include <aio/io/transport.hpp>

#include "io/protocol/transport_core.hpp"

#include <limits>

namespace aio {

Transport::Transport(detail::TransportCore& core) noexcept : core_(&core) { core_->retain(); }
Transport::Transport(const Transport& other) noexcept : core_(other.core_) {
    if (core_) core_->retain();
}
Transport::~Transport() {
    if (core_) core_->release();
}

const detail::StreamRef& Transport::stream() const noexcept { return core_->stream(); }

void Transport::write(std::string_view data) const { core_->write(data); }
void Transport::write_eof() const { stream()->write_eof(); }
bool Transport::can_write_eof() const noexcept { return stream()->can_write_eof(); }

void Transport::set_write_buffer_limits(std::optional<std::size_t> high, std::optional<std::size_t> low) const {
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
    const std::size_t most = high ? *high : !low ? detail::kDefaultHighWater : *low > kMost / 4 ? kMost : 4 * *low;
    core_->set_write_buffer_limits(most, low.value_or(most / 4));
}
std::pair<std::size_t, std::size_t> Transport::get_write_buffer_limits() const noexcept {
    return core_->write_buffer_limits();
}
std::size_t Transport::get_write_buffer_size() const noexcept { return stream()->write_buffer_size(); }

void Transport::pause_reading() const noexcept { core_->pause_reading(); }
void Transport::resume_reading() const noexcept { core_->resume_reading(); }
bool Transport::is_reading() const noexcept { return core_->is_reading(); }

void Transport::close() const { core_->close(); }
void Transport::abort() const { core_->abort(); }
bool Transport::is_closing() const noexcept { return stream()->is_closing(); }

void Transport::set_protocol(std::shared_ptr<BaseProtocol> protocol) const {
    core_->set_protocol(std::move(protocol));
}
std::shared_ptr<BaseProtocol> Transport::get_protocol() const noexcept { return core_->protocol(); }

Address Transport::peername() const { return stream()->peername(); }
Address Transport::sockname() const { return stream()->sockname(); }
int Transport::fileno() const noexcept { return stream()->fileno(); }

}  // namespace aio
