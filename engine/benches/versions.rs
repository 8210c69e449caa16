//! How far versions of sounds with few steps are from the finest, over many prompts and seeds: what the threshold of
//! `straightshot_listening` rests on.
//!
//! `cargo bench -p straightshot-engine --bench versions -- engine/evaluation/prompts_all.txt 3`: a list of prompts, and how many
//! seeds of each.
//!
//! The row "grain" is the yardstick: the same latent rendered with other noise of the decoder, which is another grain of the same
//! sound. It is had by writing the prompt in capitals, which the text encoder does not see and the noise does.
#![expect(clippy::print_stdout, reason = "the result of a measurement")]

use straightshot_engine::Result;
use straightshot_engine::pipeline::Generator;
use straightshot_listening::{Distance, INAUDIBLE_DB, Spectrum, distance_db, enough};
use straightshot_protocol::{CancelToken, Request};

/// Numbers of steps that are compared with the last.
const STEPS: [u32; 6] = [1, 2, 4, 8, 16, 24];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let list = arguments.first().map_or("../engine/evaluation/prompts.txt", String::as_str);
    let seeds: u64 = arguments.get(1).and_then(|count| count.parse().ok()).unwrap_or(2);
    let text = std::fs::read_to_string(list)?;
    let generator = Generator::builtin()?;
    let mut columns: Vec<Vec<f32>> = vec![Vec::new(); STEPS.len()];
    let mut grain = Vec::new();
    let mut enough_at = Vec::new();
    for prompt in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        for seed in 0..seeds {
            let request = |steps, prompt: &str| Request {
                steps,
                seed,
                seconds: 3.0,
                prompt: prompt.to_owned(),
                ..Request::default()
            };
            let spectrum = |request: Request| -> Result<Spectrum> {
                let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
                Ok(Spectrum::of(&made.clips[0]))
            };
            let all = STEPS.iter().map(|&s| spectrum(request(s, prompt))).collect::<Result<Vec<_>>>()?;
            let finest = &all[STEPS.len() - 1];
            let other = spectrum(request(24, &prompt.to_uppercase()))?;
            grain.extend(distance_db(finest, &other));
            let mut distances = Vec::new();
            for ((steps, spectrum), column) in STEPS.iter().zip(&all).zip(&mut columns) {
                if let Some(db) = distance_db(finest, spectrum) {
                    column.push(db);
                    distances.push(Distance { steps: *steps, db });
                }
            }
            enough_at.push(enough(&distances).unwrap_or(24));
            let all: Vec<_> = distances.iter().map(|d| format!("{:.2}", d.db)).collect();
            println!("{prompt}, {seed}: {} grain {:.2}", all.join(" "), grain.last().copied().unwrap_or(0.0));
        }
    }
    println!("{} sounds; dB from 24 steps: 10 %, median, 90 %, share within {INAUDIBLE_DB} dB", grain.len());
    for (steps, column) in STEPS.iter().zip(columns).chain([(&0, grain)]) {
        let mut column = column;
        column.sort_by(f32::total_cmp);
        let at = |share: f32| column[((column.len() - 1) as f32 * share) as usize];
        let within = column.iter().filter(|db| **db <= INAUDIBLE_DB).count() as f32 / column.len() as f32;
        let name = if *steps == 0 { "grain".to_owned() } else { steps.to_string() };
        println!("{name:>6} {:.2} {:.2} {:.2} {:.0} %", at(0.1), at(0.5), at(0.9), 100.0 * within);
    }
    for steps in STEPS {
        let count = enough_at.iter().filter(|at| **at == steps).count();
        println!("{steps} steps are enough for {count}");
    }
    Ok(())
}
