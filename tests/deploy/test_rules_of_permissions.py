"""What an AppSpec says twice, outside its revision, or to nothing."""

import pytest

from cicd.deploy.appspec.permissions import matches
from cicd.deploy.rules import check_appspec
from cicd.deploy.spec import Permission
from cicd.document.load import load_text
from cicd.document.problem import Problems


def told(body):
    problems = Problems()
    check_appspec(load_text(f"version: 0.0\nos: linux\n{body}", "appspec.yml"), problems)
    return [(problem.rule.removeprefix("deploy/"), problem.span.text) for problem in problems]


def files(*pairs):
    return "files: [" + ", ".join(f"{{source: {s}, destination: {d}}}" for s, d in pairs) + "]\n"


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", "/x"), ("b", "/x")],
        [("a/x.txt", "/x"), ("b/x.txt", "/y")],
        [("/", "/srv"), ("conf", "/etc/shop")],
        [("conf", "/srv/conf"), ("conf2", "/srv/conf")],
    ],
)
def test_different_places_are_fine(pairs):
    assert [] == told(files(*pairs))


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", "/x"), ("a/", "/x/")],
        [("a/x.txt", "/x"), ("b/x.txt", "/x/")],
        [("/", "/srv"), ("conf", "/srv/conf")],
        [("conf", "/srv/conf"), ("/", "/srv")],
        [("app", "/srv"), ("app/run.sh", "/srv")],
    ],
)
def test_one_place_from_two_sources_is_told_at_the_second(pairs):
    assert [("same-file", pairs[1][0])] == told(files(*pairs))


@pytest.mark.parametrize(
    "entry",
    [
        "{object: /srv/app, owner: deploy}",
        "{object: /srv, owner: deploy}",
        "{object: /srv/app/bin/, pattern: '*.sh', mode: 755}",
        "{object: /srv/app/run.sh, mode: 755}",
    ],
)
def test_permissions_of_what_is_copied_are_fine(entry):
    assert [] == told(files(("app", "/srv/app")) + f"permissions: [{entry}]\n")


@pytest.mark.parametrize(
    ("rule", "entry", "pointed"),
    [
        ("permission-nowhere", "{object: /srv/ap, owner: deploy}", "/srv/ap"),
        ("permission-nowhere", "{object: srv/app, owner: deploy}", "srv/app"),
        ("permission-nothing", "{object: /srv/app}", "/srv/app"),
        ("permission-nothing", "{object: /srv/app, mode: 755, type: []}", "[]"),
        ("permission-pattern", "{object: /srv/app, pattern: 'a?', mode: 755}", "/srv/app"),
        ("permission-pattern", "{object: /srv/app, except: [a/b], mode: 755}", "/srv/app"),
        ("default-acl", "{object: /srv/app, acls: ['d:u:bob:rw']}", "/srv/app"),
        ("owner-name", "{object: /srv/app, group: 100}", "100"),
    ],
)
def test_permissions_that_reach_or_say_nothing_are_told(rule, entry, pointed):
    assert [(rule, pointed)] == told(files(("app", "/srv/app")) + f"permissions: [{entry}]\n")


def test_a_file_has_no_children_for_a_pattern():
    entry = "permissions: [{object: /srv/a.txt, pattern: '*', mode: 755}]\n"
    assert [("permission-pattern", "/srv/a.txt")] == told(files(("a.txt", "/srv")) + entry)


def test_traffic_that_is_no_event_of_scripts_is_told_once():
    hooks = "hooks: {BlockTraffic: [{location: a.sh}]}\n"
    assert [("unknown-event", "BlockTraffic")] == told(files(("a", "/x")) + hooks)


@pytest.mark.parametrize(
    ("hooks", "missing"),
    [
        ("Hooks: [{BeforeAllowTraffic: f}]\n", "Resources"),
        ("Hooks: [{AfterInstall: f}]\n", "Resources"),
    ],
)
def test_hooks_in_a_list_are_of_a_service(hooks, missing):
    problems = Problems()
    check_appspec(load_text(f"version: 0.0\n{hooks}", "appspec.yml"), problems)
    assert [f"'{missing}' is missing in the AppSpec"] == [p.message for p in problems]


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("a.sh", "a.sh", True),
        ("a.sh", "a.sh2", False),
        ("*", ".hidden", True),
        ("*.sh", "a.sh", True),
        ("*.sh", ".sh", True),
        ("a*a", "a", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-c", False),
        ("*ab*ab", "ab", False),
        ("*a" * 40 + "!", "a" * 200, False),
        ("*", "deeper/a", False),
    ],
)
def test_a_star_stands_for_anything_in_a_name_and_never_takes_long(pattern, name, meant):
    span = load_text("a", "appspec.yml").span
    permission = Permission(object="/srv/app", pattern=pattern, span=span)
    assert meant is matches(permission, f"/srv/app/{name}")
