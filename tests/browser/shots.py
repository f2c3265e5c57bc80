"""Takes the pictures of the README from a running demo: python -m tests.browser.shots http://127.0.0.1:8000 [folder]

Two windows side by side, and a page of paper. Run it on a freshly built demo, so that the pictures show the same things.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.windows import YUEXI, YUHANG, Window, Windows

FOLDER = Path(__file__).parents[2] / "deploy" / "pictures"
WINDOW = (960, 720)
GAP, GROUND = 12, "#8a857a"


def side_by_side(home: Window, host: Window) -> Image.Image:
    """Left 岳西 with a letter on its way, right 余杭 whose to-dos hold it."""
    home.go("handovers/?tab=open")
    home.follow(home.page.locator("tbody tr", has_text="在途").first.get_by_role("link").first)
    host.go()
    shots = [Image.open(io.BytesIO(window.page.screenshot())) for window in (home, host)]
    whole = Image.new("RGB", (2 * WINDOW[0] + GAP, WINDOW[1]), GROUND)
    for number, shot in enumerate(shots):
        whole.paste(shot, (number * (WINDOW[0] + GAP), 0))
    return whole


def letter(home: Window) -> Image.Image:
    """The letter of a handover that was closed, as paper."""
    home.go("handovers/?tab=out")
    home.follow(home.page.locator("tbody tr", has_text="按期办结").first.get_by_role("link").first)
    link = home.page.locator("main a", has_text="介绍信　PDF").first.get_attribute("href")
    pdf = home.page.request.get(f"{home.base}{link}").body()
    png = subprocess.run(
        ["pdftoppm", "-r", "84", "-png", "-f", "1", "-l", "1", "-"], input=pdf, capture_output=True, check=True
    )
    return Image.open(io.BytesIO(png.stdout)).convert("RGB")


def keep(picture: Image.Image, path: Path) -> None:
    """Sixty-four colours do for ink on paper."""
    picture.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}  {picture.width}x{picture.height}  {path.stat().st_size // 1024} KB")


def main(base: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium",
            args=["--no-sandbox", "--disable-background-networking"],
        )
        with Windows(browser, base.rstrip("/")) as windows:
            context = windows.context(WINDOW)
            home, host = (windows.open(code, "county_admin", context) for code in (YUEXI, YUHANG))
            keep(side_by_side(home, host), folder / "windows.png")
            keep(letter(home), folder / "letter.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER)
