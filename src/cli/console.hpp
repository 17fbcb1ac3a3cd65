// What people see of a fetch, on standard error: lines that stay, and below them, on a terminal, bars that move.
#pragma once

#include "cli/progress.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace aio::cli {

class Console {
public:
    // silent: says nothing. show_errors: but errors.
    Console(bool silent, bool show_errors, std::size_t files);
    ~Console() { erase(); }
    Console(const Console&) = delete;

    Progress& progress() noexcept { return progress_; }
    // Whether there are bars to be drawn from time to time.
    bool has_bars() const noexcept { return bars_; }
    // Bodies go to this terminal: bars would be among them.
    void share_terminal() noexcept { bars_ = false; }

    void say(std::string_view text);
    void complain(std::string_view text);
    void draw();
    void erase();

private:
    void write_line(std::string_view text);

    Progress progress_;
    bool silent_, show_errors_, bars_;
    std::size_t drawn_ = 0;  // lines, above which the cursor must go
};

}  // namespace aio::cli
