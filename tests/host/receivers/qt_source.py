"""A Qt window that a file can be dragged out of. Arguments: place of the window, file.

Prints `AT x y`, its middle; `PRESSED` when the button goes down on it; `ACTION n` as what is under the pointer would do
another thing with the file (0 nothing, 1 copy it); `ENDED n` when the drag is over, with what was done.

Qt and not GTK: GTK offers files to a program's outermost window alone, and an embedded editor lies in the host's.
"""

import sys

from PyQt5.QtCore import QMimeData, QPoint, Qt, QTimer, QUrl
from PyQt5.QtGui import QDrag
from PyQt5.QtWidgets import QApplication, QWidget


def say(word, action):
    print(word, int(action), flush=True)


class Source(QWidget):
    def mousePressEvent(self, _event):
        print("PRESSED", flush=True)

    def mouseMoveEvent(self, event):
        if event.buttons() & Qt.LeftButton:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(sys.argv[3])])
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.actionChanged.connect(lambda action: say("ACTION", action))
            say("ENDED", drag.exec_(Qt.CopyAction))


def ready():
    middle = window.mapToGlobal(QPoint(150, 100))
    print("AT", middle.x(), middle.y(), flush=True)


app = QApplication(sys.argv)
window = Source()
window.setWindowTitle("file manager")
window.setGeometry(int(sys.argv[1]), int(sys.argv[2]), 300, 200)
window.show()
QTimer.singleShot(800, ready)
app.exec_()
