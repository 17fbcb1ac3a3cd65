// asyncio's lower level: protocols, which are called, in place of streams, which are awaited.
// Source: "TCP echo client and server" of Python's asyncio documentation.
#include <aio/aio.hpp>

#include <fmt/core.h>

// A state machine per connection: adds up the numbers of each line.
class Adder : public aio::Protocol {
public:
    void connection_made(aio::Transport transport) override { transport_ = transport; }

    // In pieces of any size, as they come.
    void data_received(std::string_view data) override {
        for (const char c : data) {
            if (c >= '0' && c <= '9') number_ = 10 * number_ + static_cast<std::size_t>(c - '0');
            if (c == ' ' || c == '\n') sum_ += std::exchange(number_, 0);
            if (c == '\n') transport_.write(std::to_string(std::exchange(sum_, 0)) + "\n");
        }
    }

    // A client that does not read its answers may not ask either.
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }

private:
    aio::Transport transport_;
    std::size_t number_ = 0, sum_ = 0;
};

class Client : public aio::Protocol {
public:
    void connection_made(aio::Transport transport) override {
        fmt::print("connected\n");
        transport.write("1 2 3\n40 2\n");
        transport.write_eof();  // the server's eof_received() closes once the answers are sent
    }
    void data_received(std::string_view data) override { answers_ += data; }
    bool eof_received() override {
        fmt::print("the end\n");
        return false;
    }
    void connection_lost(std::exception_ptr error) override {
        fmt::print("closed {}\n", error ? "by an error" : "in good order");
        done_.set_result(answers_);
    }
    const aio::Future<std::string>& done() const { return done_; }

private:
    std::string answers_;
    aio::Future<std::string> done_;
};

aio::Coro<> async_main() {
    aio::Server server = co_await aio::create_server([] { return std::make_unique<Adder>(); }, "127.0.0.1", 0);
    auto [transport, client] =
        co_await aio::create_connection([] { return std::make_unique<Client>(); }, "127.0.0.1", server.port());
    fmt::print("{}", co_await client->done());
    server.close();
    co_await server.wait_closed();
}

int main() { aio::run(async_main()); }
