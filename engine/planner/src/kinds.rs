//! Kinds of events, and how they usually follow each other.

/// An event that happens at a time: what has an attack and dies away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Kind {
    /// Words for one of it; the first is what the model is asked for.
    pub one: &'static [&'static str],
    /// Words for some of it, or for its going on.
    pub many: &'static [&'static str],
    /// Words with which it is something else: a crowd claps without a beat.
    pub unless: &'static [&'static str],
    /// Words of which one must be there if no number is; all of none.
    pub needs: &'static [&'static str],
    /// Whether "knocking" alone is a rhythm of it. Where the text says no number and there is no usual one, the model decides.
    pub goes_on: bool,
    /// Usual events per second.
    pub rate_hz: f64,
    /// How much intervals vary, as a share of them.
    pub jitter: f64,
    /// How much levels vary, dB.
    pub spread_db: f32,
    /// Events in a row before a pause, if there are pauses.
    pub group: Option<(usize, usize)>,
    /// How many different ones there are.
    pub variety: usize,
    /// Length of what the model makes for one, s.
    pub seconds: f64,
    /// Whether it is over when it rises again: glass that breaks falls in pieces.
    pub is_one_stroke: bool,
}

/// What the kinds below have in common.
const USUAL: Kind = Kind {
    one: &[],
    many: &[],
    unless: &[],
    needs: &[],
    goes_on: false,
    rate_hz: 1.5,
    jitter: 0.15,
    spread_db: 2.0,
    group: None,
    variety: 6,
    seconds: 1.0,
    is_one_stroke: true,
};

/// Rates and spreads are those of recordings and of everyday experience: steps 1.8 a second when walking, a wall clock's two
/// beats a second.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        one: &["knock"],
        many: &["knocks", "knocking"],
        goes_on: true,
        rate_hz: 3.5,
        jitter: 0.06,
        group: Some((3, 4)),
        ..USUAL
    },
    Kind {
        one: &["bark"],
        many: &["barks", "barking"],
        unless: &["tree", "birch", "oak", "peeling"],
        goes_on: true,
        rate_hz: 1.7,
        jitter: 0.25,
        group: Some((2, 5)),
        ..USUAL
    },
    Kind {
        one: &["gunshot", "shot"],
        many: &["gunshots", "shots"],
        unless: &["glass", "battle", "war", "automatic", "machine", "camera", "whiskey", "basketball"],
        goes_on: true,
        rate_hz: 1.3,
        jitter: 0.35,
        seconds: 1.5,
        ..USUAL
    },
    Kind {
        one: &["footstep", "step"],
        many: &["footsteps", "steps"],
        unless: &["crowd", "army", "marching", "soldiers", "people"],
        goes_on: true,
        rate_hz: 1.8,
        jitter: 0.04,
        seconds: 0.8,
        ..USUAL
    },
    Kind {
        one: &["clap", "handclap"],
        many: &["claps", "clapping", "handclaps"],
        unless: &["audience", "crowd", "people", "applause", "thunder", "cheering", "theater", "concert"],
        needs: &["hand", "hands", "person", "man", "woman", "someone", "single", "solo"],
        goes_on: true,
        rate_hz: 3.0,
        jitter: 0.05,
        seconds: 0.7,
        ..USUAL
    },
    Kind {
        one: &["click"],
        many: &["clicks", "clicking"],
        unless: &["tongue", "dolphin", "insect", "insects", "geiger", "beetle"],
        goes_on: true,
        rate_hz: 1.8,
        jitter: 0.4,
        variety: 4,
        seconds: 0.6,
        ..USUAL
    },
    Kind {
        one: &["tick"],
        many: &["ticks", "ticking", "tick-tock"],
        unless: &["bomb"],
        goes_on: true,
        rate_hz: 2.0,
        jitter: 0.01,
        spread_db: 0.5,
        // Tick and tock.
        variety: 2,
        seconds: 0.7,
        ..USUAL
    },
    Kind { one: &["hit", "strike", "blow"], many: &["hits", "strikes", "blows"], jitter: 0.08, ..USUAL },
    Kind { one: &["slam"], many: &["slams", "slamming"], seconds: 1.5, ..USUAL },
    Kind { one: &["thud", "thump"], many: &["thuds", "thumps"], ..USUAL },
    Kind { one: &["bang"], many: &["bangs"], seconds: 1.5, ..USUAL },
    Kind {
        one: &["tap"],
        many: &["taps"],
        unless: &["water", "dance", "faucet"],
        rate_hz: 2.5,
        seconds: 0.7,
        ..USUAL
    },
    Kind { one: &["slap"], many: &["slaps"], seconds: 0.8, ..USUAL },
    Kind { one: &["punch"], many: &["punches"], seconds: 0.8, ..USUAL },
    Kind { one: &["stomp"], many: &["stomps"], ..USUAL },
    Kind { one: &["pop"], many: &["pops"], unless: &["music", "song"], seconds: 0.7, ..USUAL },
    Kind { one: &["snap"], many: &["snaps"], seconds: 0.7, ..USUAL },
    Kind { one: &["clang"], many: &["clangs"], seconds: 1.5, ..USUAL },
    Kind { one: &["cough"], many: &["coughs"], jitter: 0.25, ..USUAL },
    Kind { one: &["sneeze"], many: &["sneezes"], rate_hz: 0.7, seconds: 1.5, ..USUAL },
    Kind {
        one: &["beep"],
        many: &["beeps"],
        rate_hz: 2.0,
        jitter: 0.0,
        spread_db: 0.0,
        variety: 1,
        seconds: 0.6,
        ..USUAL
    },
    Kind {
        one: &["explosion"],
        many: &["explosions"],
        unless: &["battle", "war", "distant"],
        rate_hz: 0.6,
        jitter: 0.3,
        seconds: 3.0,
        is_one_stroke: false,
        ..USUAL
    },
];
