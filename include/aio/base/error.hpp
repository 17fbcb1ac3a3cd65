// The errors of aiocpp.
//
// Two trees, as in Python, where `except Exception` must not swallow a cancellation:
//
//   std::exception
//     aio::Error                       everything this library raises by itself
//       RuntimeError                   the call makes no sense now (no running loop, lock not held...)
//         BrokenBarrierError
//       InvalidStateError              a future is (or is not yet) done
//       ValueError                     an argument out of range
//       TimeoutError                   a deadline passed
//       ExceptionGroup                 several errors at once (exception_group.hpp)
//       EOFError
//         IncompleteReadError          the stream ended early; what was read is in partial()
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
//     CancelledError                   this task was asked to stop
//     GeneratorExit                    an asynchronous generator is being closed
//     KeyboardInterrupt, SystemExit    leave the loop, whatever runs
#pragma once

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>

namespace aio {

class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    Error(const Error&) = default;
    Error& operator=(const Error&) = default;

protected:
    // For classes that have Error as a virtual base, so that one error can be of two kinds. The most derived class
    // constructs a virtual base, and would have to pass the message past all classes in between: instead, the class below
    // Error sets it.
    Error() : std::runtime_error("") {}
    void set_message(const std::string& message) { std::runtime_error::operator=(std::runtime_error(message)); }
};

class RuntimeError : public Error {
public:
    using Error::Error;
};

class BrokenBarrierError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
};

class InvalidStateError : public Error {
public:
    using Error::Error;
};

class ValueError : public Error {
public:
    using Error::Error;
};

// One that with_timeout or wait_for made of a cancellation nests it, for std::rethrow_if_nested. Error is a virtual base:
// http::ServerTimeoutError is a TimeoutError and a ClientError.
class TimeoutError : public virtual Error, public std::nested_exception {
public:
    explicit TimeoutError(const std::string& message) { set_message(message); }
    TimeoutError() : TimeoutError("the operation timed out") {}
};

class QueueEmpty : public Error {
public:
    QueueEmpty() : Error("the queue is empty") {}
};

class QueueFull : public Error {
public:
    QueueFull() : Error("the queue is full") {}
};

class QueueShutDown : public Error {
public:
    QueueShutDown() : Error("the queue was shut down") {}
};

class EOFError : public Error {
public:
    using Error::Error;
};

// The stream ended before a read got all it asked for. Nothing is lost: what came is in partial().
class IncompleteReadError : public EOFError {
public:
    // `expected` is the number of bytes asked for, or 0 when it is unknown (readuntil).
    IncompleteReadError(std::string partial, std::size_t expected);

    const std::string& partial() const noexcept { return partial_; }
    std::size_t expected() const noexcept { return expected_; }

private:
    std::string partial_;
    std::size_t expected_;
};

// The separator was not found within the reader's limit. The data stay in the reader's buffer.
class LimitOverrunError : public Error {
public:
    LimitOverrunError(const std::string& message, std::size_t consumed) : Error(message), consumed_(consumed) {}

    // Bytes that were searched and hold no separator: read them with readexactly(consumed()) to go on.
    std::size_t consumed() const noexcept { return consumed_; }

private:
    std::size_t consumed_;
};

// A system call failed. `code()` is the errno; the message says what was attempted, on what.
class OSError : public Error {
public:
    OSError(int code, const std::string& attempted);

    int code() const noexcept { return code_; }

protected:
    struct Complete {};
    OSError(int code, const std::string& message, Complete) : Error(message), code_(code) {}

private:
    int code_;
};

// Python's socket.gaierror.
class GaiError : public OSError {
public:
    GaiError(int code, const std::string& message) : OSError(code, message, Complete{}) {}
};

class ChildProcessError : public OSError {
public:
    using OSError::OSError;
};

class ProcessLookupError : public OSError {
public:
    using OSError::OSError;
};

class ConnectionError : public OSError {
public:
    using OSError::OSError;
};

class BrokenPipeError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

class ConnectionResetError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

class ConnectionAbortedError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

class ConnectionRefusedError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

class FileNotFoundError : public OSError {
public:
    using OSError::OSError;
};

class FileExistsError : public OSError {
public:
    using OSError::OSError;
};

class IsADirectoryError : public OSError {
public:
    using OSError::OSError;
};

class NotADirectoryError : public OSError {
public:
    using OSError::OSError;
};

class PermissionError : public OSError {
public:
    using OSError::OSError;
};

// Throws the class of OSError that fits `code`, a positive errno (EPIPE -> BrokenPipeError, ETIMEDOUT ->
// TimeoutError...), as Python chooses it (PEP 3151). `attempted` reads "connect to 127.0.0.1:80".
[[noreturn]] void throw_os_error(int code, const std::string& attempted);

// The root of what must reach the top of a program undisturbed. Not a std::exception, on purpose.
class BaseException {
public:
    BaseException() = default;
    explicit BaseException(const std::string& message) : message_(message) {}
    BaseException(const BaseException&) = default;
    BaseException& operator=(const BaseException&) = default;
    virtual ~BaseException() = default;

    // The message given to cancel(), or an empty string.
    virtual const char* what() const noexcept { return message_.what(); }

private:
    std::runtime_error message_{""};  // a reference-counted string: copying an exception must not throw
};

class CancelledError final : public BaseException {
public:
    using BaseException::BaseException;
};

class GeneratorExit final : public BaseException {
public:
    using BaseException::BaseException;
};

class KeyboardInterrupt final : public BaseException {
public:
    using BaseException::BaseException;
};

class SystemExit final : public BaseException {
public:
    explicit SystemExit(int code = 0) : BaseException("exit " + std::to_string(code)), code_(code) {}
    int code() const noexcept { return code_; }

private:
    int code_;
};

}  // namespace aio
