"""A real RTSP server on loopback, for tests: `/usr/bin/python3 rtsp_server.py < settings.json`.

It needs GStreamer's bindings, which Debian has only for its own Python; so it is a child process,
which also lets tests kill and freeze it. Settings: `port` (0 for any), `launch` (GStreamer's
description of the pipeline behind /live), and optionally `user` and `password` (digest), and `loss`
(share of the packets that are not sent, by chance, always the same ones). It says its port on
stdout when it listens. With `--check` it only says by its exit code whether it can run.
"""

from __future__ import annotations

import json
import random
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ELEMENTS = ("videotestsrc", "x264enc", "rtph264pay")


def main() -> None:
    Gst.init(None)
    if "--check" in sys.argv:
        sys.exit(not all(map(Gst.ElementFactory.find, ELEMENTS)))
    settings = json.load(sys.stdin)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(settings["port"]))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(settings["launch"])
    factory.set_shared(True)
    if settings.get("loss"):
        factory.connect("media-configure", lambda _, media: thin_out(media, settings["loss"]))
    if settings.get("user"):
        protect(server, factory, settings["user"], settings["password"])
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        sys.exit("the port is taken")
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


def thin_out(media: GstRtspServer.RTSPMedia, loss: float) -> None:
    chance = random.Random(1)

    def probe(_pad: Gst.Pad, _info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        return Gst.PadProbeReturn.DROP if chance.random() < loss else Gst.PadProbeReturn.OK

    payloader = media.get_element().get_by_name("pay0")
    kinds = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST
    payloader.get_static_pad("src").add_probe(kinds, probe)


def protect(
    server: GstRtspServer.RTSPServer,
    factory: GstRtspServer.RTSPMediaFactory,
    user: str,
    password: str,
) -> None:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role("viewer")
    for right in ("access", "construct"):
        permissions.add_permission_for_role("viewer", f"media.factory.{right}", True)
    factory.set_permissions(permissions)


if __name__ == "__main__":
    main()
