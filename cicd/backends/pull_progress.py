"""The progress of a pull: what the engine says of single layers → a line now and then. Pure."""

from __future__ import annotations

from collections.abc import Mapping

EVERY = 3.0  # seconds between two lines
_MB = 1_000_000


class PullProgress:
    """Adds up the layers of one image."""

    def __init__(self, image: str) -> None:
        """Nothing is known yet."""
        self._image = image
        self._done: dict[str, bool] = {}  # layer → whether it is here, unpacked
        self._sizes: dict[str, tuple[int, int]] = {}  # layer → bytes loaded, bytes in all
        self._said: float | None = None

    def note(self, step: Mapping[str, object], now: float) -> str:
        """
        Take one step; gives a line for people where it is time for one, else "".

        Args:
            step: What the engine says: "id" of a layer, "status", "progressDetail".
            now: Seconds of any clock.
        """
        layer, status = str(step.get("id", "")), str(step.get("status", ""))
        if status.startswith("Pulling from"):
            return ""
        if layer:
            ended = status in {"Pull complete", "Already exists"}
            self._done[layer] = self._done.get(layer, False) or ended
        detail = step.get("progressDetail")
        if status == "Downloading" and isinstance(detail, Mapping) and "total" in detail:
            self._sizes[layer] = int(detail.get("current", 0)), int(detail["total"])
        elif status in {"Verifying Checksum", "Download complete"} and layer in self._sizes:
            total = self._sizes[layer][1]
            self._sizes[layer] = total, total
        self._said = now if self._said is None else self._said
        if now - self._said < EVERY:
            return ""
        self._said = now
        loaded = sum(size[0] for size in self._sizes.values())
        total = sum(size[1] for size in self._sizes.values())
        here = sum(self._done.values())
        return (
            f"Pulling image {self._image}: {loaded // _MB} of {total // _MB} MB, "
            f"{here} of {len(self._done)} layers"
        )

    def summary(self) -> str:
        """Say in a line what was pulled."""
        total = sum(size[1] for size in self._sizes.values())
        count = len(self._done)
        layers = f"{count} layer{'' if count == 1 else 's'}"
        return f"Pulled image {self._image}: {layers}, {total // _MB} MB"
