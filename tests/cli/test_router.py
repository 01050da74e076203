import json
import shutil

import pytest

from cicd.backends.traffic.haproxy_process import RunningHAProxy
from cicd.backends.traffic.haproxy_router import HAProxyRouter
from cicd.backends.traffic.proxy_router import ProxyRouter, RunningProxy
from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.ports import Endpoint, RouterSpec, RouteSpec
from cicd.testing.contracts_traffic import free_port

KINDS = [
    ("proxy", ProxyRouter, RunningProxy),
    *([("haproxy", HAProxyRouter, RunningHAProxy)] if shutil.which("haproxy") else []),
]


def cli(*words):
    return run(cicd, ["router", *words])


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / ".cicd"))
    return tmp_path / ".cicd"


@pytest.fixture(params=KINDS, ids=lambda each: each[0])
def router(request, home):
    kind, make, running = request.param
    front = Endpoint(host="127.0.0.1", port=free_port())
    route = RouteSpec(name="web", listen=front, weights=(("blue", 90), ("green", 10)))
    made = make(home, RouterSpec(name="web", kind=kind, routes=(route,)))
    made.register("blue", Endpoint(host="127.0.0.1", port=9))
    made.front = front
    yield made
    running(home / "routers" / "web").stop()


def test_without_any_it_says_what_starts_one(home, capsys):
    assert 0 == cli("list")
    assert 2 == cli("show")
    assert "a deployment to a group WITH_TRAFFIC_CONTROL starts one" in capsys.readouterr().err


def test_a_running_one_is_listed_shown_and_stopped(router, capsys):
    assert 0 == cli("list")
    out = capsys.readouterr().out
    assert f"http://{router.front}" in out
    assert "0 of 1 healthy" in out
    assert 0 == cli("show")
    out = capsys.readouterr().out
    assert "90%" in out
    assert "127.0.0.1:9" in out
    assert 0 == cli("stop", "web")
    assert "web: stopped" in capsys.readouterr().out
    assert 0 == cli("stop")
    assert "it did not run" in capsys.readouterr().out
    assert 2 == cli("show", "web")


def test_what_it_was_told_outlives_a_stop(router, capsys):
    router.set_weights("web", {"blue": 40, "green": 60})
    assert 0 == cli("stop")
    assert {"blue": 40, "green": 60} == router.weights("web")
    capsys.readouterr()
    assert 0 == cli("show", "--output", "json")
    shown = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"web": {"blue": 40, "green": 60}} == shown["weights"]


def test_an_unknown_one_is_refused_with_those_that_there_are(router, capsys):
    assert 2 == cli("show", "wbe")
    assert "there are: web" in capsys.readouterr().err


def test_a_damaged_memory_is_no_traceback(home, capsys):
    (home / "routers" / "web").mkdir(parents=True)
    (home / "routers" / "web" / "state.json").write_text("{")
    assert 4 == cli("list")
    assert "cannot be read" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(router, home):
    from cicd.errors import Unavailable

    route = RouteSpec(name="web", listen=router.front, weights=(("blue", 100),))
    other = ProxyRouter(home, RouterSpec(name="other", routes=(route,)))
    with pytest.raises(Unavailable, match=r"cannot listen: 127\.0\.0\.1") as found:
        other.weights("web")
    assert "loadBalancers" in found.value.hint
