"""Serve the shop: HOST and PORT say where."""

import os

import waitress

from shop.app import make_app

waitress.serve(
    make_app(),
    host=os.environ.get("HOST", "0.0.0.0"),
    port=int(os.environ.get("PORT", "8080")),
    threads=4,
)
