// What the tool exits with: curl's numbers where curl has one.
#pragma once

namespace aio::cli {

enum ExitStatus : int {
    kDone = 0,
    kFailed = 1,  // what has no number of its own
    kUsage = 2,   // the command line makes no sense
    kBadUrl = 3,
    kNoProxy = 5,
    kNoHost = 6,        // the name has no address
    kNoConnection = 7,  // nobody listens, or the network is away
    kCutShort = 18,     // the connection ended within a body
    kHttpError = 22,    // a status of 400 and above, where that is an error
    kWriteError = 23,   // the disk or the pipe takes no more
    kReadError = 26,    // a file that the command line names cannot be read
    kTimedOut = 28,
    kTlsError = 35,
    kRedirects = 47,  // too many
    kNoAnswer = 52,   // the server closed the connection
    kReceiveError = 56,
    kBadCertificate = 60,
    kBadChecksum = 99,
    kInterrupted = 130,  // Ctrl-C
    kTerminated = 143    // SIGTERM
};

}  // namespace aio::cli
