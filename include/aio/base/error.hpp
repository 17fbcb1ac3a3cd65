// The errors of aiocpp.
//
// Two trees, as in Python, where `except Exception` must not swallow a cancellation:
//
//   std::exception
//     aio::Error                       everything this library raises by itself
//       RuntimeError                   the call is not allowed now (no running loop, lock not held...)
//         BrokenBarrierError
//       InvalidStateError              a future is (or is not yet) done
//       ValueError                     an argument out of range
//       TimeoutError                   a deadline passed
//       ExceptionGroup                 several errors at once (exception_group.hpp)
//       EOFError
//         IncompleteReadError          the stream ended early; partial() has the bytes read so far
//       LimitOverrunError              no separator within the limit; nothing was consumed
//       QueueEmpty, QueueFull, QueueShutDown
//       OSError                        a system call failed: code() is its errno
//         GaiError                     a host name has no address: code() is one of the EAI_ codes of netdb.h
//         ChildProcessError, ProcessLookupError
//         ConnectionError
//           BrokenPipeError, ConnectionResetError, ConnectionAbortedError, ConnectionRefusedError
//         FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError
//
//   aio::BaseException                 NOT a std::exception: generic handlers let it pass
//     CancelledError                   the task was cancelled
//     GeneratorExit                    an asynchronous generator is being closed
//     KeyboardInterrupt, SystemExit    leave the loop, whichever task throws them
#pragma once

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>

namespace aio {

// The base of all errors that this library throws by itself, except BaseException and its classes.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    Error(const Error&) = default;
    Error& operator=(const Error&) = default;

protected:
    // For classes that have Error as a virtual base, so that one error can be of two kinds. A virtual base is
    // constructed by the most derived class, which would have to know the message; instead, the class
    // directly below Error sets it.
    Error() : std::runtime_error("") {}
    void set_message(const std::string& message) { std::runtime_error::operator=(std::runtime_error(message)); }
};

// The call is not allowed in the present state: no loop is running, the lock is not held, the
// coroutine was awaited already.
class RuntimeError : public Error {
public:
    using Error::Error;
};

// Thrown by Barrier::wait() when the barrier is broken, by abort(), or is reset or broken during the wait:
// asyncio.BrokenBarrierError.
class BrokenBarrierError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
};

// The result of a pending future was asked for, or a future that is done was to get another: asyncio.InvalidStateError.
class InvalidStateError : public Error {
public:
    using Error::Error;
};

// An argument is outside its range: a negative maxsize, a limit of 0, a duration that is NaN.
class ValueError : public Error {
public:
    using Error::Error;
};

// A deadline passed, or a system call failed with ETIMEDOUT. The one that with_timeout() or wait_for() throws in place
// of a CancelledError nests it, for std::rethrow_if_nested. Error is a virtual base because http::ServerTimeoutError is
// both a TimeoutError and a ClientError.
class TimeoutError : public virtual Error, public std::nested_exception {
public:
    explicit TimeoutError(const std::string& message) { set_message(message); }
    TimeoutError() : TimeoutError("the operation timed out") {}
};

// Thrown by get_nowait() of an empty queue, and by a ThreadQueue's blocking_get() at its timeout: asyncio.QueueEmpty.
class QueueEmpty : public Error {
public:
    QueueEmpty() : Error("the queue is empty") {}
};

// Thrown by put_nowait() of a full queue, and by a ThreadQueue's blocking_put() at its timeout: asyncio.QueueFull.
class QueueFull : public Error {
public:
    QueueFull() : Error("the queue is full") {}
};

// Thrown by put() after the queue's shutdown(), and by get() once the queue is also empty: asyncio.QueueShutDown.
class QueueShutDown : public Error {
public:
    QueueShutDown() : Error("the queue was shut down") {}
};

// A stream ended where more data were needed: the base of IncompleteReadError.
class EOFError : public Error {
public:
    using Error::Error;
};

// The stream ended before a read had all its data: asyncio.IncompleteReadError. partial()
// has the bytes that were read.
class IncompleteReadError : public EOFError {
public:
    // `expected` is the number of bytes asked for, or 0 when it is unknown (readuntil).
    IncompleteReadError(std::string partial, std::size_t expected);

    // The bytes that were read before the stream ended.
    const std::string& partial() const noexcept { return partial_; }
    // The number of bytes that the read asked for; 0 when there is none (readuntil).
    std::size_t expected() const noexcept { return expected_; }

private:
    std::string partial_;
    std::size_t expected_;
};

