import json
import subprocess
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def test_the_service_says_its_greeting():
    (web,) = json.loads((HERE / "taskdef.json").read_text())["containerDefinitions"]
    python, *words = web["command"]
    words = [word.replace("8000", "8292") for word in words]
    variables = {each["name"]: each["value"] for each in web["environment"]}
    with subprocess.Popen(
        [python, *words], env=variables | {"PATH": "/usr/bin:/bin:/usr/local/bin"}
    ) as server:
        try:
            for _ in range(100):
                try:
                    with urllib.request.urlopen("http://127.0.0.1:8292/") as answer:
                        assert answer.read().decode().strip() == variables["GREETING"]
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                raise AssertionError("it does not answer")
        finally:
            server.kill()
