"""A Qt window that takes dropped files and prints them: first `AT x y`, its middle, then a line for each file."""

import sys

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication, QWidget


class Timeline(QWidget):
    def dragEnterEvent(self, event):
        # Only copying is offered (1 is Qt.CopyAction).
        if event.mimeData().hasUrls() and int(event.possibleActions()) == 1:
            event.acceptProposedAction()

    def dropEvent(self, event):
        for url in event.mimeData().urls():
            print("FILE", url.toLocalFile(), flush=True)
        event.acceptProposedAction()


def ready():
    middle = window.mapToGlobal(window.rect().center())
    print("AT", middle.x(), middle.y(), flush=True)


application = QApplication(sys.argv)
window = Timeline()
window.setAcceptDrops(True)
window.setGeometry(int(sys.argv[1]), int(sys.argv[2]), 300, 200)
window.show()
QTimer.singleShot(500, ready)
application.exec_()
