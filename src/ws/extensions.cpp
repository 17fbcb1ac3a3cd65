// The header Sec-WebSocket-Extensions (RFC 6455 section 9.1), the agreement of both sides, and the chain that frames pass.
// permessage-deflate is http's: its parameters are in http/wire/ws_deflate.cpp.
#include "ws/extensions.hpp"

#include <aio/base/error.hpp>

#include "http/wire/parameters.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <new>

namespace aio::ws::detail {

namespace {

using http::wire::printable, http::wire::trimmed;

[[noreturn]] void refuse_header(std::string_view header) {
    throw NegotiationError("invalid Sec-WebSocket-Extensions header: " + printable(header));
}

// Up to one of `ends` outside of quotes, which stays; without spaces around it.
std::string_view take_until_one_of(std::string_view& rest, std::string_view ends) {
    bool within_quotes = false;
    std::size_t size = 0;
    for (; size < rest.size(); ++size) {
        if (rest[size] == '\\' && within_quotes && size + 1 < rest.size()) {
            ++size;
        } else if (rest[size] == '"') {
            within_quotes = !within_quotes;
        } else if (!within_quotes && ends.find(rest[size]) != std::string_view::npos) {
            break;
        }
    }
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return trimmed(taken);
}

// A value in quotes must be a token too, once they are gone.
std::optional<std::string> value_of(std::string_view text) {
    std::string value;
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        for (std::size_t i = 1; i + 1 < text.size(); ++i) {
            if (text[i] == '\\' && i + 2 < text.size()) ++i;
            value += text[i];
        }
    } else {
        value = text;
    }
    if (!http::wire::is_token(value)) return std::nullopt;
    return value;
}

ExtensionParameter parameter_of(std::string_view text, std::string_view header) {
    const std::size_t equals = text.find('=');
    ExtensionParameter parameter{std::string(trimmed(text.substr(0, equals)))};
    if (!http::wire::is_token(parameter.name)) refuse_header(header);
    if (equals != std::string_view::npos) {
        parameter.value = value_of(trimmed(text.substr(equals + 1)));
        if (!parameter.value) refuse_header(header);
    }
    return parameter;
}

// What encode() and decode() throw, as what ends the connection.
template <class Step>
void in_terms_of_the_wire(const Step& step) {
    constexpr std::uint16_t kInternalError = 1011;
    try {
        step();
    } catch (const ExtensionError& error) {
        if (!http::wire::is_sendable_close_code(error.code())) {
            throw http::wire::WSProtocolError(kInternalError, error.what());
        }
        throw http::wire::WSProtocolError(error.code(), error.what());
    } catch (const http::wire::WSProtocolError&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& error) {
        throw http::wire::WSProtocolError(kInternalError, error.what());
    }
}

class Chain final : public http::wire::WSCoder {
public:
    explicit Chain(Extensions extensions) noexcept : extensions_(std::move(extensions)) {}

    void decode(http::wire::WSOpcode opcode, bool fin, std::string& data, std::uint8_t& reserved,
                std::uint64_t most) override {
        Frame frame = frame_of(opcode, fin, data, reserved);
        in_terms_of_the_wire([&] {
            for (auto each = extensions_.rbegin(); each != extensions_.rend(); ++each) (*each)->decode(frame, most);
        });
        take_back(frame, data, reserved);
    }
    void encode(http::wire::WSOpcode opcode, bool fin, std::string& data, std::uint8_t& reserved) override {
        Frame frame = frame_of(opcode, fin, data, reserved);
        for (const std::unique_ptr<Extension>& each : extensions_) each->encode(frame);
        take_back(frame, data, reserved);
    }

private:
    static Frame frame_of(http::wire::WSOpcode opcode, bool fin, std::string& data, std::uint8_t reserved) noexcept {
        return {static_cast<Opcode>(opcode),
                fin,
                std::move(data),
                (reserved & http::wire::kRsv1) != 0,
                (reserved & http::wire::kRsv2) != 0,
                (reserved & http::wire::kRsv3) != 0};
    }
    static void take_back(Frame& frame, std::string& data, std::uint8_t& reserved) noexcept {
        data = std::move(frame.data);
        reserved =
            static_cast<std::uint8_t>((frame.rsv1 ? http::wire::kRsv1 : 0) | (frame.rsv2 ? http::wire::kRsv2 : 0) |
                                      (frame.rsv3 ? http::wire::kRsv3 : 0));
    }

