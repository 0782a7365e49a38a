// SPDX-License-Identifier: Apache-2.0
// An ordered map that knows how many keys lie below any key: a treap whose nodes count what hangs
// under them. Every verb takes O(log n) steps. Nodes lie in one vector and are used again, so that
// a map that has reached its size allocates nothing more. Its shape follows from its own count of
// insertions, and is no part of any state. Owned by one thread.
#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace stampede::campaigns {

template <class Key, class Value>
class RankedMap {
  public:
    struct Entry {
        Key key{};
        Value value{};
    };

    [[nodiscard]] std::size_t size() const { return count_of(root_); }
    [[nodiscard]] bool empty() const { return root_ == none; }

    /// How many keys are less than `key`, whether it is here or not.
    [[nodiscard]] std::size_t rank(const Key& key) const {
        std::size_t below = 0;
        for (std::uint32_t at = root_; at != none;) {
            const Node& node = nodes_[at];
            if (node.entry.key < key) {
                below += count_of(node.left) + 1;
                at = node.right;
            } else {
                at = node.left;
            }
        }
        return below;
    }
    /// The lowest entry whose key is not less than `key`; null when there is none. It holds until
    /// the next change.
    [[nodiscard]] const Entry* first_from(const Key& key) const {
        const Entry* best = nullptr;
        for (std::uint32_t at = root_; at != none;) {
            const Node& node = nodes_[at];
            if (node.entry.key < key) {
                at = node.right;
            } else {
                best = &node.entry;
                at = node.left;
            }
        }
        return best;
    }
    [[nodiscard]] const Value* find(const Key& key) const {
        const Entry* entry = first_from(key);
        return entry == nullptr || key < entry->key ? nullptr : &entry->value;
    }

    /// False, and nothing changed, when the key is here already.
    bool insert(const Key& key, const Value& value) {
        if (find(key) != nullptr) {
            return false;
        }
        const std::uint32_t fresh = take_node({key, value});
        const auto [below, above] = split(root_, key);
        root_ = join(join(below, fresh), above);
        return true;
    }
    /// False when the key is not here.
    bool erase(const Key& key) {
        std::uint32_t* link = &root_;
        for (std::uint32_t at = root_; at != none; at = *link) {
            Node& node = nodes_[at];
            if (key < node.entry.key) {
                link = &node.left;
            } else if (node.entry.key < key) {
                link = &node.right;
            } else {
                break;
            }
        }
        if (*link == none) {
            return false;
        }
        discount_path_to(key);
        const std::uint32_t gone = *link;
        *link = join(nodes_[gone].left, nodes_[gone].right);
        nodes_[gone].left = free_;
        free_ = gone;
        return true;
    }
    void clear() {
        nodes_.clear();
        root_ = none;
        free_ = none;
    }
    /// In the order of their keys.
    template <class Visit>
    void for_each(Visit&& visit) const {
        visit_below(root_, visit);
    }

  private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    struct Node {
        Entry entry;
        std::uint32_t left = none;  // of a free node: the next free one
        std::uint32_t right = none;
        std::uint32_t count = 1;
        std::uint32_t priority = 0;
    };

    [[nodiscard]] std::size_t count_of(std::uint32_t at) const {
        return at == none ? 0 : nodes_[at].count;
    }
    void recount(std::uint32_t at) {
        Node& node = nodes_[at];
        node.count = static_cast<std::uint32_t>(1 + count_of(node.left) + count_of(node.right));
    }
    [[nodiscard]] std::uint32_t take_node(Entry entry) {
        std::uint32_t at = free_;
        if (at == none) {
            at = static_cast<std::uint32_t>(nodes_.size());
            nodes_.emplace_back();
        } else {
            free_ = nodes_[at].left;
        }
        // Mixed as in MurmurHash3: any stream without a pattern keeps the treap flat.
        std::uint32_t mixed = ++insertions_;
        mixed = (mixed ^ (mixed >> 16)) * 0x85EBCA6BU;
        mixed = (mixed ^ (mixed >> 13)) * 0xC2B2AE35U;
        nodes_[at] = Node{.entry = std::move(entry), .priority = mixed ^ (mixed >> 16)};
        return at;
    }
    /// Every node on the way to `key` has one less under it.
    void discount_path_to(const Key& key) {
        for (std::uint32_t at = root_; at != none;) {
            Node& node = nodes_[at];
            --node.count;
            if (key < node.entry.key) {
                at = node.left;
            } else if (node.entry.key < key) {
                at = node.right;
            } else {
                return;
            }
        }
    }
    /// Those below `key`, and the others.
    [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> split(std::uint32_t at, const Key& key) {
        if (at == none) {
            return {none, none};
        }
        if (nodes_[at].entry.key < key) {
            const auto [below, above] = split(nodes_[at].right, key);
            nodes_[at].right = below;
            recount(at);
            return {at, above};
        }
        const auto [below, above] = split(nodes_[at].left, key);
        nodes_[at].left = above;
        recount(at);
        return {below, at};
    }
    /// Every key of `low` is below every key of `high`.
    [[nodiscard]] std::uint32_t join(std::uint32_t low, std::uint32_t high) {
        if (low == none || high == none) {
            return low == none ? high : low;
        }
        if (nodes_[low].priority > nodes_[high].priority) {
            nodes_[low].right = join(nodes_[low].right, high);
            recount(low);
            return low;
        }
        nodes_[high].left = join(low, nodes_[high].left);
        recount(high);
        return high;
    }
    template <class Visit>
    void visit_below(std::uint32_t at, Visit& visit) const {
        if (at == none) {
            return;
        }
        visit_below(nodes_[at].left, visit);
        visit(nodes_[at].entry.key, nodes_[at].entry.value);
        visit_below(nodes_[at].right, visit);
    }

    std::vector<Node> nodes_;
    std::uint32_t root_ = none;
    std::uint32_t free_ = none;
    std::uint32_t insertions_ = 0;
};

}  // namespace stampede::campaigns
