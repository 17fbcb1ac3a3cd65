// Forward declarations of the classes that public interfaces use most.
#pragma once

namespace aio {

template <class T>
class Coro;
template <class T>
class Task;
template <class T>
class Future;
template <class T>
class AsyncGenerator;
class AnyTask;
class AsyncExitStack;
class Context;
class EventLoop;
class Executor;
class Handle;
class TimerHandle;
class TaskGroup;
class Timeout;
class StreamReader;
class StreamWriter;
class Server;
class Transport;
class BaseProtocol;
class Protocol;
class BufferedProtocol;

}  // namespace aio
