"""A GTK window that a file can be dragged out of: prints `AT x y`, its middle. Arguments: place of the window, file."""

import sys
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

window = Gtk.Window(title="file manager")
window.set_default_size(300, 200)
window.move(int(sys.argv[1]), int(sys.argv[2]))
box = Gtk.EventBox()
window.add(box)
entry = Gtk.TargetEntry.new("text/uri-list", 0, 0)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [entry], Gdk.DragAction.COPY)


def get(_widget, _context, data, _info, _time):
    data.set_uris([Path(sys.argv[3]).as_uri()])


def ready():
    _, x, y = window.get_window().get_origin()
    print("AT", x + 150, y + 100, flush=True)
    return False


box.connect("drag-data-get", get)
window.show_all()
GLib.timeout_add(500, ready)
Gtk.main()
