"""What is for sale."""

import json
from pathlib import Path
from typing import NamedTuple


class Product(NamedTuple):
    """One thing that can be bought; the price is in cents, tax included."""

    id: str
    name: str
    cents: int


def load(path=Path(__file__).with_name("catalogue.json")):
    """Read the products, by id, in the order of the file."""
    products = [Product(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    return {product.id: product for product in products}
