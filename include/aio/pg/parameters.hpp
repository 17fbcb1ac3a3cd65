// The arguments of a statement, as the protocol's message Bind carries them.
#pragma once

#include <aio/pg/codec_containers.hpp>
#include <aio/pg/codec_time.hpp>
#include <aio/pg/json.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aio::pg {

namespace detail {
void check_argument_count(std::size_t parameters, std::size_t arguments);
}

// Encoded arguments. It keeps its memory when it is cleared, so that a connection needs only one.
class Parameters {
public:
    // Removes all arguments.
    void clear() noexcept {
        formats_.clear();
        values_.clear();
    }
    // Appends an argument for a parameter of type `oid`. Errors: those of the conversion, in which nothing is appended.
    template <class T>
    void add(Oid oid, const TypeCatalog& catalog, const T& value) {
        const std::size_t size = values_.size();
        try {
            detail::encode_field(values_, oid, catalog, formats_.size() + 1, detail::Part::whole, value);
            formats_.push_back(catalog.format(oid));
        } catch (...) {
            values_.resize(size);
            throw;
        }
    }

    // The number of arguments.
    std::size_t size() const noexcept { return formats_.size(); }
    // The format of each argument.
    std::span<const Format> formats() const noexcept { return formats_; }
    // The arguments one after the other: each has four bytes of length in front of it, or is the length -1 for NULL.
    std::string_view values() const noexcept { return values_; }

private:
    std::vector<Format> formats_;
    std::string values_;
};

// Replaces what `parameters` has by these arguments; `types` are the types of the statement's parameters, as the server
// described them. Errors: db::ArgumentCountError; those of the conversions, which name the parameter.
template <class... Args>
void encode_arguments(Parameters& parameters, const TypeCatalog& catalog, std::span<const Oid> types,
                      const Args&... args) {
    detail::check_argument_count(types.size(), sizeof...(Args));
    parameters.clear();
    [[maybe_unused]] std::size_t i = 0;
    (parameters.add(types[i++], catalog, args), ...);
}

// The type of a parameter for an argument of type T, where the server is not asked first: 0, which lets it decide, for text
// and what depends on the database.
template <class T>
Oid parameter_oid() noexcept {
    using Chosen = detail::CodecOf<T>;
    if constexpr (detail::is_optional<T>) {
        return parameter_oid<typename T::value_type>();
    } else if constexpr (requires { Chosen::kOid; }) {
        return Chosen::kOid;
    } else if constexpr (detail::ArrayShape<T>::kRank > 0) {
        const Type* element = find_builtin_type(parameter_oid<typename detail::ArrayShape<T>::Leaf>());
        return element == nullptr ? 0 : element->array;
    } else {
        return 0;
    }
}

}  // namespace aio::pg
