"""
Requests, many at a time, each of them accounted for.

`python -m cicd.testing.load HOST PORT RATE` sends so many a second until its standard input
ends, and then prints one line of JSON: {"answers": {"200 word": n}, "failures": n}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Answers:
    """What came back: bodies by count, and what went wrong in words."""

    words: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class _Connection:
    """One keep-alive connection, opened again where the server ends it."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, answers: Answers, path: str = "/") -> None:
        try:
            if self._pair is None:
                self._pair = await asyncio.open_connection(*self._where)
            reader, writer = self._pair
            writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if b"connection: close" in head:
                self.close()
        except (OSError, asyncio.IncompleteReadError, ValueError) as reason:
            self.close()
            answers.failures.append(repr(reason))
            return
        status = head.split(b" ")[1].decode()
        if status == "200":
            answers.words[body.decode()] += 1
        else:
            answers.failures.append(f"{status} {body.decode()}")

    def close(self) -> None:
        if self._pair is not None:
            self._pair[1].close()
            self._pair = None


async def ask(host: str, port: int, *, count: int, at_once: int = 8, path: str = "/") -> Answers:
    """Send ``count`` requests over ``at_once`` connections, as fast as they are answered."""
    answers = Answers()
    left = iter(range(count))

    async def one() -> None:
        connection = _Connection(host, port)
        for _ in left:
            await connection.ask(answers, path)
        connection.close()

    await asyncio.gather(*(one() for _ in range(at_once)))
    return answers


async def hold(host: str, port: int, rate: float) -> Answers:
    """Send ``rate`` requests a second until standard input ends."""
    answers = Answers()
    loop = asyncio.get_running_loop()
    over = loop.run_in_executor(None, sys.stdin.read)
    free = [_Connection(host, port) for _ in range(64)]
    running: set[asyncio.Task[None]] = set()

    async def one(connection: _Connection) -> None:
        await connection.ask(answers)
        free.append(connection)

    due = loop.time()
    while not over.done():
        due += 1 / rate
        if free:
            task = loop.create_task(one(free.pop()))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.sleep(max(0.0, due - loop.time()))
    await asyncio.gather(*running)
    return answers


def _main(host: str, port: str, rate: str) -> None:
    answers = asyncio.run(hold(host, int(port), float(rate)))
    said = {"answers": dict(answers.words), "failures": answers.failures}
    sys.stdout.write(f"{json.dumps(said)}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
