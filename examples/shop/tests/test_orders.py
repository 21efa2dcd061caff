from shop.database import Order, db

VALUES = {"name": "Ada Marlowe", "email": "ada@quay.example", "address": "1 Slipway\nFalmouth"}


def test_from_the_shelf_to_an_order_in_the_book(app, client, post):
    post("/basket/add", product="enamel-mug", quantity="2")
    post("/basket/add", product="ships-bell")
    page = post("/checkout", **VALUES).text
    assert "Thank you, Ada Marlowe." in page
    assert "2 × Enamel mug" in page
    assert "218.00" in page
    with app.app_context():
        order = db.session.scalars(db.select(Order)).one()
        assert order.total_cents == 2 * 1450 + 18900
        assert client.get(f"/order/{order.key}").status_code == 200
        assert client.get(f"/order/{order.number}").status_code == 404
    assert "It is empty" in client.get("/basket/").text


def test_an_order_keeps_the_price_of_its_day(app, post):
    post("/basket/add", product="enamel-mug")
    post("/checkout", **VALUES)
    with app.app_context():
        from shop.database import Product

        db.session.get(Product, "enamel-mug").price_cents = 9900
        db.session.commit()
        assert db.session.scalars(db.select(Order)).one().total_cents == 1450


def test_a_form_with_mistakes_comes_back_with_what_was_typed(app, post):
    post("/basket/add", product="enamel-mug")
    answer = post("/checkout", **VALUES | {"email": "ada"})
    assert answer.status_code == 422
    assert "does not look like an e-mail address" in answer.text
    assert "Ada Marlowe" in answer.text
    with app.app_context():
        assert db.session.scalars(db.select(Order)).all() == []


def test_quantities_are_bounded_and_zero_removes(client, post):
    post("/basket/add", product="enamel-mug", quantity="15")
    assert 'value="20"' in post("/basket/add", product="enamel-mug", quantity="15").text
    assert "It is empty" in post("/basket/set", product="enamel-mug", quantity="0").text
    assert post("/basket/add", product="enamel-mug", quantity="-3").status_code == 400


def test_another_site_cannot_post_our_forms(client):
    client.get("/product/enamel-mug")
    forged = client.post("/basket/add", data={"product": "enamel-mug", "csrf": "guess"})
    assert forged.status_code == 400
    assert client.post("/basket/add", data={"product": "enamel-mug"}).status_code == 400
