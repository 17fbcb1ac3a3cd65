// The helpers of io's tests that need no tests of io: certificates, and peers.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // they are in no header: g++ only thinks so
#endif
#include "io/peers_test.cpp"
#include "io/tls_peers_test.cpp"
