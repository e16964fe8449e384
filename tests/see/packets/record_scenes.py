"""Play scenes in a private network: `record_scenes.py FOLDER [NAME ...]`, run as a script.

Writes FOLDER/NAME.pcapng for each of scenes.py, or for those named, and prints how many
seconds each took, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.see.packets import scenes
from tests.see.packets.scene_kit import play

from plainwire.see.capture import private_net


def main() -> None:
    private_net.enter(mtu=1500, real_segments=True)
    folder = Path(sys.argv[1])
    names = sys.argv[2:] or list(scenes.SCENES)
    took = {}
    for name in names:
        began = time.monotonic()
        play(name, folder)
        took[name] = round(time.monotonic() - began, 2)
    json.dump(took, sys.stdout)


if __name__ == "__main__":
    main()
