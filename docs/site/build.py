#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the site out of README, guide, pages and Doxygen's reference: build.py ROOT OUT.

A page is its Markdown through cmark-gfm, with navigation above it that works without a server and without JavaScript.
A link that leads nowhere is an error.
"""
import html
import pathlib
import re
import shutil
import subprocess
import sys

GUIDE = ["first_process", "first_server", "first_tree", "supervisors", "applications", "state_machines", "events", "tasks",
         "errors", "logging", "blocking", "threads", "testing", "debugging"]
PAGES = ["otp", "architecture", "signals", "calls", "scheduler", "memory", "stacks", "seeing", "reliability", "proofs"]
# Markdown file -> page, in the order of the navigation.
SITE = {
    "README.md": "index.html",
    **{f"docs/guide/{name}.md": f"guide/{name}.html" for name in GUIDE},
    **{f"docs/{name}.md": f"pages/{name}.html" for name in PAGES},
    "apps/mail_server/README.md": "pages/mail_server.html",
    "apps/kv/README.md": "pages/kv.html",
    "bench/README.md": "pages/benchmarks.html",
    "CHANGELOG.md": "pages/changelog.html",
}
REFERENCE = "reference/index.html"


def title_of(text):
    return re.search(r"^# (.+)$", text, re.MULTILINE).group(1).replace("`", "")


def up_from(page):
    return "../" * page.count("/")


def navigation(titles, page):
    def link(target, text):
        here = ' aria-current="page"' if target == page else ""
        return f'<a href="{up_from(page)}{target}"{here}>{html.escape(text)}</a>'

    def row(name, folder):
        links = [link(target, titles[source]) for source, target in SITE.items() if target.startswith(folder)]
        return f"<div><b>{name}</b>{''.join(links)}</div>"

    first = f"<div>{link('index.html', 'kin')}{link(REFERENCE, 'Reference')}</div>"
    return f'<nav class="site">{first}{row("Guide", "guide/")}{row("Pages", "pages/")}</nav>'


def document(title, nav, page, body):
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(title)}</title>\n'
            f'<link rel="stylesheet" href="{up_from(page)}style.css">\n</head>\n<body>\n{nav}\n<main>\n{body}</main>\n'
            f"</body>\n</html>\n")


def to_html(text):
    done = subprocess.run(["cmark-gfm", "--extension", "table", "--unsafe"], input=text, text=True, check=True,
                          capture_output=True)
    return done.stdout


def with_links(body, source, page, lost):
    """Links between Markdown files become links between pages."""

    def moved(match):
        address = match.group(1)
        if re.match(r"[a-z]+:|#", address):
            return match.group(0)
        path, _, anchor = address.partition("#")
        target = pathlib.PurePosixPath(source).parent / path
        known = SITE.get(re.sub(r"[^/]+/\.\./", "", str(target)))
        if known is None:
            lost.append(f"{source}: a link to {address}, which is no page of the site")
            return match.group(0)
        return f'href="{up_from(page)}{known}{"#" + anchor if anchor else ""}"'

    return re.sub(r'href="([^"]*)"', moved, body)


def reference_header(nav):
    """Doxygen fills in the rest; $relpath^ is its way to the top of the reference."""
    return ('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>kin: $title</title>\n'
            '<link rel="stylesheet" href="$relpath^tabs.css">\n<script src="$relpath^jquery.js"></script>\n'
            '<script src="$relpath^dynsections.js"></script>\n$search\n<link rel="stylesheet" href="$relpath^$stylesheet">\n'
            f'$extrastylesheet\n</head>\n<body>\n{nav.replace("../", "$relpath^../")}\n<div id="top">\n')


def main():
    root, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    texts = {source: (root / source).read_text(encoding="utf-8") for source in SITE}
    titles = {source: title_of(text) for source, text in texts.items()}
    lost = [f"{path.relative_to(root)} is no page of the site" for path in root.glob("docs/**/*.md")
            if str(path.relative_to(root)) not in SITE]
    for source, page in SITE.items():
        (out / page).parent.mkdir(parents=True, exist_ok=True)
        body = with_links(to_html(texts[source]), source, page, lost)
        (out / page).write_text(document(titles[source], navigation(titles, page), page, body), encoding="utf-8")
    shutil.copy(root / "docs/site/style.css", out)
    (out / "reference_header.html").write_text(reference_header(navigation(titles, REFERENCE)), encoding="utf-8")
    for line in lost:
        print(line, file=sys.stderr)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
