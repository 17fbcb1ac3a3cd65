// A terminal: what a person sees of a program's output. It knows the control sequences that the tool uses, and fails the test
// for any other.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace aio::test {

class Terminal {
public:
    Terminal(std::size_t rows, std::size_t columns) : cells_(rows, std::string(columns, ' ')) {}

    // Bytes as they arrive: a sequence may be cut anywhere. A character outside of ASCII takes the columns of its bytes.
    void write(std::string_view bytes) {
        pending_ += bytes;
        std::size_t at = 0;
        while (at < pending_.size()) {
            const std::size_t size = take(std::string_view(pending_).substr(at));
            if (size == 0) break;
            at += size;
        }
        pending_.erase(0, at);
    }

    // The rows without spaces at their ends, up to the cursor's.
    std::vector<std::string> rows() const {
        std::vector<std::string> all;
        for (std::size_t i = 0; i <= row_; ++i) {
            std::string text = cells_[i];
            text.erase(text.find_last_not_of(' ') + 1);
            all.push_back(text);
        }
        return all;
    }
    std::string cursor_row() const { return rows().back(); }
    std::size_t column() const { return column_; }
    bool shows(std::string_view text) const {
        return std::any_of(cells_.begin(), cells_.end(),
                           [&](const std::string& row) { return row.find(text) != std::string::npos; });
    }

private:
    // Result: how many bytes were used; 0: more are needed.
    std::size_t take(std::string_view bytes) {
        const char c = bytes[0];
        if (c == '\n') return next_row(), 1;
        if (c == '\r') return column_ = 0, 1;
        if (c == '\b') return column_ -= column_ > 0 ? 1 : 0, 1;
        if (c != '\033') return put(c), 1;
        if (bytes.size() < 2) return 0;
        if (bytes[1] == '7') return saved_row_ = row_, saved_column_ = column_, 2;
        if (bytes[1] == '8') return row_ = saved_row_, column_ = saved_column_, 2;
        std::size_t end = 2;
        while (end < bytes.size() && std::isdigit(static_cast<unsigned char>(bytes[end])) != 0) ++end;
        if (end == bytes.size()) return 0;
        const int number = std::atoi(std::string(bytes.substr(2, end - 2)).c_str());
        control(bytes[end], static_cast<std::size_t>(std::max(number, 1)));
        return end + 1;
    }
    void control(char what, std::size_t count) {
        switch (what) {
            case 'A': row_ -= std::min(row_, count); break;
            case 'B': row_ = std::min(row_ + count, cells_.size() - 1); break;
            case 'K': cells_[row_].replace(column_, std::string::npos, cells_[row_].size() - column_, ' '); break;
            case 'L':
                for (std::size_t i = 0; i < count; ++i) {
                    cells_.pop_back();
                    cells_.insert(cells_.begin() + static_cast<std::ptrdiff_t>(row_),
                                  std::string(cells_[0].size(), ' '));
                }
                break;
            default: ADD_FAILURE() << "the terminal does not know ESC [ " << what;
        }
    }
    // The row below, at its first column: the kernel's terminal makes "\r\n" of "\n".
    void next_row() {
        column_ = 0;
        if (++row_ < cells_.size()) return;
        cells_.erase(cells_.begin());
        cells_.emplace_back(cells_[0].size(), ' ');
        --row_;
    }
    void put(char c) {
        if (column_ == cells_[0].size()) next_row();  // not before the next character comes
        cells_[row_][column_++] = c;
    }

    std::vector<std::string> cells_;
    std::string pending_;
    std::size_t row_ = 0, column_ = 0, saved_row_ = 0, saved_column_ = 0;
};

}  // namespace aio::test
