// What a protocol is told, and in which order.
#include <aio/core/context.hpp>

#include "io/protocol/protocols.hpp"

namespace aio::test {
namespace {

const Log kWholeLife{"made", "data", "eof", "lost"};

Coro<> say_hello(StreamReader, StreamWriter writer) {
    writer.write("hello");
    writer.close();
    co_await writer.wait_closed();
}

ASYNC_TEST(Protocol, is_told_of_the_connection_the_data_the_end_and_the_loss) {  // semantics 46
    auto& record = keep_record();
    auto ends = co_await connected_to(say_hello, record);
    EXPECT_EQ(record.calls.front(), "made") << "before create_connection() returns";
    co_await record.lost();
    EXPECT_EQ(record.calls, kWholeLife);
    EXPECT_EQ(record.data, "hello");
    EXPECT_FALSE(record.error) << "it ended in good order";
    co_await finish(ends.server);
}

ASYNC_TEST(Protocol, of_a_server_is_told_the_same) {
    auto& record = keep_record();
    const MakerOf<> maker(record);
    Server server = co_await create_server(maker, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("hello");
    writer.close();
    co_await record.lost();
    EXPECT_EQ(record.calls, kWholeLife);
    EXPECT_EQ(record.data, "hello");
    co_await end(server, writer);
}

Coro<> send_bytes_one_by_one(StreamReader, StreamWriter writer) {
    for (int i = 0; i < 10; ++i) {
        writer.write(std::string_view("0123456789").substr(i, 1));
        co_await aio::sleep(1ms);
    }
}

ASYNC_TEST(Protocol, gets_one_byte_at_a_time_if_they_come_so) {
    auto& record = keep_record();
    auto ends = co_await connected_to(send_bytes_one_by_one, record);
    co_await record.lost();
    EXPECT_EQ(record.data, "0123456789");
    EXPECT_EQ(record.calls, kWholeLife);
    co_await finish(ends.server);
}

Coro<> end_and_read_on(StreamReader reader, StreamWriter writer) {
    writer.write("question");
    writer.write_eof();
    writer.write_eof();
    EXPECT_EQ(co_await reader.read(), "answer");
}

class Answering : public Recorder {
public:
    using Recorder::Recorder;
    bool eof_received() override {
        record_.transport.write("answer");
        record_.transport.write_eof();
        Recorder::eof_received();
        return true;
    }
};

ASYNC_TEST(Protocol, whose_eof_received_is_true_writes_on) {  // semantics 46
    auto& record = keep_record();
    auto ends = co_await connected_to<Answering>(end_and_read_on, record);
    co_await record.called(3);
    co_await settle();
    EXPECT_EQ(record.calls, (Log{"made", "data", "eof"})) << "it stays open until somebody closes it";
    EXPECT_FALSE(ends.transport.is_closing());
    ends.transport.close();
    co_await record.lost();
    EXPECT_FALSE(record.error);
    co_await finish(ends.server);
}

ASYNC_TEST(Protocol, is_called_in_the_context_of_who_asked_for_the_connection) {
    static ContextVar<int> var("var");
    struct Looking : Recorder {
        using Recorder::Recorder;
        void connection_made(Transport transport) override {
            Recorder::connection_made(transport);
            record_.data += std::to_string(var.get(0));
        }
        void data_received(std::string_view) override {
            record_.data += std::to_string(var.get(0));
            record_.note("data");
        }
        void connection_lost(std::exception_ptr error) override {
            record_.data += std::to_string(var.get(0));
            Recorder::connection_lost(std::move(error));
        }
    };
    auto& record = keep_record();
    var.set(1);
    auto ends = co_await connected_to<Looking>(say_hello, record);
    var.set(2);
    co_await record.lost();
    EXPECT_EQ(record.data, "111");
    co_await finish(ends.server);
}

// --- what a callback throws --------------------------------------------------------------------------------

struct Boom : std::runtime_error {
    Boom() : runtime_error("boom") {}
};

template <class Base>
class Throwing : public Base {
public:
    using Base::Base;
    void connection_made(Transport transport) override {
        Base::connection_made(transport);
        if (where == "connection_made") throw Boom();
    }
    void connection_lost(std::exception_ptr error) override {
        Base::connection_lost(std::move(error));
        if (where == "connection_lost") throw Boom();
    }
    bool eof_received() override {
        Base::eof_received();
        if (where == "eof_received") throw Boom();
        return false;
    }
    static inline std::string where;
};

class ThrowingRecorder : public Throwing<Recorder> {
public:
    using Throwing::Throwing;
    void data_received(std::string_view data) override {
        Throwing::data_received(data);
        if (where == "data_received") throw Boom();
    }
};

class ThrowingBuffered : public Throwing<BufferedRecorder<16>> {
public:
    using Throwing::Throwing;
    std::span<char> get_buffer(std::size_t sizehint) override {
        if (where == "get_buffer") throw Boom();
        if (where == "an empty buffer") return {};
        return Throwing::get_buffer(sizehint);
    }
    void buffer_updated(std::size_t size) override {
        Throwing::buffer_updated(size);
        if (where == "buffer_updated") throw Boom();
    }
};

// The other end sees the connection break, sooner or later.
Coro<> hello_and_wait(StreamReader reader, StreamWriter writer) {
    writer.write("hello");
    if (ThrowingRecorder::where == "eof_received" || ThrowingBuffered::where == "eof_received") writer.write_eof();
    try {
        co_await reader.read();
    } catch (const ConnectionError&) {
        // It was aborted with bytes in it.
    }
}

template <class P>
Coro<> expect_fatal(std::string where, std::string message) {
    auto& record = keep_record();
    P::where = where;
    auto ends = co_await connected_to<P>(hello_and_wait, record);
    co_await record.lost();
    P::where.clear();
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].message, "Fatal error: protocol." + message + "() call failed.");
    CO_ASSERT_TRUE(record.error != nullptr);
    EXPECT_EQ(record.error, reports[0].exception);
    co_await finish(ends.server);
}

ASYNC_TEST(Protocol, that_throws_from_data_received_is_aborted_with_it) {  // semantics 46
    co_await expect_fatal<ThrowingRecorder>("data_received", "data_received");
}
ASYNC_TEST(Protocol, that_throws_from_eof_received_is_aborted_with_it) {
    co_await expect_fatal<ThrowingRecorder>("eof_received", "eof_received");
}
ASYNC_TEST(BufferedProtocol, that_throws_from_get_buffer_is_aborted_with_it) {
    co_await expect_fatal<ThrowingBuffered>("get_buffer", "get_buffer");
}
ASYNC_TEST(BufferedProtocol, that_gives_no_room_is_aborted) {
    co_await expect_fatal<ThrowingBuffered>("an empty buffer", "get_buffer");
}
ASYNC_TEST(BufferedProtocol, that_throws_from_buffer_updated_is_aborted_with_it) {
    co_await expect_fatal<ThrowingBuffered>("buffer_updated", "buffer_updated");
}
ASYNC_TEST(BufferedProtocol, that_throws_from_eof_received_is_aborted_with_it) {
    co_await expect_fatal<ThrowingBuffered>("eof_received", "eof_received");
}

ASYNC_TEST(Protocol, that_throws_from_connection_lost_is_reported) {
    auto& record = keep_record();
    ThrowingRecorder::where = "connection_lost";
    auto ends = co_await connected_to<ThrowingRecorder>(say_hello, record);
    co_await record.lost();
    ThrowingRecorder::where.clear();
    EXPECT_EQ(take_report_messages(), Log{"protocol.connection_lost() failed"});
    co_await finish(ends.server);
}

ASYNC_TEST(Protocol, that_throws_from_connection_made_fails_create_connection) {
    auto& record = keep_record();
    Server server = co_await start_server(hello_and_wait, "127.0.0.1", 0);
    ThrowingRecorder::where = "connection_made";
    const MakerOf<ThrowingRecorder> maker(record);
    co_await expect_throws<Boom>(create_connection(maker, "127.0.0.1", server.port()));
    ThrowingRecorder::where.clear();
    co_await record.lost();
    EXPECT_EQ(record.calls, (Log{"made", "lost"}));
    EXPECT_EQ(expect_is<Boom>(record.error), "boom");
    co_await finish(server);
}

ASYNC_TEST(Protocol, of_a_server_that_throws_from_connection_made_is_aborted) {
    auto& record = keep_record();
    ThrowingRecorder::where = "connection_made";
    const MakerOf<ThrowingRecorder> maker(record);
    Server server = co_await create_server(maker, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_EQ(co_await reader.read(), "");
    co_await record.lost();
    ThrowingRecorder::where.clear();
    EXPECT_EQ(take_report_messages(), Log{"Fatal error: protocol.connection_made() call failed."});
    EXPECT_EQ(record.calls, (Log{"made", "lost"}));
    co_await end(server, writer);
}

// --- buffered ----------------------------------------------------------------------------------------------

Coro<> send_much(StreamReader, StreamWriter writer) {
    for (std::size_t i = 0; i < scaled(100); ++i) {
        writer.write(std::string(3000, static_cast<char>('a' + i % 26)));
        co_await writer.drain();
    }
}

std::string long_text() {
    std::string all;
    for (std::size_t i = 0; i < scaled(100); ++i) all += std::string(3000, static_cast<char>('a' + i % 26));
    return all;
}

ASYNC_TEST(BufferedProtocol, gets_all_that_comes_in_its_own_memory) {  // semantics 46
    auto& record = keep_record();
    auto ends = co_await connected_to<BufferedRecorder<1000>>(send_much, record);
    co_await record.lost();
    EXPECT_EQ(record.data == long_text(), true) << record.data.size() << " bytes came";
    EXPECT_EQ(record.calls, kWholeLife);
    co_await finish(ends.server);
}

ASYNC_TEST(BufferedProtocol, takes_over_from_another_one_in_the_middle) {
    struct Switching : Recorder {
        using Recorder::Recorder;
        void data_received(std::string_view data) override {
            Recorder::data_received(data);
            record_.transport.set_protocol(std::make_shared<BufferedRecorder<7>>(record_));
        }
    };
    auto& record = keep_record();
    auto ends = co_await connected_to<Switching>(send_much, record);
    EXPECT_EQ(ends.transport.get_protocol(), ends.protocol);
    co_await record.lost();
    EXPECT_EQ(record.data == long_text(), true) << record.data.size() << " bytes came";
    EXPECT_EQ(record.calls, kWholeLife);
    EXPECT_EQ(ends.transport.get_protocol(), nullptr);
    co_await finish(ends.server);
}

ASYNC_TEST(BufferedProtocol, hands_over_to_another_one_in_the_middle) {
    struct Switching : BufferedRecorder<100> {
        using BufferedRecorder<100>::BufferedRecorder;
        void buffer_updated(std::size_t size) override {
            BufferedRecorder<100>::buffer_updated(size);
            if (record_.data.size() > 5000) record_.transport.set_protocol(std::make_shared<Recorder>(record_));
        }
    };
    auto& record = keep_record();
    auto ends = co_await connected_to<Switching>(send_much, record);
    co_await record.lost();
    EXPECT_EQ(record.data == long_text(), true) << record.data.size() << " bytes came";
    co_await finish(ends.server);
}

ASYNC_TEST(BufferedProtocol, can_pause_between_two_pieces) {
    struct Pausing : BufferedRecorder<100> {
        using BufferedRecorder<100>::BufferedRecorder;
        void buffer_updated(std::size_t size) override {
            BufferedRecorder<100>::buffer_updated(size);
            record_.transport.pause_reading();
        }
    };
    auto& record = keep_record();
    auto ends = co_await connected_to<Pausing>(say_hello, record);
    co_await record.received(5);
    co_await settle();
    EXPECT_EQ(record.calls, (Log{"made", "data"})) << "the end is not noticed while reading is paused";
    ends.transport.resume_reading();
    co_await record.lost();
    EXPECT_EQ(record.calls, kWholeLife);
    co_await finish(ends.server);
}

}  // namespace
}  // namespace aio::test
