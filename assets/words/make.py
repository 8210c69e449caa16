#!/usr/bin/env python3
"""Makes the lists by which the window tells words that a model knows from those it does not.

  make.py english DICTIONARY... --ucs assets/ucs/categories.csv > assets/words/english.txt
  make.py learnt MANIFEST... xtask/rules/src/*.rs > MODEL/words.txt

DICTIONARY is a list with a word a line: american-english and british-english of Debian's packages wamerican and wbritish
(SCOWL, licence in README.md). The names and descriptions of the UCS list are added: words of the trade that dictionaries lack.
MANIFEST is the manifest.csv of training data; captions of rows of other splits and of other licence tiers and sources than --tiers
names (tier A) are left out, as in training. Of the clips made by rules the templates of their captions are read from the source.
"""

import argparse
import csv
import re
import sys

# Said to nobody: they carry no sound by themselves, so that it does not matter whether a caption has them.
FUNCTION_WORDS = """a about above across after against all along also am among an and another any are around as at away back be
because been before behind being below beneath beside between beyond both but by can coming do does doing done down during
each either else ever every few for from further get gets getting go goes going had has have having he her here his how i if
in inside into is it its itself just kind like lots made make makes making many me more most much my near next nor of off on
once one only onto or other our out outside over own past per quite rather really same several she so some something somewhere
still such than that the their them then there these they this those through throughout till to together too toward towards
under until up upon us use used using very via was we were what when where which while who with within would you your
sound sounds sounding noise effect effects recording recorded sfx fx audio one two three four five six seven eight nine ten
twice first second third""".split()


def words(text):
    """The words of a text, as the program splits it."""
    return [word for word in re.split(r"[^\w]+", text.lower()) if word and not word.isdigit()]


def english(arguments):
    found = set()
    for path in arguments.files:
        with open(path, encoding="utf-8") as file:
            for line in file:
                word = line.strip().lower().removesuffix("'s").replace("'", "")
                if len(word) > 1 and word.isascii() and word.isalpha():
                    found.add(word)
    if arguments.ucs:
        with open(arguments.ucs, encoding="utf-8") as file:
            found.update(word for word in words(file.read()) if len(word) > 1 and word.isascii() and word.isalpha())
    return found


def templates(path):
    """The words of the captions in a source of `xtask/rules`: its texts without capitals."""
    with open(path, encoding="utf-8") as file:
        source = file.read().split("#[cfg(test)]")[0]
    if "captions(" not in source:
        return
    source = re.sub(r"//.*", "", source)
    for text in re.findall(r'"([^"\n]*)"', source):
        if text == text.lower():
            yield from words(re.sub(r"\{[^}]*\}", " ", text))


def learnt(arguments):
    found = set(FUNCTION_WORDS)
    for path in arguments.files:
        if path.endswith(".rs"):
            found.update(templates(path))
            continue
        with open(path, encoding="utf-8") as file:
            for row in csv.DictReader(file):
                names = {row.get("licence_tier", "A"), row.get("source")}
                if row.get("split", "train") == "train" and names & set(arguments.tiers.split(",")):
                    found.update(words(row.get("caption") or ""))
                    found.update(words(row.get("caption2") or ""))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", choices=["english", "learnt"])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--ucs")
    parser.add_argument("--tiers", default="A", help="licence tiers and sources, as for straightshot train")
    arguments = parser.parse_args()
    found = english(arguments) if arguments.list == "english" else learnt(arguments)
    sys.stdout.write("".join(word + "\n" for word in sorted(found)))


if __name__ == "__main__":
    main()
