#!/bin/sh
# The tests talk to a real MQTT broker, and read cameras from a real RTSP server, GStreamer's. Its
# bindings exist for the system's own Python only. Installs them as root, otherwise names the
# command; those tests are then skipped.
has_all() {
    /usr/bin/python3 tests/faults/rtsp_server.py --check 2>/dev/null &&
        PATH=$PATH:/usr/sbin command -v mosquitto >/dev/null
}
has_all && exit 0
packages="python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-ugly mosquitto"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages >/dev/null
fi
has_all && exit 0
echo "Tests with servers are skipped. On Debian or Ubuntu: sudo apt-get install" $packages >&2
