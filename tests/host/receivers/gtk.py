"""A GTK window that takes dropped files and prints them: first `AT x y`, its middle, then a line for each file."""

import sys
from urllib.parse import unquote

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

window = Gtk.Window(title="timeline")
window.set_default_size(300, 200)
window.move(int(sys.argv[1]), int(sys.argv[2]))
entry = Gtk.TargetEntry.new("text/uri-list", 0, 0)
window.drag_dest_set(Gtk.DestDefaults.ALL, [entry], Gdk.DragAction.COPY)


def received(_widget, _context, _x, _y, data, _info, _time):
    for uri in data.get_uris():
        assert uri.startswith("file:///"), uri
        print("FILE", unquote(uri[len("file://"):]), flush=True)


def ready():
    _, x, y = window.get_window().get_origin()
    print("AT", x + 150, y + 100, flush=True)
    return False


window.connect("drag-data-received", received)
window.show_all()
GLib.timeout_add(500, ready)
Gtk.main()
