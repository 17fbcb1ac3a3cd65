// Puts a TransportCore on a stream that was opened, on a pipe, or on a server's new connection.
// create_connection(), create_server() and the others are templates in the header; streams connect and listen for them.
#include <aio/io/create_connection.hpp>

#include "io/protocol/transport_core.hpp"

namespace aio::detail {

Coro<ConnectedProtocol> connect_protocol(ProtocolMaker maker, Coro<StreamPair> opening) {
    const StreamPair ends = co_await std::move(opening);
    co_return TransportCore::connect(ends.first.stream(), maker);
}

Coro<ConnectedProtocol> connect_pipe_protocol(ProtocolMaker maker, int fd, bool reading) {
    const StreamRef stream = reading ? connect_read_pipe(fd).stream() : connect_write_pipe(fd).stream();
    co_return TransportCore::connect(stream, maker);
}

ClientHandler protocol_handler(ProtocolMaker maker) {
    return ClientHandler([maker = std::move(maker)](const StreamReader& reader, const StreamWriter&) {
        TransportCore::serve(reader.stream(), maker);
        return FutureRef<FutureBase>();
    });
}

}  // namespace aio::detail
