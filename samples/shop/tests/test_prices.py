import pytest

from shop import catalogue, prices


def test_a_few_pieces_cost_their_price():
    assert prices.line_total(420, 9) == 3780


def test_ten_pieces_get_the_discount():
    assert prices.line_total(420, 10) == 3990


def test_a_discount_is_rounded_down():
    assert prices.line_total(99, 11) == 1035


@pytest.mark.parametrize(
    ("basket", "cents"),
    [
        ({}, 0),
        ({"mug": 1}, 1580),
        ({"lamp": 1, "pen": 1}, 5380),
        ({"notebook": 12}, 5378),
    ],
)
def test_shipping_is_added_below_fifty_euros(basket, cents):
    assert prices.basket_total(catalogue.load(), basket) == cents


def test_euros_always_have_two_decimals():
    assert prices.euros(1005) == "10.05 EUR"
