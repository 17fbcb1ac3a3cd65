// A file as the response (aiohttp.web.FileResponse).
//
//     co_return aio::http::FileResponse("/srv/reports/may.pdf");
//
// It evaluates conditions (If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range) and one range of
// bytes; several ranges get the whole file, as RFC 9110 section 14.2 allows. ETag and Last-Modified are those of the
// file. A client that accepts br or gzip is sent "may.pdf.br" or "may.pdf.gz" if that exists beside the file.
//
// Larger files are sent by the kernel (sendfile). A file that does not exist is answered with 404, one
// that may not be read with 403.
// Source: aiohttp 3.11 web_fileresponse.py; RFC 9110 sections 13 and 14.
#pragma once

#include <aio/http/server/response.hpp>

namespace aio::http {

// A file as the response: aiohttp.web.FileResponse. It is opened when the response is sent.
class FileResponse : public Response {
public:
    // Content-Type by the extension of the path, unless it is set.
    explicit FileResponse(IntoString path, int status = 200);
};

}  // namespace aio::http
