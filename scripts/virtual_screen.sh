#!/bin/sh
# The tests read the screen of an X server that needs no screen, on which Qt draws.
# Installs both as root, otherwise names the command; those tests are then skipped.
packages="xvfb libxcb-cursor0"
command -v Xvfb >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages >/dev/null
fi
command -v Xvfb >/dev/null && exit 0
echo "Tests of the screen are skipped. On Debian or Ubuntu: sudo apt-get install" $packages >&2
