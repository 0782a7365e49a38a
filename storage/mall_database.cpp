// SPDX-License-Identifier: Apache-2.0
// Which kind of database a URL names, and what a cursor found in one means for this journal.
#include "storage/mall_database.hpp"

#include <filesystem>

#include "storage/sqlite_mall_database.hpp"

namespace stampede::storage {

MallResult<> judge_cursor(const std::optional<MallCursor>& cursor, std::string_view journal_id,
                          CommitNumber durable, std::string_view database) {
    if (!cursor) {
        return {};
    }
    if (cursor->journal_id != journal_id) {
        return refused(std::string{database} + " belongs to journal " + cursor->journal_id +
                       ", but this data directory is journal " + std::string{journal_id} +
                       "; name the database that belongs to this data directory, or an empty one");
    }
    if (cursor->commit > durable) {
        return refused(std::string{database} + " has settled commit " +
                       std::to_string(cursor->commit.raw()) + ", but this journal ends at commit " +
                       std::to_string(durable.raw()) +
                       ": the data directory is an older copy. Restore the newest data directory, "
                       "or a database copy that was made together with this one");
    }
    return {};
}

MallResult<std::unique_ptr<MallDatabase>> open_mall_database(std::string_view url,
                                                             MallAccess access) {
    constexpr std::string_view sqlite = "sqlite:";
    if (url.starts_with(sqlite)) {
        const std::string_view path = url.substr(sqlite.size());
        if (path.empty() || path.starts_with(':')) {
            return refused("the mall database URL \"" + std::string{url} +
                           "\" names no file; write sqlite:PATH");
        }
        return std::make_unique<SqliteMallDatabase>(std::filesystem::path{path}, access);
    }
    for (const std::string_view scheme :
         {"postgresql://", "postgres://", "mysql://", "mariadb://"}) {
        if (url.starts_with(scheme)) {  // the rest may hold a password: never in a message
            return refused("the mall database URL begins with " + std::string{scheme} +
                           ": this kind is not available yet; use sqlite:PATH");
        }
    }
    return refused(
        "the mall database URL must begin with sqlite: (postgresql:// and mysql:// are not "
        "available yet)");
}

}  // namespace stampede::storage
