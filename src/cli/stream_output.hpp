// Standard output, a FIFO or a device as the place for a body: bytes that are written cannot be taken back.
#pragma once

#include "cli/checksum.hpp"

#include <aio/files.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace aio::cli {

class StreamOutput {
public:
    // `wanted` outlives it.
    StreamOutput(files::File file, const std::optional<Checksum>& wanted) : file_(std::move(file)), wanted_(wanted) {
        if (wanted_) digest_.emplace(wanted_->algorithm());
    }

    // A head, or something else that no checksum is about. Errors: OSError.
    Coro<> write_head(std::string_view text);
    // Errors: OSError.
    Coro<> write(std::string_view bytes);
    // Errors: OSError; ChecksumError.
    Coro<> finish();

    // Whether there is no way back.
    bool touched() const noexcept { return touched_; }

private:
    files::File file_;
    const std::optional<Checksum>& wanted_;
    std::optional<Digest> digest_;
    bool touched_ = false;
};

}  // namespace aio::cli
