// The look of a directory's page: light or dark as the reader's system is; on a phone, long names and dates wrap.
#pragma once

#include <string_view>

namespace aio::http::detail {

inline constexpr std::string_view kListingStyle = R"(:root {
  color-scheme: light dark;
  --text: #1f2328; --dim: #59636e; --link: #0550ae; --line: #d1d9e0; --row: #f6f8fa; --page: #fff;
}
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --dim: #9198a1; --link: #79b8ff; --line: #30363d; --row: #161b22; --page: #0d1117; }
}
* { box-sizing: border-box; }
body {
  max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem;
  font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
}
h1 { margin: 0 0 1rem; font-size: 1.25rem; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .375rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
th a { color: var(--dim); }
th[aria-sort] a { color: var(--text); }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
tbody tr:hover { background: var(--row); }
.name { width: 100%; overflow-wrap: anywhere; }
.directory .name { font-weight: 600; }
.size, .date, .date span { white-space: nowrap; font-variant-numeric: tabular-nums; }
.size { text-align: right; }
td.size, td.date, p { color: var(--dim); }
p { margin: 1rem .5rem 0; font-size: .875rem; }
@media (max-width: 36rem) {
  body { padding: 1rem .25rem; }
  h1 { margin-left: .5rem; }
  .date { font-size: .8125rem; white-space: normal; min-width: 6.5em; }
}
)";

}  // namespace aio::http::detail
