// The program's own functions, aggregates and collations. SQLite owns copies of them, and destroys these in the connection's thread.
#include "db/sqlite/engine/database.hpp"
#include "db/sqlite/engine/errors.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::sqlite::detail {

namespace {

// A function and its name, for messages.
template <class F>
struct Registered {
    std::string name;
    F function;
};

template <class F>
void destroy(void* registered) noexcept {
    delete static_cast<Registered<F>*>(registered);
}

Cell cell_of(sqlite3_value* value, std::string& bytes) {
    Cell cell;
    switch (sqlite3_value_type(value)) {
        case SQLITE_INTEGER:
            cell.type = Type::integer;
            cell.integer = sqlite3_value_int64(value);
            return cell;
        case SQLITE_FLOAT:
            cell.type = Type::real;
            cell.real = sqlite3_value_double(value);
            return cell;
        case SQLITE_NULL: return cell;
        default: break;
    }
    const bool is_text = sqlite3_value_type(value) == SQLITE_TEXT;
    const void* const data = is_text ? sqlite3_value_text(value) : sqlite3_value_blob(value);
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    cell.type = is_text ? Type::text : Type::blob;
    cell.offset = bytes.size();
    cell.size = static_cast<std::uint32_t>(size);
    if (size > 0) bytes.append(static_cast<const char*>(data), size);
    return cell;
}

// The arguments of one call.
class CallArguments {
public:
    CallArguments(std::string_view function, int count, sqlite3_value** values) {
        const auto n = static_cast<std::size_t>(count);
        std::vector<Cell> cells(n);
        for (std::size_t i = 0; i < n; ++i) cells[i] = cell_of(values[i], bytes_);
        places_.reserve(n);
        values_.reserve(n);
        for (std::size_t i = 0; i < n; ++i) {
            places_.push_back("argument " + std::to_string(i + 1) + " of " + std::string(function) + "()");
            values_.emplace_back(cells[i], bytes_.data(), places_[i]);
        }
    }
    Arguments get() const noexcept { return values_; }

private:
    std::string bytes_;
    std::vector<std::string> places_;
    std::vector<Value> values_;
};

void set_result(sqlite3_context* context, const Cell& cell, const std::string& bytes) noexcept {
    const char* const data = bytes.data() + (cell.type >= Type::text ? cell.offset : 0);
    switch (cell.type) {
        case Type::null: return sqlite3_result_null(context);
        case Type::integer: return sqlite3_result_int64(context, cell.integer);
        case Type::real: return sqlite3_result_double(context, cell.real);
        case Type::text: return sqlite3_result_text64(context, data, cell.size, SQLITE_TRANSIENT, SQLITE_UTF8);
        case Type::blob: return sqlite3_result_blob64(context, data, cell.size, SQLITE_TRANSIENT);
    }
}

// What the exception that is being handled makes of the statement.
void set_error(sqlite3_context* context) noexcept {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        sqlite3_result_error_nomem(context);
    } catch (const std::exception& error) {
        sqlite3_result_error(context, error.what(), -1);
    } catch (...) {
        sqlite3_result_error(context, "a function of the program threw what is no std::exception", -1);
    }
}

template <class Call>
void give_result(sqlite3_context* context, Call call) noexcept {
    try {
        Cell cell;
        std::string bytes;
        Encoder encoder(cell, bytes, 0, "the result");
        call(encoder);
        set_result(context, cell, bytes);
    } catch (...) {
        set_error(context);
    }
}

void call_scalar(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
    const auto& scalar = *static_cast<Registered<Scalar>*>(sqlite3_user_data(context));
    give_result(context, [&](Encoder& encoder) {
        const CallArguments arguments(scalar.name, count, values);
        scalar.function.call(arguments.get(), encoder);
    });
}

// SQLite's memory for one group, which begins as zeros. The state of the program is elsewhere, with a destructor.
using State = std::shared_ptr<void>;

void call_step(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
    const auto& aggregate = *static_cast<Registered<Aggregate>*>(sqlite3_user_data(context));
    auto** const state = static_cast<State**>(sqlite3_aggregate_context(context, sizeof(State*)));
    if (!state) return sqlite3_result_error_nomem(context);
    try {
        if (!*state) *state = new State(aggregate.function.begin());
        const CallArguments arguments(aggregate.name, count, values);
        aggregate.function.step((*state)->get(), arguments.get());
    } catch (...) {
        set_error(context);
    }
}

// Also called for a group that was given up.
void call_final(sqlite3_context* context) noexcept {
    const auto& aggregate = *static_cast<Registered<Aggregate>*>(sqlite3_user_data(context));
    auto** const memory = static_cast<State**>(sqlite3_aggregate_context(context, 0));
    const std::unique_ptr<State> state(memory ? std::exchange(*memory, nullptr) : nullptr);
    give_result(context, [&](Encoder& encoder) {
        const State of_no_rows = state ? nullptr : aggregate.function.begin();
        aggregate.function.finish(state ? state->get() : of_no_rows.get(), encoder);
    });
}

// It cannot fail: SQLite has no error for it. An exception compares as equal.
int call_collation(void* registered, int size_a, const void* a, int size_b, const void* b) noexcept {
    try {
        const auto& collation = *static_cast<Registered<Collation>*>(registered);
        return collation.function({static_cast<const char*>(a), static_cast<std::size_t>(size_a)},
                                  {static_cast<const char*>(b), static_cast<std::size_t>(size_b)});
    } catch (...) {
        return 0;
    }
}

int flags_of(const FunctionOptions& options) noexcept {
    return SQLITE_UTF8 | (options.deterministic ? SQLITE_DETERMINISTIC : 0) |
           (options.direct_only ? SQLITE_DIRECTONLY : 0);
}

}  // namespace

// SQLite calls destroy() also when it fails.
void Database::add_function(const std::string& name, const Scalar& function, const FunctionOptions& options) {
    auto* const registered = new Registered<Scalar>{name, function};
    const int code = sqlite3_create_function_v2(db_, name.c_str(), function.arity, flags_of(options), registered,
                                                call_scalar, nullptr, nullptr, destroy<Scalar>);
    if (code != SQLITE_OK) fail(code, "create_function(" + name + ")");
}

void Database::add_aggregate(const std::string& name, const Aggregate& aggregate, const FunctionOptions& options) {
    auto* const registered = new Registered<Aggregate>{name, aggregate};
    const int code = sqlite3_create_function_v2(db_, name.c_str(), aggregate.arity, flags_of(options), registered,
                                                nullptr, call_step, call_final, destroy<Aggregate>);
    if (code != SQLITE_OK) fail(code, "create_aggregate(" + name + ")");
}

// Unlike for functions, SQLite does not call destroy() when this fails.
void Database::add_collation(const std::string& name, const Collation& compare) {
    auto registered = std::make_unique<Registered<Collation>>(Registered<Collation>{name, compare});
    const int code = sqlite3_create_collation_v2(db_, name.c_str(), SQLITE_UTF8, registered.get(), call_collation,
                                                 destroy<Collation>);
    if (code != SQLITE_OK) fail(code, "create_collation(" + name + ")");
    static_cast<void>(registered.release());
}

}  // namespace aio::sqlite::detail
