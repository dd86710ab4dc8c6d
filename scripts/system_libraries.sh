#!/bin/sh
# OpenCV's wheel needs libraries of the system that a minimal Debian or Ubuntu lacks.
# Usage: system_libraries.sh PYTHON. Installs them as root, otherwise names the command.
"$1" -c 'import cv2' 2>/dev/null && exit 0
packages="libgl1 libglib2.0-0 libxcb1"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -qq -y $packages >/dev/null
fi
"$1" -c 'import cv2' && exit 0
echo "OpenCV cannot be loaded. On Debian or Ubuntu: sudo apt-get install $packages" >&2
exit 1
