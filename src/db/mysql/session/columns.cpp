// Definitions of columns, compared with the ones that are known.
#include "db/mysql/session/columns.hpp"

#include <utility>

namespace aio::mysql::detail {

void Columns::add(std::string_view payload) {
    const wire::ColumnPacket packet = wire::parse_column(payload);
    Column column;
    column.table = std::string(packet.table);
    column.type = {static_cast<FieldType>(packet.type), packet.flags, packet.charset, packet.length, packet.decimals};
    list.push_back(std::move(column));
    names.add(std::string(packet.name));
    widths.push_back(wire::width_of(packet.type));
    definitions += payload;
    ends.push_back(definitions.size());
}

void ColumnsTaker::begin(std::size_t count, std::shared_ptr<const Columns> known) {
    count_ = count;
    taken_ = 0;
    fresh_ = nullptr;
    known_ = known && known->list.size() == count ? std::move(known) : nullptr;
    if (!known_) fresh_ = std::make_shared<Columns>();
}

void ColumnsTaker::take(std::string_view payload) {
    if (!fresh_) {
        const std::size_t begin = taken_ == 0 ? 0 : known_->ends[taken_ - 1];
        const std::string_view same =
            std::string_view(known_->definitions).substr(begin, known_->ends[taken_] - begin);
        ++taken_;
        if (same == payload) return;
        fresh_ = std::make_shared<Columns>();
        for (std::size_t i = 0; i + 1 < taken_; ++i) {
            const std::size_t from = i == 0 ? 0 : known_->ends[i - 1];
            fresh_->add(std::string_view(known_->definitions).substr(from, known_->ends[i] - from));
        }
    } else {
        ++taken_;
    }
    fresh_->add(payload);
    if (taken_ == count_) known_ = fresh_;
}

}  // namespace aio::mysql::detail
