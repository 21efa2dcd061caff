"""What the shop sells on its first day. Every product has a picture in templates/pictures."""

CATEGORIES = [
    ("rope", "Rope & line"),
    ("light", "Light & signal"),
    ("deck", "Deck & rigging"),
    ("galley", "Galley & cabin"),
]

PRODUCTS = [
    {
        "slug": "mooring-line",
        "name": "Mooring line, 20 m",
        "summary": "Eight-strand polyester that gives a little and never sulks.",
        "description": "Laid soft so that it coils flat on the quay, spliced with a leather-lined eye at one end. "
        "Breaking load 4.2 t at 16 mm; floats long enough to be fished out.",
        "price_cents": 6450,
        "category_slug": "rope",
    },
    {
        "slug": "marline-twine",
        "name": "Tarred marline",
        "summary": "Two-strand hemp twine for seizings, whippings and the smell.",
        "description": "Stockholm tar, 3 mm, 60 metres on a wooden spool. Holds a constrictor knot as if it were glued.",
        "price_cents": 1290,
        "category_slug": "rope",
    },
    {
        "slug": "monkey-fist",
        "name": "Monkey's fist",
        "summary": "A heaving-line knot with a cork heart, tied by hand.",
        "description": "Three turns, three ways, around cork instead of lead: kind to the heads of people on the quay. "
        "With three metres of tail.",
        "price_cents": 1850,
        "category_slug": "rope",
    },
    {
        "slug": "anchor-lamp",
        "name": "Anchor lamp",
        "summary": "Brass and ribbed glass; burns forty hours on one filling.",
        "description": "A paraffin lamp with a Fresnel lens that is seen at two miles. The cage keeps swinging halyards "
        "off the glass; the bail hangs from any stay.",
        "price_cents": 14800,
        "category_slug": "light",
    },
    {
        "slug": "ships-bell",
        "name": "Ship's bell",
        "summary": "Cast bell bronze, with a clapper rope you will want to plait.",
        "description": "Rings true at 180 mm and is heard through fog at half a mile. Engraving on request: name the "
        "vessel, or the kitchen it calls to dinner.",
        "price_cents": 18900,
        "category_slug": "light",
    },
    {
        "slug": "signal-flags",
        "name": "Signal flags, set of four",
        "summary": "Sewn bunting with toggle and becket; A, L, Q and W.",
        "description": "Polyester bunting, doubled hems, ash toggles. Four flags say most of what there is to say in a "
        "harbour: keep clear, stop, all is well, and send a doctor.",
        "price_cents": 5200,
        "category_slug": "light",
    },
    {
        "slug": "hand-compass",
        "name": "Hand-bearing compass",
        "summary": "Damped in oil, lit for a night, small enough for a pocket.",
        "description": "Reads to one degree through the prism. The card settles in under two seconds, the housing "
        "bounces.",
        "price_cents": 11200,
        "category_slug": "deck",
    },
    {
        "slug": "snatch-block",
        "name": "Ash snatch block",
        "summary": "Opens at the side, so that the line goes in at the middle.",
        "description": "Oiled ash cheeks, bronze sheave on roller bearings, for lines up to 14 mm. Working load 900 kg.",
        "price_cents": 8700,
        "category_slug": "deck",
    },
    {
        "slug": "folding-anchor",
        "name": "Folding anchor, 6 kg",
        "summary": "Four flukes that fold flat; holds a dinghy and its lunch.",
        "description": "Galvanised steel with a locking collar. Good in weed and rock, honest about mud.",
        "price_cents": 4600,
        "category_slug": "deck",
    },
    {
        "slug": "enamel-mug",
        "name": "Enamel mug",
        "summary": "Holds the heat, survives the companionway.",
        "description": "350 ml, steel rim, fired twice. Chips tell a story; we sell it without any.",
        "price_cents": 1450,
        "category_slug": "galley",
    },
    {
        "slug": "coffee-pot",
        "name": "Gimballed coffee pot",
        "summary": "Stays upright at thirty degrees of heel.",
        "description": "Spun copper, tinned inside, on a swinging frame that clamps to any fiddle rail. Six cups, or two "
        "for the middle watch.",
        "price_cents": 12500,
        "category_slug": "galley",
    },
    {
        "slug": "deck-knife",
        "name": "Deck knife",
        "summary": "Sheepsfoot blade and a marlinspike, on one lanyard.",
        "description": "Cuts line, opens shackles, spreads butter. Stainless blade of 75 mm, scales of bog oak.",
        "price_cents": 7900,
        "category_slug": "galley",
    },
]
