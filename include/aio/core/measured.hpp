// What has numbers for http::metrics_handler(): pools, servers, clients. For the library: programs ask the objects themselves.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::detail {

// A name of Prometheus', what kind of number it stands for ("counter", "gauge"), and what it means.
struct MetricFamily {
    const char* name;
    const char* type;
    const char* help;
};

struct MetricSample {
    const MetricFamily* family;  // static
    std::string labels;          // loop="1",state="idle"
    double value;
};

class MetricSamples {
public:
    // Errors of all: std::bad_alloc.
    void add(const MetricFamily& family, std::string labels, double value) {
        samples_.push_back({&family, std::move(labels), value});
    }
    template <class Number>
    void add(const MetricFamily& family, std::string labels, Number value) {
        add(family, std::move(labels), static_cast<double>(value));
    }
    void add(MetricSamples&& others) {
        samples_.insert(samples_.end(), std::make_move_iterator(others.samples_.begin()),
                        std::make_move_iterator(others.samples_.end()));
    }
    const std::vector<MetricSample>& all() const noexcept { return samples_; }

private:
    std::vector<MetricSample> samples_;
};

// The head and the elements of a loop's list. It is in the list of the loop that runs when it is made, if one does, until it is
// destroyed or that loop is closed. Thread rule: that loop's thread.
class MeasuredLink {
public:
    MeasuredLink(const MeasuredLink&) = delete;
    MeasuredLink& operator=(const MeasuredLink&) = delete;

    MeasuredLink* next() const noexcept { return next_; }
    void unlink() noexcept {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = this;
    }

protected:
    MeasuredLink() noexcept : previous_(this), next_(this) {}
    ~MeasuredLink() { unlink(); }
    void link_before(MeasuredLink& head) noexcept {
        previous_ = head.previous_;
        next_ = &head;
        previous_->next_ = this;
        head.previous_ = this;
    }

private:
    MeasuredLink* previous_;
    MeasuredLink* next_;
};

class Measured : public MeasuredLink {
public:
    // Adds its numbers. Errors: std::bad_alloc.
    virtual void measure(MetricSamples& into) const = 0;

protected:
    Measured() noexcept;
    ~Measured() = default;
    // `kind="7"`: which one of its kind, of all in the process.
    std::string label(std::string_view kind) const;

private:
    std::uint64_t number_;
};

// Those of a loop.
class MeasuredList final : public MeasuredLink {
public:
    MeasuredList() noexcept = default;
    // Errors: std::bad_alloc.
    void measure(MetricSamples& into) const {
        for (MeasuredLink* each = next(); each != this; each = each->next())
            static_cast<const Measured*>(each)->measure(into);
    }
    void clear() noexcept {
        while (next() != this) next()->unlink();
    }
};

}  // namespace aio::detail
