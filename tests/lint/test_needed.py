"""Of a large commit no more is written than its documents need beside them."""

from cicd.lint.needed import documents, mentioned

FILES = {
    "a.py": "100644",
    "appspec.yml": "100644",
    "cdk.out/cicd.yml": "100644",
    "cdk.out/stack.json": "100644",
    "ci": "120000",
    "ci dir/one two.sh": "100755",
    "infra/stack.TEMPLATE": "100644",
    "node_modules/x/package.json": "100644",
    "scripts/start": "100755",
    "scripts/stop.sh": "100755",
}


def test_documents_are_told_by_their_names_and_links_may_lead_to_one():
    found = ("appspec.yml", "cdk.out/cicd.yml", "ci", "infra/stack.TEMPLATE")
    assert found == documents(FILES)


def test_what_a_text_names_is_given_however_it_is_written():
    texts = ["hooks:\n  Stop:\n    - {location: 'scripts/stop.sh'}\n", '"x/../start",\n']
    doubtful = "ci dir/one two.sh"
    assert (doubtful, "scripts/start", "scripts/stop.sh") == mentioned(FILES, texts)
    assert (doubtful,) == mentioned(FILES, ["stop.sh.bak restart"])