// The separator was not found within the reader's limit: asyncio.LimitOverrunError. The reader keeps the data.
class LimitOverrunError : public Error {
public:
    LimitOverrunError(const std::string& message, std::size_t consumed) : Error(message), consumed_(consumed) {}

    // The number of bytes that were searched and hold no separator: readexactly(consumed()) skips them.
    std::size_t consumed() const noexcept { return consumed_; }

private:
    std::size_t consumed_;
};

// A system call failed. The message has the operation, its object, and the reason.
class OSError : public Error {
public:
    // `code` is an errno. The message is "<attempted>: <text of the errno> (errno <code>)".
    OSError(int code, const std::string& attempted);

    // The errno; of a GaiError, the EAI_ code.
    int code() const noexcept { return code_; }

protected:
    struct Complete {};
    OSError(int code, const std::string& message, Complete) : Error(message), code_(code) {}

private:
    int code_;
};

// A host name has no address: Python's socket.gaierror. code() is one of the EAI_ codes of netdb.h, not an errno.
class GaiError : public OSError {
public:
    GaiError(int code, const std::string& message) : OSError(code, message, Complete{}) {}
};

// ECHILD: there is no such child process to wait for.
class ChildProcessError : public OSError {
public:
    using OSError::OSError;
};

// ESRCH: there is no process with that id.
class ProcessLookupError : public OSError {
public:
    using OSError::OSError;
};

// The base of the errors of a connection, below.
class ConnectionError : public OSError {
public:
    using OSError::OSError;
};

// EPIPE, ESHUTDOWN: a write to a pipe without a reader, or to a connection shut down for writing.
class BrokenPipeError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

// ECONNRESET: the peer reset the connection.
class ConnectionResetError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

// ECONNABORTED: the connection was aborted on this side.
class ConnectionAbortedError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

// ECONNREFUSED: nothing listens at that address.
class ConnectionRefusedError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

// ENOENT: a file or a directory of the path does not exist.
class FileNotFoundError : public OSError {
public:
    using OSError::OSError;
};

// EEXIST: there is such a file already.
class FileExistsError : public OSError {
public:
    using OSError::OSError;
};

// EISDIR: a file operation on a directory.
class IsADirectoryError : public OSError {
public:
    using OSError::OSError;
};

// ENOTDIR: a component of the path, or the argument of a directory operation, is no directory.
class NotADirectoryError : public OSError {
public:
    using OSError::OSError;
};

// EACCES, EPERM: the process lacks the permission.
class PermissionError : public OSError {
public:
    using OSError::OSError;
};

// Throws the class of OSError that fits `code`, a positive errno (EPIPE -> BrokenPipeError, ETIMEDOUT ->
// TimeoutError...), as Python chooses it (PEP 3151). `attempted` reads "connect to 127.0.0.1:80".
[[noreturn]] void throw_os_error(int code, const std::string& attempted);

// The base of exceptions that must reach the top of a task or program: Python's BaseException. Not a std::exception, so
// that `catch (const std::exception&)` does not swallow a cancellation.
class BaseException {
public:
    BaseException() = default;
    // `message` is the text of what().
    explicit BaseException(const std::string& message) : message_(message) {}
    BaseException(const BaseException&) = default;
    BaseException& operator=(const BaseException&) = default;
    virtual ~BaseException() = default;

    // The message, of a CancelledError that which was given to cancel(); or an empty string.
    virtual const char* what() const noexcept { return message_.what(); }

private:
    std::runtime_error message_{""};  // a reference-counted string: copying an exception must not throw
};

// Thrown by the await at which a task is cancelled, and by the await of a cancelled future: asyncio.CancelledError.
// Catch it to clean up, and rethrow it.
class CancelledError final : public BaseException {
public:
    using BaseException::BaseException;
};

// Thrown by the co_yield at which an asynchronous generator waits when aclose() closes it.
class GeneratorExit final : public BaseException {
public:
    using BaseException::BaseException;
};

// Thrown by run() when Ctrl-C cancelled its main task. If it is not caught, SIGINT ends the process.
class KeyboardInterrupt final : public BaseException {
public:
    using BaseException::BaseException;
};

// Leaves the loop and run(), whichever task throws it. If it is not caught, the process exits
// with `code` after the clean-up.
class SystemExit final : public BaseException {
public:
    explicit SystemExit(int code = 0) : BaseException("exit " + std::to_string(code)), code_(code) {}
    // The exit status of the process.
    int code() const noexcept { return code_; }

private:
    int code_;
};

}  // namespace aio
