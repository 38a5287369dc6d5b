"""What is wrong on a page is seen, and what is right is left alone; in Chromium."""

import pytest

from kit import browser, paths


@pytest.fixture(scope="module")
def page():
    trouble = browser.ensure()
    if trouble:
        pytest.skip(f"no browser: {trouble}")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(paths.INSIDE))
        import chromium

        with chromium.launched(browser.program()) as started:
            yield started.new_page(viewport={"width": 375, "height": 740})


def found_on(page, body, **question):
    import take_pictures

    page.set_content(f"<body style='font: 16px sans-serif; margin: 0'>{body}</body>")
    values = {"tolerated": [], "phone": False, "english": {}, **question}
    return take_pictures.inspect(page, **values)


ELLIPSIS = "overflow: hidden; text-overflow: ellipsis; white-space: nowrap;"


@pytest.mark.parametrize(
    ("html", "cut"),
    [
        # a column's head, a button, a badge, a tab, the label of a field
        (f"<table><th><div style='{ELLIPSIS} width: 40px'>Collector</div></th>", True),
        (f"<button style='{ELLIPSIS} width: 40px'>Collector</button>", True),
        (f"<a class='nav-link' style='display: block; {ELLIPSIS} width: 40px'>"
         "Collector</a>", True),
        (f"<label style='display: block; {ELLIPSIS} width: 40px'>Collector</label>",
         True),
        # the badge has room, what it stands in has not
        (f"<div style='{ELLIPSIS} width: 40px'><span class='badge'>Collector</span>"
         "</div>", True),
        # the second line is hidden
        ("<button style='overflow: hidden; height: 22px; width: 90px'>"
         "Collector and more</button>", True),
        # enough room
        (f"<button style='{ELLIPSIS} width: 200px'>Collector</button>", False),
        # may be scrolled to
        ("<div style='overflow: auto; width: 40px'><label>Collector</label></div>",
         False),
        # wraps
        ("<label style='display: block; width: 80px'>Collector and more</label>",
         False),
        # the user's own words: a cell, a tag
        (f"<table><td><div style='{ELLIPSIS} width: 40px'>Collector</div></td>", False),
        (f"<span class='badge o_tag' style='display: block; {ELLIPSIS} width: 40px'>"
         "Collector</span>", False),
        # not to be seen at all, or for screen readers only
        (f"<button style='visibility: hidden; {ELLIPSIS} width: 40px'>Collector"
         "</button>", False),
        ("<label style='position: absolute; width: 1px; height: 1px; "
         "overflow: hidden'>Collector</label>", False),
    ],
)  # fmt: skip
def test_labels_cut_off(page, html, cut):
    found = found_on(page, html)["cut"]
    assert bool(found) == cut, found


@pytest.mark.parametrize(("less", "cut"), [(0.3, ["Gap (days)"]), (0, [])])
def test_dots_for_a_fraction_of_a_pixel(page, less, cut):
    html = f"<table><th><div style='{ELLIPSIS} padding: 0 4px'>Gap (days)</div></th>"
    found_on(page, html)
    page.evaluate(
        """(less) => {
            const box = document.querySelector("div");
            const range = document.createRange();
            range.selectNodeContents(box);
            const width = range.getBoundingClientRect().width;
            box.style.width = `${width - less}px`;
        }""",
        less,
    )
    import take_pictures

    question = {"tolerated": [], "phone": False, "english": {}}
    assert take_pictures.inspect(page, **question)["cut"] == cut


def test_tolerated_labels_are_left_alone(page):
    html = f"<div class='theirs'><button style='{ELLIPSIS} width: 40px'>Collector"
    assert found_on(page, html)["cut"] == ["Collector"]
    assert found_on(page, html, tolerated=[".theirs"])["cut"] == []


def test_page_wider_than_the_phone(page):
    wide = "<div class='o_content' style='overflow: auto'><p style='width: 500px'>a"
    [found] = found_on(page, wide, phone=True)["wide"]
    assert found == "div.o_content: 500 in 375 pixels"
    assert found_on(page, wide)["wide"] == []
    table = "<div style='overflow: auto'><table style='width: 500px'><td>a"
    assert found_on(page, table, phone=True)["wide"] == []


def test_words_left_in_english(page):
    english = {"Runs": True, "Why not": True, "Search here": True}
    html = (
        "<p>Runs\n </p><p>Why <b>not</b></p><input placeholder='Search here'>"
        "<p hidden>Why not</p><div class='o-mail-Message'>Why not</div>"
        "<p>Campagnes</p>"
    )
    assert found_on(page, html, english=english)["english"] == ["Runs", "Search here"]


def test_error_messages(page):
    html = "<div class='modal o_error_dialog'>Oh  no</div><div class='modal'>Well</div>"
    assert found_on(page, html)["errors"] == ["Oh no"]


def test_step_that_leads_nowhere_is_named(page):
    import take_pictures

    page.set_content("<button>One</button>")
    page.set_default_timeout(200)
    with pytest.raises(take_pictures.NotThere) as caught:
        with take_pictures.waiting({"click": ".two"}):
            take_pictures.do(page, {"click": ".two"})
    assert "click .two" in str(caught.value)


def test_picture_is_small_and_written_once(page, tmp_path):
    import take_pictures

    page.set_content("<h1 style='color: rebeccapurple'>Runs</h1>")
    target = tmp_path / "en_US" / "runs.png"
    take_pictures.save_small(page.screenshot(), target)
    first = target.stat()
    assert first.st_size < 5000
    take_pictures.save_small(page.screenshot(), target)
    assert target.stat().st_mtime_ns == first.st_mtime_ns
