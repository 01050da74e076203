"""What each format of coverage says of each file."""

from tests.build.reports.reading import coverage


def test_cobertura_counts_each_line_of_a_file_once():
    assert {
        "shop/Cart.java": (3, 0, 1, 1),
        "shop/Empty.java": (0, 0, 0, 0),
        "shop/Total.java": (0, 2, 0, 0),
    } == coverage("COBERTURAXML")


def test_jacoco_counts_source_files_in_groups_and_packages():
    assert {
        "shop/cart/Cart.java": (3, 1, 1, 1),
        "shop/cart/Item.java": (0, 2, 0, 0),
        "Main.java": (1, 0, 0, 0),
    } == coverage("JACOCOXML")


def test_clover_counts_listed_lines_else_metrics_and_no_tests():
    assert {
        "/src/shop/cart.js": (3, 1, 1, 1),
        "src/shop/total.js": (1, 1, 1, 1),
    } == coverage("CLOVERXML")


def test_simplecov_a_line_that_any_command_ran_is_covered():
    assert {
        "/src/lib/cart.rb": (3, 1, 1, 1),
        "/src/lib/old.rb": (1, 1, 0, 0),
    } == coverage("SIMPLECOV")
