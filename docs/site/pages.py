"""A MkDocs hook: the pages that are made from the code, and links to them.

A page of the API for each public package, one for each example, and the
Markdown files of the repository's root.
"""

import ast
import functools
import logging
import pathlib
import posixpath
import re

import griffe
from mkdocs.structure.files import File

LOG = logging.getLogger("mkdocs.hooks.pages")
ROOT = pathlib.Path(__file__).parents[2]
ROOT_PAGES = {
    "README.md": "overview.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
EXAMPLES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.py", "*.kt")
    for path in (ROOT / "examples").rglob(pattern)
)
# Where a file of the repository stands on the site.
PUBLISHED = {
    **ROOT_PAGES,
    **{example: f"{example}.md" for example in EXAMPLES},
}
LINK = re.compile(r"(?<=\]\()([^)#\s]+)")


def on_config(config):
    """Adds the made pages to the navigation that mkdocs.yml lists."""
    config.nav += [
        {"API": [{room: f"api/{room}.md"} for room in api_pages()]},
        {"Examples": [f"{example}.md" for example in EXAMPLES]},
    ]
    return config


def on_files(files, config):
    """Adds the made pages to the files of the site."""
    pages = {
        **{f"api/{room}.md": text for room, text in api_pages().items()},
        **{f"{example}.md": example_page(example) for example in EXAMPLES},
        **{
            page: (ROOT / source).read_text()
            for source, page in ROOT_PAGES.items()
        },
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    """Points links to files of the repository at their pages on the site."""
    sources = {made: source for source, made in PUBLISHED.items()}
    folder = posixpath.dirname(page.file.src_uri)
    # Where the text of the page lies in the repository.
    source = sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def target(match):
        link = match[0]
        path = posixpath.normpath(
            posixpath.join(posixpath.dirname(source), link)
        )
        made = PUBLISHED.get(path)
        if made is None and source in ROOT_PAGES:
            made = path.removeprefix("docs/")
        if made is None or link.startswith(("http://", "https://")):
            return link
        return posixpath.relpath(made, folder or ".")

    return LINK.sub(target, markdown)


def on_page_content(html, page, config, files):
    """Checks that each public name has its entry on the page of its room.

    A name without docstring, or one that cannot be read, would be left out.
    """
    if page.file.src_uri.startswith("api/"):
        for path in re.findall(r"^::: (.+)$", page.markdown, re.MULTILINE):
            if f'id="{path}"' not in html:
                LOG.warning(f"{page.file.src_uri} has no entry of {path}")
        if "doc-label-module-attribute" in html:
            LOG.warning(f"{page.file.src_uri} shows a function as a value")
    return html


@functools.cache
def api_pages():
    """Returns the text of each page of the API, by the name of its room."""
    package = griffe.load("keras_papers", search_paths=[ROOT])
    names = public_names(package)
    rooms = [name for name in names if package[name].is_module]
    functions = [name for name in names if name not in rooms]
    return {
        "keras_papers": room_page(package, functions),
        **{room: room_page(package[room]) for room in rooms},
    }


def room_page(module, names=None):
    """Writes the page of a package: its docstring and its public names."""
    names = public_names(module) if names is None else names
    docstring = module.docstring.value if module.docstring else ""
    entries = [entry(module, name) for name in names]
    return "\n".join([f"# `{module.path}`", "", docstring, "", *entries])


def public_names(module):
    """Lists the public names of a package, or of a file of functions."""
    if module.is_init_module:
        names = [*module.imports]
    else:
        names = [
            name
            for name, member in module.members.items()
            if not member.is_alias and (member.is_function or member.is_class)
        ]
    return sorted(name for name in names if not name.startswith("_"))


def entry(module, name):
    """Writes what mkdocstrings replaces by the documentation of a name.

    A function has another path than its name in the package where a file of
    the package has the same name, as `quantization.cluster` has. Of a public
    module, such as `applications.mobilenet`, there is the docstring only: what
    it defines stands on the page itself.
    """
    path = f"{module.path}.{name}"
    if not module[name].is_module:
        return f"::: {path}\n"
    if module.imports.get(name, path) != path:
        return f"::: {module.imports[name]}\n"
    return f"::: {path}\n    options: {{members: false}}\n"


def example_page(path):
    """Writes the page of an example: what its docstring reports, its code."""
    text = (ROOT / path).read_text()
    lines = [f"# `{posixpath.basename(path)}`", ""]
    language = {".py": "python", ".kt": "kotlin"}[posixpath.splitext(path)[1]]
    if language == "python":
        docstring = ast.get_docstring(ast.parse(text))
        lines += [docstring, ""]
    return "\n".join([*lines, f"```{language}", text.rstrip(), "```", ""])
