"""What a basket costs. All amounts are whole cents, tax included."""

DISCOUNT_FROM = 10  # pieces of one product
DISCOUNT_PER_CENT = 5
SHIPPING = 590
FREE_SHIPPING_FROM = 5000


def line_total(cents, pieces):
    """Give the price of several pieces of one product; ten or more are cheaper."""
    total = cents * pieces
    if pieces >= DISCOUNT_FROM:
        total -= total * DISCOUNT_PER_CENT // 100
    return total


def basket_total(products, basket):
    """Give the price of a basket (product id → pieces), shipping included; an empty one is free."""
    goods = sum(line_total(products[name].cents, pieces) for name, pieces in basket.items())
    if goods == 0 or goods >= FREE_SHIPPING_FROM:
        return goods
    return goods + SHIPPING


def euros(cents):
    """Write an amount for people."""
    return f"{cents // 100}.{cents % 100:02d} EUR"
