#!/bin/sh
# What wheels and tests need of the system and a minimal Debian or Ubuntu lacks.
# Usage: system_libraries.sh PYTHON opencv|qt|tests. Installs it as root, otherwise names the command.
python=$1
case $2 in
opencv)
    packages="libgl1 libglib2.0-0 libxcb1"
    is_there() { "$python" -c 'import cv2' 2>/dev/null; } ;;
qt)
    packages="libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4
        libxcb-keysyms1 libxcb-shape0"
    is_there() { "$python" -c 'import PyQt6.QtWidgets' 2>/dev/null; } ;;
tests)
    # A screen that needs none, an MQTT broker, and GStreamer's RTSP server, whose bindings exist for
    # the system's own Python only.
    packages="xvfb libxcb-cursor0 mosquitto python3-gi gir1.2-gst-rtsp-server-1.0
        gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"
    is_there() {
        command -v Xvfb >/dev/null && PATH=$PATH:/usr/sbin command -v mosquitto >/dev/null &&
            /usr/bin/python3 tests/faults/rtsp_server.py --check 2>/dev/null
    } ;;
esac
is_there && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages >/dev/null
fi
is_there && exit 0
echo "Missing for $2. On Debian or Ubuntu: sudo apt-get install" $packages >&2
[ "$2" = tests ]  # those that need them are skipped
