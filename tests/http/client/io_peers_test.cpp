// The helpers of io's tests that need no tests of io: certificates, and peers.
#include "io/peers_test.cpp"
#include "io/tls_peers_test.cpp"
