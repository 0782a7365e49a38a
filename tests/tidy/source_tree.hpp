// SPDX-License-Identifier: Apache-2.0
// The source tree as the tidy tests see it: every text file of the project, read once, in memory.
// What git ignores (build folders) and hidden folders are not part of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace stampede::tidy {

struct Line {
    std::size_t number = 0;  // from 1
    std::string_view text;
};

struct TextFile {
    /// From the project's root, with '/'.
    std::string path;
    std::string text;

    [[nodiscard]] bool is_source() const;    // .cpp, .hpp
    [[nodiscard]] bool is_document() const;  // .md
    [[nodiscard]] bool is_under(std::string_view folder) const;
    [[nodiscard]] std::vector<Line> lines() const;
};

/// All of it, in order of path.
[[nodiscard]] const std::vector<TextFile>& source_tree();
[[nodiscard]] const TextFile* find(std::string_view path);
[[nodiscard]] std::filesystem::path project_root();
/// Visible folders at the root, but for what git ignores.
[[nodiscard]] std::vector<std::string> top_level_folders();

/// The same text with comments, and what stands between quotes, blanked; lines keep their numbers.
[[nodiscard]] std::string code_only(std::string_view text);
[[nodiscard]] std::vector<Line> split_lines(std::string_view text);
/// True where `word` stands in `line` by itself, not inside a longer name.
[[nodiscard]] bool has_word(std::string_view line, std::string_view word);
[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] std::string place(const TextFile& file, std::size_t line);

}  // namespace stampede::tidy
