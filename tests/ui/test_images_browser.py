"""Images sent, looked at, changed and masked in a browser, as a person does."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.ui.test_flows import comes_true, press, sees
from tests.ui.test_preview_health import lively

pytestmark = pytest.mark.browser


@pytest.fixture
def photos(tmp_path):
    """Four images to send, one of them twice, one of more than one piece."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for n in range(3):
        lively(n, (96, 128)).save(folder / f"{n}.png")
    lively(0, (96, 128)).save(folder / "0 copy.png")
    (folder / "0.txt").write_text("sls frog, sitting")
    return sorted(folder.iterdir())


def width(path):
    with Image.open(path) as image:
        return image.width


def act(page, name, words):
    """Choose an act from the menu of an image among the buckets."""
    picture = page.page.locator(f"#preview-fields .rw-image-tile[data-name='{name}']").first
    picture.locator("[data-menu]").click()
    page.page.locator(".rw-menu button", has_text=words).click()


def told(page, text):
    """Wait until this is the act that was done last."""
    page.page.locator(f".rw-image-last >> text={text}").first.wait_for()


def test_images_are_sent_shown_cured_cropped_masked_and_brought_back(at, stage, photos):
    page = at()
    inner = page.page
    inner.locator("#make-files input[type=file]").set_input_files(photos)
    sees(page, "make-files", at.words("4 images, 1 caption", "画像4枚、キャプション1個"))
    assert inner.locator(".rw-zone-thumbs img").count() == 4
    page.fill("make-identifier", "sls")
    page.fill("make-class", "frog")
    sees(page, "make-plan", at.words("These 5 files will be copied", "次の5個のファイルを"))
    press(page, "make-apply")
    folder = stage.window.workspace / "datasets" / "train" / "20_sls frog"
    # What will be trained is shown by itself.
    sees(page, "preview-html", at.words("Duplicates", "重複した画像"))
    comes_true(lambda: inner.locator(".rw-zone-thumbs img").count() == 0)
    inner.locator(".rw-finding [data-captions-of=missing]").evaluate("(button) => button.click()")
    comes_true(lambda: inner.locator("#captions-grid textarea").count() == 3)
    inner.locator(".rw-finding").first.scroll_into_view_if_needed()
    inner.locator(".rw-finding [data-pick]").first.check()
    # What can be done stands in sight of the findings too, which are far above the bar's own place.
    comes_true(lambda: inner.locator(".rw-image-acts").bounding_box()["y"] < inner.viewport_size["height"])
    inner.locator(".rw-finding [data-pick]").first.uncheck()
    inner.locator(".rw-finding .rw-cure summary").first.click()
    inner.locator(".rw-finding [data-image-do=cure]").first.click()
    told(page, at.words("Moved to trash", "ごみ箱へ移動"))
    assert sorted(path.name for path in folder.iterdir()) == ["0.png", "0.txt", "1.png", "2.png"]
    act(page, "2.png", at.words("Crop", "切り抜き"))
    inner.locator(".rw-crop").wait_for()
    inner.keyboard.press("Shift+ArrowLeft")
    inner.locator(".rw-desk .is-main").click()
    comes_true(lambda: width(folder / "2.png") < 96)
    told(page, at.words("Cropped", "切り抜き"))
    act(page, "0.png", at.words("Paint mask", "マスクを描く"))
    box = inner.locator(".rw-desk canvas").bounding_box()
    inner.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    inner.mouse.down()
    inner.mouse.move(box["x"] + 5, box["y"] + 5, steps=3)
    inner.mouse.up()
    inner.locator(".rw-desk .is-main").click()
    masks = folder.parent.with_name("train_masks") / folder.name
    comes_true(lambda: len([*masks.glob("*.png")]) == 3)
    with Image.open(masks / "0.png") as mask:
        assert mask.convert("L").getextrema() == (0, 255)
    told(page, at.words("Mask saved", "マスクを保存"))
    for _ in range(3):
        before = inner.locator(".rw-image-last [data-image-do=undo]").get_attribute("data-image-on")
        inner.locator(".rw-image-last [data-image-do=undo]").click()
        inner.locator(f".rw-image-last [data-image-on='{before}']").wait_for(state="detached")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in photos
    }


def test_a_large_file_goes_on_where_the_line_broke_also_after_a_reload(look, stage, tmp_path):
    big = tmp_path / "big.zip"
    big.write_bytes(bytes(9_000_000))
    page = look()
    inner = page.page
    inner.route("**/send?**offset=4194304**", lambda route: route.abort())
    inner.locator("#make-files input[type=file]").set_input_files(big)
    sees(page, "make-files", "connection lost")
    page.deaf()  # it asks whether to leave, and the browser tells of the broken line
    inner.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    inner.unroute("**/send?**offset=4194304**")
    with inner.expect_request(lambda request: "offset=" in request.url) as asked:
        inner.locator("#make-files input[type=file]").set_input_files(big)
    assert "offset=4194304" in asked.value.url
    sees(page, "make-files", "all sent")
    (path,) = stage.window.arrivals.folder.glob("*/big.zip")
    assert path.stat().st_size == 9_000_000
    page.is_used_up, page.faults[:] = True, []


def test_a_folder_is_renamed_in_the_list_and_switched_off(look, stage):
    folder = stage.window.workspace / "datasets" / "3_sls frog"
    folder.mkdir(parents=True)
    for n in range(2):
        lively(n).save(folder / f"{n}.png")
    stage.window.draft.keep({"dataset.train_data_dir": str(folder.parent), "dataset.reg_data_dir": ""})
    page = look()
    press(page, "preview-look")
    field = page.page.locator("[data-folder-field=repeats]")
    field.fill("5")
    field.press("Enter")
    sees(page, "preview-html", "5_sls frog")
    page.page.locator("[data-folder-on]").uncheck()
    sees(page, "preview-html", "switched off")
    assert (folder.parent / "excluded" / "5_sls frog" / "0.png").is_file()
    page.page.locator(".rw-image-last [data-image-do=undo]").click()
    comes_true(lambda: (folder.parent / "5_sls frog" / "0.png").is_file())
