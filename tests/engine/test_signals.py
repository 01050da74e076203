from __future__ import annotations

import threading

from cicd.engine.signals import send
from cicd.event import Event, EventKind
from cicd.testing.clock import START, VirtualClock
from cicd.testing.fakes import MemoryEventLog


def test_a_signal_is_an_event_with_its_data():
    log, clock = MemoryEventLog(), VirtualClock()
    assert 1 == send(log, clock, "s", "approval", result={"status": "Approved"})
    data = {"signal": "approval", "result": {"status": "Approved"}}
    assert [(1, Event(kind=EventKind.SIGNALLED, at=START, data=data))] == log.read("s")


def test_signals_sent_at_once_all_arrive():
    log, clock = MemoryEventLog(), VirtualClock()
    threads = [
        threading.Thread(target=lambda n=n: [send(log, clock, "s", f"{n}") for _ in range(20)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 80 == len(log.read("s"))
