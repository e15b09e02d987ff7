#pragma once

#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/strings/string_view.h"

namespace kaisar::audit {

/// A piece of a page. A text becomes one by being escaped, and in no other way.
class Html {
 public:
  Html() = default;
  /// Safe between tags and within a quoted attribute.
  static Html Text(absl::string_view text);
  /// What this program's own sources say.
  static Html Markup(absl::string_view markup);
  /// `<tag>…</tag>`, with the attributes of `tag`, as in "td class='number'".
  static Html Element(absl::string_view tag, const Html& content);
  static Html Element(absl::string_view tag, absl::string_view text) {
    return Element(tag, Text(text));
  }
  /// JSON as a `<script type="application/json">` can hold it, whatever the texts in it are; bytes
  /// that are not UTF-8 become U+FFFD.
  static Html Json(const nlohmann::ordered_json& json);

  Html& operator+=(const Html& more);
  const std::string& markup() const { return markup_; }

 private:
  explicit Html(std::string markup) : markup_(std::move(markup)) {}
  std::string markup_;
};

/// Puts a value in the place of each `{{name}}`. What the values hold is not looked at again.
///
/// Errors: aborts when the page names what there is no value for: that is our own mistake.
std::string FillTemplate(absl::string_view page, const std::map<std::string, Html>& values);

/// What a Content-Security-Policy allows a script or style within the page by: 'sha256-…'.
std::string ContentHash(absl::string_view content);

}  // namespace kaisar::audit
