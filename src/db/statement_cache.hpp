// Prepared statements of a session, by their SQL: the ones that were used last are kept. A list in the order of use, and an index
// by SQL. Internal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace aio::db::detail {

// Statement: a driver's, with its `sql`, which never changes.
template <class Statement>
class StatementCache {
public:
    explicit StatementCache(std::size_t size) noexcept : size_(size) {}

    // Null: it is not there. It counts as used.
    std::shared_ptr<Statement> find(std::string_view sql) {
        const auto found = by_sql_.find(sql);
        if (found == by_sql_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return entries_.front();
    }

    // The most statements that the next insert() closes.
    std::size_t most_closed() const noexcept {
        const std::size_t size = entries_.size() + 1;
        return size - std::min(size_, size) + retired_.size();
    }
    // Others, which nobody uses at the moment, make room. `close` is called with each of them, which is destroyed then. Errors: those of `close`;
    // the caller then removes the statement.
    template <class Close>
    void insert(std::shared_ptr<Statement> statement, Close close) {
        entries_.push_front(std::move(statement));
        try {
            by_sql_.emplace(entries_.front()->sql, entries_.begin());
        } catch (...) {
            entries_.pop_front();
            throw;
        }
        for (auto entry = std::prev(entries_.end()); entries_.size() > size_ && entry != entries_.begin();) {
            const auto before = std::prev(entry);
            if (entry->use_count() == 1) {  // no exchange that is still to be sent names it
                close(**entry);
                by_sql_.erase((*entry)->sql);
                entries_.erase(entry);
            }
            entry = before;
        }
        for (auto entry = retired_.begin(); entry != retired_.end();) {
            const auto next = std::next(entry);
            if (entry->use_count() == 1) {
                close(**entry);
                retired_.erase(entry);
            }
            entry = next;
        }
    }

    // The server refused it.
    void remove(const Statement& statement) noexcept {
        const auto found = find_same(statement);
        if (found == by_sql_.end()) return;
        const auto entry = found->second;
        by_sql_.erase(found);
        entries_.erase(entry);
    }
    // It is forgotten, and closed on the server when the next one is inserted, unless somebody uses it.
    void drop(const Statement& statement) noexcept {
        const auto found = find_same(statement);
        if (found == by_sql_.end()) return;
        retired_.splice(retired_.end(), entries_, found->second);
        by_sql_.erase(found);
    }
    void drop_all() noexcept {
        by_sql_.clear();
        retired_.splice(retired_.end(), entries_);
    }
    // The server has forgotten all of them itself.
    void forget_all() noexcept {
        by_sql_.clear();
        entries_.clear();
        retired_.clear();
    }
    // The server cannot run it any more, and so perhaps others: if it is here, all are dropped.
    void retire(const Statement& outdated) noexcept {
        if (find_same(outdated) != by_sql_.end()) drop_all();
    }

private:
    using Entries = std::list<std::shared_ptr<Statement>>;
    using Index = std::unordered_map<std::string_view, typename Entries::iterator>;

    // The end: it is not there.
    typename Index::iterator find_same(const Statement& statement) noexcept {
        const auto found = by_sql_.find(statement.sql);
        return found == by_sql_.end() || found->second->get() != &statement ? by_sql_.end() : found;
    }

    std::size_t size_;
    Entries entries_;  // the one that was used last is the first
    Entries retired_;
    Index by_sql_;
};

}  // namespace aio::db::detail
