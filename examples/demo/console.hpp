// What the demo prints: headings, lines with the time since the part began, progress, results. Colours and a
// moving bar on a terminal only, so that a log file stays plain (NO_COLOR is heeded).
#pragma once

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace demo {

class Console {
public:
    Console();

    void title(std::string_view text);
    // Starts a part and its clock.
    void heading(std::string_view text);
    void explain(std::string_view text);

    template <class... Args>
    void say(fmt::format_string<Args...> format, Args&&... args) {
        line(fmt::format(format, std::forward<Args>(args)...));
    }
    // A result worth remembering: printed now, and again in the summary.
    template <class... Args>
    void result(fmt::format_string<Args...> format, Args&&... args) {
        emphasised(fmt::format(format, std::forward<Args>(args)...));
    }
    void error(std::string_view text);

    // Seconds since heading().
    double elapsed() const;

    // "[#####.....] 48/100": in place on a terminal, nothing elsewhere. The next line replaces it.
    void progress(std::string_view what, std::size_t done, std::size_t all);

    // All results, part by part.
    void summary();

private:
    void line(std::string_view text);
    void emphasised(std::string text);
    void end_progress();
    std::string painted(std::string_view text, const char* colour) const;

    bool terminal_ = false, coloured_ = false, unicode_ = false;
    bool bar_shown_ = false;
    std::chrono::steady_clock::time_point start_;
    std::string part_;
    std::vector<std::pair<std::string, std::string>> results_;  // (part, result)
};

}  // namespace demo
