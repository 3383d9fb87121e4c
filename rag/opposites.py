"""Words that say which way something goes, and which of them are opposites.

Compared by stems, in groups: `improves` and `lower` point in opposite ways, `faster` and `lower` in
ways of their own. Knows nothing of what goes there.
"""

from __future__ import annotations

from rag.words import stem

_PREFIXED = {
    "in": "efficient efficiently effective effectively accurate accurately sufficient sufficiently "
    "consistent consistently appropriate dependent dependently direct directly complete correct "
    "correctly expensive",
    "un": "stable reliable necessary known clear likely seen labeled labelled limited supervised structured "
    "constrained biased fair safe successful successfully important able related changed",
    "im": "possible perfect practical proper balanced precise",
    "ir": "relevant regular reversible",
    "non": "uniform linear trivial convex",
    "dis": "similar advantage allow prove agree",
}
# A group a line: opposites on the two sides.
_GROUPS: tuple[tuple[str, str], ...] = (
    (
        "increase increasing raise rise rising grow growth growing expand enlarge maximize maximise amplify "
        "elevate elevated gain upregulate enhance improve improvement boost strengthen higher high more "
        "larger large bigger big greater great highest maximum maximal largest greatest most above over "
        "exceed surpass outperform beat superior win better best positive upper stronger strong promote "
        "stimulate activate",
        "decrease decreasing reduce reduction lower lowering lessen diminish decline drop shrink minimize "
        "minimise cut fall loss lose downregulate degrade degradation worsen hurt harm impair weaken "
        "deteriorate low less fewer smaller small tiny lowest minimum minimal smallest least below under "
        "underperform inferior trail worse worst poorer poor negative weaker weak inhibit suppress hinder "
        "block deactivate repress",
    ),
    (
        "faster fast quicker quick rapid rapidly accelerate speed speedup",
        "slower slow slowly slowdown decelerate",
    ),
    ("longer long", "shorter short"),
    ("deeper deep", "shallower shallow"),
    ("earlier early before precede prior", "later late after follow"),
    ("cheaper cheap inexpensive", "costlier costly expensive"),
    ("easier easy simple", "harder hard difficult complex"),
    ("many numerous", "few"),
    ("common frequent frequently often", "rare infrequent rarely seldom"),
    ("dense", "sparse"),
    ("wider wide broad", "narrower narrow"),
    ("include", "exclude"),
    ("allow enable permit facilitate encourage", "prevent prohibit discourage inhibit hinder"),
    ("same identical", "different distinct"),
    ("similar", "dissimilar"),
    ("success succeed successful successfully", "failure unsuccessful unsuccessfully"),
    ("advantage benefit beneficial", "disadvantage drawback harmful detrimental"),
    ("internal", "external"),
    ("global", "local"),
    ("static", "dynamic"),
    (
        "significant significantly substantial substantially considerable considerably",
        "negligible negligibly insignificant insignificantly marginal marginally slight slightly",
    ),
    ("first", "last"),
    ("start begin", "end finish"),
    ("add", "remove"),
    ("lightweight light", "heavyweight heavy"),
    ("presence present", "absence absent"),
    ("always", "rarely seldom"),
    ("mitigate alleviate ease relieve", "aggravate exacerbate worsen"),
    ("preserve retain maintain keep", "lose losing destroy discard"),
    ("gain win", "lose losing"),
    ("input", "output"),
    ("forward", "backward"),
    ("explicit explicitly", "implicit implicitly"),
    ("online", "offline"),
    ("discrete", "continuous"),
    ("upstream", "downstream"),
    ("single", "multiple"),
    *((word, prefix + word) for prefix, words in _PREFIXED.items() for word in words.split()),
)


def _by_stem() -> dict[str, frozenset[tuple[int, bool]]]:
    sides: dict[str, set[tuple[int, bool]]] = {}
    for group, pair in enumerate(_GROUPS):
        for side, words in zip((False, True), pair, strict=True):
            for word in words.split():
                sides.setdefault(stem(word), set()).add((group, side))
    return {word: frozenset(found) for word, found in sides.items()}


_SIDES = _by_stem()


def tells_direction(word: str) -> bool:
    """Whether a stem says which way something goes."""
    return word in _SIDES


def are_opposites(one: str, other: str) -> bool:
    """Whether two stems point in opposite ways: as those of `higher` and `lower` do."""
    return any((group, not side) in _SIDES.get(other, ()) for group, side in _SIDES.get(one, ()))


def point_alike(one: str, other: str) -> bool:
    """Whether two stems point the same way: as those of `higher` and `larger` do."""
    return bool(_SIDES.get(one, frozenset()) & _SIDES.get(other, frozenset()))
