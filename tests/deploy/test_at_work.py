"""How many agents work at once."""

import threading

import pytest

from cicd.deploy.agent.at_work import at_work, waiting


def test_a_third_agent_works_once_another_waits_for_a_script():
    begun = threading.Event()

    def work():
        with at_work():
            begun.set()

    third = threading.Thread(target=work)
    with at_work(), at_work():
        third.start()
        assert not begun.wait(0.05)
        with waiting():
            assert begun.wait(10)
    third.join()


def test_whoever_fails_while_waiting_leaves_no_place_taken():
    for _ in range(5):
        with pytest.raises(OSError, match="gone"), at_work(), waiting():
            raise OSError("gone")
    with at_work(), at_work():
        pass
