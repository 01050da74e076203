from pathlib import Path

SITE = Path(__file__).parent.parent / "site"


def test_the_page_says_its_version():
    assert "Version" in (SITE / "index.html").read_text(encoding="utf-8")
