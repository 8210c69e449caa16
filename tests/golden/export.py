"""Re-creates every golden case, or those named on the command line."""

import subprocess
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
for name in sys.argv[1:] or sorted(path.parent.name for path in here.glob("*/export.py")):
    subprocess.run([sys.executable, here / name / "export.py"], check=True)
