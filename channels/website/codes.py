"""The QR code of a permalink, to go from the printed page, or a desk, to a telephone."""

from __future__ import annotations

import io

import segno

QUIET_ZONE = 4  # modules; ISO/IEC 18004, 9.1


def svg(url: str) -> str:
    """Return the code as an inline SVG, as large as its box."""
    file = io.BytesIO()
    segno.make_qr(url, error="m").save(
        file,
        kind="svg",
        border=QUIET_ZONE,
        omitsize=True,
        xmldecl=False,
        svgns=False,
        nl=False,
        svgclass="code",
        lineclass=None,
        light="#fff",
    )
    return file.getvalue().decode()
