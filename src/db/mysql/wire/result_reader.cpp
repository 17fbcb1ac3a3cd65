// The states of an answer. The packets themselves: server_packets.cpp, row.cpp.
#include "db/mysql/wire/result_reader.hpp"

#include "db/mysql/wire/body.hpp"
#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/packet_reader.hpp"

namespace aio::mysql::wire {

namespace {

constexpr std::size_t kMostColumns = 65'535;  // MySQL's limit is 4096

bool is_eof(std::string_view payload) noexcept { return begins_with(payload, kEofHeader) && payload.size() < 9; }

}  // namespace

// A row begins with 0xfe only if its first value is longer than a frame, and then so is the packet.
bool ResultReader::is_end_of_rows(std::string_view payload) const noexcept {
    return begins_with(payload, kEofHeader) && payload.size() < (no_eof_ ? kLargestFrame : 9);
}

ResultReader::Event ResultReader::ended(const Ok& end, Event event) noexcept {
    end_ = end;
    state_ = (end.status & kMoreResults) != 0 ? State::head : State::over;
    return event;
}

ResultReader::Event ResultReader::read(std::string_view payload) {
    switch (state_) {
        case State::head: return read_head(payload);
        case State::columns:
            if (--columns_left_ == 0) state_ = no_eof_ ? State::rows : State::separator;
            return Event::column;
        case State::separator: {
            if (!is_eof(payload))
                throw ProtocolError("MySQL: the definitions of columns do not end with an EOF packet");
            const Ok end = parse_eof(payload);
            if ((end.status & kCursorExists) != 0) return ended(end, Event::rows_end);
            state_ = State::rows;
            return Event::separator;
        }
        default: return read_row(payload);
    }
}

ResultReader::Event ResultReader::read_head(std::string_view payload) {
    if (payload.empty()) throw ProtocolError("MySQL: the server answered with an empty packet");
    switch (static_cast<unsigned char>(payload.front())) {
        case kOkHeader: return ended(parse_ok(payload), Event::ok);
        case kErrorHeader: state_ = State::over; return Event::error;
        case kFileHeader: return Event::file;
        default: break;
    }
    Body body(payload, "the head of a result");
    const std::uint64_t count = body.lenenc("the number of its columns");
    if (count == 0 || count > kMostColumns) body.refuse("promises " + std::to_string(count) + " columns");
    body.finish();
    column_count_ = columns_left_ = static_cast<std::size_t>(count);
    state_ = State::columns;
    return Event::columns;
}

ResultReader::Event ResultReader::read_row(std::string_view payload) {
    if (is_end_of_rows(payload)) return ended(no_eof_ ? parse_ok(payload) : parse_eof(payload), Event::rows_end);
    if (begins_with(payload, kErrorHeader)) {
        state_ = State::over;
        return Event::error;
    }
    return Event::row;
}

PrepareReader::Event PrepareReader::read(std::string_view payload) {
    switch (stage_) {
        case Stage::head:
            if (begins_with(payload, kErrorHeader)) {
                stage_ = Stage::over;
                return Event::error;
            }
            head_ = parse_prepare_ok(payload);
            stage_ = Stage::parameters;
            left_ = head_.parameters;
            if (left_ == 0) {
                stage_ = Stage::columns;
                left_ = head_.columns;
            }
            settle();
            return Event::head;
        case Stage::parameters:
            --left_;
            settle();
            return Event::parameter;
        case Stage::columns:
            --left_;
            settle();
            return Event::column;
        default: break;
    }
    if (!is_eof(payload))
        throw ProtocolError("MySQL: the description of a statement does not end with an EOF packet");
    parse_eof(payload);
    stage_ = stage_ == Stage::parameters_end ? Stage::columns : Stage::over;
    if (stage_ == Stage::columns) left_ = head_.columns;
    settle();
    return Event::separator;
}

// Leaves a stage that has nothing more.
void PrepareReader::settle() noexcept {
    if (stage_ == Stage::parameters && left_ == 0) {
        stage_ = no_eof_ ? Stage::columns : Stage::parameters_end;
        left_ = head_.columns;
    }
    if (stage_ == Stage::columns && left_ == 0) {
        stage_ = no_eof_ || head_.columns == 0 ? Stage::over : Stage::columns_end;
    }
}

}  // namespace aio::mysql::wire