    Extensions extensions_;
};

}  // namespace

// --- the header ------------------------------------------------------------------------------------------------------

std::vector<NamedExtension> parse_extensions(std::string_view header) {
    std::vector<NamedExtension> all;
    for (std::string_view rest = header; !rest.empty();) {
        const std::string_view text = take_until_one_of(rest, ",");
        if (!rest.empty()) rest.remove_prefix(1);
        if (text.empty()) continue;  // RFC 9110 section 5.6.1 allows empty elements
        std::string_view parts = text;
        NamedExtension extension;
        extension.text = text;
        extension.name = take_until_one_of(parts, ";");
        if (!http::wire::is_token(extension.name)) refuse_header(header);
        while (!parts.empty()) {
            parts.remove_prefix(1);
            extension.parameters.push_back(parameter_of(take_until_one_of(parts, ";"), header));
        }
        all.push_back(std::move(extension));
    }
    return all;
}

std::string written(std::string_view name, const ExtensionParameters& parameters) {
    std::string text(name);
    for (const ExtensionParameter& each : parameters) {
        if (!http::wire::is_token(each.name) || (each.value && !http::wire::is_token(*each.value))) {
            throw ValueError("the extension " + printable(name) + " has a parameter that is no token: " +
                             printable(each.name) + (each.value ? "=" + printable(*each.value) : std::string()));
        }
        text.append("; ").append(each.name);
        if (each.value) text.append("=").append(*each.value);
    }
    return text;
}

void append_extension(std::string& header, std::string_view extension) {
    if (!header.empty()) header += ", ";
    header += extension;
}

void check_extension_name(std::string_view name) {
    if (!http::wire::is_token(name)) throw ValueError("'" + printable(name) + "' is not a valid extension name");
    if (name == kDeflate) {
        throw ValueError("extension: permessage-deflate is no extension of its own; set Options::deflate");
    }
}

// --- the agreement ---------------------------------------------------------------------------------------------------

std::string offer_extensions(const std::vector<std::shared_ptr<const ClientExtensionFactory>>& factories) {
    std::string header;
    for (const auto& each : factories) append_extension(header, written(each->name(), each->request_params()));
    return header;
}

// Source: process_extensions() of websockets' client.py.
AnsweredExtensions take_answer(std::string_view header,
                               const std::vector<std::shared_ptr<const ClientExtensionFactory>>& factories) {
    AnsweredExtensions all;
    for (const NamedExtension& answer : parse_extensions(header)) {
        if (!all.deflate.empty()) {
            throw NegotiationError("the server names " + printable(answer.text) +
                                   " behind permessage-deflate, which must be the last extension");
        }
        if (answer.name == kDeflate) {
            all.deflate = answer.text;
            continue;
        }
        std::unique_ptr<Extension> extension;
        for (const auto& each : factories) {
            if (each->name() != answer.name) continue;
            try {
                extension = each->process_response_params(answer.parameters, all.extensions);
                break;
            } catch (const NegotiationError&) {
                // Perhaps another offer of this name is meant.
            }
        }
        if (!extension) {
            throw NegotiationError("the server answers with an extension that was not offered: " +
                                   printable(answer.text));
        }
        all.extensions.push_back(std::move(extension));
    }
    return all;
}

// Source: process_extensions() of websockets' server.py.
AcceptedOffers take_offers(const std::vector<NamedExtension>& offers,
                           const std::vector<std::shared_ptr<const ServerExtensionFactory>>& factories) {
    AcceptedOffers all;
    for (const NamedExtension& offer : offers) {
        for (const auto& each : factories) {
            if (each->name() != offer.name) continue;
            try {
                auto [parameters, extension] = each->process_request_params(offer.parameters, all.extensions);
                if (!extension) continue;
                append_extension(all.header, written(offer.name, parameters));
                all.extensions.push_back(std::move(extension));
                break;
            } catch (const NegotiationError&) {
                // Declined.
            }
        }
    }
    return all;
}

std::unique_ptr<http::wire::WSCoder> coder_of(Extensions extensions) {
    if (extensions.empty()) return nullptr;
    return std::make_unique<Chain>(std::move(extensions));
}

}  // namespace aio::ws::detail
