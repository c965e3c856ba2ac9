"""A griffe extension: docstrings and signatures as this package writes them."""

import re
import sys
import textwrap

import griffe

EXAMPLE = re.compile(
    r"^(Examples?):\n+((?:    )?>>> .*(?:\n[^\n]+)*)", re.MULTILINE
)


class Docstrings(griffe.Extension):
    """Shows examples as code, and constructors as Python made them."""

    def on_object(self, *, obj, **kwargs):
        """Fences the doctest of a docstring."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(fenced, obj.docstring.value)

    def on_module(self, *, mod, **kwargs):
        """Reads the constructors of a family, which are made at run time.

        Their signatures and docstrings are put together from those of the
        family's builder, where reading the source does not see them.
        """
        if mod.parent and mod.parent.path == "keras_papers.applications":
            made = griffe.inspect(
                mod.name,
                filepath=mod.filepath,
                import_paths=sys.path,
                parent=mod.parent,
            )
            for name, member in made.members.items():
                if not member.is_alias and member.is_function:
                    mod.set_member(name, member)


def fenced(match):
    """Returns a doctest as a block of Markdown."""
    title, code = match.groups()
    code = textwrap.dedent(code)
    return f"**{title}:**\n\n```pycon\n{code}\n```"
