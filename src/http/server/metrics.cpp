// metrics_handler(): samples as text. Source: Prometheus, exposition_formats.md, "Text format details".
#include <aio/http/server/metrics.hpp>

#include "http/server/loop_samples.hpp"

#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http {

namespace {

using aio::detail::MetricFamily;
using aio::detail::MetricSample;
using aio::detail::MetricSamples;

std::string number(double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value);
    return std::string(text, end.ptr);
}

// All samples of a family stand together, below its HELP and TYPE; families in the order in which they first appear. (The same
// family may be several objects, in a program of several shared libraries: its name decides.)
std::string text_of(const MetricSamples& samples) {
    std::map<std::string_view, std::size_t> places;
    std::vector<std::vector<const MetricSample*>> families;
    for (const MetricSample& sample : samples.all()) {
        const auto [place, added] = places.try_emplace(sample.family->name, families.size());
        if (added) families.emplace_back();
        families[place->second].push_back(&sample);
    }
    std::string text;
    for (const auto& family : families) {
        const MetricFamily& of = *family.front()->family;
        text += std::string("# HELP ") + of.name + " " + of.help + "\n# TYPE " + of.name + " " + of.type + "\n";
        for (const MetricSample* sample : family)
            text += std::string(of.name) + "{" + sample->labels + "} " + number(sample->value) + "\n";
    }
    return text;
}

Coro<Response> show_metrics(Request&) {
    const MetricSamples samples = co_await detail::measure_all_loops();
    Response response = Response::text(text_of(samples));
    response.set_content_type("text/plain; version=0.0.4; charset=utf-8");
    co_return response;
}

}  // namespace

detail::HandlerFunction metrics_handler() { return detail::HandlerFunction(show_metrics); }

}  // namespace aio::http
