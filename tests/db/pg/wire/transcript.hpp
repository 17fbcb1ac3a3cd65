// A server's bytes as a text, one line for each message: for the tests, and for the fuzz target.
#pragma once

#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/integers.hpp"
#include "db/pg/wire/message_reader.hpp"
#include "db/pg/wire/report.hpp"
#include "db/pg/wire/row.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace aio::test {

// A whole message.
inline std::string pg_message(char type, std::string_view body = {}) {
    std::string bytes(1, type);
    pg::wire::append_u32(bytes, static_cast<std::uint32_t>(body.size() + 4));
    return bytes.append(body);
}

class PgTranscript {
public:
    explicit PgTranscript(std::size_t max_size = pg::wire::MessageReader::kUnlimited) : reader_(max_size) {}

    // Reads `bytes` in pieces of `size`, up to the first error.
    std::string read(std::string_view bytes, std::size_t size) {
        std::string text;
        try {
            while (!bytes.empty()) {
                std::string_view piece = bytes.substr(0, size);
                bytes.remove_prefix(piece.size());
                while (const std::optional<pg::wire::Message> message = reader_.read(piece)) {
                    text += describe(*message) + "\n";
                }
                if (!piece.empty()) text += "left: " + std::string(piece) + "\n";
            }
        } catch (const pg::wire::ProtocolError& error) {
            const std::string what = error.what();
            return text + what.substr(0, what.find("; the bytes are")) + "\n";  // as many as had come
        }
        if (reader_.in_message()) text += "in a message\n";
        return text;
    }

    std::string describe(const pg::wire::Message& message) {
        return std::string(name_of(message.type)) + describe_body(message);
    }

private:
    static std::string quoted(std::string_view text) { return " '" + std::string(text) + "'"; }
    template <class T>
    static std::string number(T value) {
        return " " + std::to_string(value);
    }

    std::string describe_body(const pg::wire::Message& message) {
        using pg::wire::MessageType;
        switch (message.type) {
            case MessageType::authentication: return describe_authentication(parse_authentication(message));
            case MessageType::backend_key_data: {
                const auto data = parse_backend_key_data(message);
                return number(data.process) + quoted(data.key);
            }
            case MessageType::command_complete: {
                const auto command = parse_command_complete(message);
                return quoted(command.tag) + (command.rows ? number(*command.rows) : "");
            }
            case MessageType::copy_both_response:
            case MessageType::copy_in_response:
            case MessageType::copy_out_response: {
                const auto copy = parse_copy_response(message);
                std::string text = number(static_cast<int>(copy.format)) + ":";
                for (std::size_t i = 0; i < copy.columns.size(); ++i)
                    text += number(static_cast<int>(copy.columns[i]));
                return text;
            }
            case MessageType::copy_data: return quoted(message.body);
            case MessageType::data_row: return describe_row(message);
            case MessageType::error_response:
            case MessageType::notice_response: return describe_report(parse_report(message));
            case MessageType::negotiate_protocol_version: {
                const auto offer = parse_negotiate_protocol_version(message);
                std::string text = number(offer.minor);
                for (const std::string_view option : offer.options) text += quoted(option);
                return text;
            }
            case MessageType::notification_response: {
                const auto notification = parse_notification(message);
                return number(notification.process) + quoted(notification.channel) + quoted(notification.payload);
            }
            case MessageType::parameter_description: {
                const auto types = parse_parameter_description(message);
                std::string text;
                for (std::size_t i = 0; i < types.size(); ++i) text += number(types[i]);
                return text;
            }
            case MessageType::parameter_status: {
                const auto status = parse_parameter_status(message);
                return quoted(status.name) + quoted(status.value);
            }
            case MessageType::ready_for_query:
                return std::string(" ") + static_cast<char>(parse_ready_for_query(message));
            case MessageType::row_description: return describe_fields(parse_row_description(message));
            default: parse_empty(message); return "";
        }
    }

    static std::string describe_authentication(const pg::wire::Authentication& authentication) {
        std::string text = number(static_cast<unsigned>(authentication.kind)) + quoted(authentication.salt);
        for (const std::string_view name : authentication.mechanisms) text += quoted(name);
        return text + quoted(authentication.data);
    }

    std::string describe_fields(const pg::wire::RowDescription& fields) {
        columns_ = fields.size();
        std::string text;
        for (const pg::wire::Field& field : fields) {
            text += quoted(field.name) + number(field.table) + number(field.column) + number(field.type);
            text += number(field.size) + number(field.modifier) + number(static_cast<int>(field.format));
        }
        return text;
    }

    std::string describe_row(const pg::wire::Message& message) const {
        std::string text;
        for (const pg::wire::Value& value : parse_data_row(message, columns_)) {
            text += value ? quoted(*value) : std::string(" NULL");
        }
        return text;
    }

    static std::string describe_report(const pg::wire::Report& report) {
        std::string text;
        const auto add = [&](const char* name, std::string_view value) {
            if (!value.empty()) text += " " + std::string(name) + "=" + std::string(value);
        };
        add("severity", report.severity);
        add("unlocalized", report.severity_unlocalized);
        add("sqlstate", report.sqlstate);
        add("message", report.message);
        add("detail", report.detail);
        add("hint", report.hint);
        if (report.position) add("position", std::to_string(*report.position));
        if (report.internal_position) add("internal_position", std::to_string(*report.internal_position));
        add("internal_query", report.internal_query);
        add("where", report.where);
        add("schema", report.schema);
        add("table", report.table);
        add("column", report.column);
        add("datatype", report.datatype);
        add("constraint", report.constraint);
        add("file", report.file);
        add("line", report.line);
        add("routine", report.routine);
        return text;
    }

    pg::wire::MessageReader reader_;
    std::size_t columns_ = 0;  // of the last RowDescription
};

}  // namespace aio::test
