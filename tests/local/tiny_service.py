"""A real, small service for the supervisor's tests: python tiny_service.py [what it should do].

It listens on GMSD_PORT and answers 200 with its GMSD_ environment, pid and worker's pid as JSON. Arguments:
  refuse    print a sentence and exit 78 at once
  refuse2   serve at first; exit 78 when started a second time (GMSD_STATE_DIR remembers)
  silent    never become ready (503)
"""

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

mode = sys.argv[1] if len(sys.argv) > 1 else ""
marker = Path(os.environ["GMSD_STATE_DIR"]) / "started"
if mode == "refuse" or (mode == "refuse2" and marker.exists()):
    print("GMSD_VERKEERD is geen instelling van deze dienst.", file=sys.stderr)
    print('{"level": "info", "event": "stopped"}', flush=True)
    sys.exit(78)
marker.touch()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        about = {key: value for key, value in os.environ.items() if key.startswith("GMSD_")}
        about |= {"pid": str(os.getpid()), "worker": str(worker.pid)}
        self.send_response(503 if mode == "silent" else 200)
        self.end_headers()
        self.wfile.write(json.dumps(about).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: one poll per 0.2 s."""


HTTPServer(("127.0.0.1", int(os.environ["GMSD_PORT"])), Handler).serve_forever()
