// Writing to what gives nothing back.
#include "cli/stream_output.hpp"

namespace aio::cli {

Coro<> StreamOutput::write_head(std::string_view text) {
    touched_ = true;
    co_await file_.write(text);
}

Coro<> StreamOutput::write(std::string_view bytes) {
    touched_ = true;
    if (digest_) digest_->update(bytes);
    co_await file_.write(bytes);
    co_await file_.flush();
}

Coro<> StreamOutput::finish() {
    co_await file_.flush();
    if (!digest_) co_return;
    const std::string got = digest_->hex();
    if (got != wanted_->hex()) throw ChecksumError(*wanted_, got);
}

}  // namespace aio::cli
