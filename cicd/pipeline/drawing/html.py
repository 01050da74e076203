"""The visual workflow as one page: the picture, when each action ran, and what was waited for."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from cicd.pipeline.drawing.critical_path import why_slow
from cicd.pipeline.drawing.seen import duration
from cicd.pipeline.drawing.svg import as_svg
from cicd.pipeline.result import ActionStatus
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.pipeline.drawing.critical_path import WhySlow
    from cicd.pipeline.drawing.seen import Seen
    from cicd.pipeline.spec import PipelineDeclaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What a page says of an execution in its head."""

    id: str
    status: str
    started: datetime | None
    trigger: str


_STYLE = """
html{color-scheme:light dark}
body{margin:0;background:#fff;color:#1b2230;
font:15px/1.5 Inter,"Segoe UI",system-ui,-apple-system,"Helvetica Neue",Arial,sans-serif}
main{max-width:1760px;margin:0 auto;padding:28px 32px 48px}
h1{font-size:26px;margin:0;letter-spacing:-.01em}
h2{font-size:16px;margin:32px 0 10px}
p{margin:4px 0 0;color:#667085}
.pill{display:inline-block;margin-left:10px;padding:2px 12px;border-radius:99px;font-size:13px;
font-weight:600;vertical-align:4px;background:#e8ebf0;color:#475467}
.pill.Succeeded{background:#d8f3e1;color:#11632f}.pill.Failed{background:#fbdcdc;color:#a11616}
.pill.InProgress,.pill.Stopping{background:#dbe8fd;color:#1a4fb4}
.picture{margin-top:22px;overflow-x:auto;border:1px solid #e1e4ea;border-radius:14px}
.picture svg{display:block;max-width:100%;height:auto;margin:0 auto}
.failure{white-space:pre-wrap;overflow-wrap:anywhere}.failure b{color:#a11616;margin-right:8px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{text-align:left;font-size:12px;font-weight:600;color:#667085;padding:4px 10px 4px 0}
td{padding:4px 10px 4px 0;white-space:nowrap;border-top:1px solid #edeff3}
td.n,th.n{text-align:right}
td.bar{width:60%;padding-right:0}
.track{position:relative;height:14px}
.track i{position:absolute;top:1px;height:12px;border-radius:4px;min-width:3px;background:#a9b4c6}
.track i.critical{background:#e08a1e}
.track b{position:absolute;top:6px;height:2px;background:#d4d8e0}
@media (prefers-color-scheme:dark){body{background:#0e131b;color:#e8edf5}
p,th{color:#93a0b5}.picture{border-color:#263142}td{border-color:#1f2937}
.pill{background:#263142;color:#c3cede}.pill.Succeeded{background:#143d26;color:#6fe39b}
.pill.Failed{background:#4c1a1c;color:#ff9c9c}.failure b{color:#ff9c9c}
.pill.InProgress,.pill.Stopping{background:#17315e;color:#9cc2ff}
.track i{background:#55637a}.track i.critical{background:#f0a04b}.track b{background:#33415a}}
@media (max-width:700px){main{padding:18px 14px}td.bar,th.bar{display:none}}
"""


def as_html(
    spec: PipelineDeclaration, seen: Mapping[str, Seen], execution: Execution | None = None
) -> str:
    """Draw a page that needs no other file, no script and no network."""
    slow = why_slow(spec, seen)
    critical = [step.key for step in slow.steps if step.critical]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(spec.name)}</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>{escape(spec.name)}{_pill(execution)}</h1>",
        f"<p>{escape(_below(spec, execution, slow))}</p>",
        f'<div class="picture">{_scaled(as_svg(spec, seen, critical))}</div>',
    ]
    parts += _failures(seen)
    if slow.steps:
        parts += _timeline(slow)
    parts.append("</main></body></html>")
    return "\n".join(parts)


def _scaled(picture: str) -> str:
    """Let a picture shrink to the width of the page, but not until nobody can read it."""
    natural = float(picture.partition('width="')[2].partition('"')[0])
    return picture.replace("<svg ", f'<svg style="min-width:{natural * 0.7:g}px" ', 1)


def _pill(execution: Execution | None) -> str:
    if execution is None:
        return ""
    status = escape(execution.status)
    return f'<span class="pill {status}">{status}</span>'


def _below(spec: PipelineDeclaration, execution: Execution | None, slow: WhySlow) -> str:
    actions = sum(len(stage.actions) for stage in spec.stages)
    whole = f"{len(spec.stages)} stages, {actions} actions"
    if execution is None:
        return whole
    since = f" · {execution.started:%Y-%m-%d %H:%M:%S} UTC" if execution.started else ""
    by = f" · {execution.trigger}" if execution.trigger else ""
    return f"{execution.id}{since}{by} · {duration(slow.total)} · {whole}"


def _failures(seen: Mapping[str, Seen]) -> Iterator[str]:
    """Say in full why actions failed: a card has room for the first words alone."""
    failed = {
        key: each.summary
        for key, each in seen.items()
        if each.status is ActionStatus.FAILED and each.summary
    }
    if failed:
        yield "<h2>What failed</h2>"
    for key, summary in failed.items():
        yield f'<p class="failure"><b>{escape(key)}</b> {escape(summary)}</p>'


def _timeline(slow: WhySlow) -> Iterator[str]:
    yield "<h2>When each action ran</h2>"
    yield (
        f"<p>{duration(slow.total)} in all, of which {duration(slow.overhead)} between actions. "
        "Orange was waited for; the line behind a bar is how much longer it could have taken.</p>"
    )
    yield "<table><thead><tr><th>Action</th><th>Provider</th><th class=bar></th>"
    yield "<th class=n>Took</th><th class=n>Slack</th></tr></thead><tbody>"
    whole = slow.total or 1.0
    for step in slow.steps:
        left, width = 100 * step.start / whole, 100 * step.seconds / whole
        mark = ' class="critical"' if step.critical else ""
        rest = (
            f'<b style="left:{left + width:.2f}%;width:{100 * step.slack / whole:.2f}%"></b>'
            if step.slack > 0
            else ""
        )
        yield (
            f"<tr><td>{escape(step.key)}</td><td>{escape(step.provider)}</td>"
            f'<td class=bar><div class=track>{rest}<i{mark} style="left:{left:.2f}%;'
            f'width:{width:.2f}%"></i></div></td><td class=n>{duration(step.seconds)}</td>'
            f"<td class=n>{duration(step.slack) if step.slack > 0 else '–'}</td></tr>"
        )
    yield "</tbody></table>"
