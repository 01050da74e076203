import io
import json

from shop.app import make_app


def call(method, path, body=b""):
    """Ask the application without a network; gives the status code and the body."""
    answers = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "shop",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }
    parts = make_app()(environ, lambda status, headers, error=None: answers.append(status))
    return int(answers[0].split()[0]), b"".join(parts)


def test_the_page_lists_every_product():
    status, body = call("GET", "/")
    assert status == 200
    for name in (b"Desk lamp", b"Notebook, squared", b"Fountain pen", b"Mug, enamelled"):
        assert name in body


def test_health_tells_the_version():
    status, body = call("GET", "/health")
    assert status == 200
    assert json.loads(body) == {"status": "ok", "version": "development", "products": 4}


def test_a_basket_is_priced():
    status, body = call("POST", "/total", b'{"mug": 2}')
    assert (status, json.loads(body)) == (200, {"cents": 2570})


def test_an_unknown_product_is_not_found():
    assert call("POST", "/total", b'{"sofa": 1}')[0] == 404


def test_half_a_mug_is_refused():
    assert call("POST", "/total", b'{"mug": 0.5}')[0] == 400
