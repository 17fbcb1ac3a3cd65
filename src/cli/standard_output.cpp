#include "cli/standard_output.hpp"

namespace aio::cli {

Coro<> StandardOutput::write_head(std::string_view text) {
    touched_ = true;
    co_await file_.write(text);
}

Coro<> StandardOutput::write(std::string_view bytes) {
    touched_ = true;
    if (digest_) digest_->update(bytes);
    co_await file_.write(bytes);
    co_await file_.flush();
}

Coro<> StandardOutput::finish() {
    co_await file_.flush();
    if (!digest_) co_return;
    const std::string got = digest_->hex();
    if (got != wanted_->hex()) throw ChecksumError(*wanted_, got);
}

}  // namespace aio::cli
