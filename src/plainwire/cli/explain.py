"""`plainwire explain`: what a finding means, with a program before and after the cure."""

from __future__ import annotations

import click

from plainwire import i18n
from plainwire.cli.run import refuse


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("rule", required=False)
@click.option("--lang", metavar="LANG", help="Language of the text: en or zh.")
def explain(rule: str | None, lang: str | None) -> None:
    """Explain a finding: symptom, cause, proof, fix; without RULE, list them all."""
    from plainwire.see.diagnosis import explain as texts

    language = i18n.select(lang)
    if rule is None:
        for name in texts.rules():
            click.echo(f"{name:<24} {texts.title(name, language)}")
        return
    try:
        click.echo(texts.explain(rule, language))
    except texts.UnknownRuleError as error:
        refuse(f"explain {rule}: {error}")
