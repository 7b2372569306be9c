#!/bin/sh
# Installs what building and testing graphcut needs, from Debian's packages. sudo only where not root.
set -e
packages="gcc make pkg-config time protobuf-c-compiler libprotobuf-c-dev libgraphviz-dev libdnnl-dev libpcre2-dev
  libjansson-dev libzip-dev libopenjp2-7-dev libcmocka-dev libonnx-testdata"
# What .ci/run needs beyond that: another compiler, its sanitizers, the formatter; a browser, shells and man for tests.
[ "$1" = --ci ] && packages="$packages clang clang-format libclang-rt-14-dev git chromium man-db zsh fish"

missing=
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps.sh: run as root, or install sudo; missing:$missing" >&2; exit 1; }
  as_root=sudo
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
