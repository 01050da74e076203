"""The shop over HTTP: a page for people, two addresses for programs."""

import os
from pathlib import Path

from bottle import Bottle, HTTPError, request, template

from shop import catalogue, prices

HERE = Path(__file__).resolve().parent


def version():
    """Give the version that the build wrote beside us."""
    path = HERE.parent / "VERSION"
    return path.read_text(encoding="utf-8").strip() if path.exists() else "development"


def make_app():
    """Make the application; it keeps nothing between requests."""
    app = Bottle()
    products = catalogue.load()
    page = (HERE / "page.html").read_text(encoding="utf-8")

    @app.get("/")
    def show():
        return template(
            page,
            products=products.values(),
            euros=prices.euros,
            version=version(),
            port=os.environ.get("PORT", "8080"),
        )

    @app.get("/health")
    def health():
        return {"status": "ok", "version": version(), "products": len(products)}

    @app.post("/total")
    def total():
        basket = request.json
        if not isinstance(basket, dict):
            raise HTTPError(400, "a basket is an object of product ids and pieces")
        for name, pieces in basket.items():
            if name not in products:
                raise HTTPError(404, f"there is no product '{name}'")
            if not isinstance(pieces, int) or isinstance(pieces, bool) or pieces < 1:
                raise HTTPError(400, f"'{name}': pieces are whole numbers from 1 on")
        return {"cents": prices.basket_total(products, basket)}

    return app
