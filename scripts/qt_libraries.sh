#!/bin/sh
# PyQt6's wheel needs libraries of the system that a machine without a desktop lacks.
# Usage: qt_libraries.sh PYTHON. Installs them as root, otherwise names the command.
"$1" -c 'import PyQt6.QtWidgets' 2>/dev/null && exit 0
packages="libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4
    libxcb-keysyms1 libxcb-shape0"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages >/dev/null
fi
"$1" -c 'import PyQt6.QtWidgets' && exit 0
echo "PyQt6 cannot be loaded. On Debian or Ubuntu: sudo apt-get install" $packages >&2
exit 1
