"""The gallery in a real browser: over whatever is exported, served by a plain static server."""

import functools
import shutil
import subprocess

import numpy as np
import pytest

import zoo
from tests import ROOT
from tests.export import browser
from zoo.data import text

EXPORTS = ROOT / "exports"
SEED = 5
TEXT = "text_wgan_gp"

absent = browser.missing()
if not absent and not list(EXPORTS.glob("*/*/model_batch16.tflite")):
    absent = f"no export with a model_batch16.tflite in {EXPORTS}: make release"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(absent), reason=absent)]


@pytest.fixture(scope="module")
def shown(once, exports):
    """A folder of what the page shows: the released exports, and a short run's where no model of
    text is released, so that lines are seen in a browser too."""

    def collect(path):
        path.mkdir()
        for released in EXPORTS.glob("*/*/saved_model.pb"):
            name = released.parent.parent.name
            shutil.copytree(EXPORTS / name, path / name)
        if not (path / TEXT).exists():
            shutil.copytree(exports(TEXT), path / TEXT)

    return once("shown", collect)


@pytest.fixture(scope="module")
def address(once, shown):
    """The assembled page, at its server."""

    def assemble(path):
        page, part = EXPORTS / "gallery", path.with_suffix(".part")
        for command in (
            ["npm", "ci", "--prefix", str(page), "--no-audit", "--no-fund"],
            ["node", str(page / "assemble.mjs"), str(shown), str(part)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        part.rename(path)

    with browser.served(once("gallery", assemble)) as at:
        yield at


@pytest.fixture(scope="module")
def window(address):
    """A browser with the page open and its first model loaded."""
    with browser.chromium() as opened:
        opened.size(*browser.DESKTOP)
        opened.open(address)
        opened.run("await gallery.idle")
        yield opened


@pytest.fixture(autouse=True)
def quiet(request):
    """No test of the page leaves an error in the console or a request to another host."""
    yield
    if "window" in request.fixturenames:
        window, address = (request.getfixturevalue(name) for name in ("window", "address"))
        errors = [entry for entry in window.log("browser") if entry["level"] == "SEVERE"]
        assert not errors
        outside = [url for url in window.requested() if not url.startswith(address)]
        assert not outside


def choose(window, name, seed=SEED):
    """Opens a model and types a seed, as a visitor does."""
    window.run(
        """
        const [name, seed] = values;
        const number = gallery.catalog.findIndex((entry) => entry.name === name);
        document.querySelectorAll("[name=model]")[number].click();
        await gallery.idle;
        const input = document.getElementById("seed");
        input.value = seed;
        input.dispatchEvent(new Event("input"));
        await gallery.idle;
        """,
        name,
        seed,
    )


def click(window, selector):
    window.run("document.querySelector(values[0]).click(); await gallery.idle;", selector)


def slide(window, selector, value):
    window.run(
        """
        const input = document.querySelector(values[0]);
        input.value = values[1];
        input.dispatchEvent(new Event("input"));
        await gallery.idle;
        """,
        selector,
        value,
    )


def pictures(window, what="pictures"):
    """float32 [B, H, W, C] of the page's state."""
    values, shape = window.run("return [Array.from(gallery[values[0]]), gallery.entry.shape]", what)
    return np.array(values, np.float32).reshape(-1, *shape)


@pytest.fixture(scope="module")
def exported(window, shown):
    """Whether they draw pixel by pixel -> name -> what the page shows."""
    loaded = functools.cache(lambda name: zoo.load(shown / name))

    def get(pixelwise):
        find = "return gallery.catalog.filter((e) => e.pixelwise === values[0])"
        return {entry["name"]: loaded(entry["name"]) for entry in window.run(find, pixelwise)}

    return get


def painted(window, selector="#picture"):
    """What a canvas shows."""
    return window.run("return document.querySelector(values[0]).toDataURL()", selector)


def test_every_model_draws_the_pictures_of_its_seed(window, exported):
    for name, export in (exported(False) | exported(True)).items():
        choose(window, name)
        found = pictures(window)
        np.testing.assert_allclose(
            found, export.sample(len(found), SEED), rtol=0, atol=1e-5, err_msg=name
        )
        faces = {painted(window, f"#grid label:nth-of-type({i}) canvas") for i in range(1, 9)}
        assert len(faces) > 1, name


def test_walking_generates_from_the_latents_that_it_shows(window, exported):
    for name, export in exported(False).items():
        choose(window, name)
        click(window, "#grid label:nth-of-type(2) input")
        count, z = window.run("return [gallery.latents.length, Array.from(gallery.z)]")
        np.testing.assert_allclose(z, export.latents(count, SEED)[1], rtol=0, atol=1e-5)
        for control, value in (("#across", 1.5), ("#latents input", -0.5), ("#up", -2)):
            before, shown = pictures(window, "picture"), painted(window)
            slide(window, control, value)
            z = np.array(window.run("return Array.from(gallery.z)"), np.float32)
            given = None if export.given is None else export.given[1:2]
            expected = export.generate(z[None], given)
            np.testing.assert_allclose(
                pictures(window, "picture"), expected, rtol=0, atol=1e-5, err_msg=name
            )
            # Of text probabilities move, and another symbol need not be the likeliest yet.
            is_text = export.data_spec.modality == "text"
            assert np.abs(expected - before).max() > (1e-4 if is_text else 1e-3), (name, control)
            assert painted(window) != shown or is_text
        click(window, "#back")
        np.testing.assert_allclose(
            pictures(window, "picture")[0], pictures(window)[1], rtol=0, atol=1e-5
        )


def test_lines_are_written(window, exported):
    texts = {
        name: export
        for name, export in exported(False).items()
        if export.data_spec.modality == "text"
    }
    assert texts
    for name, export in texts.items():
        choose(window, name)
        expected = text.decode(export.sample(16, SEED), export.data_spec.alphabet)
        labels = window.run(
            "return [...document.querySelectorAll('#grid canvas')]"
            ".map((canvas) => canvas.getAttribute('aria-label'))"
        )
        assert labels == [line or "an empty line" for line in expected]


def test_a_class_is_drawn(window, exported):
    for name, export in exported(False).items():
        if export.data_spec.condition != "label":
            continue
        choose(window, name)
        click(window, "#classes label:nth-of-type(4) input")  # the first is each in turn
        found = pictures(window)
        expected = export.sample(len(found), SEED, condition=2)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5, err_msg=name)
        click(window, "#classes label:nth-of-type(1) input")


def test_pixel_by_pixel_ends_as_the_sample(window, exported):
    for number, (name, export) in enumerate(exported(True).items()):
        window.prefer(calm=number > 0)  # one drawing is watched: it takes its time
        choose(window, name)
        expected = export.sample(16, SEED)
        frames = window.run(
            """
            const frames = new Set(), shown = document.getElementById("picture");
            document.getElementById("draw").click();
            let done = false;
            gallery.idle.then(() => { done = true; });
            while (!done) {
              frames.add(shown.toDataURL());
              await new Promise((resolve) => setTimeout(resolve, 20));
            }
            return frames.size;
            """
        )
        assert frames > 10 or number, name
        np.testing.assert_allclose(pictures(window), expected, rtol=0, atol=1e-5, err_msg=name)
        whole = painted(window)
        slide(window, "#moment", 10)
        assert painted(window) != whole


def test_completion_keeps_what_is_not_erased(window, exported):
    window.prefer(calm=True)
    for name, export in exported(True).items():
        choose(window, name)
        assert window.run("return document.getElementById('complete').disabled")
        kept = pictures(window, "picture")[0]
        click(window, "#lower")
        # One more by the keyboard: the pixel in the second row, first column.
        for key in (*["ArrowUp"] * 7, "ArrowDown", " "):
            window.run(
                "document.getElementById('picture').dispatchEvent("
                "new KeyboardEvent('keydown', { key: values[0], bubbles: true }));"
                "await gallery.idle;",
                key,
            )
        mask = np.array(window.run("return Array.from(gallery.erased)")).reshape(8, 8)
        expected = np.zeros((8, 8))
        expected[4:] = expected[1, 0] = 1
        np.testing.assert_array_equal(mask, expected)
        click(window, "#complete")
        found = pictures(window)
        np.testing.assert_array_equal(
            found[:, mask == 0], np.repeat(kept[None], 16, 0)[:, mask == 0]
        )
        completed = export.complete(np.repeat(kept[None], 16, 0), mask, seed=SEED)
        np.testing.assert_allclose(found, completed, rtol=0, atol=1e-5, err_msg=name)
        assert len({picture.tobytes() for picture in found}) > 1
        assert window.run("return document.getElementById('samples-title').textContent").endswith(
            "completions"
        )


def test_it_fits_a_phone(window, exported):
    for name in [*exported(False)][:1] + [*exported(True)][:1]:
        choose(window, name)
        for dark in (False, True):
            window.size(*browser.PHONE, scale=2, touch=True)
            window.prefer(dark=dark)
            width, height = window.run(
                "const page = document.documentElement;return [page.scrollWidth, page.scrollHeight]"
            )
            assert width <= browser.PHONE[0], name
            assert height > browser.PHONE[1]
            small = window.run(
                "return [...document.querySelectorAll('button, input[type=number]')]"
                ".filter((b) => b.offsetHeight && b.offsetHeight < 44).map((b) => b.id)"
            )
            assert not small
    window.size(*browser.DESKTOP)
    window.prefer()


def test_every_control_has_a_name(window, exported):
    for name in [*exported(False)][:1] + [*exported(True)][:1]:
        choose(window, name)
        nodes = window.devtools("Accessibility.getFullAXTree")["nodes"]
        controls = ("button", "slider", "radio", "spinbutton", "application", "link")
        nameless = [
            node["role"]["value"]
            for node in nodes
            if node.get("role", {}).get("value") in controls and not node["name"]["value"].strip()
        ]
        assert not nameless, name


@pytest.mark.parametrize(
    ("flags", "script", "sentence"),
    [
        ([], "delete window.WebAssembly", "has no WebAssembly"),
        (["--js-flags=--no-enable-sse4-1"], "", "has no SIMD"),
    ],
)
def test_a_browser_that_cannot_is_told_so(address, flags, script, sentence):
    with browser.chromium(*flags) as opened:
        opened.devtools("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        opened.open(address)
        opened.run("await gallery.idle")
        assert sentence in opened.run("return document.getElementById('cannot').innerText")
        assert not opened.run("return document.getElementById('gallery').checkVisibility()")
        assert not [entry for entry in opened.log("browser") if entry["level"] == "SEVERE"]
