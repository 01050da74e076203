"""Invokes the alias over and over, as Lambda's own clients do: python load.py URL."""

import http.client
import sys
import time
from urllib.parse import urlsplit

PATH = "/2015-03-31/functions/greet/invocations?Qualifier=live"
PAUSE = 0.02  # seconds


def main() -> None:
    """Go on until it is ended."""
    while True:
        connection = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc, timeout=60)
        try:
            while True:
                connection.request("POST", PATH, b'{"name": "Ada"}')
                connection.getresponse().read()
                time.sleep(PAUSE)
        except (OSError, http.client.HTTPException):
            time.sleep(PAUSE)  # nobody answers yet


if __name__ == "__main__":
    main()
