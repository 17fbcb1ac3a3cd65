// The cache is a list in the order of use, and an index by SQL. run.cpp prepares what is missing.
#include "db/pg/session/statement_cache.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace aio::pg::detail {

std::shared_ptr<Statement> StatementCache::find(std::string_view sql) {
    const auto found = by_sql_.find(sql);
    if (found == by_sql_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
}

void StatementCache::insert(std::shared_ptr<Statement> statement, std::vector<std::string>& closed) {
    closed.reserve(entries_.size() + 1 - std::min(size_, entries_.size() + 1) + retired_.size());
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
            closed.push_back(std::move((*entry)->name));
            by_sql_.erase((*entry)->sql);
            entries_.erase(entry);
        }
        entry = before;
    }
    for (auto entry = retired_.begin(); entry != retired_.end();) {
        const auto next = std::next(entry);
        if (entry->use_count() == 1) {
            closed.push_back(std::move((*entry)->name));
            retired_.erase(entry);
        }
        entry = next;
    }
}

StatementCache::Index::iterator StatementCache::find_same(const Statement& statement) noexcept {
    const auto found = by_sql_.find(statement.sql);
    return found == by_sql_.end() || found->second->get() != &statement ? by_sql_.end() : found;
}

void StatementCache::drop(const Statement& statement) noexcept {
    const auto found = find_same(statement);
    if (found == by_sql_.end()) return;
    retired_.splice(retired_.end(), entries_, found->second);
    by_sql_.erase(found);
}

void StatementCache::drop_all() noexcept {
    by_sql_.clear();
    retired_.splice(retired_.end(), entries_);
}

void StatementCache::retire(const Statement& outdated) noexcept {
    if (find_same(outdated) != by_sql_.end()) drop_all();
}

void StatementCache::remove(const Statement& statement) noexcept {
    const auto found = find_same(statement);
    if (found == by_sql_.end()) return;
    const Entries::iterator entry = found->second;
    by_sql_.erase(found);
    entries_.erase(entry);
}

}  // namespace aio::pg::detail
