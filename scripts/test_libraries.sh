#!/bin/sh
# The tests read cameras from a real RTSP server, GStreamer's. Its bindings exist for the system's
# own Python only. Installs them as root, otherwise names the command; those tests are then skipped.
check="tests/faults/rtsp_server.py --check"
/usr/bin/python3 $check 2>/dev/null && exit 0
packages="python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-ugly"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages >/dev/null
fi
/usr/bin/python3 $check 2>/dev/null && exit 0
echo "Tests with an RTSP server are skipped. On Debian or Ubuntu: sudo apt-get install" $packages >&2
