// Names for files, from what servers and URLs say: they stay in the directory they are meant for.
#pragma once

#include <aio/http/url.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace aio::cli {

// `wanted` as one name: what is behind the last "/" or "\", without what is not printable, with no dot in front (it
// would be hidden, or be ".."), of 200 bytes at the most. Empty if nothing is left.
std::string safe_file_name(std::string_view wanted);

// The last segment of the URL's path, "index.html" if there is none.
std::string name_of_url(const http::URL& url);

// The name that a Content-Disposition header gives, made safe, and unlike those of interrupted downloads: "a.part"
// becomes "a.part_". Nothing if there is none.
std::optional<std::string> name_of_disposition(std::string_view header);

}  // namespace aio::cli
