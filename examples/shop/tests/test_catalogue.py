import pytest

from shop.stock import CATEGORIES, PRODUCTS


def test_the_first_page_shows_every_product(client):
    page = client.get("/").text
    assert all(f"/product/{row['slug']}" in page for row in PRODUCTS)


@pytest.mark.parametrize("row", PRODUCTS, ids=lambda row: row["slug"])
def test_every_product_has_a_page_with_a_picture(client, row):
    answer = client.get(f"/product/{row['slug']}")
    assert answer.status_code == 200
    assert '<svg viewBox="0 0 120 120"' in answer.text


def test_a_category_shows_its_own_products_only(client):
    assert {slug for slug, _ in CATEGORIES} == {row["category_slug"] for row in PRODUCTS}
    page = client.get("/category/galley").text
    assert "Enamel mug" in page
    assert "Anchor lamp" not in page


@pytest.mark.parametrize(("search", "found"), [("BRASS", 1), ("deck knife", 1), ("zeppelin", 0), ("%", 0)])
def test_search_wants_every_word_and_takes_it_literally(client, search, found):
    page = client.get("/", query_string={"q": search}).text
    assert page.count('class="card ') == found


def test_what_the_visitor_searches_for_is_escaped(client):
    assert "<script>" not in client.get("/?q=<script>").text


@pytest.mark.parametrize("path", ["/product/nothing", "/category/nothing", "/order/nothing", "/nothing"])
def test_what_is_not_there_is_a_page_of_the_shop(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Back to the shelves" in answer.text
