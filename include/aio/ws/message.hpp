// Messages that were received: Message owns its data, MessageView does not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace aio::ws {

// Text is UTF-8, which was checked.
enum class MessageType : std::uint8_t { text, binary };

// A message that was received; send() takes it too.
class Message {
public:
    Message(MessageType type, std::string data) noexcept : data_(std::move(data)), type_(type) {}

    // Whether it is text: Python's `str`; else binary: `bytes`.
    MessageType type() const noexcept { return type_; }
    bool is_text() const noexcept { return type_ == MessageType::text; }
    // Its data; of a binary message too.
    const std::string& text() const& noexcept { return data_; }
    std::string text() && noexcept { return std::move(data_); }
    const std::string& data() const& noexcept { return data_; }
    std::string data() && noexcept { return std::move(data_); }
    // The number of its bytes.
    std::size_t size() const noexcept { return data_.size(); }

    friend bool operator==(const Message&, const Message&) = default;

private:
    std::string data_;
    MessageType type_;
};

// The same without its data, which the connection keeps until its next receiving function is called.
struct MessageView {
    MessageType type;
    std::string_view data;
};

}  // namespace aio::ws
