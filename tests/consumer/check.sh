#!/bin/sh
# check.sh static|shared SOURCE WORK CMAKE CXX [-DVARIABLE=VALUE...]: builds the library of that kind from
# SOURCE in WORK, installs it there, then builds and runs main.cpp against it, with CMake and with pkg-config.
set -eu
kind=$1 source=$2 work=$3 cmake=$4 cxx=$5
shift 5
shared=OFF
[ "$kind" = static ] || shared=ON
prefix=$work/prefix

rm -rf "$prefix" "$work/user"
"$cmake" -S "$source" -B "$work" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" "$@" \
    -DBUILD_SHARED_LIBS=$shared -DAIOCPP_TESTS=OFF -DAIOCPP_EXAMPLES=OFF -DAIOCPP_BENCH=OFF
"$cmake" --build "$work"
"$cmake" --install "$work" --prefix "$prefix"

expect_42() {
    printed=$("$@")
    [ "$printed" = 42 ] || { echo "$* printed $printed" >&2; exit 1; }
}

echo "== $kind, the program"
"$prefix/bin/aiocpp" --version | grep -q '^aiocpp [0-9]'

echo "== $kind, find_package"
"$cmake" -S "$source/tests/consumer" -B "$work/user" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" \
    -DCMAKE_PREFIX_PATH="$prefix"
"$cmake" --build "$work/user"
expect_42 "$work/user/consumer"
expect_42 "$work/user/unity_ON"
expect_42 "$work/user/unity_OFF"

echo "== $kind, pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name aiocpp.pc)")
export PKG_CONFIG_PATH
[ "$kind" = shared ] && static='' || static=--static
# shellcheck disable=SC2046,SC2086 # the flags are meant to be split
"$cxx" -std=c++20 "$source/tests/consumer/main.cpp" -o "$work/user/by_pkg_config" \
    $(pkg-config --cflags --libs $static aiocpp)
LD_LIBRARY_PATH=$(pkg-config --variable=libdir aiocpp) expect_42 "$work/user/by_pkg_config"
