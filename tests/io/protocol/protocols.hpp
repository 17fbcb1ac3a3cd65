// Protocols that write down what they are told, and what stands at the other end of their connections.
#pragma once

#include <aio/core/task.hpp>
#include <aio/io/create_connection.hpp>
#include <aio/sync/event.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aio::test {

// What one protocol was told, for the test and the protocol alike: "made", "data", "eof", "lost".
// The protocol keeps it alive.
struct Record : std::enable_shared_from_this<Record> {
    Log calls;
    std::string data;
    std::exception_ptr error;  // connection_lost()'s
    Event changed;
    Transport transport;  // until the connection is lost

    void note(std::string call) {
        if (call != "data" || calls.empty() || calls.back() != "data") calls.push_back(std::move(call));
        changed.set();
    }
    template <class Condition>
    Coro<> until(Condition condition) {
        while (!condition()) {
            changed.clear();
            co_await changed.wait();
        }
    }
    Coro<> lost() {
        auto is_lost = [this] { return !calls.empty() && calls.back() == "lost"; };
        co_await until(is_lost);
    }
    Coro<> called(std::size_t times) {
        auto is_called = [this, times] { return calls.size() >= times; };
        co_await until(is_called);
    }
    Coro<> received(std::size_t size) {
        auto has_come = [this, size] { return data.size() >= size || (!calls.empty() && calls.back() == "lost"); };
        co_await until(has_come);
    }
};

// A record for the test; its connection ends with the test, however that ends.
class KeptRecord {
public:
    ~KeptRecord() {
        if (record_->transport) record_->transport.abort();
    }
    Record& operator*() const noexcept { return *record_; }

private:
    std::shared_ptr<Record> record_ = std::make_shared<Record>();
};
inline Record& keep_record() { return *keep<KeptRecord>(); }

template <class Base>
class Noting : public Base {
public:
    explicit Noting(Record& record) noexcept : record_(record), alive_(record.weak_from_this().lock()) {}

    void connection_made(Transport transport) override {
        record_.transport = transport;
        record_.note("made");
    }
    void connection_lost(std::exception_ptr error) override {
        record_.error = std::move(error);
        record_.transport = Transport();
        record_.note("lost");
    }
    void pause_writing() override { record_.note("pause"); }
    void resume_writing() override { record_.note("resume"); }

protected:
    Record& record_;

private:
    std::shared_ptr<Record> alive_;
};

class Recorder : public Noting<Protocol> {
public:
    using Noting::Noting;
    void data_received(std::string_view data) override {
        EXPECT_FALSE(data.empty());
        record_.data += data;
        record_.note("data");
    }
    bool eof_received() override {
        record_.note("eof");
        return keep_open;
    }
    bool keep_open = false;
};

// Takes what comes in pieces of at most `Size` bytes.
template <std::size_t Size>
class BufferedRecorder : public Noting<BufferedProtocol> {
public:
    using Noting<BufferedProtocol>::Noting;
    std::span<char> get_buffer(std::size_t) override { return buffer_; }
    void buffer_updated(std::size_t size) override {
        this->record_.data.append(buffer_, size);
        this->record_.note("data");
    }
    bool eof_received() override {
        this->record_.note("eof");
        return false;
    }

private:
    char buffer_[Size];
};

// Sends back what comes.
class EchoProtocol : public Protocol {
public:
    void connection_made(Transport transport) override { transport_ = transport; }
    void data_received(std::string_view data) override { transport_.write(data); }
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }

private:
    Transport transport_;
};
inline std::unique_ptr<EchoProtocol> make_echo() { return std::make_unique<EchoProtocol>(); }

// The factory of P(record).
template <class P = Recorder>
class MakerOf {
public:
    explicit MakerOf(Record& record) noexcept : record_(&record), alive_(record.weak_from_this().lock()) {}
    std::unique_ptr<P> operator()() const { return std::make_unique<P>(*record_); }

private:
    Record* record_;
    std::shared_ptr<Record> alive_;
};

// A connection whose one end a stream's handler serves, and whose other end a protocol has.
template <class P>
struct ProtocolEnds {
    ProtocolEnds(Server s, Transport t, std::shared_ptr<P> p)
        : server(std::move(s)), transport(std::move(t)), protocol(std::move(p)) {}
    Server server;
    Transport transport;
    std::shared_ptr<P> protocol;
};

template <class P = Recorder>
Coro<ProtocolEnds<P>> connected_to(Coro<> (*handler)(StreamReader, StreamWriter), Record& record) {
    Server server = co_await start_server(handler, "127.0.0.1", 0);
    const MakerOf<P> maker(record);
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
    co_return ProtocolEnds<P>(std::move(server), std::move(transport), std::move(protocol));
}

inline Coro<> wait_for_the_end(StreamReader reader, StreamWriter) {
    try {
        co_await reader.read();
    } catch (const ConnectionError&) {
        // Some tests abort.
    }
}

inline Coro<> finish(Server server) {
    server.close();
    co_await server.wait_closed();
}

}  // namespace aio::test
