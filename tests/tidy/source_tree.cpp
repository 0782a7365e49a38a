// SPDX-License-Identifier: Apache-2.0
// Reads the tree that the test was built from, and takes C++ apart just enough to tell code from
// comments and literals.
#include "tests/tidy/source_tree.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <sstream>

namespace stampede::tidy {
namespace {

namespace fs = std::filesystem;

bool is_ignored_folder(const std::string& name) {
    return name == "build" || name == "node_modules" ||
           (name.starts_with('.') && name != ".ci" && name != ".");
}

bool is_text(const fs::path& path) {
    static constexpr std::array<std::string_view, 13> kinds{
        ".cpp", ".hpp",   ".md",       ".txt", ".json", ".yaml", ".toml",
        ".sh",  ".cmake", ".scenario", ".sql", ".conf", ".lua"};
    const std::string extension = path.extension().string();
    const std::string name = path.filename().string();
    return std::find(kinds.begin(), kinds.end(), extension) != kinds.end() || name == "dev" ||
           name == "run" || name == ".clang-format" || name == ".clang-tidy";
}

std::vector<TextFile> read_tree() {
    std::vector<TextFile> files;
    const fs::path root = project_root();
    for (auto entry = fs::recursive_directory_iterator(root);
         entry != fs::recursive_directory_iterator(); ++entry) {
        const std::string name = entry->path().filename().string();
        if (entry->is_directory()) {
            if (is_ignored_folder(name)) {
                entry.disable_recursion_pending();
            }
            continue;
        }
        if (!entry->is_regular_file() || !is_text(entry->path())) {
            continue;
        }
        std::ostringstream text;
        text << std::ifstream(entry->path(), std::ios::binary).rdbuf();
        files.push_back({fs::relative(entry->path(), root).generic_string(), text.str()});
    }
    std::sort(files.begin(), files.end(),
              [](const TextFile& left, const TextFile& right) { return left.path < right.path; });
    return files;
}

bool is_name_character(char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
}

// Walks C++ once, blanking what is not code.
class CodeReader {
  public:
    explicit CodeReader(std::string_view text) : text_(text), code_(text) {}

    std::string read() {
        while (at_ < text_.size()) {
            if (rest().starts_with("//")) {
                blank_until(text_.find('\n', at_));
            } else if (rest().starts_with("/*")) {
                blank_past("*/");
            } else if (rest().starts_with("R\"") && !follows_name()) {
                const std::size_t open = text_.find('(', at_);
                blank_past(")" + std::string{text_.substr(at_ + 2, open - at_ - 2)} + "\"");
            } else if (text_[at_] == '"' || (text_[at_] == '\'' && !follows_name())) {
                skip_literal(text_[at_]);
            } else {
                ++at_;
            }
        }
        return code_;
    }

  private:
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
    // In 10'000 the quote is a separator, in operatorR"" the R ends a name.
    [[nodiscard]] bool follows_name() const { return at_ > 0 && is_name_character(text_[at_ - 1]); }
    void blank_until(std::size_t end) {
        for (end = std::min(end, text_.size()); at_ < end; ++at_) {
            if (text_[at_] != '\n') {
                code_[at_] = ' ';
            }
        }
    }
    void blank_past(std::string_view mark) {
        const std::size_t found = text_.find(mark, at_ + 2);
        blank_until(found == std::string_view::npos ? found : found + mark.size());
    }
    void skip_literal(char quote) {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
            end += text_[end] == '\\' ? 2U : 1U;
        }
        ++at_;
        blank_until(end);
        ++at_;
    }

    std::string_view text_;
    std::string code_;
    std::size_t at_ = 0;
};

}  // namespace

std::filesystem::path project_root() {
    return STAMPEDE_SOURCE_DIR;
}

const std::vector<TextFile>& source_tree() {
    static const std::vector<TextFile> files = read_tree();
    return files;
}

const TextFile* find(std::string_view path) {
    const auto& files = source_tree();
    const auto found = std::find_if(files.begin(), files.end(),
                                    [path](const TextFile& file) { return file.path == path; });
    return found == files.end() ? nullptr : &*found;
}

std::vector<std::string> top_level_folders() {
    std::vector<std::string> folders;
    for (const auto& entry : fs::directory_iterator(project_root())) {
        const std::string name = entry.path().filename().string();
        if (entry.is_directory() && !is_ignored_folder(name) && name != ".ci") {
            folders.push_back(name);
        }
    }
    std::sort(folders.begin(), folders.end());
    return folders;
}

bool TextFile::is_source() const {
    return path.ends_with(".cpp") || path.ends_with(".hpp");
}
bool TextFile::is_document() const {
    return path.ends_with(".md");
}
bool TextFile::is_under(std::string_view folder) const {
    return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}
std::vector<Line> TextFile::lines() const {
    return split_lines(text);
}

std::string code_only(std::string_view text) {
    return CodeReader(text).read();
}

std::vector<Line> split_lines(std::string_view text) {
    std::vector<Line> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back({lines.size() + 1, text.substr(0, end)});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

bool has_word(std::string_view line, std::string_view word) {
    for (std::size_t at = line.find(word); at != std::string_view::npos;
         at = line.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        // A leading "::" is the global namespace, not a member; a leading '/' the root.
        const bool bound =
            is_name_character(word.front()) || word.starts_with("::") || word.starts_with('/');
        const bool starts = at == 0 || !bound || !is_name_character(line[at - 1]);
        const bool stops =
            end == line.size() || !is_name_character(word.back()) || !is_name_character(line[end]);
        if (starts && stops) {
            return true;
        }
    }
    return false;
}

std::string lower_case(std::string_view text) {
    std::string lower{text};
    for (char& character : lower) {
        character = static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
    }
    return lower;
}

std::string place(const TextFile& file, std::size_t line) {
    return file.path + ":" + std::to_string(line);
}

}  // namespace stampede::tidy
