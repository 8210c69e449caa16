//! What the engine makes room for, whatever the model: the bounds that a model's [`Card`](straightshot_protocol::Card)
//! is made from.

/// Longest accepted prompt in characters; the text encoder reads far fewer tokens than that.
pub const MAX_PROMPT_CHARS: usize = 1000;
/// Shortest clip in seconds.
pub const MIN_SECONDS: f64 = 0.25;
/// Longest clip in seconds.
pub const MAX_SECONDS: f64 = 120.0;
/// Largest number of solver steps.
pub const MAX_STEPS: u32 = 100;
/// Largest number of variations made by one request.
pub const MAX_VARIATIONS: u32 = 16;
/// Largest classifier-free guidance scale.
pub const MAX_GUIDANCE_SCALE: f32 = 15.0;
